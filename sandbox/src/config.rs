//! What the component is told by its Spin variables.

use crate::date::Day;
use crate::faults::{self, Fault};

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
    /// The day up to which the claims backend has loaded claims; the clock's where there is none.
    pub today: Option<Day>,
    /// Faults of the claims backend (see [`crate::faults`]).
    pub faults: Vec<Fault>,
    /// What is wrong with a variable; then every route says so.
    pub problem: Option<String>,
}

impl Config {
    /// The variables that are read.
    pub const VARIABLES: [&'static str; 7] = [
        "environment",
        "public_base_url",
        "idp_client_id",
        "idp_client_secret",
        "clock_offset_s",
        "sandbox_today",
        "sandbox_faults",
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
        let mut problem = None;
        let today = match value("sandbox_today") {
            "" => None,
            text => Day::parse(text).or_else(|| {
                problem = Some("sandbox_today: write a day as YYYY-MM-DD".to_owned());
                None
            }),
        };
        let faults = faults::parse_list(value("sandbox_faults")).unwrap_or_else(|reason| {
            problem = Some(format!("sandbox_faults: {reason}"));
            Vec::new()
        });
        Self {
            enabled: value("environment") == "sandbox",
            public_base_url: value("public_base_url").trim_end_matches('/').to_owned(),
            idp_client_id: value("idp_client_id").to_owned(),
            idp_client_secret: value("idp_client_secret").to_owned(),
            clock_offset_s: value("clock_offset_s").parse().unwrap_or(0),
            today,
            faults,
            problem,
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
    fn a_variable_of_the_sandbox_that_cannot_be_read_is_named() {
        let problem = |name, value: &str| {
            Config::from_variables(&[(name, value.to_owned())])
                .problem
                .unwrap_or_default()
        };
        assert!(problem("sandbox_today", "21.11.2026").starts_with("sandbox_today: "));
        assert!(problem("sandbox_today", "2026-02-30").starts_with("sandbox_today: "));
        assert!(problem("sandbox_faults", "slow, burn").starts_with("sandbox_faults: "));
        for (name, value) in [
            ("sandbox_today", ""),
            ("sandbox_today", "2026-11-21"),
            (
                "sandbox_faults",
                "slow;ms=10, fail;status=503;patient=BBUser20023",
            ),
        ] {
            assert_eq!(problem(name, value), "");
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
