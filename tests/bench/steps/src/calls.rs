//! What a FHIR call asks of the store and writes to the log, and whole calls, by the very functions that serve them,
//! on a store where one token is live. The claims backend is in memory: what is left of a call on the engine is
//! sockets, copies and the host.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bluegate_gateway::app::gateway::Gateway;
use bluegate_gateway::audit::event::{Event, Level};
use bluegate_gateway::base::config::VARIABLES;
use bluegate_gateway::base::context::App;
use bluegate_gateway::base::limits::statements::{Wish, lease};
use bluegate_gateway::base::ports::{
    Database, PortFuture, UnixMillis, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse,
};
use bluegate_gateway::base::secret::SecretHash;
use bluegate_gateway::fhir::statements::{Call, Link, lookup, permit};
use bluegate_gateway::maintenance::drain;
use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, InvalidHeaderValue,
};
use http::uri::InvalidUri;
use http::{HeaderMap, HeaderValue, Request, StatusCode};

use crate::{BACKEND, Input, PUBLIC};

/// The access token that is live in the store.
pub const TOKEN: &str = "QkVOQ0gtc3RlcHMtbGl2ZS1hY2Nlc3MtdG9rZW4tMQ0";

/// One step of a call, or all of them.
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CallStep {
    /// The read before the backend.
    Lookup,
    /// The write after it: the audit row that is the permit.
    Permit,
    /// Both, on two connections in turn, as two instances call: each finds that the other has written.
    InTurn,
    /// A block of the rate limit.
    Lease,
    /// Two lines of the log.
    Log,
    /// What comes after answers: [`DRAINED`] permits, and then chain, watch, alerts and purge for all of them.
    Upkeep,
    /// An instance started, and its first read of the store, which reads the schema.
    Start,
    /// A whole call.
    Whole(Whole),
}

/// Permits before upkeep.
pub const DRAINED: u32 = 100;
/// How often a drain is begun to catch up: some ten thousand rows each.
const DRAINS: u32 = 12;

/// A whole call: the lines of `bench fhir`.
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Whole {
    /// (d): a page, compressed by the gateway.
    Gzip,
    /// (e): a page for a client that takes no gzip.
    Plain,
    /// (f1): a page that comes compressed, with public links.
    PublicGzip,
    /// (f2): a page that comes compressed, with links of the backend.
    OwnGzip,
    /// (d): a Patient, compressed by the gateway.
    Patient,
}

/// All of them.
pub const CALL_STEPS: [CallStep; 12] = [
    CallStep::Lookup,
    CallStep::Permit,
    CallStep::InTurn,
    CallStep::Lease,
    CallStep::Log,
    CallStep::Upkeep,
    CallStep::Start,
    CallStep::Whole(Whole::Gzip),
    CallStep::Whole(Whole::Plain),
    CallStep::Whole(Whole::PublicGzip),
    CallStep::Whole(Whole::OwnGzip),
    CallStep::Whole(Whole::Patient),
];

impl CallStep {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lookup => "store: lookup",
            Self::Permit => "audit: permit",
            Self::InTurn => "both, two instances in turn",
            Self::Lease => "rate limit: lease",
            Self::Log => "log: two lines",
            Self::Upkeep => "100 permits and upkeep",
            Self::Start => "start of an instance",
            Self::Whole(Whole::Gzip) => "call: page (d)",
            Self::Whole(Whole::Plain) => "call: page (e)",
            Self::Whole(Whole::PublicGzip) => "call: page (f1)",
            Self::Whole(Whole::OwnGzip) => "call: page (f2)",
            Self::Whole(Whole::Patient) => "call: Patient (d)",
        }
    }

    /// By its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        CALL_STEPS.into_iter().find(|step| step.name() == name)
    }
}

/// The variables of the gateway: the sandbox's, with the addresses of the steps.
#[must_use]
pub fn variables() -> BTreeMap<&'static str, String> {
    VARIABLES
        .iter()
        .map(|variable| {
            let value = match variable.name {
                "public_base_url" => PUBLIC,
                "claims_backend_origin" => BACKEND,
                "claims_backend_path" => "",
                "rate_limit_per_minute" | "person_limit_per_minute" => "10000000",
                _ => variable.sandbox_default,
            };
            (variable.name, value.to_owned())
        })
        .collect()
}

/// Two instances that have served calls before.
pub struct Calls<O> {
    open: O,
    instances: [App; 2],
    gateway: Gateway,
    backend: Arc<Backend>,
    pages: Pages,
    link: Link,
    person: String,
}

impl<O, E> Calls<O>
where
    O: AsyncFn() -> Result<App, E>,
    E: ToString,
{
    /// Opens the store for both, and lets each do every statement once: they are compiled from then on.
    ///
    /// # Errors
    ///
    /// What the store says, or that the token is not in it.
    pub async fn begin(open: O, input: &Input) -> Result<Self, String> {
        let mut app = open().await.map_err(told)?;
        let backend = Arc::new(Backend::default());
        app.upstream = backend.clone();
        let gateway = Gateway::start(app.clone()).await.map_err(told)?;
        let calls = Self {
            link: live(&*app.database).await?,
            instances: [app, open().await.map_err(told)?],
            open,
            gateway,
            backend,
            pages: Pages::of(input),
            person: input.person.as_str().to_owned(),
        };
        for number in 0..4 {
            calls.run(CallStep::InTurn, number).await?;
            calls.run(CallStep::Lease, number).await?;
        }
        Ok(calls)
    }

    /// Drains until nothing is left, however much earlier steps wrote.
    pub async fn catch_up(&self) {
        for _ in 0..DRAINS {
            drain(&self.instances[0]).await;
        }
    }

    /// Does a step once; `number` says for which time.
    ///
    /// # Errors
    ///
    /// What the store says, or that it did not do what it must.
    pub async fn run(&self, step: CallStep, number: usize) -> Result<(), String> {
        let instance = &self.instances[0];
        let database = &*instance.database;
        match step {
            CallStep::Lookup => live(database).await.map(drop),
            CallStep::Permit => self.permit(database).await,
            CallStep::InTurn => {
                let database = &*self.instances[number % 2].database;
                live(database).await?;
                self.permit(database).await
            }
            CallStep::Lease => {
                let wish = Wish {
                    ample: 12,
                    share: 1,
                    spent: 11,
                };
                let granted = lease(database, "bench", 1, wish, i64::MAX / 64, &[]).await;
                granted
                    .map_err(told)?
                    .map(drop)
                    .ok_or("no lease".to_owned())
            }
            CallStep::Log => {
                for _ in 0..2 {
                    instance.log.object(&self.event().line());
                }
                Ok(())
            }
            CallStep::Upkeep => {
                for _ in 0..DRAINED {
                    self.permit(database).await?;
                }
                drain(instance).await;
                Ok(())
            }
            CallStep::Start => {
                let app = (self.open)().await.map_err(told)?;
                Gateway::start(app.clone()).await.map_err(told)?;
                live(&*app.database).await.map(drop)
            }
            CallStep::Whole(whole) => self.whole(whole).await.map(drop),
        }
    }

    /// A whole call: the body of the answer.
    ///
    /// # Errors
    ///
    /// What came instead.
    pub async fn whole(&self, whole: Whole) -> Result<Bytes, String> {
        self.backend.put(self.pages.answer(whole));
        let mut request = Request::new(Bytes::new());
        let path = match whole {
            Whole::Patient => format!("/v2/fhir/Patient/{}", self.person),
            _ => "/v2/fhir/ExplanationOfBenefit?_count=8".to_owned(),
        };
        *request.uri_mut() = path.parse().map_err(told::<InvalidUri>)?;
        let headers = request.headers_mut();
        let bearer = format!("Bearer {TOKEN}");
        let bearer = bearer.parse().map_err(told::<InvalidHeaderValue>)?;
        headers.insert(AUTHORIZATION, bearer);
        if whole != Whole::Plain {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        }
        let reply = self.gateway.respond(request).await;
        let compressed = reply.headers().contains_key(CONTENT_ENCODING);
        if reply.status() == StatusCode::OK && compressed == (whole != Whole::Plain) {
            Ok(reply.into_body())
        } else {
            Err(format!(
                "{whole:?}: {} {}",
                reply.status(),
                String::from_utf8_lossy(reply.body())
            ))
        }
    }

    async fn permit(&self, database: &dyn Database) -> Result<(), String> {
        let call = Call {
            event: self.event(),
            backend_status: Some(200),
            bytes: Some(143_215),
            backend_ms: Some(12),
            matches: Some(8),
        };
        let permit = permit(database, &self.link, VERSION, &call).await;
        permit
            .map_err(told)?
            .map(drop)
            .ok_or("no permit".to_owned())
    }

    fn event(&self) -> Event<'_> {
        Event {
            started_at: NOW,
            ended_at: UnixMillis(NOW.0 + 13),
            request_id: "5f0c1d2e3a4b596877869504a3b2c1d0",
            flow_id: &self.link.flow_id,
            actor: "application",
            client_id: &self.link.client_id,
            person: &[7; 32],
            account: &[],
            action: "fhir.search",
            outcome: "ok",
            code: "",
            level: Level::Info,
        }
    }
}

/// A claims backend that has its answer at hand.
#[derive(Default)]
struct Backend(Mutex<Option<UpstreamResponse>>);

impl Backend {
    fn put(&self, answer: UpstreamResponse) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    }
}

impl Upstream for Backend {
    fn send(&self, _: UpstreamRequest) -> PortFuture<'_, Result<UpstreamResponse, UpstreamError>> {
        let answer = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        Box::pin(async move { answer.ok_or(UpstreamError::Connect) })
    }
}

/// What the backend has.
struct Pages {
    own: Bytes,
    own_gzip: Bytes,
    public_gzip: Bytes,
    patient: Bytes,
}

impl Pages {
    fn of(input: &Input) -> Self {
        Self {
            own: input.own.clone().into(),
            own_gzip: crate::gzip(&input.own, 6).into(),
            public_gzip: input.gzip.clone().into(),
            patient: input.patient.clone().into(),
        }
    }

    fn answer(&self, whole: Whole) -> UpstreamResponse {
        let (body, compressed) = match whole {
            Whole::Gzip | Whole::Plain => (&self.own, false),
            Whole::PublicGzip => (&self.public_gzip, true),
            Whole::OwnGzip => (&self.own_gzip, true),
            Whole::Patient => (&self.patient, false),
        };
        let mut headers = HeaderMap::new();
        let json = HeaderValue::from_static("application/fhir+json");
        headers.insert(CONTENT_TYPE, json);
        if compressed {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        UpstreamResponse {
            status: StatusCode::OK,
            headers,
            body: body.clone(),
        }
    }
}

async fn live(database: &dyn Database) -> Result<Link, String> {
    let found = lookup(database, Some(SecretHash::of(TOKEN)), VERSION, 1).await;
    let found = found.map_err(told)?;
    match found.token {
        Some(token) if !found.locked_down && token.application_active => Ok(token.link),
        _ => Err("the token is not live".to_owned()),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn told<E: ToString>(error: E) -> String {
    error.to_string()
}

const VERSION: &str = "v2";
/// Any day: the token of the store never ends.
const NOW: UnixMillis = UnixMillis(1_790_000_000_000);
