//! The two layers of the audit held against each other, and both against the tables as they are.
//!
//! A change of the store names the event that the same commit wrote. So three questions have exact answers: which
//! change has no event that would make it, which event tells of a change that is not there, and which row is not
//! what its recorded changes make of it.

use serde_json::{Map, Value as Json};

use crate::base::ports::{Database, Durability};
use crate::base::store::layers::{WATCHED, Watched};
use crate::base::store::row::{StoreError, all};

/// Something that does not fit.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Finding {
    /// A change without its event.
    Change {
        /// Id in `store_event`.
        id: i64,
        /// The request that it names.
        request_id: String,
        /// Table, row and operation.
        what: String,
        /// Why it has none.
        reason: &'static str,
    },
    /// An event without its change.
    Event {
        /// Id in `audit`.
        id: i64,
        /// Its request.
        request_id: String,
        /// Its action.
        action: String,
    },
    /// A row that is not what its recorded changes make of it.
    Row {
        /// Table and row.
        what: String,
        /// How it differs.
        reason: String,
    },
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Change {
                id,
                request_id,
                what,
                reason,
            } => write!(
                f,
                "change {id} ({what}, request `{request_id}`) without its event: {reason}"
            ),
            Self::Event {
                id,
                request_id,
                action,
            } => write!(
                f,
                "event {id} ({action}, request `{request_id}`) without its change"
            ),
            Self::Row { what, reason } => write!(f, "{what}: {reason}"),
        }
    }
}

/// What was compared.
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Changes of the store layer.
    pub changes: i64,
    /// Events of the API layer that tell of a change.
    pub events: i64,
    /// Rows of watched tables.
    pub rows: i64,
    /// What does not fit, at most [`MOST`] of it.
    pub findings: Vec<Finding>,
}

/// Compares everything.
///
/// # Errors
///
/// The store's error.
pub async fn reconcile(database: &dyn Database) -> Result<Comparison, StoreError> {
    let mut comparison = Comparison::default();
    changes(database, &mut comparison).await?;
    events(database, &mut comparison).await?;
    for watched in &WATCHED {
        rows(database, watched, &mut comparison).await?;
    }
    comparison.findings.truncate(MOST);
    Ok(comparison)
}

/// Each change has an event that may make it.
async fn changes(database: &dyn Database, comparison: &mut Comparison) -> Result<(), StoreError> {
    let mut after = 0;
    // What one statement does, it does at one instant.
    let mut last: Option<(i64, i64)> = None;
    loop {
        let page = all(
            database,
            Durability::Relaxed,
            "SELECT s.id, s.at, s.request_id, s.audit_id, s.source, s.row_id, s.operation,
                    a.request_id, a.action, a.outcome, a.code
             FROM store_event s LEFT JOIN audit a ON a.id = s.audit_id
             WHERE s.id > ? ORDER BY s.id LIMIT 500",
            vec![after.into()],
        )
        .await?;
        if page.is_empty() || comparison.findings.len() >= MOST {
            return Ok(());
        }
        for row in page {
            after = row.integer(0)?;
            comparison.changes += 1;
            let (at, audit_id) = (row.integer(1)?, row.integer(3)?);
            let (source, operation) = (row.text(4)?, row.text(6)?);
            let reason = if row.optional_text(7)? != Some(row.text(2)?) {
                Some("the event of its commit is of another request")
            } else if last.is_some_and(|(event, then)| event == audit_id && then != at) {
                Some("it came later than the event that it names")
            } else if !explains(
                row.optional_text(8)?.unwrap_or_default(),
                row.optional_text(9)?.unwrap_or_default(),
                source,
                operation,
            ) {
                Some("the event of its commit makes no such change")
            } else {
                None
            };
            match reason {
                None => last = Some((audit_id, at)),
                Some(reason) => comparison.findings.push(Finding::Change {
                    id: after,
                    request_id: row.text(2)?.to_owned(),
                    what: format!("{operation} of {source} {}", row.integer(5)?),
                    reason,
                }),
            }
        }
    }
}

/// Each event that tells of a change has it.
async fn events(database: &dyn Database, comparison: &mut Comparison) -> Result<(), StoreError> {
    for rule in RULES {
        let Some((table, operations)) = rule.must else {
            continue;
        };
        let operations: Vec<_> = operations.split(' ').collect();
        let sql = format!(
            "SELECT a.id, a.request_id, EXISTS (
                 SELECT 1 FROM store_event s
                 WHERE s.audit_id = a.id AND s.source = ?2 AND s.operation IN ('{}'))
             FROM audit a
             WHERE a.id > ?1 AND a.action = ?3 AND a.outcome = ?4 AND a.code NOT IN ('unchanged', 'repeated', 'holds_already')
             ORDER BY a.id LIMIT 500",
            operations.join("', '")
        );
        let mut after = 0;
        loop {
            let page = all(
                database,
                Durability::Relaxed,
                &sql,
                vec![
                    after.into(),
                    table.into(),
                    rule.action.into(),
                    rule.outcome.into(),
                ],
            )
            .await?;
            if page.is_empty() || comparison.findings.len() >= MOST {
                break;
            }
            for row in page {
                after = row.integer(0)?;
                comparison.events += 1;
                if !row.flag(2)? {
                    comparison.findings.push(Finding::Event {
                        id: after,
                        request_id: row.text(1)?.to_owned(),
                        action: rule.action.to_owned(),
                    });
                }
            }
        }
    }
    Ok(())
}

/// Each row is what its recorded changes make of it, and each recorded row is there.
async fn rows(
    database: &dyn Database,
    watched: &Watched,
    comparison: &mut Comparison,
) -> Result<(), StoreError> {
    let Watched { table, key, .. } = watched;
    let mut after = i64::MIN;
    let sql = format!(
        "SELECT t.{key}, {}, (SELECT json_group_array(json(s.after)) FROM
             (SELECT after FROM store_event WHERE source = '{table}' AND row_id = t.{key} AND after IS NOT NULL ORDER BY id) s)
         FROM {table} t WHERE t.{key} > ? ORDER BY t.{key} LIMIT 500",
        watched.values("t")
    );
    loop {
        let page = all(database, Durability::Relaxed, &sql, vec![after.into()]).await?;
        if page.is_empty() || comparison.findings.len() >= MOST {
            break;
        }
        for row in page {
            after = row.integer(0)?;
            comparison.rows += 1;
            let what = || format!("{table} {after}");
            let actual = object(row.text(1)?)?;
            let states: Vec<Map<String, Json>> = serde_json::from_str(row.text(2)?)
                .map_err(StoreError::of_json("store_event.after"))?;
            // What came before the oldest row of the audit was purged with it: then a row has no beginning, and
            // only what later changes say can be compared.
            let mut recorded = Map::new();
            for state in states {
                recorded.extend(state);
            }
            if recorded.is_empty() && !was_purged(database).await? {
                comparison.findings.push(Finding::Row {
                    what: what(),
                    reason: "it is there, and no change made it".to_owned(),
                });
            }
            for (column, value) in recorded {
                if actual.get(&column).is_some_and(|there| *there != value) {
                    comparison.findings.push(Finding::Row {
                        what: what(),
                        reason: format!("{column} is not what its last recorded change says"),
                    });
                }
            }
        }
    }
    let gone = format!(
        "SELECT DISTINCT s.row_id FROM store_event s
         WHERE s.source = '{table}' AND s.operation <> 'delete'
           AND NOT EXISTS (SELECT 1 FROM {table} t WHERE t.{key} = s.row_id)
           AND NOT EXISTS (SELECT 1 FROM store_event d
                           WHERE d.source = '{table}' AND d.row_id = s.row_id AND d.operation = 'delete' AND d.id > s.id)
         LIMIT 500"
    );
    for row in all(database, Durability::Relaxed, &gone, Vec::new()).await? {
        comparison.findings.push(Finding::Row {
            what: format!("{table} {}", row.integer(0)?),
            reason: "it is gone, and no change removed it".to_owned(),
        });
    }
    Ok(())
}

async fn was_purged(database: &dyn Database) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM chain_anchor LIMIT 1";
    Ok(!all(database, Durability::Relaxed, sql, Vec::new())
        .await?
        .is_empty())
}

fn object(text: &str) -> Result<Map<String, Json>, StoreError> {
    serde_json::from_str(text).map_err(StoreError::of_json("a row as JSON"))
}

/// Which changes an event makes.
struct Rule {
    action: &'static str,
    outcome: &'static str,
    /// Table, and the operations of which one is there. None: there may be no change.
    must: Option<(&'static str, &'static str)>,
    /// Tables, each with the operations that there may be besides.
    may: &'static [(&'static str, &'static str)],
}

const fn rule(
    action: &'static str,
    outcome: &'static str,
    must: Option<(&'static str, &'static str)>,
    may: &'static [(&'static str, &'static str)],
) -> Rule {
    Rule {
        action,
        outcome,
        must,
        may,
    }
}

const CHAINS: (&str, &str) = ("token_chain", "update");
const GRANTS: (&str, &str) = ("consent_grant", "update");
const APPLICATION: Option<(&str, &str)> = Some(("application", "update"));

/// Every event that makes a change of a watched table. The others make none.
const RULES: &[Rule] = &[
    rule(
        "identity.link",
        "ok",
        Some(("identity", "insert update")),
        &[],
    ),
    rule(
        "identity.conflict",
        "refused",
        Some(("identity_conflict", "insert")),
        &[("identity", "update")],
    ),
    rule(
        "ops.identity.propose",
        "ok",
        Some(("identity_resolution", "insert")),
        &[],
    ),
    rule(
        "ops.identity.resolve",
        "ok",
        Some(("identity_resolution", "update")),
        &[
            ("identity", "update"),
            ("identity_conflict", "update"),
            GRANTS,
            CHAINS,
        ],
    ),
    rule(
        "ops.reauthenticate",
        "ok",
        Some(("reauthentication", "insert")),
        &[GRANTS, CHAINS],
    ),
    rule(
        "tokens.epoch",
        "ok",
        Some(("reauthentication", "insert")),
        &[CHAINS],
    ),
    rule(
        "application.register",
        "ok",
        Some(("application", "insert")),
        &[],
    ),
    rule("application.update", "ok", APPLICATION, &[]),
    rule("application.suspend", "ok", APPLICATION, &[]),
    rule("application.resume", "ok", APPLICATION, &[]),
    rule("application.discard", "ok", APPLICATION, &[]),
    rule("application.delete", "ok", APPLICATION, &[GRANTS, CHAINS]),
    rule(
        "application.logo",
        "ok",
        Some(("application_logo", "insert update")),
        &[("application", "update")],
    ),
    rule(
        "ops.application.approve",
        "ok",
        APPLICATION,
        &[("application_logo", "update")],
    ),
    rule("ops.application.reject", "ok", APPLICATION, &[]),
    rule("ops.application.resume", "ok", APPLICATION, &[]),
    rule("ops.application.suspend", "ok", APPLICATION, &[]),
    rule(
        "consent.allow",
        "ok",
        Some(("consent_grant", "insert update")),
        &[CHAINS],
    ),
    // One that follows an Allow takes it back.
    rule("consent.deny", "ok", None, &[GRANTS, CHAINS]),
    rule(
        "token.code",
        "ok",
        Some(("token_chain", "insert")),
        &[GRANTS],
    ),
    // A replayed code ends its chain, a reused refresh token as well; one that asks for more ends its grace.
    rule("token.code", "refused", None, &[CHAINS]),
    rule("token.refresh", "refused", None, &[CHAINS]),
    rule(
        "token.implicit",
        "ok",
        Some(("token_chain", "insert")),
        &[GRANTS],
    ),
    rule("token.refresh", "ok", Some(CHAINS), &[]),
    rule("revoke.chain", "ok", Some(CHAINS), &[]),
    rule("revoke.grant", "ok", Some(GRANTS), &[CHAINS]),
    rule("account.revoke", "ok", Some(GRANTS), &[CHAINS]),
    // Of the sandbox alone.
    rule("try.expire_grant", "ok", Some(GRANTS), &[]),
    rule("try.revoke", "ok", Some(GRANTS), &[CHAINS]),
    rule("try.suspend", "ok", APPLICATION, &[]),
    rule("try.resume", "ok", APPLICATION, &[]),
    rule("ops.lock_down", "ok", Some(("lock_down", "insert")), &[]),
    rule(
        "ops.lock_down.lift",
        "ok",
        Some(("lock_down", "update")),
        &[],
    ),
    rule("lock_down.rule", "ok", Some(("lock_down", "insert")), &[]),
    rule(
        "store.purge",
        "ok",
        Some(("purge", "insert")),
        &[
            ("consent_grant", "update delete"),
            ("token_chain", "update delete"),
        ],
    ),
];

fn explains(action: &str, outcome: &str, table: &str, operation: &str) -> bool {
    RULES
        .iter()
        .filter(|rule| rule.action == action && rule.outcome == outcome)
        .flat_map(|rule| rule.must.iter().chain(rule.may))
        .any(|(of, operations)| {
            *of == table && operations.split(' ').any(|listed| listed == operation)
        })
}

/// Findings of one run, at most.
pub const MOST: usize = 1_000;
