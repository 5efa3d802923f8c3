//! Rows of both layers of the audit as lines of JSON: what the chain hashes and what an export shows are the same
//! bytes, so whoever has the lines can check the chain with nothing but SHA-256.

use serde_json::value::RawValue;

use crate::base::ports::{Database, Durability, Value};
use crate::base::secret::hex;
use crate::base::store::StoreError;

/// One layer.
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Layer {
    /// The API layer, table `audit`.
    Api,
    /// The store layer, table `store_event`.
    Store,
}

impl Layer {
    /// Both, in the order of the lines of a link.
    pub const BOTH: [Self; 2] = [Self::Api, Self::Store];

    /// The table.
    #[must_use]
    pub const fn table(self) -> &'static str {
        match self {
            Self::Api => "audit",
            Self::Store => "store_event",
        }
    }

    /// The first member of a line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Store => "store",
        }
    }

    /// Every column, in the order of a line. A new column comes last.
    #[must_use]
    pub const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Api => &[
                "id",
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
                "account",
                "backend_ms",
                "matches",
            ],
            Self::Store => &[
                "id",
                "at",
                "request_id",
                "audit_id",
                "source",
                "row_id",
                "operation",
                "before",
                "after",
            ],
        }
    }
}

/// One row as a line, without its end, and its id.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// Row id.
    pub id: i64,
    /// JSON.
    pub text: String,
}

/// The rows with ids after `after` up to and with `to`, at most `limit`.
///
/// # Errors
///
/// The store's error.
pub async fn read(
    database: &dyn Database,
    layer: Layer,
    after: i64,
    to: i64,
    limit: i64,
) -> Result<Vec<Line>, StoreError> {
    let sql = format!(
        "SELECT {} FROM {} WHERE id > ? AND id <= ? ORDER BY id LIMIT ?",
        layer.columns().join(", "),
        layer.table()
    );
    let rows = database
        .execute(
            Durability::Relaxed,
            &sql,
            vec![after.into(), to.into(), limit.into()],
        )
        .await?;
    rows.iter().map(|row| line(layer, row)).collect()
}

fn line(layer: Layer, row: &[Value]) -> Result<Line, StoreError> {
    let Some(Value::Integer(id)) = row.first() else {
        return Err(StoreError::Shape("a row of the audit"));
    };
    let mut text = String::with_capacity(LENGTH);
    text.push_str("{\"layer\":\"");
    text.push_str(layer.name());
    text.push('"');
    for (column, value) in layer.columns().iter().zip(row) {
        text.push_str(",\"");
        text.push_str(column);
        text.push_str("\":");
        match value {
            Value::Null => text.push_str("null"),
            Value::Integer(number) => text.push_str(&number.to_string()),
            Value::Blob(bytes) => quote(&mut text, &hex(bytes)),
            // These two are JSON already, as the triggers made it.
            Value::Text(json) if layer == Layer::Store && matches!(*column, "before" | "after") => {
                match serde_json::from_str::<&RawValue>(json) {
                    Ok(raw) if !raw.get().contains(['\n', '\r']) => text.push_str(raw.get()),
                    _ => quote(&mut text, json),
                }
            }
            Value::Text(plain) => quote(&mut text, plain),
            Value::Real(_) => return Err(StoreError::Shape("a row of the audit")),
        }
    }
    text.push('}');
    Ok(Line { id: *id, text })
}

/// Nearly every text is one that JSON shows as it is.
fn quote(text: &mut String, value: &str) {
    if value
        .bytes()
        .all(|byte| byte >= b' ' && !matches!(byte, b'"' | b'\\'))
    {
        text.push('"');
        text.push_str(value);
        text.push('"');
    } else {
        text.push_str(&serde_json::Value::from(value).to_string());
    }
}

/// What most lines need.
const LENGTH: usize = 512;

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::base::adapters::native::SqliteDatabase;

    #[test]
    fn a_line_has_every_column_of_its_table() {
        let database = SqliteDatabase::in_memory();
        for layer in Layer::BOTH {
            let sql = format!("SELECT name FROM pragma_table_info('{}')", layer.table());
            let rows = block_on(database.execute(Durability::Relaxed, &sql, vec![])).unwrap();
            let columns: Vec<_> = rows
                .into_iter()
                .map(|row| match &row[0] {
                    Value::Text(name) => name.clone(),
                    other => panic!("{other:?}"),
                })
                .collect();
            assert_eq!(columns, layer.columns(), "{}", layer.table());
        }
    }

    #[test]
    fn a_line_is_one_line_whatever_is_in_the_row() {
        let row = vec![
            Value::Integer(1),
            Value::Integer(2),
            Value::Text("r\n\"".to_owned()),
            Value::Integer(3),
            Value::Text("t".to_owned()),
            Value::Integer(4),
            Value::Text("insert".to_owned()),
            Value::Null,
            Value::Text("{\"a\":[1,\"\u{e9}\"]}".to_owned()),
        ];
        assert_eq!(
            line(Layer::Store, &row).unwrap().text,
            "{\"layer\":\"store\",\"id\":1,\"at\":2,\"request_id\":\"r\\n\\\"\",\"audit_id\":3,\"source\":\"t\",\"row_id\":4,\
             \"operation\":\"insert\",\"before\":null,\"after\":{\"a\":[1,\"\u{e9}\"]}}"
        );
        for odd in ["not json", "{\n}", ""] {
            let mut row = row.clone();
            row[8] = Value::Text(odd.to_owned());
            let text = line(Layer::Store, &row).unwrap().text;
            assert!(!text.contains('\n'), "{text}");
            serde_json::from_str::<serde_json::Value>(&text).unwrap();
        }
    }
}
