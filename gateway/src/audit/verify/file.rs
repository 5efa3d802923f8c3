//! An export checked line by line, without the store that it comes from.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Broken, Check, Head, Report, is_newer, newer};
use crate::audit::chain::{Link, LinkHash, anchor_hash};
use crate::audit::export::head_hash;
use crate::base::ports::UnixMillis;
use crate::base::signature::{PublicKey, Purpose};

/// An export while it is read. Give it every line, then ask for the report.
pub struct File {
    keys: Vec<PublicKey>,
    check: Check,
    report: Report,
    previous: Option<Link>,
    open: Option<Open>,
    anchors: BTreeMap<i64, Anchor>,
    head: Option<Head>,
}

/// A link whose rows are being read.
struct Open {
    link: Link,
    hash: LinkHash,
    audit: i64,
    store: i64,
    rows: i64,
}

#[derive(Deserialize)]
struct Anchor {
    link: i64,
    purged_at: i64,
    key: String,
    signature: String,
}

#[derive(Deserialize)]
#[serde(tag = "layer", rename_all = "lowercase")]
enum Line {
    Start {
        after: i64,
        audit_to: i64,
        store_to: i64,
        hash: String,
    },
    Anchor(Anchor),
    Link {
        id: i64,
        audit_to: i64,
        store_to: i64,
        sealed_at: i64,
        previous: String,
        hash: String,
        key: String,
        signature: String,
    },
    Api {
        id: i64,
    },
    Store {
        id: i64,
    },
    Head {
        link: i64,
        hash: String,
        at: i64,
        key: String,
        signature: String,
    },
}

impl File {
    /// With the keys that may have signed, and the head of an earlier export, if there is one.
    #[must_use]
    pub fn new(keys: &[PublicKey], head: Option<Head>) -> Self {
        Self {
            keys: keys.to_vec(),
            check: Check::new(keys, head),
            report: Report::default(),
            previous: None,
            open: None,
            anchors: BTreeMap::new(),
            head: None,
        }
    }

    /// The next line, without its end. After something broken, the rest is not looked at.
    pub fn line(&mut self, text: &str) {
        if self.report.broken.is_none() {
            self.report.broken = self.read(text).err();
        }
    }

    /// What was found, and the head of the file.
    #[must_use]
    pub fn finish(mut self) -> (Report, Option<Head>) {
        if self.report.broken.is_none() {
            self.report.broken = self.close().err();
        }
        if self.report.broken.is_none() {
            self.report.broken = match &self.previous {
                Some(last) => self.check.end(last).err(),
                None => Some(Broken {
                    link: 1,
                    reason: "the start is missing".to_owned(),
                }),
            };
        }
        (self.report, self.head)
    }

    fn read(&mut self, text: &str) -> Result<(), Broken> {
        let number = self.previous.as_ref().map_or(0, |link| link.id) + 1;
        let broken = |reason: &str| Broken {
            link: number,
            reason: reason.to_owned(),
        };
        let line: Line =
            serde_json::from_str(text).map_err(|_| broken("a line is not of an export"))?;
        match line {
            Line::Api { id } | Line::Store { id } => {
                let is_api = matches!(line, Line::Api { .. });
                let open = self
                    .open
                    .as_mut()
                    .ok_or_else(|| broken("a row stands before its link"))?;
                let last = if is_api {
                    &mut open.audit
                } else {
                    &mut open.store
                };
                if id != *last + 1 {
                    let table = if is_api { "audit" } else { "store_event" };
                    return Err(Broken {
                        link: open.link.id,
                        reason: format!("{table} row {} is missing", *last + 1),
                    });
                }
                if is_api && is_newer(text, &open.link) {
                    return Err(newer(&open.link, id));
                }
                *last = id;
                open.rows += 1;
                open.hash.line(text);
                Ok(())
            }
            Line::Start {
                after,
                audit_to,
                store_to,
                hash,
            } => {
                self.close()?;
                let hash = bytes(&hash).ok_or_else(|| broken("a hash is malformed"))?;
                let here = Link {
                    id: after,
                    audit_to,
                    store_to,
                    hash,
                    ..Link::origin()
                };
                match &self.previous {
                    // Pages put together: the next one goes on where the one before it ended.
                    Some(link) if (link.id, link.hash) != (here.id, here.hash) => {
                        Err(broken("a part is missing"))
                    }
                    Some(_) => Ok(()),
                    None if after == 0 && here != Link::origin() => {
                        Err(broken("the start is not that of a chain"))
                    }
                    None => {
                        self.previous = Some(here);
                        Ok(())
                    }
                }
            }
            Line::Anchor(anchor) => {
                self.anchors.insert(anchor.link, anchor);
                Ok(())
            }
            Line::Link {
                id,
                audit_to,
                store_to,
                sealed_at,
                previous,
                hash,
                key,
                signature,
            } => {
                self.close()?;
                let before = self
                    .previous
                    .as_ref()
                    .ok_or_else(|| broken("the start is missing"))?;
                let malformed = || broken("a hash is malformed");
                let link = Link {
                    id,
                    audit_to,
                    store_to,
                    sealed_at: UnixMillis(sealed_at),
                    previous: bytes(&previous).ok_or_else(malformed)?,
                    hash: bytes(&hash).ok_or_else(malformed)?,
                    key_id: key,
                    signature: bytes::<64>(&signature).ok_or_else(malformed)?.to_vec(),
                };
                self.check.follows(before, &link)?;
                self.anchored(&link)?;
                self.open = Some(Open {
                    hash: link.begin(),
                    audit: before.audit_to,
                    store: before.store_to,
                    rows: 0,
                    link,
                });
                Ok(())
            }
            Line::Head {
                link,
                hash,
                at,
                key,
                signature,
            } => {
                self.close()?;
                let last = self.previous.clone().unwrap_or(Link::origin());
                let hash: [u8; 32] = bytes(&hash).ok_or_else(|| broken("a hash is malformed"))?;
                let signed = self.keys.iter().any(|known| {
                    known.id() == key
                        && bytes::<64>(&signature).is_some_and(|signature| {
                            known.verifies(
                                Purpose::Head,
                                &head_hash(link, &hash, UnixMillis(at)),
                                &signature,
                            )
                        })
                });
                if !signed {
                    return Err(broken("the head is not signed by this chain's key"));
                }
                if (link, hash) != (last.id, last.hash) {
                    return Err(broken("the head is of another chain"));
                }
                self.head = Some(Head { link, hash });
                Ok(())
            }
        }
    }

    /// Whether what an anchor says of this link is signed.
    fn anchored(&self, link: &Link) -> Result<(), Broken> {
        let Some(anchor) = self.anchors.get(&link.id) else {
            return Ok(());
        };
        let hash = anchor_hash(link, UnixMillis(anchor.purged_at));
        let signed = self.keys.iter().any(|key| {
            key.id() == anchor.key
                && bytes::<64>(&anchor.signature)
                    .is_some_and(|signature| key.verifies(Purpose::Anchor, &hash, &signature))
        });
        if !signed {
            return Err(Broken {
                link: link.id,
                reason: "its anchor is not signed by this chain's key".to_owned(),
            });
        }
        Ok(())
    }

    /// The rows of the open link are all read.
    fn close(&mut self) -> Result<(), Broken> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let Open {
            link,
            hash,
            audit,
            store,
            rows,
        } = open;
        let broken = |reason: String| {
            Err(Broken {
                link: link.id,
                reason,
            })
        };
        let purged = rows == 0 && self.anchors.keys().any(|to| *to >= link.id);
        if purged {
            self.report.purged_to = link.id;
        } else if audit != link.audit_to {
            return broken(format!("audit row {} is missing", audit + 1));
        } else if store != link.store_to {
            return broken(format!("store_event row {} is missing", store + 1));
        } else if hash.finish() != link.hash {
            return broken("one of its lines was changed or moved".to_owned());
        }
        self.report.links = link.id;
        self.report.rows += rows;
        self.previous = Some(link);
        Ok(())
    }
}

fn bytes<const N: usize>(hex: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if hex.len() != 2 * N || !hex.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

impl Head {
    /// Reads the last line of an earlier export, a line `audit.link` of the log, or what the webhook or
    /// `/ops/audit/head` gave. Signatures are not looked at, because whoever kept it knows where it is from.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Told {
            layer: Option<String>,
            event: Option<String>,
            link: i64,
            hash: String,
        }
        let value: serde_json::Value = serde_json::from_str(text).ok()?;
        let told = [value.pointer("/data/head"), value.get("head"), Some(&value)];
        let told = told.into_iter().flatten().next()?;
        let told = Told::deserialize(told).ok()?;
        let is_head =
            told.layer.as_deref() == Some("head") || told.event.as_deref() == Some("audit.link");
        is_head.then_some(Self {
            link: told.link,
            hash: bytes(&told.hash)?,
        })
    }
}
