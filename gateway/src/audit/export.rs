//! The audit as lines of JSON, link by link, so that an export can be read in pieces, taken up again where it
//! ended, and checked by anybody with the public key.
//!
//! `start` says after which link the lines begin; each `link` is followed by its rows, the lines that its hash
//! is made of; an `anchor` says that the rows of earlier links were purged; `head` ends the export and is signed.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::chain::{Link, links};
use super::lines::{Layer, read};
use crate::base::ports::{Database, Durability, UnixMillis};
use crate::base::secret::hex;
use crate::base::signature::{Purpose, Signer};
use crate::base::store::row::{StoreError, all};

/// Some lines of an export.
#[non_exhaustive]
#[derive(Debug)]
pub struct Page {
    /// The lines, each with its end.
    pub text: String,
    /// The last link in it: what to go on after.
    pub last: i64,
    /// Whether there is more after it. Without more, the last line is the head.
    pub more: bool,
}

/// The links after `after` with their rows: whole links, until there are [`PAGE`] bytes. `None` if there is no
/// link `after`.
///
/// # Errors
///
/// The store's error.
pub async fn page(
    database: &dyn Database,
    signer: &Signer,
    after: i64,
    now: UnixMillis,
) -> Result<Option<Page>, StoreError> {
    let mut previous = match after {
        0 => Link::origin(),
        _ => match links(database, after - 1, 1).await?.pop() {
            Some(link) if link.id == after => link,
            _ => return Ok(None),
        },
    };
    let mut text = String::new();
    put(&mut text, &start(&previous));
    if after == 0 {
        anchors(database, &mut text).await?;
    }
    loop {
        let Some(link) = links(database, previous.id, 1).await?.pop() else {
            put(&mut text, &head(&previous, signer, now));
            return Ok(Some(Page {
                text,
                last: previous.id,
                more: false,
            }));
        };
        put(&mut text, &shown(&link));
        for layer in Layer::BOTH {
            for row in read(
                database,
                layer,
                previous.to(layer),
                link.to(layer),
                i64::MAX,
            )
            .await?
            {
                text.push_str(&row.text);
                text.push('\n');
            }
        }
        previous = link;
        if text.len() >= PAGE {
            return Ok(Some(Page {
                text,
                last: previous.id,
                more: true,
            }));
        }
    }
}

/// What the signature of a head is over.
#[must_use]
pub fn head_hash(link: i64, hash: &[u8; 32], at: UnixMillis) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(hash);
    digest.update(format!("head {link} {}\n", at.0));
    digest.finalize().into()
}

/// The signed head: that at this instant the chain ended with this link.
#[must_use]
pub fn head(link: &Link, signer: &Signer, now: UnixMillis) -> Map<String, Value> {
    let signature = signer.sign(Purpose::Head, &head_hash(link.id, &link.hash, now));
    members([
        ("layer", json!("head")),
        ("link", json!(link.id)),
        ("hash", json!(hex(&link.hash))),
        ("at", json!(now.0)),
        ("key", json!(signer.id())),
        ("public_key", json!(signer.public().text())),
        ("signature", json!(hex(&signature))),
    ])
}

fn start(previous: &Link) -> Map<String, Value> {
    members([
        ("layer", json!("start")),
        ("after", json!(previous.id)),
        ("audit_to", json!(previous.audit_to)),
        ("store_to", json!(previous.store_to)),
        ("hash", json!(hex(&previous.hash))),
    ])
}

fn shown(link: &Link) -> Map<String, Value> {
    members([
        ("layer", json!("link")),
        ("id", json!(link.id)),
        ("audit_to", json!(link.audit_to)),
        ("store_to", json!(link.store_to)),
        ("sealed_at", json!(link.sealed_at.0)),
        ("previous", json!(hex(&link.previous))),
        ("hash", json!(hex(&link.hash))),
        ("key", json!(link.key_id)),
        ("signature", json!(hex(&link.signature))),
    ])
}

async fn anchors(database: &dyn Database, text: &mut String) -> Result<(), StoreError> {
    let rows = all(
        database,
        Durability::Relaxed,
        "SELECT link_id, purged_at, key_id, signature FROM chain_anchor ORDER BY id",
        Vec::new(),
    )
    .await?;
    for row in rows {
        let anchor = members([
            ("layer", json!("anchor")),
            ("link", json!(row.integer(0)?)),
            ("purged_at", json!(row.integer(1)?)),
            ("key", json!(row.text(2)?)),
            (
                "signature",
                json!(hex(row.optional_blob(3)?.unwrap_or_default())),
            ),
        ]);
        put(text, &anchor);
    }
    Ok(())
}

fn members<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn put(text: &mut String, line: &Map<String, Value>) {
    text.push_str(&Value::Object(line.clone()).to_string());
    text.push('\n');
}

/// Bytes after which a page ends with the link that it is at.
pub const PAGE: usize = 1 << 20;
