//! Configuration: one table of variables, from which come the checks in the component,
//! `docs/configuration.md` and `bluegate check-config`.
//!
//! Raw text in, typed [`Config`] out. Nothing is guessed: with a missing or wrong variable every route but
//! `/health` answers 503 and one line is logged that names the variable and says what to write.

mod environment;
pub mod operator;
pub mod rule;
mod variables;
pub mod webhook;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bluegate_shared::id::{Issuer, SubjectForm};
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::base::address::{ForwardedHeader, canonical};
use crate::base::config::operator::Operator;
use crate::base::config::rule::Rule;
use crate::base::config::webhook::SigningSecret;
use crate::base::key::{Key, KeyRing};
use crate::base::ports::UnixMillis;
use crate::base::secret::Secret;
use crate::base::signature::PublicKey;

pub use self::variables::{SANDBOX_VARIABLES, VARIABLES, Variable, documentation};
pub use bluegate_base::environment::Environment;
use bluegate_oauth::rules::Rules;

use self::variables::SANDBOX_IDP_CLIENT_SECRET;

/// The typed configuration of one instance.
#[non_exhaustive]
#[derive(Clone)]
pub struct Config {
    /// Sandbox or production.
    pub environment: Environment,
    /// Scheme, host and port, without a trailing slash: issuer, links and callback addresses begin with it.
    pub public_base_url: String,
    /// Origin and path of the claims backend, without a trailing slash; `/vN/fhir` follows.
    pub claims_backend_base: String,
    /// Value of the `Authorization` header to the backend, where set.
    pub claims_backend_authorization: Option<Arc<Secret>>,
    /// How long an answer of the backend may take, in seconds.
    pub claims_backend_timeout_s: i64,
    /// The identity provider's issuer: `idp_origin` and `idp_path`.
    pub idp_issuer: Issuer,
    /// Origins that the provider's endpoints may have.
    pub idp_origins: Vec<String>,
    /// Client id of the gateway at the provider.
    pub idp_client_id: String,
    /// Client secret of the gateway at the provider.
    pub idp_client_secret: Arc<Secret>,
    /// The form of subjects that the provider promises.
    pub idp_subject_form: SubjectForm,
    /// Seals names and e-mail addresses.
    pub store_key: Arc<KeyRing>,
    /// Derives refresh tokens, verifiers, nonces and CSRF tokens.
    pub token_key: Arc<Key>,
    /// Keyed hashes of people in audit and logs.
    pub audit_key: Arc<KeyRing>,
    /// Signs the chain over the audit.
    pub chain_key: Arc<Key>,
    /// What it was signed with before.
    pub former_chain_keys: Vec<PublicKey>,
    /// Tokens and codes from before this instant end when an instance starts.
    pub token_epoch: UnixMillis,
    /// How long what is kept.
    pub retention: Retention,
    /// Lifetime of access tokens in seconds.
    pub access_token_ttl_s: i64,
    /// `response_type=token` on v1. RFC 9700 section 2.1.2 says not to.
    pub allow_implicit_flow_insecure: bool,
    /// Seconds added to the clock; 0 in production.
    pub clock_offset_s: i64,
    /// Whether v3 routes answer.
    pub v3_enabled: bool,
    /// Requests a minute for each application and for each address.
    pub rate_limit_per_minute: i64,
    /// Calls a minute for each person at an application.
    pub person_limit_per_minute: i64,
    /// Registrations a minute for each address.
    pub registration_limit_per_minute: i64,
    /// Passwords a minute for each address.
    pub password_limit_per_minute: i64,
    /// The one origin from which keys of applications (`jwks_uri`) are fetched.
    pub client_jwks_origin: Option<String>,
    /// Words that no name of an application may have.
    pub reserved_names: Vec<String>,
    /// The webhook for alerts.
    pub alerts: Option<Arc<AlertTarget>>,
    /// What alerts lock down.
    pub lock_down_rules: Vec<Rule>,
    /// Who may call `/ops`.
    pub operators: Vec<Operator>,
    /// Proxies whose forwarded client address is believed, in the canonical form.
    pub trusted_proxies: Vec<IpAddr>,
    /// Where they say it.
    pub forwarded_header: ForwardedHeader,
}

impl Config {
    /// Parses the raw values of the variables.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] naming the first variable that is missing or wrong, and what to write.
    pub fn parse(raw: &BTreeMap<&'static str, String>) -> Result<Self, ConfigError> {
        let raw = Raw(raw);
        let environment = match raw.text("environment")? {
            "sandbox" => Environment::Sandbox,
            "production" => Environment::Production,
            _ => {
                return Err(ConfigError::new(
                    "environment",
                    "write sandbox or production",
                ));
            }
        };
        let public_base_url = raw.origin("public_base_url")?;
        let idp_origin = raw.origin("idp_origin")?;
        let idp_issuer = format!("{idp_origin}{}", raw.path("idp_path")?);
        let mut idp_origins = vec![idp_origin];
        if let Some(extra) = raw.optional_origin("idp_extra_origin")? {
            idp_origins.push(extra);
        }
        let config = Self {
            claims_backend_base: format!(
                "{}{}",
                raw.origin("claims_backend_origin")?,
                raw.path("claims_backend_path")?
            ),
            claims_backend_authorization: raw.optional_secret("claims_backend_authorization")?,
            claims_backend_timeout_s: raw.number("claims_backend_timeout_s", 1, 60)?,
            idp_issuer: Issuer::new(idp_issuer),
            idp_origins,
            idp_client_id: raw.filled("idp_client_id")?.to_owned(),
            idp_client_secret: Arc::new(Secret::new(raw.filled("idp_client_secret")?.to_owned())),
            idp_subject_form: SubjectForm::parse(raw.text("idp_subject_form")?)
                .ok_or(ConfigError::new("idp_subject_form", "write any or uuid"))?,
            store_key: Arc::new(raw.ring("store_key", "former_store_keys")?),
            token_key: Arc::new(raw.key("token_key")?),
            audit_key: Arc::new(raw.ring("audit_key", "former_audit_keys")?),
            chain_key: Arc::new(raw.key("chain_key")?),
            former_chain_keys: raw.public_keys("former_chain_keys")?,
            token_epoch: UnixMillis(raw.number("token_epoch", 0, 32_503_680_000)? * 1000),
            retention: Retention {
                transactions_ms: raw.number("retention_transactions_s", 3_600, 31_536_000)? * 1000,
                tokens_ms: raw.number("retention_tokens_s", 3_600, 31_536_000)? * 1000,
                grants_ms: raw.number("retention_grants_d", 1, 36_500)? * DAY_MS,
                audit_ms: raw.number("retention_audit_d", 2_192, 36_500)? * DAY_MS,
            },
            access_token_ttl_s: raw.number("access_token_ttl_s", 60, 86_400)?,
            allow_implicit_flow_insecure: raw.flag("allow_implicit_flow_insecure")?,
            clock_offset_s: raw.number("clock_offset_s", -3_153_600_000, 3_153_600_000)?,
            v3_enabled: raw.flag("v3_enabled")?,
            rate_limit_per_minute: raw.number("rate_limit_per_minute", 1, 10_000_000)?,
            person_limit_per_minute: raw.number("person_limit_per_minute", 1, 10_000_000)?,
            registration_limit_per_minute: raw.number("registration_limit_per_minute", 1, 1_000_000)?,
            password_limit_per_minute: raw.number("password_limit_per_minute", 1, 1_000_000)?,
            client_jwks_origin: raw.optional_origin("client_jwks_origin")?,
            reserved_names: raw.items("reserved_names")?.map(str::to_owned).collect(),
            trusted_proxies: raw.addresses("trusted_proxies")?,
            forwarded_header: match raw.text("forwarded_header")? {
                "forwarded" => ForwardedHeader::Forwarded,
                "x-forwarded-for" => ForwardedHeader::XForwardedFor,
                _ => {
                    return Err(ConfigError::new(
                        "forwarded_header",
                        "write x-forwarded-for or forwarded",
                    ));
                }
            },
            operators: Operator::parse_list(raw.text("operators")?).ok_or(ConfigError::new(
                "operators",
                "write name:role:sha256(token in hexadecimal), separated by commas; roles are read, approve, lock",
            ))?,
            alerts: raw.alerts()?,
            lock_down_rules: Rule::parse_list(raw.text("lock_down_rules")?).ok_or(ConfigError::new(
                "lock_down_rules",
                "write kind:all or kind:application, separated by commas; docs/operations.md has the kinds",
            ))?,
            environment,
            public_base_url,
        };
        config.check_environment()?;
        Ok(config)
    }

    /// Whether this is the sandbox.
    #[must_use]
    pub fn is_sandbox(&self) -> bool {
        self.environment == Environment::Sandbox
    }

    /// How long an answer of the backend may take, in milliseconds.
    #[must_use]
    pub const fn claims_backend_timeout_ms(&self) -> i64 {
        self.claims_backend_timeout_s * 1000
    }

    /// `public_base_url` is https, so cookies are `Secure` with the `__Host-` prefix and HSTS is sent.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_base_url.starts_with("https://")
    }

    /// What applications that register are allowed.
    #[must_use]
    pub fn rules(&self) -> Rules<'_> {
        Rules {
            environment: self.environment,
            allow_implicit: self.allow_implicit_flow_insecure,
            jwks_origin: self.client_jwks_origin.as_deref(),
            reserved_names: &self.reserved_names,
            own_address: Some(&self.public_base_url),
        }
    }

    /// What the sandbox's own applications are allowed, whose pages the gateway serves.
    #[must_use]
    pub fn rules_of_its_own(&self) -> Rules<'_> {
        Rules {
            reserved_names: &[],
            own_address: None,
            ..self.rules()
        }
    }
}

/// Where alerts go.
#[non_exhaustive]
pub struct AlertTarget {
    /// The address.
    pub url: String,
    /// Signs what is sent.
    pub secret: SigningSecret,
}

/// How long rows are kept, in milliseconds.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Retention {
    /// Transactions, codes, pushed requests, visits and assertions, after they expired.
    pub transactions_ms: i64,
    /// Access tokens, after they expired.
    pub tokens_ms: i64,
    /// Grants and chains, after they ended.
    pub grants_ms: i64,
    /// The audit.
    pub audit_ms: i64,
}

/// A variable that is missing or wrong.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("variable {name}: {advice} (SPIN_VARIABLE_{} sets it)", name.to_uppercase())]
pub struct ConfigError {
    name: &'static str,
    advice: &'static str,
}

impl ConfigError {
    const fn new(name: &'static str, advice: &'static str) -> Self {
        Self { name, advice }
    }

    /// The variable, by its name in the manifest.
    #[must_use]
    pub const fn variable(&self) -> &'static str {
        self.name
    }

    /// What is wrong with it, or what to write.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        self.advice
    }
}

struct Raw<'a>(&'a BTreeMap<&'static str, String>);

impl<'a> Raw<'a> {
    fn text(&self, name: &'static str) -> Result<&'a str, ConfigError> {
        self.0.get(name).map(String::as_str).ok_or(ConfigError::new(
            name,
            "is missing; give it a value in the manifest",
        ))
    }

    fn filled(&self, name: &'static str) -> Result<&'a str, ConfigError> {
        match self.text(name)? {
            "" => Err(ConfigError::new(name, "is empty; give it a value")),
            text => Ok(text),
        }
    }

    fn origin(&self, name: &'static str) -> Result<String, ConfigError> {
        const ADVICE: &str =
            "write scheme, host and port without a path, such as https://example.org";
        let text = self.text(name)?;
        let url = Url::parse(text).map_err(|_| ConfigError::new(name, ADVICE))?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.host().is_some()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !plain {
            return Err(ConfigError::new(name, ADVICE));
        }
        Ok(url.origin().ascii_serialization())
    }

    fn optional_origin(&self, name: &'static str) -> Result<Option<String>, ConfigError> {
        let origin = self.origin(name)?;
        let unused = Url::parse(&origin).is_ok_and(
            |url| matches!(url.host(), Some(Host::Domain(domain)) if domain.ends_with(".invalid")),
        );
        Ok((!unused).then_some(origin))
    }

    fn path(&self, name: &'static str) -> Result<&'a str, ConfigError> {
        let text = self.text(name)?;
        let wrong = !text.is_empty()
            && (!text.starts_with('/') || text.ends_with('/') || text.contains(['?', '#', ' ']));
        if wrong {
            return Err(ConfigError::new(
                name,
                "begin with a slash and end without one, or leave it empty",
            ));
        }
        Ok(text)
    }

    fn optional_secret(&self, name: &'static str) -> Result<Option<Arc<Secret>>, ConfigError> {
        Ok(match self.text(name)? {
            "" => None,
            text => Some(Arc::new(Secret::new(text.to_owned()))),
        })
    }

    fn alerts(&self) -> Result<Option<Arc<AlertTarget>>, ConfigError> {
        let (path, secret) = (self.path("alert_path")?, self.text("alert_secret")?);
        let secret = match secret {
            "" => None,
            text => Some(SigningSecret::parse(text).ok_or(ConfigError::new(
                "alert_secret",
                "write whsec_ and 24 to 64 random bytes in base64",
            ))?),
        };
        match (self.optional_origin("alert_origin")?, secret) {
            (None, _) => Ok(None),
            (Some(_), None) => Err(ConfigError::new(
                "alert_secret",
                "is empty, and alert_origin is set; write whsec_ and 24 to 64 random bytes in base64",
            )),
            (Some(origin), Some(secret)) => Ok(Some(Arc::new(AlertTarget {
                url: format!("{origin}{path}"),
                secret,
            }))),
        }
    }

    fn key(&self, name: &'static str) -> Result<Key, ConfigError> {
        parse_key(self.text(name)?).ok_or(ConfigError::new(
            name,
            "write a key id, a colon and 32 random bytes in base64url",
        ))
    }

    fn ring(&self, name: &'static str, former: &'static str) -> Result<KeyRing, ConfigError> {
        let mut ring = KeyRing::new(self.key(name)?);
        for item in self.items(former)? {
            let key = parse_key(item).ok_or(ConfigError::new(
                former,
                "write key ids, each with a colon and 32 bytes in base64url, separated by commas",
            ))?;
            if ring.find(key.id().as_bytes()).is_some() {
                return Err(ConfigError::new(
                    former,
                    "has a key id twice, or that of the key in use; give each key an id of its own",
                ));
            }
            ring.push_former(key);
        }
        Ok(ring)
    }

    fn public_keys(&self, name: &'static str) -> Result<Vec<PublicKey>, ConfigError> {
        self.items(name)?
            .map(|item| {
                PublicKey::parse(item).ok_or(ConfigError::new(
                    name,
                    "write key ids, each with a colon and a public key in base64url, separated by commas",
                ))
            })
            .collect()
    }

    /// What stands between commas.
    fn items(&self, name: &'static str) -> Result<impl Iterator<Item = &'a str>, ConfigError> {
        Ok(self
            .text(name)?
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty()))
    }

    fn number(&self, name: &'static str, least: i64, most: i64) -> Result<i64, ConfigError> {
        self.text(name)?
            .parse()
            .ok()
            .filter(|number| (least..=most).contains(number))
            .ok_or(ConfigError::new(
                name,
                "is not a number in the range that docs/configuration.md gives",
            ))
    }

    fn addresses(&self, name: &'static str) -> Result<Vec<IpAddr>, ConfigError> {
        self.text(name)?
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(|text| {
                text.parse()
                    .map(canonical)
                    .map_err(|_| ConfigError::new(name, "write IP addresses separated by commas"))
            })
            .collect()
    }

    fn flag(&self, name: &'static str) -> Result<bool, ConfigError> {
        match self.text(name)? {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(ConfigError::new(name, "write true or false")),
        }
    }
}

fn parse_key(text: &str) -> Option<Key> {
    let (id, encoded) = text.split_once(':')?;
    let named = !id.is_empty()
        && id.len() <= 32
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let bytes: [u8; 32] = URL_SAFE_NO_PAD.decode(encoded).ok()?.try_into().ok()?;
    named.then(|| Key::new(id.to_owned(), Zeroizing::new(bytes)))
}

const DAY_MS: i64 = 86_400_000;

#[cfg(test)]
pub(crate) mod tests;
