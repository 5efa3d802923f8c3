//! Rules of docs/contract/02-authorize.md to 06-token-refresh.md that need a moved clock, a failing store or many
//! steps, each as one test over [`Gateway::respond`]: real handlers, a real store, and an identity provider and
//! claims backend that do what the test says.

#![expect(
    clippy::needless_pass_by_value,
    reason = "a `json!` at each call reads better than a reference to one"
)]
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::executor::block_on;
use http::{HeaderMap, Method, Request};
use serde_json::{Value as Json, json};

use super::gateway::Gateway;
use crate::base::adapters::native::{FaultyDatabase, ManualClock, MemoryLog, app};
use crate::base::claims_backend::breaker::Breaker;
use crate::base::context::App;
use crate::base::heads::Heads;
use crate::base::limits::rate::RateLimiter;
use crate::base::ports::{Clock as _, Rows, Value};

use outside::{Outside, Person};

mod account;
mod applications;
mod approval;
mod assertions;
mod browser;
mod causes;
mod changes;
mod clock;
mod consent;
mod decisions;
mod developer;
mod docs;
mod door;
mod drill;
mod faults;
mod health;
mod keys;
mod language;
mod layers;
mod limits;
mod machine;
mod ops;
mod others;
mod outside;
mod refusals;
mod registration;
mod requests;
mod secrets;
mod sessions;
mod signin;
mod tokens;
mod try_out;
mod upkeep;
mod userinfo;
mod v3;
mod watch;

const BASE: &str = "http://127.0.0.1:3000";
const REDIRECT: &str = "https://app.example/back";
const STATE: &str = "0123456789abcdef";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const SCOPE: &str = "patient/Patient.rs patient/ExplanationOfBenefit.rs profile";

/// A gateway with everything around it.
struct World {
    app: App,
    gateway: RefCell<Gateway>,
    database: Arc<FaultyDatabase>,
    outside: Arc<Outside>,
    clock: Arc<ManualClock>,
    log: Arc<MemoryLog>,
}

impl World {
    fn new() -> Self {
        Self::with(&[])
    }

    /// With some variables changed. Anne and Bert are known to the claims backend.
    fn with(variables: &[(&'static str, &str)]) -> Self {
        let clock = Arc::new(ManualClock::new());
        let database = Arc::new(FaultyDatabase::in_memory(clock.clone()));
        let outside = Arc::new(Outside::new(clock.clone()));
        let mut all = vec![
            ("idp_subject_form", "any"),
            ("rate_limit_per_minute", "1000000"),
            ("person_limit_per_minute", "1000000"),
            ("registration_limit_per_minute", "1000000"),
            ("password_limit_per_minute", "1000000"),
        ];
        all.extend_from_slice(variables);
        let mut app = app(&all, clock.clone());
        app.database = database.clone();
        app.upstream = outside.clone();
        let log = Arc::new(MemoryLog::default());
        app.log = log.clone();
        let world = Self {
            gateway: RefCell::new(block_on(Gateway::start(app.clone())).unwrap()),
            app,
            database,
            outside,
            clock,
            log,
        };
        world.patient("1S00A00AA01", &["-1"]);
        world.patient("1S00A00AA02", &["-2"]);
        world
    }

    /// Which patients the backend finds by a Medicare number.
    fn patient(&self, mbi: &str, ids: &[&str]) {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        self.outside.change(|outside| {
            outside.patients.insert(mbi.to_owned(), ids);
        });
    }

    /// The same in the id space of v3.
    fn patient_v3(&self, mbi: &str, ids: &[&str]) {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        self.outside.change(|outside| {
            outside.patients_v3.insert(mbi.to_owned(), ids);
        });
    }

    /// Another instance takes over, with nothing in memory.
    fn restart(&self) {
        let app = App {
            limiter: RateLimiter::default(),
            breaker: Breaker::default(),
            heads: Heads::default(),
            ..self.app.clone()
        };
        *self.gateway.borrow_mut() = block_on(Gateway::start(app)).unwrap();
    }

    fn sql(&self, sql: &str) -> Rows {
        self.database.sql(sql, Vec::new())
    }

    /// The number that a statement counts.
    fn count(&self, from: &str) -> i64 {
        match self.sql(&format!("SELECT COUNT(*) FROM {from}"))[0][0] {
            Value::Integer(number) => number,
            _ => panic!("no number"),
        }
    }

    /// Action, outcome, code and level of the audit row that is the `nth` from the end.
    fn audited(&self, nth: usize) -> [String; 4] {
        let rows = self.sql(&format!(
            "SELECT action, outcome, code, level FROM audit ORDER BY id DESC LIMIT 1 OFFSET {nth}"
        ));
        [0, 1, 2, 3].map(|column| match &rows[0][column] {
            Value::Text(text) => text.clone(),
            other => panic!("{other:?}"),
        })
    }

    fn send(&self, call: Call) -> Answer {
        self.send_from("192.0.2.1:5000", call)
    }

    /// The host names the peer.
    fn send_from(&self, peer: &str, mut call: Call) -> Answer {
        call = call.header("spin-client-addr", peer);
        let mut request = Request::builder().method(call.method).uri(&call.target);
        *request.headers_mut().unwrap() = call.headers;
        let request = request.body(call.body).unwrap();
        let reply = block_on(self.gateway.borrow().respond(request));
        let (parts, body) = reply.into_parts();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        }
    }

    fn suspend(&self, client: &Client) {
        self.set_status(client, "suspended");
    }

    fn set_status(&self, client: &Client, status: &str) {
        self.sql(&format!(
            "UPDATE application SET status = '{status}' WHERE client_id = '{}'",
            client.id
        ));
    }

    /// What an instance does after an answer, or a tick.
    fn drain(&self) {
        block_on(crate::maintenance::take_turn(
            &self.app,
            crate::base::drain::Turn::Urgent,
        ));
        let log = self.log.0.lock().unwrap();
        let failed = log.iter().find(|line| line.contains("drain.error"));
        assert_eq!(failed, None);
    }

    fn advance(&self, seconds: i64) {
        self.clock.advance_seconds(seconds);
    }

    /// Moves the clock to an instant.
    fn at(&self, instant: &str) {
        let instant: jiff::Timestamp = instant.parse().unwrap();
        self.advance(instant.as_second() - self.clock.now().seconds());
    }

    /// Registers a confidential application; `metadata` changes or adds members.
    fn register(&self, name: &str, metadata: Json) -> Client {
        let mut body = json!({ "client_name": name, "redirect_uris": [REDIRECT] });
        for (member, value) in metadata.as_object().unwrap() {
            body[member] = value.clone();
        }
        let answer = self.send(Call::post("/o/register").json(&body));
        assert_eq!(answer.status, 201, "{}", answer.text());
        let text = |name: &str| answer.json()[name].as_str().unwrap_or_default().to_owned();
        Client {
            id: text("client_id"),
            secret: text("client_secret"),
            registration_token: text("registration_access_token"),
        }
    }

    fn app(&self, name: &str) -> Client {
        self.register(name, json!({}))
    }

    /// Sends the browser to `/authorize`; `changes` replace or add parameters, an empty value removes one.
    fn authorize(&self, browser: &Browser, client: &Client, changes: &[(&str, &str)]) -> Answer {
        let mut parameters = request_of(client);
        for (name, value) in changes {
            parameters.insert(name, value);
        }
        parameters.retain(|_, value| !value.is_empty());
        browser.get(self, &format!("/v2/o/authorize/?{}", form(parameters)))
    }

    /// The person signs in where `answer` leads to; the callback's answer.
    fn sign_in(&self, browser: &Browser, answer: &Answer, person: &Person) -> Answer {
        let back = self.outside.sign_in(answer.location(), person);
        browser.get(self, &back)
    }

    /// From the start to the consent page.
    fn consent_page(
        &self,
        browser: &Browser,
        client: &Client,
        person: &Person,
        scope: &str,
    ) -> ConsentForm {
        let started = self.authorize(browser, client, &[("scope", scope)]);
        let back = self.sign_in(browser, &started, person);
        assert_eq!(back.status, 303, "{}", back.text());
        ConsentForm::of(&browser.get(self, back.location()))
    }

    fn decide(
        &self,
        browser: &Browser,
        page: &ConsentForm,
        decision: &str,
        demographics: &str,
    ) -> Answer {
        let fields = [
            ("transaction", page.transaction.as_str()),
            ("csrf", &page.csrf),
            ("decision", decision),
            ("demographics", demographics),
        ];
        browser.send(self, Call::post("/v2/o/authorize/consent").form(fields))
    }

    /// A code, by the whole way in a new browser.
    fn code(&self, client: &Client, person: &Person, scope: &str) -> String {
        let browser = Browser::default();
        let page = self.consent_page(&browser, client, person, scope);
        self.decide(&browser, &page, "allow", "share").code()
    }

    fn exchange(&self, client: &Client, code: &str) -> Answer {
        self.token(client, &exchange_form(code))
    }

    fn refresh(&self, client: &Client, token: &str) -> Answer {
        self.token(client, &refresh_form(token))
    }

    fn token(&self, client: &Client, fields: &[(&str, &str)]) -> Answer {
        self.send(Call::post("/v2/o/token/").client(client, fields))
    }

    /// `revoke_token`, `revoke` or `introspect`.
    fn about_token(&self, endpoint: &str, client: &Client, token: &str) -> Answer {
        self.send(Call::post(&format!("/v2/o/{endpoint}/")).client(client, &[("token", token)]))
    }

    /// Tokens by the whole way.
    fn connect(&self, client: &Client, person: &Person) -> Tokens {
        self.exchange(client, &self.code(client, person, SCOPE))
            .tokens()
    }

    fn claims(&self, access: &str) -> Answer {
        self.send(Call::get("/v2/fhir/ExplanationOfBenefit").bearer(access))
    }

    fn userinfo(&self, access: &str) -> Answer {
        self.send(Call::get("/v2/connect/userinfo").bearer(access))
    }
}

fn anne() -> Person {
    Person::new("anne", "1S00A00AA01")
}

fn bert() -> Person {
    Person::new("bert", "1S00A00AA02")
}

fn request_of(client: &Client) -> BTreeMap<&str, &str> {
    [
        ("client_id", client.id.as_str()),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("state", STATE),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("scope", SCOPE),
    ]
    .into()
}

fn exchange_form(code: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", REDIRECT),
    ]
}

fn refresh_form(token: &str) -> [(&str, &str); 2] {
    [("grant_type", "refresh_token"), ("refresh_token", token)]
}

/// A registered application.
#[derive(Clone, Default)]
struct Client {
    id: String,
    secret: String,
    registration_token: String,
}

struct Tokens {
    access: String,
    refresh: String,
}

/// A request.
#[derive(Clone)]
struct Call {
    method: Method,
    target: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Call {
    fn new(method: Method, target: &str) -> Self {
        Self {
            method,
            target: target.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    fn get(target: &str) -> Self {
        Self::new(Method::GET, target)
    }

    fn post(target: &str) -> Self {
        Self::new(Method::POST, target)
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    fn json(mut self, body: &Json) -> Self {
        self.body = body.to_string().into();
        self.header("content-type", "application/json")
    }

    fn form<'a>(mut self, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        self.body = form(fields).into();
        self.header("content-type", "application/x-www-form-urlencoded")
    }

    /// The fields with `client_id`, and `client_secret` where there is one.
    fn client(self, client: &Client, fields: &[(&str, &str)]) -> Self {
        let mut all = vec![("client_id", client.id.as_str())];
        if !client.secret.is_empty() {
            all.push(("client_secret", &client.secret));
        }
        all.extend_from_slice(fields);
        self.form(all)
    }
}

fn form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

/// A cookie jar.
#[derive(Clone, Default)]
struct Browser(RefCell<BTreeMap<String, String>>);

impl Browser {
    fn get(&self, world: &World, target: &str) -> Answer {
        self.send(world, Call::get(target))
    }

    fn send(&self, world: &World, call: Call) -> Answer {
        self.send_from(world, "192.0.2.1:5000", call)
    }

    fn send_from(&self, world: &World, peer: &str, mut call: Call) -> Answer {
        let mut jar = self.0.borrow_mut();
        let cookies: Vec<_> = jar
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            call = call.header("cookie", &cookies.join("; "));
        }
        let answer = world.send_from(peer, call);
        for cookie in answer.headers.get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}

/// What the consent page's form carries.
#[derive(Clone)]
struct ConsentForm {
    transaction: String,
    csrf: String,
    page: String,
}

impl ConsentForm {
    fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{}", answer.text());
        let page = answer.text();
        let field = |name: &str| between(&page, &format!("name=\"{name}\" value=\""), "\"");
        Self {
            transaction: field("transaction"),
            csrf: field("csrf"),
            page,
        }
    }
}

fn between(text: &str, before: &str, after: &str) -> String {
    let rest = text.split_once(before).map(|(_, rest)| rest);
    let found = rest.and_then(|rest| rest.split_once(after));
    found.map(|(found, _)| found.to_owned()).unwrap_or_default()
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    fn location(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.text());
        self.header("location")
    }

    /// A parameter of the redirect.
    fn back(&self, name: &str) -> String {
        let url = url::Url::parse(self.location()).unwrap();
        let found = url.query_pairs().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    }

    /// The code in the redirect to the application.
    fn code(&self) -> String {
        assert!(self.location().starts_with(REDIRECT), "{}", self.location());
        assert_eq!(self.back("state"), STATE);
        assert_eq!(self.back("iss"), BASE);
        let code = self.back("code");
        assert_eq!(code.len(), 43, "{}", self.location());
        code
    }

    /// The code of a page.
    fn page_error(&self) -> String {
        between(&self.text(), "<meta name=\"error-code\" content=\"", "\"")
    }

    /// Where a page's button leads.
    fn button(&self) -> String {
        let link = between(&self.text(), "class=\"button\" href=\"", "\"");
        link.replace("&#38;", "&").replace("&amp;", "&")
    }

    fn tokens(&self) -> Tokens {
        assert_eq!(self.status, 200, "{}", self.text());
        let body = self.json();
        Tokens {
            access: body["access_token"].as_str().unwrap().to_owned(),
            refresh: body["refresh_token"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        }
    }

    /// Status and OAuth error, or the code of a FHIR problem.
    fn refusal(&self) -> (u16, String) {
        let body = self.json();
        let coding = &body["issue"][0]["details"]["coding"][0];
        let code = body["error"]
            .as_str()
            .or(body["code"].as_str())
            .or(coding["code"].as_str());
        (self.status, code.unwrap_or_default().to_owned())
    }

    #[track_caller]
    fn is_refused(&self, status: u16, code: &str) {
        assert_eq!(self.refusal(), (status, code.to_owned()), "{}", self.text());
    }

    #[track_caller]
    fn is_page(&self, status: u16, code: &str) {
        assert_eq!(
            (self.status, self.page_error().as_str()),
            (status, code),
            "{}",
            self.text()
        );
    }
}
