//! `/ops/*`: what operators see and do (docs/contract/01-routes.md and 10-audit.md).
//!
//! Every route takes the token of an operator as bearer token and answers JSON; the page at `/ops/` takes the
//! same token in a form, and its forms post to the same routes. Whatever an operator does or looks at is
//! audited by name.

mod alerts;
mod applications;
mod audit;
mod caller;
mod identity;
mod incident;
mod lock_down;
mod metrics;
mod page;
mod reauthenticate;
mod session;
mod sheet;
pub mod statements;
mod tick;

use axum::Router;
use axum::routing::{get, post};

use crate::base::clock::rfc3339;
use crate::base::ports::UnixMillis;
use crate::base::site::Site;

/// The routes below `/ops`.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/ops", get(page::show))
        .route("/ops/sign-in", post(session::sign_in))
        .route("/ops/sign-out", post(session::sign_out))
        .route("/ops/metrics", get(metrics::show))
        .route("/ops/incident", get(incident::show))
        .route("/ops/tick", post(tick::tick))
        .route("/ops/audit/verify", get(audit::check))
        .route("/ops/audit/reconcile", get(audit::compare))
        .route("/ops/audit/export", get(audit::export))
        .route("/ops/audit/head", post(audit::send_head))
        .route("/ops/identity", get(identity::list))
        .route("/ops/identity/{id}/resolve", post(identity::resolve))
        .route("/ops/reauthenticate", post(reauthenticate::order))
        .route("/ops/reauthenticate/{id}", get(reauthenticate::affected))
        .route("/ops/alerts", get(alerts::list))
        .route("/ops/alerts/{id}/acknowledge", post(alerts::acknowledge))
        .route("/ops/applications", get(applications::list))
        .route("/ops/applications/{client_id}", get(applications::show))
        .route(
            "/ops/applications/{client_id}/{verb}",
            post(applications::decide),
        )
        .route(
            "/ops/lock-down",
            get(lock_down::list).post(lock_down::begin),
        )
        .route("/ops/lock-down/{id}/lift", post(lock_down::lift))
}

/// An instant, as operators read it.
fn instant(instant: UnixMillis) -> String {
    rfc3339(instant)
}
