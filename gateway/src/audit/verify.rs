//! The chain recomputed, in the store or in an export, and the schema compared with the shipped one.
//!
//! Whoever can write to the file can do anything to it but sign: so a change of a sealed row, of a link or of a
//! whole stretch of links is found. Rows that no link covers yet are only counted, and links cut off at the end
//! are found with the head of an earlier export ([`Head`]).

mod file;
mod schema;

use std::collections::BTreeMap;

use super::chain::{Link, anchor_hash, gap, links};
use super::lines::{Layer, read};
use crate::base::ports::{Database, Durability, UnixMillis};
use crate::base::signature::{PublicKey, Purpose};
use crate::base::store::row::{StoreError, all, one};

pub use file::File;
pub(crate) use schema::differences as schema_differences;

/// What was found.
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Links that were checked.
    pub links: i64,
    /// Rows that were checked, both layers.
    pub rows: i64,
    /// Rows that no link covers yet.
    pub unsealed: i64,
    /// Up to which link rows were purged, by a signed anchor.
    pub purged_to: i64,
    /// The first link that is broken.
    pub broken: Option<Broken>,
    /// Tables, indexes, triggers and views that are not as shipped.
    pub schema: Vec<String>,
}

impl Report {
    /// Nothing is wrong.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.broken.is_none() && self.schema.is_empty()
    }
}

/// The first link that is broken, and why.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Broken {
    /// The link.
    pub link: i64,
    /// In words.
    pub reason: String,
}

/// A link that was exported earlier: the chain must still have it.
#[allow(clippy::exhaustive_structs)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Head {
    /// Its id.
    pub link: i64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// Recomputes the whole chain and compares the schema.
///
/// # Errors
///
/// The store's error.
pub async fn verify(
    database: &dyn Database,
    keys: &[PublicKey],
    head: Option<Head>,
) -> Result<Report, StoreError> {
    let mut report = Report {
        schema: schema::differences(database).await?,
        ..Report::default()
    };
    let check = Check::new(keys, head);
    report.purged_to = match purged_to(database, keys).await? {
        Ok(to) => to,
        Err(broken) => {
            report.broken = Some(broken);
            return Ok(report);
        }
    };
    let mut previous = Link::origin();
    loop {
        let batch = links(database, previous.id, 100).await?;
        if batch.is_empty() {
            break;
        }
        for link in batch {
            let purged = link.id <= report.purged_to;
            report.broken = check.follows(&previous, &link).err();
            let mut hash = link.begin();
            for layer in Layer::BOTH {
                let (after, to) = (previous.to(layer), link.to(layer));
                let rows = read(database, layer, after, to, i64::MAX).await?;
                if purged && rows.is_empty() {
                    continue;
                }
                let missing = gap(after, &rows).or_else(|| {
                    let end = rows.last().map_or(after, |row| row.id);
                    (end < to).then_some(end + 1)
                });
                if let Some(id) = missing {
                    report.broken.get_or_insert_with(|| Broken {
                        link: link.id,
                        reason: format!("{} row {id} is missing", layer.table()),
                    });
                }
                report.rows += i64::try_from(rows.len()).unwrap_or(i64::MAX);
                for row in &rows {
                    hash.line(&row.text);
                    if is_newer(&row.text, &link) {
                        report.broken.get_or_insert_with(|| newer(&link, row.id));
                    }
                }
            }
            if !purged && report.broken.is_none() && hash.finish() != link.hash {
                report.broken = Some(Broken {
                    link: link.id,
                    reason: format!(
                        "a row among audit {} to {} or store_event {} to {} was changed or moved",
                        previous.audit_to + 1,
                        link.audit_to,
                        previous.store_to + 1,
                        link.store_to
                    ),
                });
            }
            if report.broken.is_some() {
                return Ok(report);
            }
            report.links = link.id;
            previous = link;
        }
    }
    report.broken = check.end(&previous).err();
    if report.broken.is_none() {
        (report.unsealed, report.broken) = tail(database, &previous).await?;
    }
    Ok(report)
}

/// What follows a chain link by link, in a store or in a file.
pub struct Check {
    keys: BTreeMap<String, PublicKey>,
    head: Option<Head>,
}

impl Check {
    /// With the keys that may have signed.
    #[must_use]
    pub fn new(keys: &[PublicKey], head: Option<Head>) -> Self {
        let keys = keys.iter().map(|key| (key.id().to_owned(), key.clone()));
        Self {
            keys: keys.collect(),
            head,
        }
    }

    /// Whether `link` may come after `previous`: everything but its rows.
    ///
    /// # Errors
    ///
    /// What is broken.
    pub fn follows(&self, previous: &Link, link: &Link) -> Result<(), Broken> {
        let broken = |reason: &str| {
            Err(Broken {
                link: link.id,
                reason: reason.to_owned(),
            })
        };
        if link.id != previous.id + 1 {
            return Err(Broken {
                link: previous.id + 1,
                reason: "the link is missing".to_owned(),
            });
        }
        if link.previous != previous.hash {
            return broken("it does not name the hash of the link before it");
        }
        if link.audit_to < previous.audit_to || link.store_to < previous.store_to {
            return broken("it covers rows of a link before it");
        }
        let Some(key) = self.keys.get(&link.key_id) else {
            return Err(Broken {
                link: link.id,
                reason: format!("no public key is known for `{}`", link.key_id),
            });
        };
        if !key.verifies(Purpose::Link, &link.hash, &link.signature) {
            return broken("its signature is not of this chain's key");
        }
        if self
            .head
            .is_some_and(|head| head.link == link.id && head.hash != link.hash)
        {
            return broken("it is not the link of the earlier head");
        }
        Ok(())
    }

    /// At the end of the chain.
    ///
    /// # Errors
    ///
    /// What is missing.
    pub fn end(&self, last: &Link) -> Result<(), Broken> {
        match self.head {
            Some(head) if head.link > last.id => Err(Broken {
                link: last.id + 1,
                reason: format!(
                    "the chain ends before link {}, which an earlier head names",
                    head.link
                ),
            }),
            _ => Ok(()),
        }
    }
}

/// Whether an event says that it ended after its link was made, by more than clocks differ.
fn is_newer(line: &str, link: &Link) -> bool {
    #[derive(serde::Deserialize)]
    struct Event {
        ended_at: i64,
    }
    // The store layer has the clock of the store, which may be another one.
    serde_json::from_str::<Event>(line)
        .is_ok_and(|event| event.ended_at > link.sealed_at.0.saturating_add(CLOCKS_MS))
}

fn newer(link: &Link, row: i64) -> Broken {
    Broken {
        link: link.id,
        reason: format!("audit row {row} is newer than the link"),
    }
}

/// By how much the clocks of instances may differ.
pub(super) const CLOCKS_MS: i64 = 300_000;

/// The rows after the last link: their number, or the first that is missing. Ids are given out one by one, also
/// where all rows at the end are gone.
async fn tail(database: &dyn Database, last: &Link) -> Result<(i64, Option<Broken>), StoreError> {
    let mut unsealed = 0;
    for layer in Layer::BOTH {
        let sql = format!(
            "SELECT COUNT(*), COALESCE((SELECT seq FROM sqlite_sequence WHERE name = '{0}'), 0) FROM {0} WHERE id > ?",
            layer.table()
        );
        let row = one(
            database,
            Durability::Relaxed,
            &sql,
            vec![last.to(layer).into()],
        )
        .await?
        .ok_or(StoreError::Shape("a count"))?;
        let (count, given) = (row.integer(0)?, row.integer(1)?);
        unsealed += count;
        if given - last.to(layer) != count {
            return Ok((
                unsealed,
                Some(Broken {
                    link: last.id + 1,
                    reason: format!("rows of {} after its last link are missing", layer.table()),
                }),
            ));
        }
    }
    Ok((unsealed, None))
}

/// The link up to which rows were purged, by anchors that are signed.
async fn purged_to(
    database: &dyn Database,
    keys: &[PublicKey],
) -> Result<Result<i64, Broken>, StoreError> {
    let anchors = all(
        database,
        Durability::Relaxed,
        "SELECT link_id, purged_at, key_id, signature FROM chain_anchor ORDER BY id",
        Vec::new(),
    )
    .await?;
    let mut to = 0;
    for anchor in anchors {
        let id = anchor.integer(0)?;
        let purged_at = UnixMillis(anchor.integer(1)?);
        let link = links(database, id - 1, 1).await?.into_iter().next();
        let key = keys
            .iter()
            .find(|key| anchor.text(2).is_ok_and(|id| id == key.id()));
        let signed = match (link.filter(|link| link.id == id), key) {
            (Some(link), Some(key)) => key.verifies(
                Purpose::Anchor,
                &anchor_hash(&link, purged_at),
                anchor.optional_blob(3)?.unwrap_or_default(),
            ),
            _ => false,
        };
        if !signed || id <= to {
            return Ok(Err(Broken {
                link: id,
                reason:
                    "the anchor that says its rows were purged is not signed by this chain's key"
                        .to_owned(),
            }));
        }
        to = id;
    }
    Ok(Ok(to))
}

#[cfg(test)]
mod tests;
