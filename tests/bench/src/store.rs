//! What the store holds, read beside the running gateway or from a copy.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Params, params};
use sha2::{Digest as _, Sha256};

/// The store, for reading.
pub(crate) struct Store(Connection);

/// A chain, as the store has it.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    pub(crate) id: i64,
    pub(crate) flow_id: String,
    pub(crate) generation: i64,
    pub(crate) end_reason: Option<String>,
    /// The request that changed it last.
    pub(crate) request_id: String,
}

/// An event of the audit.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) action: String,
    pub(crate) outcome: String,
    pub(crate) code: String,
    pub(crate) flow_id: String,
}

impl Store {
    /// Opens the store without the right to write.
    pub(crate) fn open(path: &Path) -> Self {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .expect("the store of the gateway");
        Self(connection)
    }

    /// Copies the store as it lies there, with its log, and opens the copy: SQLite recovers it there.
    pub(crate) fn of_copy(path: &Path, folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("a folder for the copy");
        let copy = folder.join("copy.db");
        for suffix in ["", "-wal", "-shm"] {
            let from = path.with_file_name(format!("sqlite_db.db{suffix}"));
            let to = folder.join(format!("copy.db{suffix}"));
            let _ = std::fs::remove_file(&to);
            // The index of the log is built again from the log.
            if suffix != "-shm" && from.exists() {
                std::fs::copy(from, to).expect("a copy of the store");
            }
        }
        Self(Connection::open(copy).expect("the copy"))
    }

    /// What is wrong with the file itself, with references, or with rows that belong together.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let integrity: String = self.one("PRAGMA integrity_check", []).unwrap_or_default();
        if integrity != "ok" {
            faults.push(format!("integrity_check: {integrity}"));
        }
        for (what, sql) in RULES {
            let broken: i64 = self
                .one(&format!("SELECT count(*) FROM ({sql})"), [])
                .unwrap_or(-1);
            if broken != 0 {
                faults.push(format!("{what}: {broken}"));
            }
        }
        faults
    }

    /// The chain of an access token.
    pub(crate) fn chain_of_access(&self, token: &str) -> Option<Chain> {
        self.chain(
            "JOIN access_token t ON t.chain_id = c.id WHERE t.token_hash = ?",
            token,
        )
    }

    /// The chain that a code gave.
    pub(crate) fn chain_of_code(&self, code: &str) -> Option<Chain> {
        self.chain(
            "JOIN authorization_code a ON a.id = c.code_id WHERE a.code_hash = ?",
            code,
        )
    }

    /// Access tokens of a chain.
    pub(crate) fn access_tokens(&self, chain: &Chain) -> i64 {
        self.one(
            "SELECT count(*) FROM access_token WHERE chain_id = ?",
            [chain.id],
        )
        .unwrap_or(-1)
    }

    /// Live chains of the grant that a chain belongs to.
    pub(crate) fn live_chains_beside(&self, chain: &Chain) -> i64 {
        self.one(
            "SELECT count(*) FROM token_chain WHERE ended_at IS NULL
             AND grant_id = (SELECT grant_id FROM token_chain WHERE id = ?)",
            [chain.id],
        )
        .unwrap_or(-1)
    }

    /// The events of one request.
    pub(crate) fn events(&self, request_id: &str) -> Vec<Event> {
        self.event_rows("request_id = ?", params![request_id])
    }

    /// The events of one flow with this machine reason.
    pub(crate) fn events_with_code(&self, flow_id: &str, code: &str) -> Vec<Event> {
        self.event_rows("flow_id = ? AND code = ?", params![flow_id, code])
    }

    /// The number of the latest event.
    pub(crate) fn last_event(&self) -> i64 {
        self.one("SELECT COALESCE(max(id), 0) FROM audit", [])
            .expect("the audit")
    }

    /// The number of the event of a request with this action.
    pub(crate) fn event_of(&self, request_id: &str, action: &str) -> Option<i64> {
        self.one(
            "SELECT id FROM audit WHERE request_id = ? AND action = ? AND outcome = 'ok' ORDER BY id DESC LIMIT 1",
            [request_id, action],
        )
        .ok()
    }

    /// The requests that were permitted after one event and up to another.
    pub(crate) fn permits(&self, after: i64, to: i64) -> BTreeSet<String> {
        self.0
            .prepare_cached(
                "SELECT request_id FROM audit WHERE id > ? AND id <= ? AND action LIKE 'fhir.%' AND outcome = 'ok'",
            )
            .and_then(|mut statement| {
                statement
                    .query_map([after, to], |row| row.get(0))?
                    .collect()
            })
            .expect("the audit")
    }

    fn event_rows(&self, condition: &str, parameters: impl Params) -> Vec<Event> {
        let sql = format!(
            "SELECT action, outcome, code, flow_id FROM audit
             WHERE id > (SELECT max(id) FROM audit) - {RECENT} AND {condition}"
        );
        let mut statement = self.0.prepare_cached(&sql).expect("a statement");
        statement
            .query_map(parameters, |row| {
                Ok(Event {
                    action: row.get(0)?,
                    outcome: row.get(1)?,
                    code: row.get(2)?,
                    flow_id: row.get(3)?,
                })
            })
            .and_then(Iterator::collect)
            .expect("the audit")
    }

    fn chain(&self, condition: &str, secret: &str) -> Option<Chain> {
        let sql = format!(
            "SELECT c.id, c.flow_id, c.generation, c.end_reason, c.request_id FROM token_chain c {condition}"
        );
        let hash: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        self.0
            .prepare_cached(&sql)
            .and_then(|mut statement| {
                statement
                    .query_row([hash], |row| {
                        Ok(Chain {
                            id: row.get(0)?,
                            flow_id: row.get(1)?,
                            generation: row.get(2)?,
                            end_reason: row.get(3)?,
                            request_id: row.get(4)?,
                        })
                    })
                    .optional()
            })
            .expect("the chains")
    }

    fn one<T: rusqlite::types::FromSql>(
        &self,
        sql: &str,
        parameters: impl Params,
    ) -> rusqlite::Result<T> {
        self.0
            .prepare_cached(sql)?
            .query_row(parameters, |row| row.get(0))
    }
}

/// What must never be found, whatever happened.
const RULES: &[(&str, &str)] = &[
    (
        "rows that refer to nothing",
        "SELECT 1 FROM pragma_foreign_key_check",
    ),
    (
        "codes with more than one chain",
        "SELECT 1 FROM token_chain GROUP BY code_id HAVING count(*) > 1",
    ),
    (
        "used codes without their chain",
        "SELECT 1 FROM authorization_code WHERE used_at IS NOT NULL AND id NOT IN (SELECT code_id FROM token_chain)",
    ),
    (
        "chains of unused codes",
        "SELECT 1 FROM token_chain JOIN authorization_code a ON a.id = code_id WHERE a.used_at IS NULL",
    ),
    (
        "chains without the access tokens of their generations",
        "SELECT 1 FROM token_chain c
         LEFT JOIN (SELECT chain_id, count(*) AS given FROM access_token GROUP BY chain_id) t ON t.chain_id = c.id
         WHERE c.generation + 1 > COALESCE(t.given, 0)",
    ),
    (
        "chains without the retired tokens of their generations",
        "SELECT 1 FROM token_chain c
         LEFT JOIN (SELECT chain_id, count(*) AS gone FROM retired_refresh GROUP BY chain_id) r ON r.chain_id = c.id
         WHERE c.generation <> COALESCE(r.gone, 0)",
    ),
    (
        "changes of the store without the event of their commit",
        "SELECT 1 FROM store_event s LEFT JOIN audit a ON a.id = s.audit_id WHERE a.request_id IS NOT s.request_id",
    ),
    (
        "redemptions, refreshes and replays that the audit tells of and the store does not",
        "SELECT 1 FROM audit a WHERE a.action IN ('token.code', 'token.refresh') AND a.outcome = 'ok' AND a.code = ''
         AND NOT EXISTS (SELECT 1 FROM store_event s WHERE s.audit_id = a.id AND s.source = 'token_chain')",
    ),
    (
        "chains that ended without a recorded change",
        "SELECT 1 FROM token_chain c WHERE c.ended_at IS NOT NULL AND NOT EXISTS (
             SELECT 1 FROM store_event s WHERE s.source = 'token_chain' AND s.row_id = c.id
             AND json_extract(s.after, '$.end_reason') = c.end_reason)",
    ),
    (
        "flows that redeemed twice, says the audit",
        "SELECT 1 FROM audit WHERE action = 'token.code' AND outcome = 'ok' GROUP BY flow_id HAVING count(*) > 1",
    ),
    (
        "flows with fewer access tokens than the audit says were given",
        "SELECT 1 FROM (SELECT flow_id, count(*) AS told FROM audit
                        WHERE outcome = 'ok' AND action IN ('token.code', 'token.refresh') GROUP BY flow_id) a
         LEFT JOIN (SELECT c.flow_id, count(*) AS given FROM access_token t JOIN token_chain c ON c.id = t.chain_id
                    GROUP BY c.flow_id) g ON g.flow_id = a.flow_id
         WHERE a.told > COALESCE(g.given, 0)",
    ),
];

/// Events among which those of a round are looked for: the audit has no index by request.
const RECENT: i64 = 4_000;
