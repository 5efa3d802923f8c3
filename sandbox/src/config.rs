//! What the component is told by its Spin variables.

/// The settings of the sandbox, read once for each instance.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Config {
    /// True only where the variable `environment` says `sandbox`; otherwise every route answers 404.
    pub enabled: bool,
    /// The public origin, without a trailing slash.
    pub public_base_url: String,
    /// The one client of the identity provider: the gateway.
    pub idp_client_id: String,
    /// Its secret.
    pub idp_client_secret: String,
    /// Seconds added to the wall clock.
    pub clock_offset_s: i64,
}

impl Config {
    /// The variables that are read.
    pub const VARIABLES: [&'static str; 5] = [
        "environment",
        "public_base_url",
        "idp_client_id",
        "idp_client_secret",
        "clock_offset_s",
    ];

    /// Builds the settings from name-value pairs; a missing value is the empty string.
    #[must_use]
    pub fn from_variables(values: &[(&str, String)]) -> Self {
        let value = |name: &str| {
            values
                .iter()
                .find(|(key, _)| *key == name)
                .map_or("", |(_, value)| value.trim())
        };
        Self {
            enabled: value("environment") == "sandbox",
            public_base_url: value("public_base_url").trim_end_matches('/').to_owned(),
            idp_client_id: value("idp_client_id").to_owned(),
            idp_client_secret: value("idp_client_secret").to_owned(),
            clock_offset_s: value("clock_offset_s").parse().unwrap_or(0),
        }
    }

    /// The issuer of the identity provider.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("{}/sandbox/idp", self.public_base_url)
    }

    /// The one redirect URI that the identity provider accepts: the gateway's.
    #[must_use]
    pub fn redirect_uri(&self) -> String {
        format!("{}/signin/callback", self.public_base_url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_sandbox_enables_the_component() {
        for (word, enabled) in [
            ("sandbox", true),
            ("production", false),
            ("", false),
            ("Sandbox", false),
        ] {
            let config = Config::from_variables(&[("environment", word.to_owned())]);
            assert_eq!(config.enabled, enabled, "{word}");
        }
    }

    #[test]
    fn urls_follow_the_public_origin() {
        let config =
            Config::from_variables(&[("public_base_url", "http://127.0.0.1:3000/".to_owned())]);
        assert_eq!(config.issuer(), "http://127.0.0.1:3000/sandbox/idp");
        assert_eq!(
            config.redirect_uri(),
            "http://127.0.0.1:3000/signin/callback"
        );
    }
}
