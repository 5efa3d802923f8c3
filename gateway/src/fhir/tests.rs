//! The rules of docs/contract/07-fhir.md, each as one test over [`serve`]: a real store, a backend that does what
//! the test says, and the whole chain between them.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use bluegate_shared::scope::{ResourceType, ScopeSet};
use bytes::Bytes;
use futures::FutureExt as _;
use futures::executor::block_on;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Value as Json, json};

use super::{Interaction, Target, serve};
use crate::base::adapters::native::{CountingEntropy, ManualClock, MemoryLog, SqliteDatabase};
use crate::base::address::Address;
use crate::base::claims_backend::breaker::Breaker;
use crate::base::config::Config;
use crate::base::context::App;
use crate::base::http::{Reply, Request};
use crate::base::limits::rate::RateLimiter;
use crate::base::ports::{
    Clock, Database, DatabaseError, Durability, PortFuture, Rows, Upstream, UpstreamError,
    UpstreamRequest, UpstreamResponse, Value,
};
use crate::base::secret::SecretHash;
use crate::base::version::Version;

mod access;
mod audit;
mod backend;
mod breaker;
mod by_id;
mod card;
mod fixtures;
mod guard;
mod limits;
mod pages;
mod requests;
mod rewriting;
mod v3;

/// The person of the token in [`World::new`].
const OWN: &str = "-20140000008325";
/// Somebody else.
const OTHER: &str = "-20140000008326";
const TOKEN: &str = "token_of_the_person";
const CLIENT: &str = "AbcdefghijAbcdefghijAbcdefghijAbcdefghij";
const PATIENT: ResourceType = ResourceType::Patient;
const COVERAGE: ResourceType = ResourceType::Coverage;
const EOB: ResourceType = ResourceType::ExplanationOfBenefit;
const INTERNAL: &str = crate::base::errors::INTERNAL_ISSUE;

type Handler =
    Box<dyn Fn(&UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> + Send + Sync>;

/// A backend that does what the test says, and remembers what it was asked.
struct FakeBackend {
    handler: Mutex<Handler>,
    requests: Mutex<Vec<UpstreamRequest>>,
}

impl Upstream for FakeBackend {
    fn send(
        &self,
        request: UpstreamRequest,
    ) -> PortFuture<'_, Result<UpstreamResponse, UpstreamError>> {
        let answer = (self.handler.lock().unwrap())(&request);
        self.requests.lock().unwrap().push(request);
        Box::pin(async move { answer })
    }
}

/// The store, with a fault that can be switched on for statements that contain a text.
struct FaultyDatabase {
    inner: SqliteDatabase,
    fails_on: Mutex<Option<&'static str>>,
}

impl FaultyDatabase {
    /// Runs a statement at once, also from within the backend.
    fn run(&self, statement: &str) -> Rows {
        self.inner
            .execute(Durability::Durable, statement, vec![])
            .now_or_never()
            .unwrap()
            .unwrap()
    }
}

impl Database for FaultyDatabase {
    fn execute<'a>(
        &'a self,
        durability: Durability,
        sql: &'a str,
        parameters: Vec<Value>,
    ) -> PortFuture<'a, Result<Rows, DatabaseError>> {
        let failing = *self.fails_on.lock().unwrap();
        if failing.is_some_and(|text| sql.contains(text)) {
            return Box::pin(async { Err(DatabaseError("disk I/O error".to_owned())) });
        }
        self.inner.execute(durability, sql, parameters)
    }
}

struct World {
    app: App,
    backend: Arc<FakeBackend>,
    database: Arc<FaultyDatabase>,
    clock: Arc<ManualClock>,
    log: Arc<MemoryLog>,
}

impl World {
    /// One person, one application, one grant and one token for everything.
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(variables: &[(&'static str, &str)]) -> Self {
        Self::of(OWN, variables)
    }

    /// The same for another person.
    fn of(person: &str, variables: &[(&'static str, &str)]) -> Self {
        let mut raw = crate::base::config::tests::sandbox();
        raw.insert("public_base_url", "https://api.example.com".to_owned());
        raw.insert("v3_enabled", "false".to_owned());
        raw.insert("person_limit_per_minute", "1000000".to_owned());
        for (name, value) in variables {
            raw.insert(name, (*value).to_owned());
        }
        let mut config = Config::parse(&raw).unwrap();
        // One that the sandbox would not ask, with a path, so that no test depends on where it is.
        config.claims_backend_base = "http://backend:8080/claims".to_owned();
        let backend = Arc::new(FakeBackend {
            handler: Mutex::new(Box::new(|_| Err(UpstreamError::Connect))),
            requests: Mutex::default(),
        });
        let database = Arc::new(FaultyDatabase {
            inner: SqliteDatabase::in_memory(),
            fails_on: Mutex::default(),
        });
        let clock = Arc::new(ManualClock::new());
        let log = Arc::new(MemoryLog::default());
        let world = Self {
            app: App::new(
                config,
                database.clone(),
                backend.clone(),
                clock.clone(),
                Arc::new(CountingEntropy::new()),
                log.clone(),
            ),
            backend,
            database,
            clock,
            log,
        };
        world.sql(&format!(
            "INSERT INTO identity (id, issuer, subject, subject_length, patient_id, created_at, request_id)
             VALUES (1, 'https://idp', x'616263', 3, '{person}', 1, 'r')"
        ));
        world.sql(&format!(
            "INSERT INTO application (id, client_id, client_name, client_name_key, token_endpoint_auth_method,
                redirect_uris, scope, scope_bits, data_access_type, requires_demographics, metadata, status,
                created_at, updated_at, request_id)
             VALUES (1, '{CLIENT}', 'Säule App', 'säule app', 'none', '[]', '', 1023, 'THIRTEEN_MONTH', 1, '{{}}',
                'active', 1, 1, 'r')"
        ));
        world.sql(&format!(
            "INSERT INTO consent_grant (id, identity_id, application_id, scope, scope_bits, data_access_type,
                created_at, consented_at, expires_at, request_id)
             VALUES (1, 1, 1, '', 1023, 'THIRTEEN_MONTH', 1, 1, {}, 'r')",
            world.now() + 1_000_000
        ));
        world.sql(
            "INSERT INTO token_chain (id, code_id, grant_id, application_id, scope, scope_bits, flow_id,
                created_at, request_id)
             VALUES (1, 1, 1, 1, '', 1023, 'flow-1', 1, 'r')",
        );
        world.issue(TOKEN, "patient/*.read");
        world
    }

    /// A further token of the same chain.
    fn issue(&self, token: &str, scopes: &str) {
        let bits = ScopeSet::parse(scopes).unwrap().permissions().bits();
        block_on(self.database.execute(
            Durability::Durable,
            "INSERT INTO access_token (token_hash, chain_id, scope, scope_bits, issued_at, expires_at)
             VALUES (?, 1, ?, ?, 1, ?)",
            vec![
                SecretHash::of(token).into(),
                scopes.into(),
                bits.into(),
                (self.now() + 3_600_000).into(),
            ],
        ))
        .unwrap();
    }

    fn now(&self) -> i64 {
        self.clock.now().0
    }

    fn sql(&self, statement: &str) -> Rows {
        self.database.run(statement)
    }

    fn lock_down(&self, kind: &str, target: &str) {
        self.sql(&format!(
            "INSERT INTO lock_down (kind, target, reason, operator, started_at, request_id)
             VALUES ('{kind}', '{target}', 'test', 'op', 1, 'r')"
        ));
    }

    /// What the backend does from now on.
    fn backend(
        &self,
        handler: impl Fn(&UpstreamRequest) -> Result<UpstreamResponse, UpstreamError>
        + Send
        + Sync
        + 'static,
    ) -> &Self {
        *self.backend.handler.lock().unwrap() = Box::new(handler);
        self
    }

    /// The backend answers this, always.
    fn answers(&self, body: impl Into<Vec<u8>>) -> &Self {
        let body = Bytes::from(body.into());
        self.backend(move |_| Ok(ok(body.clone())))
    }

    /// The backend answers this status and body.
    fn answers_with(&self, status: u16, headers: &[(&'static str, &str)], body: &str) -> &Self {
        let mut response = ok(Bytes::from(body.to_owned()));
        response.status = StatusCode::from_u16(status).unwrap();
        for (name, value) in headers {
            response
                .headers
                .insert(HeaderName::from_static(name), value.parse().unwrap());
        }
        self.backend(move |_| Ok(response.clone()))
    }

    /// What the backend was asked, method and URL.
    fn asked(&self) -> Vec<String> {
        let requests = self.backend.requests.lock().unwrap();
        requests.iter().map(|request| request.url.clone()).collect()
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "tests read better without references"
    )]
    fn call(&self, call: Call) -> Answer {
        let target = call.target.clone();
        Answer::from(block_on(serve(&self.app, &call.request(self), target)))
    }

    /// A read with the token of the person.
    fn read(&self, resource: ResourceType, id: &str) -> Answer {
        self.call(read(resource, id))
    }

    /// A search with the token of the person.
    fn search(&self, resource: ResourceType, query: &str) -> Answer {
        self.call(search(resource, query))
    }

    /// All audit rows, newest last.
    fn audit(&self) -> Vec<HashMap<&'static str, Value>> {
        const COLUMNS: [&str; 13] = [
            "started_at",
            "ended_at",
            "request_id",
            "flow_id",
            "actor",
            "client_id",
            "person",
            "action",
            "outcome",
            "code",
            "backend_status",
            "bytes",
            "level",
        ];
        self.sql(&format!(
            "SELECT {} FROM audit ORDER BY id",
            COLUMNS.join(",")
        ))
        .into_iter()
        .map(|row| COLUMNS.into_iter().zip(row).collect())
        .collect()
    }

    /// Action, outcome, code and level of the newest audit row.
    fn audited(&self) -> [String; 4] {
        let row = self.audit().pop().unwrap();
        ["action", "outcome", "code", "level"].map(|column| match &row[column] {
            Value::Text(text) => text.clone(),
            other => panic!("{other:?}"),
        })
    }
}

/// One request of a client.
#[derive(Clone)]
struct Call {
    target: Target,
    method: Method,
    query: String,
    body: String,
    headers: HeaderMap,
    address: Address,
}

fn read(resource: ResourceType, id: &str) -> Call {
    Call {
        target: Target {
            version: Version::V2,
            resource,
            interaction: Interaction::Read { id: id.to_owned() },
        },
        method: Method::GET,
        query: String::new(),
        body: String::new(),
        headers: HeaderMap::new(),
        address: Address::V4(Ipv4Addr::new(192, 0, 2, 1)),
    }
    .header("authorization", &format!("Bearer {TOKEN}"))
}

fn search(resource: ResourceType, query: &str) -> Call {
    let mut call = read(resource, "");
    call.target.interaction = Interaction::Search;
    call.query = query.to_owned();
    call
}

impl Call {
    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers
            .insert(HeaderName::from_static(name), value.parse().unwrap());
        self
    }

    fn without_token(mut self) -> Self {
        self.headers.remove("authorization");
        self
    }

    fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    const fn version(mut self, version: Version) -> Self {
        self.target.version = version;
        self
    }

    fn from(mut self, address: &str) -> Self {
        self.address = address.parse::<std::net::IpAddr>().unwrap().into();
        self
    }

    fn query(mut self, query: &str) -> Self {
        self.query = query.to_owned();
        self
    }

    fn form(mut self, body: &str) -> Self {
        self.method = Method::POST;
        self.body = body.to_owned();
        self.header("content-type", "application/x-www-form-urlencoded")
    }

    fn request(&self, world: &World) -> Request {
        Request {
            method: self.method.clone(),
            query: (!self.query.is_empty()).then(|| self.query.clone()),
            headers: self.headers.clone(),
            body: Bytes::from(self.body.clone()),
            client_address: self.address,
            request_id: "0123456789abcdef0123456789abcdef".to_owned(),
            started_at: world.clock.now(),
        }
    }
}

/// What the client got.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        let (parts, body) = reply.into_parts();
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        }
    }
}

impl Answer {
    fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Status and code of the error body, in the shape of whichever version.
    fn refusal(&self) -> (u16, String) {
        let body = self.json();
        let code = match body["resourceType"].as_str() {
            Some("OperationOutcome") => &body["issue"][0]["details"]["coding"][0]["code"],
            _ => &body["code"],
        };
        (self.status, code.as_str().unwrap_or_default().to_owned())
    }

    /// The text of the error body.
    fn problem(&self) -> String {
        let body = self.json();
        let text = match body["resourceType"].as_str() {
            Some("OperationOutcome") => &body["issue"][0]["diagnostics"],
            _ => &body["detail"],
        };
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Nothing of the text is in any byte of the answer.
    fn tells_nothing_of(&self, text: &str) {
        assert!(!String::from_utf8_lossy(&self.body).contains(text));
        for value in self.headers.values() {
            assert!(!String::from_utf8_lossy(value.as_bytes()).contains(text));
        }
    }
}

fn ok(body: Bytes) -> UpstreamResponse {
    let mut headers = HeaderMap::new();
    headers.insert(
        "content-type",
        HeaderValue::from_static("application/fhir+json;charset=UTF-8"),
    );
    UpstreamResponse {
        status: StatusCode::OK,
        headers,
        body,
    }
}

/// A resource of a person.
fn resource(kind: ResourceType, id: &str, person: &str) -> Json {
    let reference = json!({ "reference": format!("Patient/{person}") });
    match kind {
        ResourceType::Patient => {
            json!({ "resourceType": "Patient", "id": person, "name": [{ "family": "Doe" }] })
        }
        ResourceType::Coverage => {
            json!({ "resourceType": "Coverage", "id": id, "beneficiary": reference })
        }
        ResourceType::ExplanationOfBenefit => {
            json!({ "resourceType": "ExplanationOfBenefit", "id": id, "patient": reference, "status": "active" })
        }
    }
}

/// A page of claims of the person, as the backend serves it.
fn bundle(kind: ResourceType, total: u64, ids: &[&str], links: &[(&str, &str)]) -> Json {
    let entries: Vec<_> = ids
        .iter()
        .map(|id| json!({ "resource": resource(kind, id, OWN) }))
        .collect();
    let links: Vec<_> = links
        .iter()
        .map(|(relation, url)| json!({ "relation": relation, "url": url }))
        .collect();
    json!({
        "resourceType": "Bundle", "id": "b-1", "meta": { "lastUpdated": "2026-01-01T00:00:00Z" },
        "type": "searchset", "total": total, "link": links, "entry": entries,
    })
}

fn gzip(body: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn gunzip(body: &[u8]) -> Vec<u8> {
    use std::io::Read as _;
    let mut inflated = Vec::new();
    flate2::read::GzDecoder::new(body)
        .read_to_end(&mut inflated)
        .unwrap();
    inflated
}
