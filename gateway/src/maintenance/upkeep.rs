//! What the store needs from time to time, outside the request path: the chain over the audit is continued, and
//! what is kept no longer is removed (docs/contract/10-audit.md).

use serde_json::json;

use crate::audit::chain::{Sealed, from_the_future, seal};
use crate::audit::event::{self as audit, Event, Level};
use crate::audit::retention;
use crate::audit::verify::schema_differences;
use crate::base::context::App;
use crate::base::secret::Secret;
use crate::base::signature::Signer;
use crate::base::store::StoreError;
use crate::maintenance::heads;

/// Continues the chain up to the last row. A gap, a row that is newer than its link would be, and a schema that is not
/// the shipped one are alerts before the chain goes on.
///
/// # Errors
///
/// The store's error.
pub async fn chain(app: &App) -> Result<(), StoreError> {
    let database = app.database.as_ref();
    let signer = Signer::new(&app.config.chain_key);
    // Nothing is sealed over links that are gone before somebody was told.
    if let Some(link) = heads::lost(app).await? {
        alarm(app, &format!("link_{link}_lost")).await?;
    }
    if app.heads.looks_at_schema(app.clock.now()) && !schema_differences(database).await?.is_empty()
    {
        alarm(app, "schema_changed").await?;
    }
    if let Some(id) = from_the_future(database, app.clock.now()).await? {
        alarm(app, &format!("audit_{id}_newer")).await?;
    }
    let mut over_gap = false;
    for _ in 0..MOST_BATCHES {
        let (sealed, made) = seal(database, &signer, app.clock.now(), over_gap).await?;
        if let Some(link) = made {
            heads::tell(app, &link);
        }
        match sealed {
            // What came meanwhile is for the next time: a link for every few rows would be a signature for each.
            Sealed::Nothing | Sealed::Link => break,
            Sealed::Full => over_gap = false,
            Sealed::Gap(layer, id) => {
                alarm(app, &format!("{}_{id}_missing", layer.table())).await?;
                over_gap = true;
            }
        }
    }
    heads::remember(app).await
}

/// Removes a batch of what is due.
///
/// # Errors
///
/// The store's error.
pub async fn purge(app: &App) -> Result<(), StoreError> {
    let database = app.database.as_ref();
    let kept = &app.config.retention;
    let now = app.clock.now();
    retention::expired(database, kept, now).await?;
    let request_id = id(app);
    retention::ended(database, kept, now, &request_id).await?;
    let signer = Signer::new(&app.config.chain_key);
    retention::audit(database, kept, &signer, now, &request_id).await?;
    Ok(())
}

async fn alarm(app: &App, code: &str) -> Result<(), StoreError> {
    let database = app.database.as_ref();
    let now = app.clock.now();
    let hour_ago = crate::base::ports::UnixMillis(now.0 - 3_600_000);
    if audit::told_since(database, "audit.chain", code, hour_ago).await? {
        return Ok(());
    }
    let request_id = id(app);
    let event = Event {
        outcome: "failed",
        level: Level::Critical,
        ..Event::of_gateway("audit.chain", code, &request_id, now)
    };
    app.log.object(&event.line());
    audit::record(database, &event).await
}

/// An id of its own for what no request asked for.
fn id(app: &App) -> String {
    Secret::random(app.entropy.as_ref()).map_or_else(
        |_| json!(app.clock.now().0).to_string(),
        |random| random.hash().hex().chars().take(32).collect(),
    )
}

/// Links in one go.
const MOST_BATCHES: usize = 20;
