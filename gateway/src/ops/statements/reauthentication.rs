//! Orders that people must sign in and consent again (docs/contract/10-audit.md).

use crate::audit::event::{Event, Level};
use crate::base::ports::{Database, Durability, UnixMillis};
use crate::base::store::row::{StoreError, all, one};

/// Whose grants end.
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reach {
    /// Everybody's.
    All,
    /// Those to one application, by its `client_id`.
    Application(String),
    /// Those of the people of one provider.
    Issuer(String),
}

impl Reach {
    /// As stored.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Application(_) => "application",
            Self::Issuer(_) => "issuer",
        }
    }

    /// The `client_id` or the issuer.
    #[must_use]
    pub fn target(&self) -> &str {
        match self {
            Self::All => "",
            Self::Application(target) | Self::Issuer(target) => target,
        }
    }
}

/// An application whose grants ended.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Affected {
    /// Client id.
    pub client_id: String,
    /// Name.
    pub name: String,
    /// `contacts` of its registration, as JSON.
    pub contacts: String,
    /// How many grants.
    pub grants: i64,
}

/// Ends the grants that were consented to since an instant, their tokens and the visits of their people. Gives the
/// id of the order.
///
/// # Errors
///
/// The store's error.
pub async fn order(
    database: &dyn Database,
    reach: &Reach,
    since: UnixMillis,
    reason: &str,
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<i64, StoreError> {
    one(
        database,
        Durability::Durable,
        "INSERT INTO reauthentication (kind, target, since, reason, at, request_id, event)
         VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
        vec![
            reach.kind().into(),
            reach.target().into(),
            since.into(),
            reason.into(),
            now.into(),
            event.request_id.into(),
            event.carried(),
        ],
    )
    .await?
    .ok_or(StoreError::Shape("reauthentication"))?
    .integer(0)
}

/// The applications whose grants an order ended, with whom to write to. `None` if there is no such order.
///
/// # Errors
///
/// The store's error.
pub async fn affected(
    database: &dyn Database,
    id: i64,
) -> Result<Option<Vec<Affected>>, StoreError> {
    let known = one(
        database,
        Durability::Relaxed,
        "SELECT 1 FROM reauthentication WHERE id = ? AND kind <> 'epoch'",
        vec![id.into()],
    )
    .await?;
    if known.is_none() {
        return Ok(None);
    }
    all(
        database,
        Durability::Relaxed,
        "SELECT a.client_id, a.client_name, COALESCE(json_extract(a.metadata, '$.contacts'), '[]'), COUNT(*)
         FROM reauthentication r
         JOIN consent_grant g ON g.end_reason = 'reauthenticate' AND g.ended_at = r.at AND g.request_id = r.request_id
         JOIN application a ON a.id = g.application_id
         WHERE r.id = ? GROUP BY a.id ORDER BY a.id",
        vec![id.into()],
    )
    .await?
    .iter()
    .map(|row| {
        Ok(Affected {
            client_id: row.text(0)?.to_owned(),
            name: row.text(1)?.to_owned(),
            contacts: row.text(2)?.to_owned(),
            grants: row.integer(3)?,
        })
    })
    .collect::<Result<_, StoreError>>()
    .map(Some)
}

/// Ends all tokens and codes from before the epoch, once for each epoch: at the start of an instance.
///
/// # Errors
///
/// The store's error; the instance may not start then.
pub async fn begin_epoch(
    database: &dyn Database,
    epoch: UnixMillis,
    now: UnixMillis,
) -> Result<(), StoreError> {
    if epoch.0 == 0 {
        return Ok(());
    }
    let event = Event {
        level: Level::Warning,
        ..Event::of_gateway("tokens.epoch", "", "start", now)
    };
    one(
        database,
        Durability::Durable,
        "INSERT INTO reauthentication (kind, target, since, reason, at, request_id, event)
         SELECT 'epoch', '', ?1, 'token_epoch', ?2, ?3, ?4
         WHERE NOT EXISTS (SELECT 1 FROM reauthentication WHERE kind = 'epoch' AND since >= ?1)",
        vec![
            epoch.into(),
            now.into(),
            event.request_id.into(),
            event.carried(),
        ],
    )
    .await
    .map(drop)
}
