//! What a FHIR call asks of the store and writes to the log, by the very functions that serve calls, on a store
//! where one token is live.

use bluegate_gateway::ports::{Database, DatabaseError, Log, UnixMillis};
use bluegate_gateway::secret::SecretHash;
use bluegate_gateway::store::StoreError;
use bluegate_gateway::store::access::{Call, Link, lookup, permit};
use bluegate_gateway::store::audit::{Event, Level};
use bluegate_gateway::store::rate::{Wish, lease};

/// The access token that is live in the store.
pub const TOKEN: &str = "QkVOQ0gtc3RlcHMtbGl2ZS1hY2Nlc3MtdG9rZW4tMQ0";

/// One step of a call.
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
    /// The store opened as an instance does at its start, and its first read, which reads the schema.
    Start,
}

/// All of them.
pub const CALL_STEPS: [CallStep; 6] = [
    CallStep::Lookup,
    CallStep::Permit,
    CallStep::InTurn,
    CallStep::Lease,
    CallStep::Log,
    CallStep::Start,
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
            Self::Start => "store: start of an instance",
        }
    }

    /// By its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        CALL_STEPS.into_iter().find(|step| step.name() == name)
    }
}

/// Two instances that have served calls before.
pub struct Calls<O, D, L> {
    open: O,
    log: L,
    instances: [D; 2],
    link: Link,
}

impl<O, D, L> Calls<O, D, L>
where
    O: AsyncFn() -> Result<D, DatabaseError>,
    D: Database,
    L: Log,
{
    /// Opens the store for both, and lets each do every step once: its statements are compiled from then on.
    ///
    /// # Errors
    ///
    /// The store's error, or that the token is not in it.
    pub async fn begin(open: O, log: L) -> Result<Self, StoreError> {
        let instances = [open().await?, open().await?];
        let link = live(&instances[0]).await?;
        let calls = Self {
            open,
            log,
            instances,
            link,
        };
        for number in 0..4 {
            calls.run(CallStep::InTurn, number).await?;
            calls.run(CallStep::Lease, number).await?;
        }
        Ok(calls)
    }

    /// Does a step once; `number` says for which time.
    ///
    /// # Errors
    ///
    /// The store's error, or that it did not do what it must.
    pub async fn run(&self, step: CallStep, number: usize) -> Result<(), StoreError> {
        let instance = &self.instances[0];
        match step {
            CallStep::Lookup => live(instance).await.map(drop),
            CallStep::Permit => self.permit(instance).await,
            CallStep::InTurn => {
                let instance = &self.instances[number % 2];
                live(instance).await?;
                self.permit(instance).await
            }
            CallStep::Lease => {
                let wish = Wish {
                    ample: 12,
                    share: 1,
                    spent: 11,
                };
                lease(instance, "fhir:1", 1, wish, i64::MAX / 64)
                    .await?
                    .map(drop)
                    .ok_or(StoreError::Shape("the lease"))
            }
            CallStep::Log => {
                for _ in 0..2 {
                    self.log
                        .line(&serde_json::Value::Object(self.event().line()).to_string());
                }
                Ok(())
            }
            CallStep::Start => live(&(self.open)().await?).await.map(drop),
        }
    }

    async fn permit(&self, instance: &D) -> Result<(), StoreError> {
        let call = Call {
            event: self.event(),
            backend_status: Some(200),
            bytes: Some(143_215),
            backend_ms: Some(12),
            matches: Some(8),
        };
        permit(instance, &self.link, VERSION, &call)
            .await?
            .map(drop)
            .ok_or(StoreError::Shape("the permit"))
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

async fn live(instance: &impl Database) -> Result<Link, StoreError> {
    let found = lookup(instance, Some(SecretHash::of(TOKEN)), VERSION).await?;
    match found.token {
        Some(token) if !found.locked_down && token.application_active => Ok(token.link),
        _ => Err(StoreError::Shape("the token")),
    }
}

const VERSION: &str = "v2";
/// Any day: the token of the store never ends.
const NOW: UnixMillis = UnixMillis(1_790_000_000_000);
