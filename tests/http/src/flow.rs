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

impl Application {
    /// How it names itself in the body of a request.
    pub fn credentials(&self) -> Vec<(&'static str, String)> {
        let mut form = vec![("client_id", self.client_id.clone())];
        form.extend(
            self.secret
                .as_ref()
                .map(|secret| ("client_secret", secret.clone())),
        );
        form
    }

    /// The same as `Authorization` header.
    pub fn basic(&self) -> String {
        basic(&self.client_id, self.secret.as_deref().unwrap_or_default())
    }

    /// A request of this application at a route that wants `token`.
    pub fn send_token(&self, stack: &Stack, url: &str, token: &str) -> Answer {
        let mut form = vec![("token", token.to_owned())];
        form.extend(self.credentials());
        stack.browser().post(url, &pairs(&form))
    }
}

/// An `Authorization` header for HTTP Basic.
pub fn basic(name: &str, password: &str) -> String {
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"));
    format!("Basic {pair}")
}

/// Borrows the values of a form.
pub fn pairs<'a>(form: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    form.iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
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

    /// The same walk with `scope`.
    pub fn with_scope(mut self, scope: &'static str) -> Self {
        self.scope = Some(scope);
        self
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
        self.url_of(&self.parameters(app))
    }

    /// The address of an authorization request with other parameters.
    pub fn url_of(&self, parameters: &[(&str, String)]) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
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
        self.sign_in_at(browser, &self.authorize_url(app), user, password)
    }

    /// Like [`Flow::sign_in`], from any address that leads to the identity provider.
    pub fn sign_in_at(
        &self,
        browser: &mut Browser,
        url: &str,
        user: &str,
        password: &str,
    ) -> Answer {
        let start = browser.get(url).expect(303);
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
        let form = self.exchange_form(app, code);
        stack.browser().post(&self.token_url(), &pairs(&form))
    }

    /// The form of that request.
    pub fn exchange_form(&self, app: &Application, code: &str) -> Vec<(&'static str, String)> {
        let mut form = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("redirect_uri", app.redirect_uri.clone()),
            ("code_verifier", self.verifier.clone()),
        ];
        form.extend(app.credentials());
        form
    }

    /// The token endpoint.
    pub fn token_url(&self) -> String {
        format!("/{}/o/token/", self.version)
    }

    /// A refresh, with whatever scope.
    pub fn refresh(
        &self,
        stack: &Stack,
        app: &Application,
        token: &str,
        scope: Option<&str>,
    ) -> Answer {
        let mut form = vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", token.to_owned()),
        ];
        form.extend(scope.map(|scope| ("scope", scope.to_owned())));
        form.extend(app.credentials());
        stack.browser().post(&self.token_url(), &pairs(&form))
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

/// The password of a sandbox account.
pub fn password(user: &str) -> String {
    format!(
        "PW{}!",
        user.trim_start_matches("BBUser").trim_start_matches("BB")
    )
}

/// Sends the sign-in form of the sandbox's identity provider.
pub fn post_sign_in(browser: &mut Browser, form: &Answer, user: &str, password: &str) -> Answer {
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
