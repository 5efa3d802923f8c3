//! The checks of an authorization request that come after client and redirect URI are verified:
//! docs/contract/02-authorize.md, steps 3 and 4, in that order.

use std::borrow::Cow;

use bluegate_shared::oauth::ErrorCode;
use bluegate_shared::pkce::Challenge;
use bluegate_shared::scope::ScopeSet;

use super::application::Application;
use super::parameters::Parameters;
use bluegate_base::language::Language;
use bluegate_base::version::Version;

/// A request that may go on to sign-in.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest {
    /// The client's `state`, at least 16 characters.
    pub state: String,
    /// PKCE challenge of method S256; nothing in the implicit flow, which has no code.
    pub challenge: Option<Challenge>,
    /// What it asks for, in its own spelling.
    pub scopes: ScopeSet,
    /// Sign in again: `prompt=login`, `prompt=select_account`, or a `max_age`, which a new sign-in always meets.
    pub prompt_login: bool,
    /// `prompt=none`: nothing may be shown.
    pub silent: bool,
    /// `lang`, where it was given.
    pub language: Option<Language>,
    /// `login_hint`: the account that is probably meant (OpenID Connect Core, section 3.1.2.1).
    pub login_hint: Option<String>,
}

/// A refusal that is sent back to the verified redirect URI.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// Registered code.
    pub code: ErrorCode,
    /// What to change.
    pub description: Cow<'static, str>,
}

impl Refusal {
    /// Every authorization has a sign-in and a decision of the person, so that none goes without a page.
    #[must_use]
    pub const fn login_required() -> Self {
        Self {
            code: ErrorCode::LoginRequired,
            description: Cow::Borrowed(
                "the person signs in and decides each time; send the request without prompt=none",
            ),
        }
    }

    /// The application registered that it pushes its requests (RFC 9126, section 6).
    #[must_use]
    pub fn not_pushed() -> Self {
        invalid_request("this application must push its authorization requests (RFC 9126)")
    }
}

/// Checks a request.
///
/// `fhir_bases` are the FHIR base URLs of the enabled versions, without a trailing slash; `allow_implicit` is
/// the variable `allow_implicit_flow_insecure`.
///
/// # Errors
///
/// The first [`Refusal`] in the order of the contract.
pub fn check(
    application: &Application,
    parameters: &Parameters,
    version: Version,
    fhir_bases: &[String],
    allow_implicit: bool,
) -> Result<AuthorizationRequest, Refusal> {
    let single = |name: &'static str| {
        parameters
            .single(name)
            .map_err(|error| invalid_request(error.to_string()))
    };
    // `request_uri` is resolved before; one that is still here was pushed inside a request.
    if single("request")?.is_some() || single("request_uri")?.is_some() {
        return Err(invalid_request(
            "request objects are not supported; send the parameters themselves",
        ));
    }
    if single("client_secret")?.is_some() {
        return Err(invalid_request(
            "client_secret must never be in an authorization request; treat it as leaked and rotate it",
        ));
    }
    match single("response_type")? {
        Some("code") if application.grant_types.authorization_code => {}
        Some("code") => {
            return Err(Refusal {
                code: ErrorCode::UnauthorizedClient,
                description: "this application is not registered for authorization_code".into(),
            });
        }
        Some("token") if is_implicit(application, parameters, version, allow_implicit) => {}
        Some(_) => {
            return Err(Refusal {
                code: ErrorCode::UnsupportedResponseType,
                description: "response_type must be code".into(),
            });
        }
        None => return Err(invalid_request("response_type is missing; it must be code")),
    }
    let state = single("state")?
        .filter(|state| state.chars().count() >= 16)
        .ok_or_else(|| {
            invalid_request("state must have at least 16 characters that an attacker cannot guess")
        })?;
    if state.len() > MAX_STATE {
        return Err(invalid_request("state may have at most 4 KiB"));
    }
    let implicit = is_implicit(application, parameters, version, allow_implicit);
    let challenge = if implicit {
        None
    } else {
        Some(challenge(
            single("code_challenge")?,
            single("code_challenge_method")?,
        )?)
    };
    let scopes = scopes(application, single("scope")?, version)?;
    if let Some(aud) = single("aud")? {
        let base = aud.strip_suffix('/').unwrap_or(aud);
        if !fhir_bases.iter().any(|known| known == base) {
            return Err(invalid_request(format!(
                "aud must be the FHIR base, such as {}",
                fhir_bases.last().map_or("", String::as_str)
            )));
        }
    }
    let language = single("lang")?.and_then(Language::parse);
    let login_hint = single("login_hint")?.filter(|hint| is_hint(hint));
    response_mode(single("response_mode")?, implicit)?;
    let prompt = Prompt::parse(single("prompt")?)?;
    let max_age = single("max_age")?;
    if max_age.is_some_and(|age| age.len() > 10 || !age.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(invalid_request("max_age must be a number of seconds"));
    }
    if let Some(name) = parameters.any_repeated() {
        let name: String = name
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
            .take(40)
            .collect();
        return Err(invalid_request(format!("{name} is given more than once")));
    }
    Ok(AuthorizationRequest {
        state: state.to_owned(),
        challenge,
        scopes,
        prompt_login: prompt.sign_in || max_age.is_some(),
        silent: prompt.silent,
        language,
        login_hint: login_hint.map(str::to_owned),
    })
}

/// Whether a `login_hint` can be handed on: a hint is no more than that, so another one is left out.
fn is_hint(hint: &str) -> bool {
    (1..=MAX_HINT).contains(&hint.len()) && !hint.chars().any(char::is_control)
}

/// Everything that is read of an authorization request, beside `client_id` and what only a client sends to
/// authenticate itself.
pub const PARAMETERS: [&str; 14] = [
    "aud",
    "code_challenge",
    "code_challenge_method",
    "lang",
    "login_hint",
    "max_age",
    "prompt",
    "redirect_uri",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

/// The longest `login_hint` that is handed on, in bytes.
const MAX_HINT: usize = 255;

/// The longest `state`, in bytes. It is stored, and sent back in an address.
pub const MAX_STATE: usize = 4096;

/// `prompt` (OpenID Connect Core, section 3.1.2.1).
#[derive(Default)]
struct Prompt {
    sign_in: bool,
    silent: bool,
}

impl Prompt {
    fn parse(text: Option<&str>) -> Result<Self, Refusal> {
        let values: Vec<_> = text.unwrap_or_default().split(' ').collect();
        let mut prompt = Self::default();
        for value in values.iter().filter(|value| !value.is_empty()) {
            match *value {
                "login" | "select_account" => prompt.sign_in = true,
                // The person is asked each time.
                "consent" => {}
                "none" if values.len() == 1 => prompt.silent = true,
                "none" => return Err(invalid_request("prompt=none stands alone")),
                _ => {
                    return Err(invalid_request(
                        "prompt may have login, select_account and consent, or none alone",
                    ));
                }
            }
        }
        Ok(prompt)
    }
}

/// Codes come in the query and tokens of the implicit flow in the fragment, as without `response_mode`; a token in a
/// query would end up in logs.
fn response_mode(mode: Option<&str>, implicit: bool) -> Result<(), Refusal> {
    match mode {
        None => Ok(()),
        Some("query") if !implicit => Ok(()),
        Some("fragment") if implicit => Ok(()),
        Some(_) if implicit => Err(invalid_request(
            "response_mode must be fragment or be left out",
        )),
        Some(_) => Err(invalid_request(
            "response_mode must be query or be left out",
        )),
    }
}

/// Whether this is the implicit flow, and may be: v1, the variable on, an application registered for it.
#[must_use]
pub fn is_implicit(
    application: &Application,
    parameters: &Parameters,
    version: Version,
    allowed: bool,
) -> bool {
    allowed
        && version == Version::V1
        && application.is_public()
        && application.grant_types.implicit
        && parameters.single("response_type") == Ok(Some("token"))
}

fn challenge(challenge: Option<&str>, method: Option<&str>) -> Result<Challenge, Refusal> {
    let text = challenge.ok_or_else(|| {
        invalid_request("code_challenge is missing: PKCE with S256 is required (RFC 7636)")
    })?;
    let challenge = Challenge::parse(text).map_err(|error| invalid_request(error.to_string()))?;
    if method != Some("S256") {
        return Err(invalid_request("code_challenge_method must be S256"));
    }
    Ok(challenge)
}

fn scopes(
    application: &Application,
    asked: Option<&str>,
    version: Version,
) -> Result<ScopeSet, Refusal> {
    let invalid_scope = |description: String| Refusal {
        code: ErrorCode::InvalidScope,
        description: description.into(),
    };
    let Some(asked) = asked else {
        if version == Version::V3 {
            return Err(invalid_scope("scope is missing".to_owned()));
        }
        return Ok(ScopeSet::everything().permitted_by(application.permissions()));
    };
    let asked = ScopeSet::parse(asked).map_err(|error| invalid_scope(error.to_string()))?;
    // An application without demographics: a wildcard means what it may have (docs/contract/09-applications.md).
    let asked = if application.requires_demographics {
        asked
    } else {
        asked.wildcards_without_demographics()
    };
    if let Some(beyond) = asked
        .iter()
        .find(|scope| !application.permissions().contains(scope.permissions()))
    {
        return Err(invalid_scope(format!(
            "this application may not ask for {}",
            beyond.as_str()
        )));
    }
    if asked.is_empty() {
        return Err(invalid_scope("scope is empty".to_owned()));
    }
    Ok(asked)
}

fn invalid_request(description: impl Into<Cow<'static, str>>) -> Refusal {
    Refusal {
        code: ErrorCode::InvalidRequest,
        description: description.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registration::tests::application;

    const GOOD: &str = "response_type=code&state=0123456789abcdef&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

    fn run(query: &str) -> Result<AuthorizationRequest, Refusal> {
        let bases = [
            "https://gw.example/v1/fhir".to_owned(),
            "https://gw.example/v2/fhir".to_owned(),
        ];
        check(
            &application(),
            &Parameters::parse(query.as_bytes()),
            Version::V2,
            &bases,
            false,
        )
    }

    fn refused(query: &str) -> &'static str {
        run(query)
            .err()
            .map_or("accepted", |refusal| refusal.code.as_str())
    }

    fn without(name: &str) -> String {
        GOOD.split('&')
            .filter(|pair| !pair.starts_with(&format!("{name}=")))
            .collect::<Vec<_>>()
            .join("&")
    }

    #[test]
    fn a_good_request_is_accepted() {
        assert!(run(GOOD).is_ok());
    }

    #[test]
    fn request_object_or_client_secret_is_invalid_request() {
        assert_eq!(refused(&format!("{GOOD}&request=x")), "invalid_request");
        assert_eq!(
            refused(&format!("{GOOD}&client_secret=x")),
            "invalid_request"
        );
    }

    #[test]
    fn response_type_other_than_code_is_unsupported() {
        assert_eq!(
            refused(&GOOD.replace("response_type=code", "response_type=token")),
            "unsupported_response_type"
        );
        assert_eq!(refused(&without("response_type")), "invalid_request");
    }

    #[test]
    fn implicit_needs_v1_the_variable_and_a_registration_for_it() {
        let mut app = application();
        app.grant_types.implicit = true;
        let query = Parameters::parse(b"response_type=token&state=0123456789abcdef");
        let run = |app: &Application, version, on| {
            check(app, &query, version, &[], on).map(|request| request.challenge)
        };
        assert_eq!(run(&app, Version::V1, true), Ok(None));
        assert!(run(&app, Version::V2, true).is_err());
        assert!(run(&app, Version::V1, false).is_err());
        assert!(run(&application(), Version::V1, true).is_err());
    }

    #[test]
    fn code_is_for_applications_registered_for_it() {
        let mut app = application();
        app.grant_types.authorization_code = false;
        let refused = check(
            &app,
            &Parameters::parse(GOOD.as_bytes()),
            Version::V2,
            &[],
            false,
        );
        assert_eq!(refused.err().unwrap().code, ErrorCode::UnauthorizedClient);
    }

    #[test]
    fn state_needs_16_characters() {
        assert_eq!(refused(&without("state")), "invalid_request");
        assert_eq!(
            refused(&GOOD.replace("0123456789abcdef", "0123456789abcde")),
            "invalid_request"
        );
    }

    #[test]
    fn state_has_at_most_4_kib() {
        let with = |length: usize| GOOD.replace("0123456789abcdef", &"s".repeat(length));
        assert!(run(&with(4096)).is_ok());
        assert_eq!(refused(&with(4097)), "invalid_request");
        assert_eq!(refused(&with(250_000)), "invalid_request");
    }

    #[test]
    fn each_value_of_prompt_has_its_meaning() {
        for (prompt, sign_in, silent) in [
            ("", false, false),
            ("login", true, false),
            ("consent", false, false),
            ("select_account", true, false),
            ("login+consent", true, false),
            ("none", false, true),
        ] {
            let request = run(&format!("{GOOD}&prompt={prompt}")).unwrap();
            assert_eq!(
                (request.prompt_login, request.silent),
                (sign_in, silent),
                "{prompt}"
            );
        }
        for bad in [
            "none+login",
            "login+none",
            "create",
            "Login",
            "login,consent",
            "x",
        ] {
            assert_eq!(
                refused(&format!("{GOOD}&prompt={bad}")),
                "invalid_request",
                "{bad}"
            );
        }
        assert!(run(&format!("{GOOD}&max_age=0")).unwrap().prompt_login);
        for bad in ["-1", "soon", "1.5", "99999999999"] {
            assert_eq!(
                refused(&format!("{GOOD}&max_age={bad}")),
                "invalid_request",
                "{bad}"
            );
        }
    }

    #[test]
    fn codes_come_in_the_query_and_nowhere_else() {
        assert!(run(&format!("{GOOD}&response_mode=query")).is_ok());
        for bad in [
            "fragment",
            "form_post",
            "query.jwt",
            "jwt",
            "web_message",
            "QUERY",
        ] {
            let query = format!("{GOOD}&response_mode={bad}");
            assert_eq!(refused(&query), "invalid_request", "{bad}");
        }
        let mut app = application();
        app.grant_types.implicit = true;
        let implicit = |mode: &str| {
            let query = format!("response_type=token&state=0123456789abcdef&response_mode={mode}");
            check(
                &app,
                &Parameters::parse(query.as_bytes()),
                Version::V1,
                &[],
                true,
            )
            .is_ok()
        };
        assert!(implicit("fragment") && !implicit("query") && !implicit("form_post"));
    }

    #[test]
    fn pkce_with_s256_is_required() {
        assert_eq!(refused(&without("code_challenge")), "invalid_request");
        assert_eq!(
            refused(&without("code_challenge_method")),
            "invalid_request"
        );
        assert_eq!(refused(&GOOD.replace("S256", "plain")), "invalid_request");
        assert_eq!(
            refused(&GOOD.replace("E9Melhoa", "short")),
            "invalid_request"
        );
        assert!(run(&GOOD.replace("w-cM", "w-cM%3D")).is_ok());
    }

    #[test]
    fn unknown_scope_is_invalid_scope() {
        assert_eq!(
            refused(&format!("{GOOD}&scope=patient/Coverage.write")),
            "invalid_scope"
        );
        assert_eq!(
            refused(&format!("{GOOD}&scope=patient/Coverage.rs+openid")),
            "accepted"
        );
    }

    #[test]
    fn scope_left_out_is_everything_the_application_may_have() {
        assert_eq!(run(GOOD).unwrap().scopes, ScopeSet::everything());
    }

    #[test]
    fn without_demographics_a_demographic_scope_is_invalid_and_a_wildcard_is_narrowed() {
        let mut app = application();
        app.requires_demographics = false;
        app.scopes = ScopeSet::everything().without_demographics();
        let run = |scope: &str| {
            check(
                &app,
                &Parameters::parse(format!("{GOOD}&scope={scope}").as_bytes()),
                Version::V2,
                &[],
                false,
            )
        };
        assert_eq!(
            run("patient/Patient.read").err().unwrap().code,
            ErrorCode::InvalidScope
        );
        assert_eq!(
            run("openid+profile").err().unwrap().code,
            ErrorCode::InvalidScope
        );
        assert_eq!(
            run("patient/*.rs").unwrap().scopes.to_string(),
            "patient/Coverage.rs patient/ExplanationOfBenefit.rs"
        );
    }

    #[test]
    fn aud_must_be_a_fhir_base() {
        for good in ["https://gw.example/v1/fhir", "https://gw.example/v2/fhir/"] {
            assert!(run(&format!("{GOOD}&aud={good}")).is_ok(), "{good}");
        }
        assert_eq!(
            refused(&format!("{GOOD}&aud=https://other.example/v2/fhir")),
            "invalid_request"
        );
    }

    #[test]
    fn any_repeated_parameter_is_invalid_request() {
        assert_eq!(
            refused(&format!("{GOOD}&state=0123456789abcdef")),
            "invalid_request"
        );
        assert_eq!(refused(&format!("{GOOD}&foo=1&foo=1")), "invalid_request");
    }

    #[test]
    fn accept_language_picks_the_best() {
        for (header, tag) in [
            (None, "en"),
            (Some("es"), "es"),
            (Some("fr, es-MX;q=0.8, en;q=0.5"), "es"),
            (Some("es;q=0"), "en"),
            (Some("en-US,en;q=0.9,es;q=0.8"), "en"),
        ] {
            assert_eq!(Language::accepted(header).tag(), tag, "{header:?}");
        }
    }
}
