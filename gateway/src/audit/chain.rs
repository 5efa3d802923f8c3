//! The chain over the audit (docs/contract/10-audit.md): links in a table of their own, each with a hash over the
//! rows of both layers that came since the link before it, signed. Links are made outside the request path, in
//! batches; whichever instance comes first makes the next one.
//!
//! A link's hash is SHA-256 over the hash of the link before it (32 zero bytes for the first), the line
//! `link ID AUDIT_TO STORE_TO SEALED_AT`, and the lines of its rows, API layer first, each line with its end.

use sha2::{Digest as _, Sha256};

use super::lines::{Layer, Line, read};
use crate::audit::verify::CLOCKS_MS;
use crate::base::ports::{Database, Durability, UnixMillis};
use crate::base::signature::{Purpose, Signer};
use crate::base::store::row::{Row, StoreError, all, one};

/// One link.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Link {
    /// 1 for the first.
    pub id: i64,
    /// Last row of the API layer that it covers.
    pub audit_to: i64,
    /// Last row of the store layer that it covers.
    pub store_to: i64,
    /// Hash of the link before it.
    pub previous: [u8; 32],
    /// Its own hash.
    pub hash: [u8; 32],
    /// When it was made.
    pub sealed_at: UnixMillis,
    /// Id of the key.
    pub key_id: String,
    /// Signature of the hash.
    pub signature: Vec<u8>,
}

impl Link {
    /// Before the first.
    #[must_use]
    pub const fn origin() -> Self {
        Self {
            id: 0,
            audit_to: 0,
            store_to: 0,
            previous: [0; 32],
            hash: [0; 32],
            sealed_at: UnixMillis(0),
            key_id: String::new(),
            signature: Vec::new(),
        }
    }

    /// Begins the hash of this link; the lines of its rows follow.
    #[must_use]
    pub fn begin(&self) -> LinkHash {
        let mut hash = Sha256::new();
        hash.update(self.previous);
        hash.update(format!(
            "link {} {} {} {}\n",
            self.id, self.audit_to, self.store_to, self.sealed_at.0
        ));
        LinkHash(hash)
    }

    /// Last row of a layer that it covers.
    #[must_use]
    pub const fn to(&self, layer: Layer) -> i64 {
        match layer {
            Layer::Api => self.audit_to,
            Layer::Store => self.store_to,
        }
    }
}

/// The hash of a link while its rows are read.
#[derive(Clone)]
pub struct LinkHash(Sha256);

impl LinkHash {
    /// The next line, without its end.
    pub fn line(&mut self, text: &str) {
        self.0.update(text.as_bytes());
        self.0.update(b"\n");
    }

    /// The hash.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// What came of [`seal`].
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Sealed {
    /// Nothing was left.
    Nothing,
    /// A link was made, here or by another instance, and it is full: there may be more to do.
    Full,
    /// A link was made, here or by another instance, of all that there was.
    Link,
    /// A row is missing after the last link. Nothing is sealed over a gap before somebody was told.
    Gap(Layer, i64),
}

/// Makes the next link of at most [`BATCH`] rows of each layer, and gives it where it was made here. With `over_gap` also where one is missing:
/// verification names it all the same, and what came after it must not go without a link.
///
/// # Errors
///
/// The store's error.
pub async fn seal(
    database: &dyn Database,
    signer: &Signer,
    now: UnixMillis,
    over_gap: bool,
) -> Result<(Sealed, Option<Link>), StoreError> {
    let last = last(database).await?.unwrap_or(Link::origin());
    let mut layers = Vec::new();
    for layer in Layer::BOTH {
        let rows = read(database, layer, last.to(layer), i64::MAX, BATCH).await?;
        if let Some(missing) = gap(last.to(layer), &rows)
            && !over_gap
        {
            return Ok((Sealed::Gap(layer, missing), None));
        }
        layers.push(rows);
    }
    if layers.iter().all(Vec::is_empty) {
        return Ok((Sealed::Nothing, None));
    }
    let end = |index: usize, layer| {
        layers
            .get(index)
            .and_then(|rows| rows.last())
            .map_or(last.to(layer), |row| row.id)
    };
    let link = Link {
        id: last.id + 1,
        audit_to: end(0, Layer::Api),
        store_to: end(1, Layer::Store),
        previous: last.hash,
        sealed_at: now,
        key_id: signer.id().to_owned(),
        ..Link::origin()
    };
    let mut hash = link.begin();
    for row in layers.iter().flatten() {
        hash.line(&row.text);
    }
    let hash = hash.finish();
    let signature = signer.sign(Purpose::Link, &hash);
    // Compare and insert: nothing is written where another instance was faster. Relaxed, because a link says
    // nothing that its rows do not say, and the log of the store is lost from its end only.
    let made = one(
        database,
        Durability::Relaxed,
        "INSERT INTO chain_link (id, audit_to, store_to, previous, hash, sealed_at, key_id, signature)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
         WHERE ?1 = 1 + COALESCE((SELECT MAX(id) FROM chain_link), 0)
         RETURNING id",
        vec![
            link.id.into(),
            link.audit_to.into(),
            link.store_to.into(),
            link.previous.as_slice().into(),
            hash.as_slice().into(),
            now.into(),
            signer.id().into(),
            signature.as_slice().into(),
        ],
    )
    .await?;
    let made = made.map(|_| Link {
        hash,
        signature: signature.to_vec(),
        ..link
    });
    let full = |rows: &Vec<Line>| i64::try_from(rows.len()).is_ok_and(|rows| rows >= BATCH);
    let sealed = if layers.iter().any(full) {
        Sealed::Full
    } else {
        Sealed::Link
    };
    Ok((sealed, made))
}

/// A row that no link covers yet and that says it ended later than clocks differ.
///
/// # Errors
///
/// The store's error.
pub async fn from_the_future(
    database: &dyn Database,
    now: UnixMillis,
) -> Result<Option<i64>, StoreError> {
    let row = one(
        database,
        Durability::Relaxed,
        "SELECT MIN(id) FROM audit
         WHERE id > COALESCE((SELECT MAX(audit_to) FROM chain_link), 0) AND ended_at > ?",
        vec![now.0.saturating_add(CLOCKS_MS).into()],
    )
    .await?;
    row.map_or(Ok(None), |row| row.optional_integer(0))
}

/// The last link.
///
/// # Errors
///
/// The store's error.
pub async fn last(database: &dyn Database) -> Result<Option<Link>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM chain_link ORDER BY id DESC LIMIT 1");
    let row = one(database, Durability::Relaxed, &sql, Vec::new()).await?;
    row.as_ref().map(link).transpose()
}

/// The links after `after`, at most `limit`.
///
/// # Errors
///
/// The store's error.
pub async fn links(
    database: &dyn Database,
    after: i64,
    limit: i64,
) -> Result<Vec<Link>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM chain_link WHERE id > ? ORDER BY id LIMIT ?");
    let rows = all(
        database,
        Durability::Relaxed,
        &sql,
        vec![after.into(), limit.into()],
    )
    .await?;
    rows.iter().map(link).collect()
}

/// What an anchor says: the rows up to a link were purged at an instant.
#[must_use]
pub fn anchor_hash(link: &Link, purged_at: UnixMillis) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(link.hash);
    hash.update(format!("purged {} {}\n", link.id, purged_at.0));
    hash.finalize().into()
}

/// The first id that is missing where ids should follow each other.
pub(crate) fn gap(after: i64, rows: &[Line]) -> Option<i64> {
    (after + 1..)
        .zip(rows)
        .find(|(expected, row)| row.id != *expected)
        .map(|(expected, _)| expected)
}

const COLUMNS: &str = "id, audit_to, store_to, previous, hash, sealed_at, key_id, signature";

fn link(row: &Row) -> Result<Link, StoreError> {
    let hash = |column| {
        row.optional_blob(column)?
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
            .ok_or(StoreError::Shape("a hash of chain_link"))
    };
    Ok(Link {
        id: row.integer(0)?,
        audit_to: row.integer(1)?,
        store_to: row.integer(2)?,
        previous: hash(3)?,
        hash: hash(4)?,
        sealed_at: row.instant(5)?,
        key_id: row.text(6)?.to_owned(),
        signature: row
            .optional_blob(7)?
            .map(<[u8]>::to_vec)
            .unwrap_or_default(),
    })
}

/// Rows of each layer in one link, at most.
pub const BATCH: i64 = 500;
