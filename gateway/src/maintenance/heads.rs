//! Heads of the audit's chain on their way out of the store (docs/contract/10-audit.md).
//!
//! Whoever can write to the file can take links off the end of the chain, and the gateway would seal what is left anew.
//! So each link is told where the file does not reach: as a line of the log when it is made, to the webhook
//! once a day and whenever an operator wants it; and an instance remembers the last one that it saw.

use serde_json::json;

use crate::audit::chain::{Link, last, links};
use crate::audit::export::head;
use crate::base::context::App;
use crate::base::ports::UnixMillis;
use crate::base::secret::hex;
use crate::base::signature::Signer;
use crate::base::store::StoreError;
use crate::maintenance::alert;

/// The link that this instance saw and that is no longer there, or is another one: told once, by number.
///
/// # Errors
///
/// The store's error.
pub(crate) async fn lost(app: &App) -> Result<Option<i64>, StoreError> {
    let Some((id, hash)) = app.heads.link() else {
        return Ok(None);
    };
    let there = links(app.database.as_ref(), id - 1, 1).await?.pop();
    if there.is_some_and(|link| (link.id, link.hash) == (id, hash)) {
        return Ok(None);
    }
    app.heads.saw(None);
    Ok(Some(id))
}

/// Tells of a link that was made.
pub(crate) fn tell(app: &App, link: &Link) {
    app.log.object(&json!({
        "event": "audit.link",
        "at": link.sealed_at.0,
        "link": link.id,
        "hash": hex(&link.hash),
        "audit_to": link.audit_to,
        "store_to": link.store_to,
        "key": link.key_id,
    }));
}

/// Remembers the end of the chain, and hands it to the webhook where there is one and it got none for a day.
///
/// # Errors
///
/// The store's error.
pub(crate) async fn remember(app: &App) -> Result<(), StoreError> {
    let link = last(app.database.as_ref()).await?;
    app.heads
        .saw(link.as_ref().map(|link| (link.id, link.hash)));
    let now = app.clock.now();
    let Some(link) = link.filter(|_| app.config.alerts.is_some() && app.heads.looks(now)) else {
        return Ok(());
    };
    let since = alert::noticed_at(app.database.as_ref(), KIND).await?;
    let first = links(app.database.as_ref(), 0, 1).await?.pop();
    let since = since.or(first.map(|first| first.sealed_at));
    if since.is_none_or(|since| now.0 - since.0 >= DAY_MS) {
        // Of instances that look at the same time, one puts it there.
        let day = format!("day {}", now.0.div_euclid(DAY_MS));
        hand_out(app, &link, &day, now).await?;
    }
    Ok(())
}

/// Puts the signed head among what is sent to the webhook, once for each occasion.
///
/// # Errors
///
/// The store's error.
pub(crate) async fn hand_out(
    app: &App,
    link: &Link,
    occasion: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let signer = Signer::new(&app.config.chain_key);
    let head = serde_json::Value::Object(head(link, &signer, now)).to_string();
    alert::notice(app.database.as_ref(), KIND, occasion, &head, now).await
}

/// The kind of such a notice.
pub(crate) const KIND: &str = "audit_head";

const DAY_MS: i64 = 86_400_000;
