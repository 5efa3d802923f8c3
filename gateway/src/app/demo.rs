//! The sandbox's own applications.

use bluegate_shared::id::ClientId;
use serde_json::json;

use crate::application::statements as application;
use crate::audit::event::{Event, Level};
use crate::base::context::App;
use crate::base::ports::UnixMillis;
use crate::base::store::StoreError;
use crate::developer;
use crate::oauth::application::Status;
use crate::oauth::registration::Registration;

/// Client id of the demo page, registered by the sandbox itself. The browser package has the same constant.
pub(crate) const DEMO_CLIENT_ID: &str = "BluegateDemoPublicClientForSandbox000001";

/// Registers the sandbox's own public applications, the demo page and the portal's test client, or brings their
/// addresses up to date.
pub(crate) async fn demo(app: &App) -> Result<(), StoreError> {
    let base = &app.config.public_base_url;
    let (test_client, callback) = developer::test_client(base);
    own(
        app,
        DEMO_CLIENT_ID,
        format!("{base}/demo/"),
        "Bluegate Demo",
        "The demo page of this sandbox",
    )
    .await?;
    own(
        app,
        test_client,
        callback,
        "Bluegate Test Client",
        "The test client of the developer portal",
    )
    .await
}

pub(crate) async fn own(
    app: &App,
    id: &str,
    redirect: String,
    name: &str,
    description: &str,
) -> Result<(), StoreError> {
    let Ok(client_id) = ClientId::parse(id) else {
        return Ok(());
    };
    let database = app.database.as_ref();
    let now = app.clock.now();
    match application::by_client_id(database, &client_id).await? {
        Some(known) if known.redirect_uris == [redirect.as_str()] => Ok(()),
        Some(_) => {
            let event = of_start("application.update", client_id.as_str(), now);
            application::set_redirect_uris(database, &client_id, &[redirect], now, &event).await
        }
        None => {
            let request = json!({
                "client_name": name,
                "redirect_uris": [redirect],
                "token_endpoint_auth_method": "none",
                "description": description,
            });
            let Ok(registration) = Registration::parse(
                request.to_string().as_bytes(),
                &app.config.rules_of_its_own(),
            ) else {
                return Ok(());
            };
            application::insert(
                database,
                &client_id,
                &registration,
                None,
                None,
                Status::Active,
                now,
                &of_start("application.register", client_id.as_str(), now),
            )
            .await
            .map(drop)
        }
    }
}

/// What the gateway does to its own demo application when an instance starts.
pub(crate) const fn of_start<'a>(
    action: &'a str,
    client_id: &'a str,
    now: UnixMillis,
) -> Event<'a> {
    Event {
        started_at: now,
        ended_at: now,
        request_id: "start",
        flow_id: "",
        actor: "gateway",
        client_id,
        person: &[],
        account: &[],
        action,
        outcome: "ok",
        code: "",
        level: Level::Info,
    }
}
