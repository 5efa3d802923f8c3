//! Lock-downs: the stop of all release for everything, one version or one application
//! (docs/contract/10-audit.md).
//!
//! A lock-down holds from the commit of its row, on every instance, because whatever releases anything carries
//! the condition in the statement that makes it: the lookup of a token, the permit of a call, redemption,
//! rotation, and Allow.

use crate::audit::event::Event;
use crate::base::ports::{Database, Durability, UnixMillis};
use crate::base::store::row::{Row, StoreError, all, one};
use crate::base::version::Version;

/// SQL that holds while no lock-down concerns a version and a `client_id`, each given as SQL.
macro_rules! no_lock_down {
    ($version:literal, $client_id:literal) => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM lock_down l WHERE l.lifted_at IS NULL AND (l.kind = 'all' OR (l.kind = 'version' AND l.target = ",
            $version,
            ") OR (l.kind = 'application' AND l.target = ",
            $client_id,
            ")))"
        )
    };
}
pub(crate) use no_lock_down;

/// What is locked.
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Scope {
    /// Everything.
    All,
    /// One application, by its `client_id`.
    Application(String),
    /// One version of the interface.
    Version(Version),
}

impl Scope {
    /// `all`, `application` or `version`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Application(_) => "application",
            Self::Version(_) => "version",
        }
    }

    /// The `client_id` or the version; empty for everything.
    #[must_use]
    pub fn target(&self) -> &str {
        match self {
            Self::All => "",
            Self::Application(client_id) => client_id,
            Self::Version(version) => version.segment(),
        }
    }
}

/// A lock-down as stored.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct LockDown {
    /// Row id.
    pub id: i64,
    /// `all`, `application` or `version`.
    pub kind: String,
    /// The `client_id` or the version; empty for everything.
    pub target: String,
    /// Why.
    pub reason: String,
    /// Who.
    pub operator: String,
    /// From when.
    pub started_at: UnixMillis,
    /// Until when, why and by whom, where it was lifted.
    pub lifted: Option<Lifted>,
}

/// The end of a lock-down.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Lifted {
    /// When.
    pub at: UnixMillis,
    /// Why.
    pub reason: String,
    /// Who.
    pub operator: String,
}

/// Locks down, if nothing of the same scope holds already. Gives the lock-down and whether it is new.
///
/// # Errors
///
/// The store's error; then it is not known whether it holds.
pub async fn begin(
    database: &dyn Database,
    scope: &Scope,
    reason: &str,
    operator: &str,
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<(LockDown, bool), StoreError> {
    let sql = format!(
        "INSERT INTO lock_down (kind, target, reason, operator, started_at, request_id, event)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
         WHERE NOT EXISTS (SELECT 1 FROM lock_down WHERE kind = ?1 AND target = ?2 AND lifted_at IS NULL)
         RETURNING {COLUMNS}"
    );
    let parameters = vec![
        scope.kind().into(),
        scope.target().into(),
        reason.into(),
        operator.into(),
        now.into(),
        event.request_id.into(),
        event.carried(),
    ];
    if let Some(row) = one(database, Durability::Durable, &sql, parameters).await? {
        return Ok((read(&row)?, true));
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM lock_down WHERE kind = ? AND target = ? AND lifted_at IS NULL"
    );
    let parameters = vec![scope.kind().into(), scope.target().into()];
    let row = one(database, Durability::Durable, &sql, parameters)
        .await?
        .ok_or(StoreError::Shape("a lock-down that was lifted meanwhile"))?;
    Ok((read(&row)?, false))
}

/// Lifts a lock-down. `None` if there is none with this id, or it was lifted before.
///
/// # Errors
///
/// The store's error.
pub async fn lift(
    database: &dyn Database,
    id: i64,
    reason: &str,
    operator: &str,
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<Option<LockDown>, StoreError> {
    let sql = format!(
        "UPDATE lock_down SET lifted_at = ?, lift_reason = ?, lifted_by = ?, request_id = ?, event = ?
         WHERE id = ? AND lifted_at IS NULL RETURNING {COLUMNS}"
    );
    let parameters = vec![
        now.into(),
        reason.into(),
        operator.into(),
        event.request_id.into(),
        event.carried(),
        id.into(),
    ];
    let row = one(database, Durability::Durable, &sql, parameters).await?;
    row.as_ref().map(read).transpose()
}

/// All that hold, and the latest of those that were lifted, newest first.
///
/// # Errors
///
/// The store's error.
pub async fn list(database: &dyn Database) -> Result<Vec<LockDown>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM lock_down WHERE lifted_at IS NULL OR id > (SELECT MAX(id) FROM lock_down) - 50
         ORDER BY lifted_at IS NOT NULL, id DESC"
    );
    all(database, Durability::Relaxed, &sql, Vec::new())
        .await?
        .iter()
        .map(read)
        .collect()
}

/// Whether a lock-down concerns this version or this application; either may be empty.
///
/// # Errors
///
/// The store's error; nothing may be released then.
pub async fn holds(
    database: &dyn Database,
    version: &str,
    client_id: &str,
) -> Result<bool, StoreError> {
    one(
        database,
        Durability::Relaxed,
        concat!("SELECT NOT ", no_lock_down!("?1", "?2")),
        vec![version.into(), client_id.into()],
    )
    .await?
    .ok_or(StoreError::Shape("a lock-down"))?
    .flag(0)
}

const COLUMNS: &str =
    "id, kind, target, reason, operator, started_at, lifted_at, lift_reason, lifted_by";

fn read(row: &Row) -> Result<LockDown, StoreError> {
    Ok(LockDown {
        id: row.integer(0)?,
        kind: row.text(1)?.to_owned(),
        target: row.text(2)?.to_owned(),
        reason: row.text(3)?.to_owned(),
        operator: row.text(4)?.to_owned(),
        started_at: row.instant(5)?,
        lifted: row
            .optional_instant(6)?
            .map(|at| {
                Ok::<_, StoreError>(Lifted {
                    at,
                    reason: row.text(7)?.to_owned(),
                    operator: row.text(8)?.to_owned(),
                })
            })
            .transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::audit::event::Level;
    use crate::base::adapters::native::SqliteDatabase;

    const NOW: UnixMillis = UnixMillis(1_000);
    const EVENT: Event<'_> = Event {
        started_at: NOW,
        ended_at: NOW,
        request_id: "r",
        flow_id: "",
        actor: "operator:ann",
        client_id: "",
        person: &[],
        account: &[],
        action: "ops.lock_down",
        outcome: "ok",
        code: "",
        level: Level::Critical,
    };

    fn lock(database: &SqliteDatabase, scope: &Scope) -> (LockDown, bool) {
        block_on(begin(database, scope, "a test", "ann", NOW, &EVENT)).unwrap()
    }

    fn held(database: &SqliteDatabase, version: &str, client_id: &str) -> bool {
        block_on(holds(database, version, client_id)).unwrap()
    }

    #[test]
    fn each_scope_concerns_what_it_names_and_nothing_else() {
        for (scope, v1, v2, app) in [
            (Scope::All, true, true, true),
            (Scope::Version(Version::V1), true, false, false),
            (Scope::Application("a".to_owned()), false, false, true),
        ] {
            let database = SqliteDatabase::in_memory();
            assert!(!held(&database, "v1", "a"));
            lock(&database, &scope);
            assert_eq!(held(&database, "v1", "b"), v1, "{scope:?}");
            assert_eq!(held(&database, "v2", ""), v2, "{scope:?}");
            assert_eq!(held(&database, "", "a"), app, "{scope:?}");
        }
    }

    #[test]
    fn locking_twice_is_one_lock_down_and_lifting_twice_lifts_once() {
        let database = SqliteDatabase::in_memory();
        let (first, new) = lock(&database, &Scope::All);
        let (again, new_again) = lock(&database, &Scope::All);
        assert_eq!((first.id, new, new_again), (again.id, true, false));
        let lift = || block_on(lift(&database, first.id, "over", "bob", NOW, &EVENT)).unwrap();
        assert!(lift().is_some_and(|lock| lock.lifted.is_some_and(|end| end.operator == "bob")));
        assert!(lift().is_none() && !held(&database, "v2", "a"));
        assert!(lock(&database, &Scope::All).1);
    }

    #[test]
    fn what_was_written_of_a_lock_down_stays() {
        let database = SqliteDatabase::in_memory();
        lock(&database, &Scope::All);
        for forbidden in [
            "UPDATE lock_down SET reason = 'another'",
            "UPDATE lock_down SET operator = 'nobody'",
            "UPDATE lock_down SET lifted_at = 5",
            "UPDATE lock_down SET lifted_at = 5, lift_reason = '', lifted_by = 'x'",
            "DELETE FROM lock_down",
            "INSERT OR REPLACE INTO lock_down (id, kind, target, reason, operator, started_at, request_id)
             VALUES (1, 'all', '', 'another', 'x', 1, 'r')",
        ] {
            let done = block_on(database.execute(Durability::Durable, forbidden, Vec::new()));
            assert!(done.is_err(), "{forbidden}");
        }
    }
}
