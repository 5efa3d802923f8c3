//! Rows read by column, with an error instead of a guess where a value is not what the schema says.

use std::error::Error;

use bluegate_shared::id::PatientId;
use bluegate_shared::scope::{Permissions, ScopeSet};

use crate::base::errors::Misread;
use crate::base::ports::{Database, DatabaseError, Durability, UnixMillis, Value};
use crate::base::version::PatientIds;

/// The store failed, or holds what its schema does not allow.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store did not answer, or refused. Nothing is known about whether the statement was applied.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A value has another type or form than the schema says.
    #[error("store: unexpected value in {0}")]
    Shape(&'static str),
    /// The same, and what is wrong with it.
    #[error("store: unexpected value in {0}")]
    Value(&'static str, #[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// Of what a value in such a place cannot be read as. The error must not tell the value.
    pub(crate) fn of<E: Into<Box<dyn Error + Send + Sync>>>(
        place: &'static str,
    ) -> impl FnOnce(E) -> Self {
        move |cause| Self::Value(place, cause.into())
    }

    /// The same of JSON.
    pub(crate) fn of_json(place: &'static str) -> impl FnOnce(serde_json::Error) -> Self {
        move |cause| Self::Value(place, Misread::from(cause).into())
    }
}

/// One row of a result.
pub struct Row(Vec<Value>);

impl Row {
    /// Text.
    ///
    /// # Errors
    ///
    /// [`StoreError::Shape`] where it is not text; so for all of these.
    pub fn text(&self, column: usize) -> Result<&str, StoreError> {
        match self.0.get(column) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(StoreError::Shape("a text column")),
        }
    }

    /// Text or nothing.
    ///
    /// # Errors
    ///
    /// As [`Row::text`].
    pub fn optional_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.text(column).map(Some),
        }
    }

    /// A number.
    ///
    /// # Errors
    ///
    /// As [`Row::text`].
    pub fn integer(&self, column: usize) -> Result<i64, StoreError> {
        match self.0.get(column) {
            Some(Value::Integer(number)) => Ok(*number),
            _ => Err(StoreError::Shape("a number column")),
        }
    }

    /// A number or nothing.
    ///
    /// # Errors
    ///
    /// As [`Row::text`].
    pub fn optional_integer(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.integer(column).map(Some),
        }
    }

    /// 0 or 1.
    ///
    /// # Errors
    ///
    /// As [`Row::text`].
    pub fn flag(&self, column: usize) -> Result<bool, StoreError> {
        self.integer(column).map(|number| number != 0)
    }

    /// An instant.
    ///
    /// # Errors
    ///
    /// As [`Row::text`].
    pub fn instant(&self, column: usize) -> Result<UnixMillis, StoreError> {
        self.integer(column).map(UnixMillis)
    }

    /// An instant or nothing.
    ///
    /// # Errors
    ///
    /// As [`Row::text`].
    pub fn optional_instant(&self, column: usize) -> Result<Option<UnixMillis>, StoreError> {
        Ok(self.optional_integer(column)?.map(UnixMillis))
    }

    /// Bytes or nothing.
    ///
    /// # Errors
    ///
    /// As [`Row::text`].
    pub fn optional_blob(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        match self.0.get(column) {
            Some(Value::Blob(bytes)) => Ok(Some(bytes)),
            Some(Value::Null) => Ok(None),
            _ => Err(StoreError::Shape("a blob column")),
        }
    }

    /// A list of scopes.
    ///
    /// # Errors
    ///
    /// As [`Row::text`], and where a scope is unknown.
    pub fn scopes(&self, column: usize) -> Result<ScopeSet, StoreError> {
        ScopeSet::parse(self.text(column)?).map_err(StoreError::of("a scope column"))
    }

    /// A person's patient ids: the column of v1 and v2, and the one of v3.
    ///
    /// # Errors
    ///
    /// As [`Row::text`], and where one is no patient id.
    pub fn patients(&self, shared: usize, v3: usize) -> Result<PatientIds, StoreError> {
        let parse = |text| PatientId::parse(text).map_err(StoreError::of("a patient id"));
        Ok(PatientIds::new(
            parse(self.text(shared)?)?,
            self.optional_text(v3)?.map(parse).transpose()?,
        ))
    }

    /// The bits of permissions.
    ///
    /// # Errors
    ///
    /// As [`Row::text`], and where a bit is unknown.
    pub fn permissions(&self, column: usize) -> Result<Permissions, StoreError> {
        Permissions::from_bits(self.integer(column)?)
            .ok_or(StoreError::Shape("a scope_bits column"))
    }
}

/// Runs a statement that gives at most one row.
///
/// # Errors
///
/// The store's error.
pub async fn one(
    database: &dyn Database,
    durability: Durability,
    sql: &str,
    parameters: Vec<Value>,
) -> Result<Option<Row>, StoreError> {
    Ok(database
        .execute(durability, sql, parameters)
        .await?
        .into_iter()
        .next()
        .map(Row))
}

/// Runs a statement and gives all its rows.
///
/// # Errors
///
/// The store's error.
pub async fn all(
    database: &dyn Database,
    durability: Durability,
    sql: &str,
    parameters: Vec<Value>,
) -> Result<Vec<Row>, StoreError> {
    Ok(database
        .execute(durability, sql, parameters)
        .await?
        .into_iter()
        .map(Row)
        .collect())
}
