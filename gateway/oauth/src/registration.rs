//! Registration of an application: RFC 7591, docs/contract/09-applications.md.

use std::collections::HashSet;
use std::fmt::Write as _;

use bluegate_shared::id::ClientId;
use bluegate_shared::oauth::ErrorCode;
use bluegate_shared::scope::{Permissions, ScopeSet};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::application::{AuthMethod, DataAccessType, Status};
use super::redirect::registrable;
use super::rules::Rules;
use super::{assertion, name};
use bluegate_base::environment::Environment;
use bluegate_base::uri::PlainUri;

/// Client metadata that was found good.
#[derive(Debug)]
pub struct Registration {
    /// Name that people see.
    pub name: String,
    /// What all names that look like it have in common: unique.
    pub name_key: String,
    /// How it authenticates.
    pub auth_method: AuthMethod,
    /// Redirect URIs as given.
    pub redirect_uris: Vec<String>,
    /// Scopes it may ask for.
    pub scopes: ScopeSet,
    /// How long access lasts.
    pub data_access_type: DataAccessType,
    /// Whether it needs demographic information.
    pub requires_demographics: bool,
    /// RFC 9126.
    pub require_par: bool,
    /// What the answer repeats (RFC 7591, section 3.2.1), without ids and secrets.
    pub metadata: Map<String, Value>,
}

impl Registration {
    /// Reads a registration request. `rules` are those of the operator.
    ///
    /// # Errors
    ///
    /// [`RegistrationError`] with the registered code and words.
    pub fn parse(body: &[u8], rules: &Rules<'_>) -> Result<Self, RegistrationError> {
        let wire: Wire = serde_json::from_slice(body).map_err(|error| {
            invalid(
                "",
                format!("the body is not the JSON object of RFC 7591: {error}"),
            )
        })?;
        let wire = wire.without_empty();
        let name = wire.client_name.unwrap_or_default();
        name::check(&name, rules.reserved_names)
            .map_err(|reason| invalid("client_name", format!("client_name {reason}")))?;
        let auth_method = match wire.token_endpoint_auth_method.as_deref() {
            None => AuthMethod::ClientSecretBasic,
            Some(text) => AuthMethod::parse(text).ok_or_else(|| {
                invalid(
                    "token_endpoint_auth_method",
                    format!(
                        "token_endpoint_auth_method must be one of {}",
                        list(AuthMethod::ALL.map(AuthMethod::as_str))
                    ),
                )
            })?,
        };
        if auth_method == AuthMethod::PrivateKeyJwt
            && wire.jwks.is_none()
            && wire.jwks_uri.is_none()
        {
            return Err(invalid(
                "jwks",
                "private_key_jwt needs jwks with the public keys, or jwks_uri",
            ));
        }
        let jwks = wire.jwks.as_ref().map(assertion::usable_keys).transpose();
        let jwks = jwks.map_err(|reason| invalid("jwks", reason))?;
        if let Some(uri) = &wire.jwks_uri {
            keys_address(uri, rules.jwks_origin)?;
            if wire.jwks.is_some() {
                return Err(invalid(
                    "jwks_uri",
                    "send jwks or jwks_uri, not both (RFC 7591, section 2)",
                ));
            }
        }
        let redirect_uris = wire.redirect_uris.unwrap_or_default();
        if redirect_uris.is_empty() || redirect_uris.len() > 20 {
            return Err(RegistrationError::redirect(
                "redirect_uris must list 1 to 20 URIs",
            ));
        }
        for uri in &redirect_uris {
            registrable(uri, rules).map_err(|reason| {
                RegistrationError::redirect(format!("redirect_uri {} {reason}", printable(uri)))
            })?;
        }
        let may_implicit = rules.allow_implicit && auth_method == AuthMethod::None;
        let (grant_types, response_types) =
            flows(wire.grant_types, wire.response_types, may_implicit)?;
        let data_access_type = match wire.data_access_type.as_deref() {
            None => DataAccessType::ThirteenMonth,
            Some(text) => DataAccessType::parse(text).ok_or_else(|| {
                invalid(
                    "data_access_type",
                    format!(
                        "data_access_type must be one of {}",
                        list(DataAccessType::ALL.map(DataAccessType::as_str))
                    ),
                )
            })?,
        };
        let requires_demographics = wire.requires_demographics.unwrap_or(true);
        let scopes = scopes(wire.scope.as_deref(), requires_demographics)?;
        let require_par = wire.require_pushed_authorization_requests.unwrap_or(false);

        let mut metadata = Map::new();
        let mut put = |name: &str, value: Value| metadata.insert(name.to_owned(), value);
        put("client_name", json!(name));
        put("redirect_uris", json!(redirect_uris));
        put("token_endpoint_auth_method", json!(auth_method.as_str()));
        put("grant_types", json!(grant_types));
        put("response_types", json!(response_types));
        put("scope", json!(scopes.to_string()));
        for (name, uri) in [
            ("client_uri", wire.client_uri),
            ("logo_uri", wire.logo_uri),
            ("tos_uri", wire.tos_uri),
            ("policy_uri", wire.policy_uri),
        ] {
            if let Some(uri) = uri {
                web_page(name, &uri)?;
                put(name, json!(uri));
            }
        }
        if let Some(contacts) = wire.contacts {
            if contacts.len() > 20
                || contacts
                    .iter()
                    .any(|contact| contact.len() > 255 || contact.chars().any(char::is_control))
            {
                return Err(invalid(
                    "contacts",
                    "contacts must be at most 20 addresses of at most 255 characters",
                ));
            }
            put("contacts", json!(contacts));
        }
        if let Some(jwks) = jwks {
            put("jwks", jwks);
        }
        if let Some(uri) = wire.jwks_uri {
            put("jwks_uri", json!(uri));
        }
        put("data_access_type", json!(data_access_type.as_str()));
        put("requires_demographics", json!(requires_demographics));
        if let Some(text) = wire.description {
            description(&text)?;
            put("description", json!(text));
        }
        put("require_pushed_authorization_requests", json!(require_par));
        small_enough(&metadata)?;
        Ok(Self {
            name_key: name::key(&name),
            name,
            auth_method,
            redirect_uris,
            scopes,
            data_access_type,
            requires_demographics,
            require_par,
            metadata,
        })
    }

    /// Active at once in the sandbox; in production it waits for an operator.
    #[must_use]
    pub const fn initial_status(environment: Environment) -> Status {
        match environment {
            Environment::Sandbox => Status::Active,
            Environment::Production => Status::Pending,
        }
    }
}

/// A client id from random bytes: 40 characters `[A-Za-z0-9]`, each drawn without bias.
///
/// `random` gives 256 bits at a time.
///
/// # Errors
///
/// The error of `random`.
pub fn new_client_id<E>(mut random: impl FnMut() -> Result<[u8; 32], E>) -> Result<ClientId, E> {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(40);
    loop {
        for byte in random()? {
            // 248 is the largest multiple of 62 in a byte: what is above would favour the first letters.
            if byte < 248 && text.len() < 40 {
                text.push(char::from(LETTERS[usize::from(byte % 62)]));
            }
        }
        if let Ok(client_id) = ClientId::parse(&text) {
            return Ok(client_id);
        }
    }
}

/// Why a registration is refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{description}")]
pub struct RegistrationError {
    /// `invalid_client_metadata` or `invalid_redirect_uri`.
    pub code: ErrorCode,
    /// The member of the metadata that it is about; empty where it is the whole body.
    pub field: &'static str,
    /// What to change.
    pub description: String,
}

impl RegistrationError {
    /// An update names another client, or none.
    #[must_use]
    pub fn client_id() -> Self {
        invalid(
            "client_id",
            "client_id must be there and be the one of this registration (RFC 7592, section 2.2)",
        )
    }

    /// An update has another secret.
    #[must_use]
    pub fn client_secret() -> Self {
        invalid(
            "client_secret",
            "client_secret must be the current one or be left out; send rotate_client_secret: true for a new one",
        )
    }

    /// A logo that cannot be taken.
    #[must_use]
    pub fn logo(reason: &'static str) -> Self {
        invalid("logo", reason)
    }

    /// Names are unique by what they look like.
    #[must_use]
    pub fn name_taken() -> Self {
        invalid(
            "client_name",
            "client_name is taken, or looks like one that is; choose another",
        )
    }

    fn redirect(description: impl Into<String>) -> Self {
        Self {
            code: ErrorCode::InvalidRedirectUri,
            field: "redirect_uris",
            description: description.into(),
        }
    }
}

fn invalid(field: &'static str, description: impl Into<String>) -> RegistrationError {
    RegistrationError {
        field,
        code: ErrorCode::InvalidClientMetadata,
        description: description.into(),
    }
}

#[derive(Deserialize)]
struct Wire {
    client_name: Option<String>,
    redirect_uris: Option<Vec<String>>,
    token_endpoint_auth_method: Option<String>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
    scope: Option<String>,
    client_uri: Option<String>,
    logo_uri: Option<String>,
    tos_uri: Option<String>,
    policy_uri: Option<String>,
    contacts: Option<Vec<String>>,
    jwks: Option<Value>,
    jwks_uri: Option<String>,
    data_access_type: Option<String>,
    requires_demographics: Option<bool>,
    description: Option<String>,
    require_pushed_authorization_requests: Option<bool>,
}

impl Wire {
    /// Forms and generators send what was left empty as an empty text or list: it counts as left out. (Of redirect
    /// URIs none may be empty, and a name must be there.)
    fn without_empty(mut self) -> Self {
        for text in [
            &mut self.token_endpoint_auth_method,
            &mut self.scope,
            &mut self.client_uri,
            &mut self.logo_uri,
            &mut self.tos_uri,
            &mut self.policy_uri,
            &mut self.jwks_uri,
            &mut self.data_access_type,
            &mut self.description,
        ] {
            if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
                *text = None;
            }
        }
        for list in [
            &mut self.grant_types,
            &mut self.response_types,
            &mut self.contacts,
        ] {
            if let Some(items) = list {
                items.retain(|item| !item.trim().is_empty());
            }
            if list.as_ref().is_some_and(Vec::is_empty) {
                *list = None;
            }
        }
        self
    }
}

/// `grant_types` and `response_types`, which must fit each other (RFC 7591, section 2.1). What is not offered here is
/// left out where something remains, as section 2 allows; the answer tells what was registered.
fn flows(
    grants: Option<Vec<String>>,
    responses: Option<Vec<String>>,
    may_implicit: bool,
) -> Result<(Vec<String>, Vec<String>), RegistrationError> {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let mut grants: Vec<String> =
        grants.unwrap_or_else(|| owned(&["authorization_code", "refresh_token"]));
    let mut responses: Vec<String> = responses.unwrap_or_else(|| owned(&["code"]));
    let has = |list: &[String], name: &str| list.iter().any(|item| item == name);
    keep_distinct(&mut grants, |name| match name {
        "authorization_code" | "refresh_token" => true,
        // RFC 9700, section 2.1.2.
        "implicit" => may_implicit,
        _ => false,
    });
    let implicit = has(&grants, "implicit");
    if !(implicit || has(&grants, "authorization_code")) {
        return Err(invalid(
            "grant_types",
            "grant_types must have authorization_code, with or without refresh_token; nothing else is offered here",
        ));
    }
    keep_distinct(&mut responses, |name| match name {
        "code" => has(&grants, "authorization_code"),
        "token" => implicit,
        _ => false,
    });
    if responses.is_empty() {
        return Err(invalid(
            "response_types",
            "response_types must be [\"code\"]",
        ));
    }
    Ok((grants, responses))
}

/// Keeps what is offered, each once.
fn keep_distinct(names: &mut Vec<String>, offered: impl Fn(&str) -> bool) {
    let mut seen = HashSet::new();
    names.retain(|name| offered(name) && seen.insert(name.clone()));
}

/// The metadata of an application is kept for years, and every page about it reads it.
fn small_enough(metadata: &Map<String, Value>) -> Result<(), RegistrationError> {
    if json!(metadata).to_string().len() <= MAX_METADATA {
        return Ok(());
    }
    let largest = ["redirect_uris", "jwks", "contacts"]
        .into_iter()
        .max_by_key(|name| {
            metadata
                .get(*name)
                .map_or(0, |value| value.to_string().len())
        })
        .unwrap_or_default();
    Err(invalid(
        largest,
        format!("the metadata may have 16 KB in all; its largest part is {largest}"),
    ))
}

/// 16 KB as they are stored.
const MAX_METADATA: usize = 16 * 1024;

fn scopes(asked: Option<&str>, requires_demographics: bool) -> Result<ScopeSet, RegistrationError> {
    let Some(asked) = asked.filter(|text| !text.trim().is_empty()) else {
        let everything = ScopeSet::everything();
        return Ok(if requires_demographics {
            everything
        } else {
            everything.without_demographics()
        });
    };
    // What is not offered here is left out where something remains (RFC 7591, section 2).
    let scopes = ScopeSet::known(asked);
    if scopes.is_empty() {
        return Err(invalid(
            "scope",
            "scope has none of the scopes that are offered here; the discovery documents list them",
        ));
    }
    if requires_demographics {
        return Ok(scopes);
    }
    let named = scopes.iter().any(|scope| {
        !scope.as_str().starts_with("patient/*.")
            && scope.permissions().intersects(Permissions::demographics())
    });
    if named {
        return Err(invalid(
            "scope",
            "an application with requires_demographics false cannot have profile or patient/Patient scopes",
        ));
    }
    Ok(scopes.without_demographics())
}

/// `jwks_uri` is fetched by the gateway, so only an origin that the operator listed is
/// (docs/contract/09-applications.md).
fn keys_address(uri: &str, allowed: Option<&str>) -> Result<(), RegistrationError> {
    let wrong = |reason: &str| invalid("jwks_uri", format!("jwks_uri {reason}"));
    let address = PlainUri::parse_web(uri).map_err(wrong)?;
    if address.has_fragment() {
        return Err(wrong("must not have a fragment"));
    }
    if allowed != Some(address.origin().as_str()) {
        return Err(wrong(
            "is not on an origin that this operator allows; send the keys as jwks",
        ));
    }
    Ok(())
}

fn web_page(name: &'static str, uri: &str) -> Result<(), RegistrationError> {
    PlainUri::parse_web(uri)
        .map(drop)
        .map_err(|reason| invalid(name, format!("{name} {reason}")))
}

fn description(text: &str) -> Result<(), RegistrationError> {
    if text.chars().count() > 1000 || text.contains(['<', '>']) {
        return Err(invalid(
            "description",
            "description must be at most 1000 characters without HTML",
        ));
    }
    Ok(())
}

fn list<const N: usize>(names: [&str; N]) -> String {
    let mut text = String::new();
    for (index, name) in names.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        // Writing to a String cannot fail.
        let _ = write!(text, "{separator}{name}");
    }
    text
}

fn printable(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_graphic)
        .take(100)
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::application::{Application, GrantTypes};
    use bluegate_base::ports::UnixMillis;

    /// A public application with one redirect URI and every scope.
    pub(crate) fn application() -> Application {
        Application {
            id: 1,
            client_id: ClientId::parse(&"a".repeat(40)).unwrap(),
            name: "Test".to_owned(),
            secret_hash: None,
            auth_method: AuthMethod::None,
            redirect_uris: vec!["https://app.example/cb".to_owned()],
            scopes: ScopeSet::everything(),
            data_access_type: DataAccessType::ThirteenMonth,
            requires_demographics: true,
            require_par: false,
            grant_types: GrantTypes {
                authorization_code: true,
                refresh_token: true,
                implicit: false,
            },
            metadata: "{}".to_owned(),
            status: Status::Active,
            suspended_by_developer: false,
            rejected_because: None,
            updated_at: UnixMillis(0),
            created_at: UnixMillis(0),
        }
    }

    const RULES: Rules<'static> = Rules {
        environment: Environment::Sandbox,
        allow_implicit: false,
        jwks_origin: None,
        reserved_names: &[],
        own_address: None,
    };

    fn parse(body: &str) -> Result<Registration, RegistrationError> {
        Registration::parse(body.as_bytes(), &RULES)
    }

    fn refused(body: &str) -> &'static str {
        parse(body)
            .err()
            .map_or("accepted", |error| error.code.as_str())
    }

    #[test]
    fn defaults_are_those_of_the_contract() {
        let registration =
            parse(r#"{"client_name":"A","redirect_uris":["https://a.example/cb"]}"#).unwrap();
        assert_eq!(registration.auth_method, AuthMethod::ClientSecretBasic);
        assert_eq!(registration.data_access_type, DataAccessType::ThirteenMonth);
        assert!(registration.requires_demographics && !registration.require_par);
        assert_eq!(registration.scopes, ScopeSet::everything());
    }

    #[test]
    fn wrong_metadata_is_refused_with_its_code() {
        for (body, code) in [
            ("[]", "invalid_client_metadata"),
            ("{", "invalid_client_metadata"),
            (
                r#"{"redirect_uris":["https://a.example"]}"#,
                "invalid_client_metadata",
            ),
            (r#"{"client_name":"A"}"#, "invalid_redirect_uri"),
            (
                r#"{"client_name":"A","redirect_uris":["javascript:x"]}"#,
                "invalid_redirect_uri",
            ),
            (
                r#"{"client_name":"A","redirect_uris":["https://a.example"],"token_endpoint_auth_method":"magic"}"#,
                "invalid_client_metadata",
            ),
            (
                r#"{"client_name":"A","redirect_uris":["https://a.example"],"token_endpoint_auth_method":"private_key_jwt"}"#,
                "invalid_client_metadata",
            ),
            (
                r#"{"client_name":"A","redirect_uris":["https://a.example"],"grant_types":["implicit"]}"#,
                "invalid_client_metadata",
            ),
            (
                r#"{"client_name":"A","redirect_uris":["https://a.example"],"response_types":["token"]}"#,
                "invalid_client_metadata",
            ),
            (
                r#"{"client_name":"A","redirect_uris":["https://a.example"],"scope":"admin"}"#,
                "invalid_client_metadata",
            ),
            (
                r#"{"client_name":"A","redirect_uris":["https://a.example"],"jwks_uri":"https://a.example/k"}"#,
                "invalid_client_metadata",
            ),
            (
                r#"{"client_name":"A","redirect_uris":["https://a.example"],"description":"<b>"}"#,
                "invalid_client_metadata",
            ),
            (
                r#"{"client_name":"A","redirect_uris":["https://a.example"],"policy_uri":"javascript:x"}"#,
                "invalid_client_metadata",
            ),
            (
                r#"{"client_name":"A","client_name":"B","redirect_uris":["https://a.example"]}"#,
                "invalid_client_metadata",
            ),
        ] {
            assert_eq!(refused(body), code, "{body}");
        }
    }

    #[test]
    fn jwks_uri_is_accepted_on_the_origin_that_the_operator_listed_only() {
        let body = |uri: &str, more: &str| {
            format!(
                r#"{{"client_name":"A","redirect_uris":["https://a.example"],"token_endpoint_auth_method":"private_key_jwt","jwks_uri":"{uri}"{more}}}"#
            )
        };
        let parse = |body: String, origin| {
            Registration::parse(
                body.as_bytes(),
                &Rules {
                    jwks_origin: origin,
                    ..RULES
                },
            )
            .is_ok()
        };
        let listed = Some("https://keys.example");
        assert!(parse(body("https://keys.example/a.json", ""), listed));
        assert!(!parse(body("https://keys.example/a.json", ""), None));
        assert!(!parse(
            body("https://keys.example.evil.example/a.json", ""),
            listed
        ));
        assert!(!parse(
            body("https://keys.example/a.json", r#","jwks":{"keys":[]}"#),
            listed
        ));
    }

    #[test]
    fn implicit_is_for_public_applications_where_the_operator_turned_it_on() {
        let body = |method: &str| {
            format!(
                r#"{{"client_name":"A","redirect_uris":["https://a.example"],"token_endpoint_auth_method":"{method}","grant_types":["implicit"],"response_types":["token"]}}"#
            )
        };
        let parse = |method: &str, on| {
            Registration::parse(
                body(method).as_bytes(),
                &Rules {
                    allow_implicit: on,
                    ..RULES
                },
            )
        };
        assert!(parse("none", true).is_ok());
        assert!(parse("none", false).is_err());
        assert!(parse("client_secret_basic", true).is_err());
    }

    #[test]
    fn without_demographics_wildcards_are_narrowed_and_named_scopes_refused() {
        let registration = parse(r#"{"client_name":"A","redirect_uris":["https://a.example"],"requires_demographics":false,"scope":"patient/*.rs"}"#).unwrap();
        assert_eq!(
            registration.scopes.to_string(),
            "patient/Coverage.rs patient/ExplanationOfBenefit.rs"
        );
        assert_eq!(
            refused(
                r#"{"client_name":"A","redirect_uris":["https://a.example"],"requires_demographics":false,"scope":"profile"}"#
            ),
            "invalid_client_metadata"
        );
    }

    #[test]
    fn client_ids_have_40_characters_and_use_all_letters() {
        let mut seed = 0_u8;
        let id = new_client_id::<()>(|| {
            seed = seed.wrapping_add(1);
            Ok(std::array::from_fn(|index| {
                seed.wrapping_mul(37)
                    .wrapping_add(u8::try_from(index).unwrap().wrapping_mul(91))
            }))
        })
        .unwrap();
        assert_eq!(id.as_str().len(), 40);
    }
}
