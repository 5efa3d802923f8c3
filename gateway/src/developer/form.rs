//! The registration form: what was typed becomes the JSON of RFC 7591, and the same rules decide about both.

use serde_json::{Map, Value, json};

use crate::oauth::application::Application;
use crate::oauth::parameters::Parameters;

/// The fields in the order of the page; each is a member of the metadata (docs/contract/09-applications.md).
pub(crate) const FIELDS: [&str; 14] = [
    "client_name",
    "redirect_uris",
    "token_endpoint_auth_method",
    "jwks",
    "jwks_uri",
    "grant_types",
    "data_access_type",
    "requires_demographics",
    "scope",
    "client_uri",
    "tos_uri",
    "policy_uri",
    "contacts",
    "description",
];
/// A field of its own at the end, as few need it.
pub(crate) const PAR: &str = "require_pushed_authorization_requests";

/// What stands in the form.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Typed(Map<String, Value>);

impl Typed {
    /// An empty form, with what most applications want.
    pub(crate) fn new() -> Self {
        let mut fields = Map::new();
        fields.insert("requires_demographics".to_owned(), json!("on"));
        Self(fields)
    }

    /// What was sent. A repeated field counts once.
    pub(crate) fn sent(form: &Parameters) -> Self {
        let fields = FIELDS
            .into_iter()
            .chain([PAR])
            .filter_map(|name| {
                let value = form.first(name)?.replace("\r\n", "\n");
                Some((name.to_owned(), json!(value)))
            })
            .collect();
        Self(fields)
    }

    /// What an application has.
    pub(crate) fn of(application: &Application) -> Self {
        let metadata: Map<String, Value> =
            serde_json::from_str(&application.metadata).unwrap_or_default();
        let fields = FIELDS
            .into_iter()
            .chain([PAR])
            .filter_map(|name| {
                let text = match metadata.get(name)? {
                    Value::Array(items) => items
                        .iter()
                        .filter_map(Value::as_str)
                        .collect::<Vec<_>>()
                        .join(if name == "grant_types" { " " } else { "\n" }),
                    Value::Bool(true) => "on".to_owned(),
                    Value::Bool(false) => return None,
                    Value::String(text) => text.clone(),
                    other => serde_json::to_string_pretty(other).unwrap_or_default(),
                };
                Some((name.to_owned(), json!(text)))
            })
            .collect();
        Self(fields)
    }

    /// A field as text; empty where it is not there.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A tick box.
    pub(crate) fn ticked(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The registration request. Addresses may be separated by spaces or line breaks
    /// (docs/contract/09-applications.md); what was left empty is left out.
    ///
    /// # Errors
    ///
    /// The name of the field that is not JSON though it must be.
    pub(crate) fn metadata(&self) -> Result<Map<String, Value>, &'static str> {
        let mut body = Map::new();
        for name in [
            "client_name",
            "token_endpoint_auth_method",
            "data_access_type",
            "scope",
            "jwks_uri",
            "client_uri",
            "tos_uri",
            "policy_uri",
            "description",
        ] {
            let text = self.text(name).trim();
            if !text.is_empty() {
                body.insert(name.to_owned(), json!(text));
            }
        }
        for name in ["redirect_uris", "grant_types", "contacts"] {
            let items: Vec<_> = self.text(name).split_whitespace().collect();
            if !items.is_empty() {
                body.insert(name.to_owned(), json!(items));
            }
        }
        let jwks = self.text("jwks").trim();
        if !jwks.is_empty() {
            let value: Value = serde_json::from_str(jwks).map_err(|_| "jwks")?;
            body.insert("jwks".to_owned(), value);
        }
        for name in ["requires_demographics", PAR] {
            body.insert(name.to_owned(), json!(self.ticked(name)));
        }
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_becomes_the_registration_that_it_says() {
        let form = Parameters::parse(
            b"client_name=+My+App+&redirect_uris=https%3A%2F%2Fa.example%2Fcb%0D%0Ahttps%3A%2F%2Fb.example%2Fcb+https%3A%2F%2Fc.example%2F&requires_demographics=on&grant_types=authorization_code+refresh_token&scope=&jwks=&contacts=a%40b.example&other=1",
        );
        let body = Typed::sent(&form).metadata().unwrap();
        assert_eq!(
            Value::Object(body),
            json!({
                "client_name": "My App",
                "redirect_uris": ["https://a.example/cb", "https://b.example/cb", "https://c.example/"],
                "grant_types": ["authorization_code", "refresh_token"],
                "contacts": ["a@b.example"],
                "requires_demographics": true,
                "require_pushed_authorization_requests": false,
            })
        );
    }

    #[test]
    fn keys_that_are_no_json_are_named() {
        let form = Parameters::parse(b"client_name=A&jwks=%7B");
        assert_eq!(Typed::sent(&form).metadata(), Err("jwks"));
    }
}
