//! The triggers of both layers of the audit (docs/contract/10-audit.md), made from lists, so that no column of a
//! watched table can be forgotten: a test compares the lists with the tables.
//!
//! A statement of the API layer carries its event in the column `event` of the row that it changes. A trigger
//! puts it into `audit` *before* the row is changed; every change that follows in the same commit then points at
//! it by its id. So nothing is changed without its event, no event tells of a change that did not happen, and
//! what was changed by anything but the gateway points at an event of something else.

/// A table whose rows the store layer watches.
#[non_exhaustive]
#[derive(Debug)]
pub struct Watched {
    /// Its name.
    pub table: &'static str,
    /// The column that numbers its rows.
    pub key: &'static str,
    /// All other columns but `request_id` and `event`, and how they are shown.
    pub columns: &'static [(&'static str, Shown)],
}

/// How the value of a column is recorded.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shown {
    /// As it is.
    Plain,
    /// A keyed hash, in hexadecimal.
    Hex,
    /// Only that it is there and that it changed: hashes of secrets, sealed profiles, pictures, and the ids of
    /// people, for which a keyed hash stands beside them.
    Hidden,
}

use Shown::{Hex, Hidden, Plain};

/// What is watched.
pub const WATCHED: [Watched; 10] = [
    Watched {
        table: "identity",
        key: "id",
        columns: &[
            ("issuer", Plain),
            ("subject", Hidden),
            ("subject_length", Plain),
            ("patient_id", Hidden),
            ("patient_id_v3", Hidden),
            ("person", Hex),
            ("account", Hex),
            ("key_id", Plain),
            ("held_at", Plain),
            ("created_at", Plain),
            ("ended_at", Plain),
        ],
    },
    Watched {
        table: "identity_conflict",
        key: "id",
        columns: &[
            ("issuer", Plain),
            ("subject", Hidden),
            ("subject_length", Plain),
            ("patient_id", Hidden),
            ("patient_id_v3", Hidden),
            ("person", Hex),
            ("account", Hex),
            ("key_id", Plain),
            ("reason", Plain),
            ("seen_at", Plain),
            ("resolved_at", Plain),
        ],
    },
    Watched {
        table: "identity_resolution",
        key: "id",
        columns: &[
            ("identity_id", Plain),
            ("reason", Plain),
            ("proposed_by", Plain),
            ("proposed_at", Plain),
            ("confirmed_by", Plain),
            ("confirmed_at", Plain),
        ],
    },
    Watched {
        table: "reauthentication",
        key: "id",
        columns: &[
            ("kind", Plain),
            ("target", Plain),
            ("since", Plain),
            ("reason", Plain),
            ("at", Plain),
        ],
    },
    Watched {
        table: "purge",
        key: "id",
        columns: &[("before", Plain), ("most", Plain), ("at", Plain)],
    },
    Watched {
        table: "application",
        key: "id",
        columns: &[
            ("client_id", Plain),
            ("client_name", Plain),
            ("client_name_key", Plain),
            ("secret_hash", Hidden),
            ("token_endpoint_auth_method", Plain),
            ("redirect_uris", Plain),
            ("scope", Plain),
            ("scope_bits", Plain),
            ("data_access_type", Plain),
            ("requires_demographics", Plain),
            ("require_par", Plain),
            ("metadata", Plain),
            ("registration_token_hash", Hidden),
            ("status", Plain),
            ("suspended_by_developer", Plain),
            ("approved_metadata", Plain),
            ("approved_at", Plain),
            ("decision_reason", Plain),
            ("created_at", Plain),
            ("updated_at", Plain),
        ],
    },
    Watched {
        table: "application_logo",
        key: "application_id",
        columns: &[
            ("media_type", Plain),
            ("bytes", Hidden),
            ("updated_at", Plain),
            ("approved_media_type", Plain),
            ("approved_bytes", Hidden),
        ],
    },
    Watched {
        table: "consent_grant",
        key: "id",
        columns: &[
            ("identity_id", Plain),
            ("application_id", Plain),
            ("scope", Plain),
            ("scope_bits", Plain),
            ("data_access_type", Plain),
            ("profile_sealed", Hidden),
            ("flow_id", Plain),
            ("created_at", Plain),
            ("consented_at", Plain),
            ("expires_at", Plain),
            ("ended_at", Plain),
            ("end_reason", Plain),
        ],
    },
    Watched {
        table: "token_chain",
        key: "id",
        columns: &[
            ("code_id", Plain),
            ("grant_id", Plain),
            ("application_id", Plain),
            ("scope", Plain),
            ("scope_bits", Plain),
            ("flow_id", Plain),
            ("created_at", Plain),
            ("refresh_hash", Hidden),
            ("previous_hash", Hidden),
            ("generation", Plain),
            ("rotated_at", Plain),
            ("rotated_from", Hidden),
            ("access_hash", Hidden),
            ("access_expires_at", Plain),
            ("ended_at", Plain),
            ("end_reason", Plain),
        ],
    },
    Watched {
        table: "lock_down",
        key: "id",
        columns: &[
            ("kind", Plain),
            ("target", Plain),
            ("reason", Plain),
            ("operator", Plain),
            ("started_at", Plain),
            ("lifted_at", Plain),
            ("lift_reason", Plain),
            ("lifted_by", Plain),
        ],
    },
];

/// The tables whose rows carry an event, and the operation that does.
const CARRIERS: [(&str, &str); 21] = [
    ("access_token", "INSERT"),
    ("account_session", "UPDATE OF event"),
    ("application", "INSERT"),
    ("application", "UPDATE OF event"),
    ("application_logo", "INSERT"),
    ("authorization_code", "UPDATE OF event"),
    ("authorization_request", "UPDATE OF event"),
    ("consent_grant", "UPDATE OF event"),
    ("identity", "INSERT"),
    ("identity", "UPDATE OF event"),
    ("identity_conflict", "INSERT"),
    ("identity_resolution", "INSERT"),
    ("identity_resolution", "UPDATE OF event"),
    ("lock_down", "INSERT"),
    ("lock_down", "UPDATE OF event"),
    ("operator_session", "INSERT"),
    ("operator_session", "UPDATE OF event"),
    ("purge", "INSERT"),
    ("reauthentication", "INSERT"),
    (SIGN_OUT, "INSERT"),
    ("token_chain", "UPDATE OF event"),
];

/// A view: its triggers run in place of the insert.
const SIGN_OUT: &str = "sign_out";

/// Tables to which rows are only ever added, at the end and one by one.
const APPENDED: [&str; 4] = ["audit", "store_event", "chain_link", "chain_anchor"];

/// Every trigger that is made from the lists, as the statement that creates it.
#[must_use]
pub fn triggers() -> Vec<String> {
    let carried = CARRIERS
        .iter()
        .map(|(table, operation)| carried(table, operation));
    let watched = WATCHED
        .iter()
        .flat_map(|watched| [watched.inserted(), watched.updated(), watched.deleted()]);
    let kept = APPENDED.iter().flat_map(|table| kept(table));
    let replaced = WATCHED.iter().filter_map(Watched::never_replaced);
    carried.chain(watched).chain(replaced).chain(kept).collect()
}

/// Writes the event that a row carries. Before the row is changed, so that what the store layer records of the
/// change, and of everything that follows from it, finds the event by its id.
fn carried(table: &str, operation: &str) -> String {
    let kind = operation.split(' ').next().unwrap_or_default();
    // A redemption learns only from its row whose it is, and the end of a grant which application had it.
    let (flow, person) = match table {
        "authorization_code" => ("NEW.flow_id", "COALESCE(NEW.person, x'')"),
        _ => (
            "json_extract(NEW.event, '$[2]')",
            "unhex(json_extract(NEW.event, '$[5]'))",
        ),
    };
    let client = match table {
        "consent_grant" => "(SELECT client_id FROM application WHERE id = NEW.application_id)",
        _ => "json_extract(NEW.event, '$[4]')",
    };
    let when = if table == SIGN_OUT {
        "INSTEAD OF"
    } else {
        "BEFORE"
    };
    format!(
        "CREATE TRIGGER {table}_{kind}_tells
{when} {operation} ON {table}
WHEN NEW.event IS NOT NULL
BEGIN
    INSERT INTO audit (started_at, ended_at, request_id, flow_id, actor, client_id, person, action, outcome, code, level,
                       account)
    VALUES (json_extract(NEW.event, '$[0]'), json_extract(NEW.event, '$[1]'), NEW.request_id, {flow},
            json_extract(NEW.event, '$[3]'), {client}, {person},
            json_extract(NEW.event, '$[6]'), json_extract(NEW.event, '$[7]'), json_extract(NEW.event, '$[8]'),
            json_extract(NEW.event, '$[9]'), COALESCE(unhex(json_extract(NEW.event, '$[10]')), x''));
END;",
        kind = kind.to_lowercase()
    )
}

impl Watched {
    fn inserted(&self) -> String {
        self.recorded(
            "INSERT",
            "NEW.request_id",
            "NEW",
            &format!("NULL, {}", self.values("NEW")),
            "",
        )
    }

    fn deleted(&self) -> String {
        self.recorded(
            "DELETE",
            "COALESCE((SELECT request_id FROM removal), '')",
            "OLD",
            &format!("{}, NULL", self.values("OLD")),
            "",
        )
    }

    /// Only what differs, and nothing where nothing does.
    fn updated(&self) -> String {
        let compared: Vec<_> = std::iter::once((self.key, Plain))
            .chain(self.columns.iter().copied())
            .map(|(column, shown)| {
                let (old, new) = (shown.value("OLD", column), shown.value("NEW", column));
                format!(
                    "SELECT '{column}' AS name, {old} AS old, {new} AS new WHERE OLD.{column} IS NOT NEW.{column}"
                )
            })
            .collect();
        let from = format!(
            "\n    FROM (\n        {}\n    )\n    HAVING COUNT(*) > 0",
            compared.join("\n        UNION ALL ")
        );
        self.recorded(
            "UPDATE",
            "NEW.request_id",
            "OLD",
            "json_group_object(name, old), json_group_object(name, new)",
            &from,
        )
    }

    /// A REPLACE would remove a row without any delete trigger. (A logo is replaced, by an UPSERT: that is an update.)
    fn never_replaced(&self) -> Option<String> {
        let Self { table, key, .. } = self;
        (*key == "id").then(|| never_replaced(table))
    }

    fn recorded(
        &self,
        operation: &str,
        request: &str,
        row: &str,
        values: &str,
        from: &str,
    ) -> String {
        let Self { table, key, .. } = self;
        let kind = operation.to_lowercase();
        format!(
            "CREATE TRIGGER {table}_{kind}_recorded
AFTER {operation} ON {table}
BEGIN
    INSERT INTO store_event (at, request_id, audit_id, source, row_id, operation, before, after)
    SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER), {request}, COALESCE((SELECT MAX(id) FROM audit), 0),
           '{table}', {row}.{key}, '{kind}', {values}{from};
END;"
        )
    }

    /// A row's columns as a JSON object, shown as the store layer records them.
    pub(crate) fn values(&self, row: &str) -> String {
        let pairs: Vec<_> = self
            .columns
            .iter()
            .map(|(column, shown)| format!("'{column}', {}", shown.value(row, column)))
            .collect();
        format!("json_object({})", pairs.join(", "))
    }
}

impl Shown {
    fn value(self, row: &str, column: &str) -> String {
        match self {
            Plain => format!("{row}.{column}"),
            Hex => format!("lower(hex({row}.{column}))"),
            Hidden => format!("IIF({row}.{column} IS NULL, NULL, 'hidden')"),
        }
    }
}

/// Refuses change, removal and replacement. A row is added with the number after the last one, so that neither
/// a gap nor a row in between can come about; a REPLACE would delete without any delete trigger
/// (`recursive_triggers` is off), so it is refused before it begins, and so is an UPSERT.
fn kept(table: &str) -> [String; 4] {
    // Only what a signed anchor names may go, which only old rows can be; `chain_link` and anchors never go.
    let removable = match table {
        "audit" => Some("audit_to"),
        "store_event" => Some("store_to"),
        _ => None,
    };
    // Numbers are given out one by one, also where the rows at the end are gone: by retention, or because somebody
    // took them, which must not stop the gateway and is found by the chain.
    let given = removable.map_or_else(
        || "0".to_owned(),
        |_| format!("COALESCE((SELECT seq FROM sqlite_sequence WHERE name = '{table}'), 0)"),
    );
    let removable = removable.map_or_else(String::new, |column| {
        format!(
            "\nWHEN OLD.id > COALESCE((SELECT MAX(l.{column}) FROM chain_anchor a JOIN chain_link l ON l.id = a.link_id), 0)"
        )
    });
    [
        format!(
            "CREATE TRIGGER {table}_is_never_changed
BEFORE UPDATE ON {table}
BEGIN
    SELECT RAISE(ABORT, '{table} rows are never changed');
END;"
        ),
        format!(
            "CREATE TRIGGER {table}_is_never_removed
BEFORE DELETE ON {table}{removable}
BEGIN
    SELECT RAISE(ABORT, '{table} rows are never removed');
END;"
        ),
        never_replaced(table),
        format!(
            "CREATE TRIGGER {table}_is_appended
AFTER INSERT ON {table}
WHEN NEW.id <> 1 + MAX(COALESCE((SELECT MAX(id) FROM {table} WHERE id < NEW.id), 0), {given})
  OR NEW.id <> (SELECT MAX(id) FROM {table})
BEGIN
    SELECT RAISE(ABORT, '{table} rows are only added at the end');
END;"
        ),
    ]
}

fn never_replaced(table: &str) -> String {
    format!(
        "CREATE TRIGGER {table}_is_never_replaced
BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, '{table} rows are never replaced');
END;"
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use futures::executor::block_on;

    use super::*;
    use crate::base::adapters::native::SqliteDatabase;
    use crate::base::ports::{Database as _, Durability, Rows, Value};

    fn run(database: &SqliteDatabase, sql: &str) -> Result<Rows, String> {
        block_on(database.execute(Durability::Durable, sql, Vec::new())).map_err(|error| error.0)
    }

    fn texts(database: &SqliteDatabase, sql: &str) -> Vec<String> {
        let rows = run(database, sql).unwrap();
        rows.into_iter()
            .map(|row| match &row[0] {
                Value::Text(text) => text.clone(),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    const EVENT: &str = r#"[1,2,"flow","actor","client","ab","act","ok","","info"]"#;

    #[test]
    fn no_column_of_a_watched_table_is_forgotten() {
        let database = SqliteDatabase::in_memory();
        for watched in &WATCHED {
            let sql = format!("SELECT name FROM pragma_table_info('{}')", watched.table);
            let actual: BTreeSet<_> = texts(&database, &sql).into_iter().collect();
            let listed: BTreeSet<_> = watched
                .columns
                .iter()
                .map(|(column, _)| *column)
                .chain([watched.key, "request_id", "event"])
                .map(str::to_owned)
                .collect();
            assert_eq!(actual, listed, "{}", watched.table);
        }
    }

    #[test]
    fn every_table_with_an_event_tells_it_and_every_told_table_of_the_life_cycle_is_watched() {
        let database = SqliteDatabase::in_memory();
        let sql = "SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c ON c.name = 'event'
                   WHERE m.type IN ('table', 'view')";
        let with_event: BTreeSet<_> = texts(&database, sql).into_iter().collect();
        let told: BTreeSet<_> = CARRIERS
            .iter()
            .map(|(table, _)| (*table).to_owned())
            .collect();
        assert_eq!(with_event, told);
        // These only carry: what they lead to is in a watched table.
        let carriers = [
            "access_token",
            "account_session",
            "authorization_code",
            "authorization_request",
            "operator_session",
            SIGN_OUT,
        ];
        let watched: BTreeSet<_> = WATCHED
            .iter()
            .map(|watched| watched.table.to_owned())
            .collect();
        assert_eq!(
            watched,
            told.into_iter()
                .filter(|table| !carriers.contains(&table.as_str()))
                .collect()
        );
    }

    fn with_application() -> SqliteDatabase {
        let database = SqliteDatabase::in_memory();
        let insert = format!(
            "INSERT INTO application (id, client_id, client_name, client_name_key, secret_hash, token_endpoint_auth_method,
                 redirect_uris, scope, scope_bits, data_access_type, requires_demographics, metadata, status, created_at,
                 updated_at, request_id, event)
             VALUES (7, '{}', 'App', 'app', x'{}', 'none', '[]', '', 0, 'ONE_TIME', 0, '{{}}', 'active', 1, 1, 'r1', '{EVENT}')",
            "x".repeat(40),
            "5e".repeat(32)
        );
        run(&database, &insert).unwrap();
        database
    }

    const RECORDED: &str = "SELECT json_array(request_id, audit_id, source, row_id, operation, json(before), json(after))
                            FROM store_event ORDER BY id DESC LIMIT 1";

    #[test]
    fn an_insert_an_update_and_a_delete_are_recorded_with_what_changed_and_their_event() {
        let database = with_application();
        let inserted = texts(&database, RECORDED).remove(0);
        assert!(
            inserted.starts_with(r#"["r1",1,"application",7,"insert",null,{"#),
            "{inserted}"
        );
        assert!(inserted.contains(r#""client_name":"App""#), "{inserted}");
        assert!(
            inserted.contains(r#""secret_hash":"hidden""#)
                && !inserted.to_lowercase().contains("5e5e")
        );

        let update = format!(
            "UPDATE application SET status = 'suspended', secret_hash = x'{}', request_id = 'r2', event = '{EVENT}'",
            "6f".repeat(32)
        );
        run(&database, &update).unwrap();
        assert_eq!(
            texts(&database, RECORDED),
            [
                r#"["r2",2,"application",7,"update",{"secret_hash":"hidden","status":"active"},{"secret_hash":"hidden","status":"suspended"}]"#
            ]
        );

        let replace = "REPLACE INTO application SELECT * FROM application";
        assert!(
            run(&database, replace)
                .unwrap_err()
                .contains("never replaced")
        );

        run(&database, "DELETE FROM application").unwrap();
        let deleted = texts(&database, RECORDED).remove(0);
        assert!(
            deleted.starts_with(r#"["",2,"application",7,"delete",{"#),
            "{deleted}"
        );
        assert!(deleted.ends_with("},null]"), "{deleted}");
        let told = "SELECT json_array(id, started_at, ended_at, request_id, flow_id, actor, client_id, hex(person), action, outcome, level)
                    FROM audit ORDER BY id DESC LIMIT 1";
        assert_eq!(
            texts(&database, told),
            [r#"[2,1,2,"r2","flow","actor","client","AB","act","ok","info"]"#]
        );
    }

    #[test]
    fn the_ids_of_people_are_recorded_as_keyed_hashes_only() {
        let database = SqliteDatabase::in_memory();
        run(
            &database,
            "INSERT INTO identity (issuer, subject, subject_length, patient_id, person, account, key_id, created_at, request_id)
             VALUES ('i', CAST('the-subject' AS BLOB), 11, '-20140000008325', x'AB01', x'CD02', 'k1', 1, 'r')",
        )
        .unwrap();
        assert_eq!(
            texts(&database, "SELECT after FROM store_event"),
            [
                r#"{"issuer":"i","subject":"hidden","subject_length":11,"patient_id":"hidden","patient_id_v3":null,"person":"ab01","account":"cd02","key_id":"k1","held_at":null,"created_at":1,"ended_at":null}"#
            ]
        );
    }

    /// Each way to change, remove or replace a row, also those that run no delete trigger.
    #[test]
    fn rows_of_the_audit_are_never_changed_removed_replaced_or_slipped_in() {
        let database = with_application();
        let hash = "00".repeat(32);
        let signature = "00".repeat(64);
        for id in 1..=3 {
            run(&database, &format!("INSERT INTO chain_link VALUES ({id}, 0, 0, x'{hash}', x'{hash}', 1, 'k', x'{signature}')"))
                .unwrap();
            run(
                &database,
                &format!("INSERT INTO chain_anchor VALUES ({id}, 1, 1, 'r', 'k', x'{signature}')"),
            )
            .unwrap();
            run(
                &database,
                "UPDATE application SET updated_at = updated_at + 1",
            )
            .unwrap();
            run(&database, "INSERT INTO audit SELECT NULL, 1, 1, 'r', '', '', '', x'', 'a', 'ok', '', NULL, NULL, 'info', x'', NULL, NULL").unwrap();
        }
        run(&database, "DELETE FROM audit WHERE id = 99").unwrap();
        let before = run(&database, "SELECT * FROM audit").unwrap();
        for table in APPENDED {
            let columns = texts(
                &database,
                &format!("SELECT name FROM pragma_table_info('{table}')"),
            );
            let column = &columns[1];
            let rest = columns[1..].join(", ");
            let copy = |id: &str| format!("SELECT {id}, {rest} FROM {table} WHERE id = 2");
            for (attempt, reason) in [
                (
                    format!("UPDATE {table} SET {column} = {column}"),
                    "never changed",
                ),
                (
                    format!("UPDATE OR IGNORE {table} SET id = 99 WHERE id = 2"),
                    "never changed",
                ),
                (
                    format!("UPDATE OR REPLACE {table} SET id = 1 WHERE id = 2"),
                    "never changed",
                ),
                (format!("DELETE FROM {table}"), "never removed"),
                (
                    format!("DELETE FROM {table} WHERE id = (SELECT MAX(id) FROM {table})"),
                    "never removed",
                ),
                (
                    format!("INSERT OR REPLACE INTO {table} {}", copy("2")),
                    "never replaced",
                ),
                (
                    format!("REPLACE INTO {table} {}", copy("1")),
                    "never replaced",
                ),
                (
                    format!("INSERT OR IGNORE INTO {table} {}", copy("2")),
                    "never replaced",
                ),
                (
                    format!(
                        "INSERT INTO {table} {} AND true ON CONFLICT (id) DO UPDATE SET {column} = 9",
                        copy("2")
                    ),
                    "never replaced",
                ),
                (
                    format!("INSERT INTO {table} {}", copy("99")),
                    "only added at the end",
                ),
                (
                    format!("INSERT INTO {table} {}", copy("0")),
                    "only added at the end",
                ),
                (
                    format!("INSERT INTO {table} {}", copy("-1")),
                    "only added at the end",
                ),
            ] {
                let error = run(&database, &attempt).unwrap_err();
                assert!(error.contains(reason), "{attempt}: {error}");
            }
        }
        assert_eq!(run(&database, "SELECT * FROM audit").unwrap(), before);
    }
}
