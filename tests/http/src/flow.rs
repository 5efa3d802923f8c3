//! The walk of a person: from the button of an app, over sign-in and consent, to tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{Answer, Browser, Stack};

/// A registered application.
#[derive(Clone, Debug)]
pub struct Application {
    /// Client id.
    pub client_id: String,
    /// Client secret of a confidential one.
    pub secret: Option<String>,
    /// Its redirect URI.
    pub redirect_uri: String,
    /// All that registration answered.
    pub metadata: Value,
}

impl Application {
    /// Registers a public application.
    pub fn public(stack: &Stack, name: &str) -> Self {
        Self::register(
            stack,
            json!({ "client_name": name, "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none" }),
        )
    }

    /// Registers a confidential application.
    pub fn confidential(stack: &Stack, name: &str) -> Self {
        Self::register(
            stack,
            json!({ "client_name": name, "redirect_uris": [REDIRECT] }),
        )
    }

    /// Registers an application with the metadata of RFC 7591.
    pub fn register(stack: &Stack, metadata: Value) -> Self {
        let answer = Browser::new(stack.base())
            .send(
                http::Method::POST,
                "/o/register",
                &[("content-type", "application/json")],
                metadata.to_string().into_bytes(),
            )
            .expect(201);
        let metadata = answer.json();
        let text = |name: &str| metadata[name].as_str().map(str::to_owned);
        Self {
            client_id: text("client_id").expect("client_id"),
            secret: text("client_secret"),
            redirect_uri: metadata["redirect_uris"][0]
                .as_str()
                .expect("redirect_uris")
                .to_owned(),
            metadata,
        }
    }
}

/// What the person chooses.
#[derive(Clone, Copy, Debug)]
pub struct Consent {
    /// `allow` or `deny`.
    pub decision: &'static str,
    /// `share` or `withhold`.
    pub demographics: &'static str,
}

impl Consent {
    /// Allow, and share demographic information.
    pub const ALLOW: Self = Self {
        decision: "allow",
        demographics: "share",
    };
    /// Allow, and withhold demographic information.
    pub const WITHHOLD: Self = Self {
        decision: "allow",
        demographics: "withhold",
    };
    /// Deny.
    pub const DENY: Self = Self {
        decision: "deny",
        demographics: "share",
    };
}

/// Tokens as answered.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The whole body.
    pub body: Value,
    /// `access_token`.
    pub access: String,
    /// `refresh_token`, or empty.
    pub refresh: String,
    /// `patient`.
    pub patient: String,
}

/// One walk, with what the app remembers of it.
#[derive(Clone)]
pub struct Flow {
    /// `v1` or `v2`.
    pub version: &'static str,
    /// `scope`, where it is sent.
    pub scope: Option<&'static str>,
    /// The PKCE verifier.
    pub verifier: String,
    /// The app's `state`.
    pub state: String,
}

impl Flow {
    /// A walk on one version, without `scope`.
    pub fn new(version: &'static str) -> Self {
        Self {
            version,
            scope: None,
            verifier: verifier(),
            state: "state-of-sixteen-characters".to_owned(),
        }
    }

    /// The parameters of the authorization request.
    pub fn parameters(&self, app: &Application) -> Vec<(&'static str, String)> {
        let mut parameters = vec![
            ("response_type", "code".to_owned()),
            ("client_id", app.client_id.clone()),
            ("redirect_uri", app.redirect_uri.clone()),
            ("state", self.state.clone()),
            ("code_challenge", challenge(&self.verifier)),
            ("code_challenge_method", "S256".to_owned()),
        ];
        if let Some(scope) = self.scope {
            parameters.push(("scope", scope.to_owned()));
        }
        parameters
    }

    /// The address of the authorization request.
    pub fn authorize_url(&self, app: &Application) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(self.parameters(app))
            .finish();
        format!("/{}/o/authorize/?{query}", self.version)
    }

    /// Walks to the consent page, signed in.
    pub fn to_consent(&self, browser: &mut Browser, app: &Application, user: &str) -> Answer {
        let signed_in = self
            .sign_in(browser, app, user, &password(user))
            .expect(303);
        let callback = browser.get(signed_in.header("location")).expect(303);
        browser.get(callback.header("location")).expect(200)
    }

    /// Walks to the identity provider and posts the sign-in form.
    pub fn sign_in(
        &self,
        browser: &mut Browser,
        app: &Application,
        user: &str,
        password: &str,
    ) -> Answer {
        let start = browser.get(&self.authorize_url(app)).expect(303);
        let form = browser.get(start.header("location")).expect(200);
        post_sign_in(browser, &form, user, password)
    }

    /// Answers the consent page.
    pub fn decide(&self, browser: &mut Browser, page: &Answer, consent: Consent) -> Answer {
        let (transaction, csrf) = (page.hidden("transaction"), page.hidden("csrf"));
        browser.post(
            &format!("/{}/o/authorize/consent", self.version),
            &[
                ("transaction", &transaction),
                ("csrf", &csrf),
                ("decision", consent.decision),
                ("demographics", consent.demographics),
            ],
        )
    }

    /// Walks all the way to the code.
    pub fn code(&self, stack: &Stack, app: &Application, user: &str, consent: Consent) -> String {
        let mut browser = Browser::new(stack.base());
        let page = self.to_consent(&mut browser, app, user);
        let answer = self.decide(&mut browser, &page, consent).expect(303);
        assert_eq!(
            answer.redirected("state").as_deref(),
            Some(self.state.as_str())
        );
        assert_eq!(answer.redirected("iss").as_deref(), Some(stack.base()));
        answer
            .redirected("code")
            .unwrap_or_else(|| panic!("no code in {}", answer.header("location")))
    }

    /// The token request for a code.
    pub fn exchange(&self, stack: &Stack, app: &Application, code: &str) -> Answer {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &app.redirect_uri),
            ("code_verifier", &self.verifier),
            ("client_id", &app.client_id),
        ];
        if let Some(secret) = &app.secret {
            form.push(("client_secret", secret));
        }
        Browser::new(stack.base()).post(&format!("/{}/o/token/", self.version), &form)
    }

    /// Walks all the way to the tokens.
    pub fn tokens(&self, stack: &Stack, app: &Application, user: &str, consent: Consent) -> Tokens {
        let code = self.code(stack, app, user, consent);
        Tokens::read(&self.exchange(stack, app, &code).expect(200))
    }
}

impl Tokens {
    /// Reads a token answer.
    pub fn read(answer: &Answer) -> Self {
        let body = answer.json();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        Self {
            access: text("access_token"),
            refresh: text("refresh_token"),
            patient: text("patient"),
            body,
        }
    }
}

/// A fresh PKCE verifier.
pub fn verifier() -> String {
    // Enough for tests: different each time. Not for anything else.
    let seed = format!(
        "{:?}{:?}",
        std::time::SystemTime::now(),
        std::thread::current().id()
    );
    URL_SAFE_NO_PAD.encode(Sha256::digest(seed.as_bytes()))
}

/// Its challenge, RFC 7636, written here once more so that the tests do not use the code they test.
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

fn password(user: &str) -> String {
    format!(
        "PW{}!",
        user.trim_start_matches("BBUser").trim_start_matches("BB")
    )
}

fn post_sign_in(browser: &mut Browser, form: &Answer, user: &str, password: &str) -> Answer {
    let text = form.text();
    let (_, after) = text.split_once("action=\"").expect("a form");
    let action = after.split('"').next().expect("its address").to_owned();
    let mut fields = vec![
        ("username".to_owned(), user.to_owned()),
        ("password".to_owned(), password.to_owned()),
    ];
    for part in text
        .split("<input")
        .skip(1)
        .filter(|part| part.contains("type=\"hidden\""))
    {
        let attribute = |name: &str| {
            part.split_once(&format!("{name}=\""))
                .and_then(|(_, after)| after.split('"').next())
                .unwrap_or_default()
                .to_owned()
        };
        fields.push((attribute("name"), attribute("value")));
    }
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    browser.post(&action, &fields)
}

const REDIRECT: &str = "http://127.0.0.1:9/callback";
