//! `/ops/audit/*`: the chain over the audit verified, its two layers compared, and the whole of it exported.

use axum::Extension;
use axum::extract::State;
use http::StatusCode;
use http::header::{CONTENT_TYPE, LINK};
use serde_json::json;

use super::caller::{Failure, May, Read};
use crate::audit::action::Action;
use crate::audit::chain::{Link, last};
use crate::audit::event::Level;
use crate::audit::export::{head, page};
use crate::audit::reconcile::reconcile;
use crate::audit::verify::verify;
use crate::base::failure::Error;
use crate::base::http::reply::{Answer, no_store, set};
use crate::base::http::{Reply, Request};
use crate::base::signature::{PublicKey, Signer};
use crate::base::site::Site;
use crate::maintenance::{heads, upkeep};

/// GET: everything recomputed. 200 either way; `whole` says what came of it.
pub(super) async fn check(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
    May { caller, .. }: May<Read>,
) -> Answer {
    let result = async {
        let keys = public_keys(&site);
        let report = verify(site.app.database.as_ref(), &keys, None).await?;
        let event = if report.is_whole() {
            Action::ok("ops.audit.verify")
        } else {
            // What somebody did to the audit is an alert, whoever finds it.
            let event = Action::refused("audit.verify", "chain_broken").level(Level::Critical);
            caller.record(&site, &request, event, "").await?;
            Action::done("ops.audit.verify", "chain_broken")
        };
        caller.record(&site, &request, event, "").await?;
        Ok((
            StatusCode::OK,
            json!({
                "whole": report.is_whole(),
                "links": report.links,
                "rows": report.rows,
                "unsealed": report.unsealed,
                "purged_to": report.purged_to,
                "broken": report.broken.as_ref().map(|broken| json!({ "link": broken.link, "reason": broken.reason })),
                "schema": report.schema,
                "public_keys": keys.iter().map(PublicKey::text).collect::<Vec<_>>(),
            }),
        ))
    };
    caller.answer(&site, &request, "ops.audit.verify", result.await)
}

/// GET: changes without their event, events without their change, rows that are not what was recorded of them.
pub(super) async fn compare(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
    May { caller, .. }: May<Read>,
) -> Answer {
    let result = async {
        let comparison = reconcile(site.app.database.as_ref()).await?;
        let findings: Vec<_> = comparison
            .findings
            .iter()
            .map(ToString::to_string)
            .collect();
        let event = if findings.is_empty() {
            Action::ok("ops.audit.reconcile")
        } else {
            Action::done("ops.audit.reconcile", "layers_differ").level(Level::Warning)
        };
        caller.record(&site, &request, event, "").await?;
        Ok((
            StatusCode::OK,
            json!({
                "changes": comparison.changes,
                "events": comparison.events,
                "rows": comparison.rows,
                "findings": findings,
            }),
        ))
    };
    caller.answer(&site, &request, "ops.audit.reconcile", result.await)
}

/// GET `?after=LINK`: lines of JSON, a megabyte or so of whole links, with `Link: …; rel="next"` while there is more.
/// The last line of the last part is the signed head.
pub(super) async fn export(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
    May { caller, .. }: May<Read>,
) -> Answer {
    let result = async {
        let parameters = request.parameters();
        let after = match parameters.single("after").ok().flatten() {
            None => 0,
            Some(text) => text
                .parse()
                .ok()
                .filter(|after: &i64| *after >= 0)
                .ok_or(Failure::invalid("after must be the number of a link."))?,
        };
        // First the event, so that it is in the export itself; then all that is there is sealed.
        let code = format!("after_{after}");
        let event = Action::done("ops.audit.export", &code);
        caller.record(&site, &request, event, "").await?;
        if after == 0 {
            upkeep::chain(&site.app).await?;
        }
        let app = &site.app;
        let signer = Signer::new(&app.config.chain_key);
        let page = page(app.database.as_ref(), &signer, after, app.clock.now()).await?;
        let unknown = Failure::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "There is no link with this number.",
        );
        page.ok_or(Error::Refused(unknown))
    };
    match result.await {
        Ok(page) => {
            let mut reply = Reply::new(page.text.into());
            set(&mut reply, CONTENT_TYPE, "application/x-ndjson");
            if page.more {
                let next = format!(
                    "<{}/ops/audit/export?after={}>; rel=\"next\"",
                    site.app.config.public_base_url, page.last
                );
                set(&mut reply, LINK, &next);
            }
            no_store(&mut reply);
            reply.into()
        }
        Err(failure) => caller.answer(&site, &request, "ops.audit.export", Err(failure)),
    }
}

/// POST: everything is sealed, and the signed head of the chain is the answer; it goes to the webhook as well, where there
/// is one.
pub(super) async fn send_head(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
    May { caller, .. }: May<Read>,
) -> Answer {
    let result = async {
        let app = &site.app;
        // First the event, so that the head covers it.
        caller
            .record(&site, &request, Action::ok("ops.audit.head"), "")
            .await?;
        upkeep::chain(app).await?;
        let now = app.clock.now();
        let link = last(app.database.as_ref()).await?.unwrap_or(Link::origin());
        let sends = app.config.alerts.is_some();
        if sends {
            heads::hand_out(app, &link, &request.request_id, now).await?;
            app.drain.wake();
        }
        let head = head(&link, &Signer::new(&app.config.chain_key), now);
        Ok((StatusCode::OK, json!({ "head": head, "webhook": sends })))
    };
    caller.answer(&site, &request, "ops.audit.head", result.await)
}

/// The keys that may have signed the chain.
fn public_keys(site: &Site) -> Vec<PublicKey> {
    let config = &site.app.config;
    std::iter::once(Signer::new(&config.chain_key).public())
        .chain(config.former_chain_keys.iter().cloned())
        .collect()
}
