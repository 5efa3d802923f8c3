//! The pages of `/ops/applications`.

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;

use super::Asked;
use crate::base::config::operator::Role;
use crate::base::http::Reply;
use crate::base::http::reply::{Forms, page};
use crate::base::ports::{Database, UnixMillis};
use crate::base::session::Csrf;
use crate::base::store::StoreError;
use crate::oauth::application::Status;
use crate::ops::caller::{Caller, Failure};
use crate::ops::instant;
use crate::ops::sheet::{Line, Preview, digest, lines, logo_change, previews};
use crate::ops::statements::registration::{self, Registered, Search, Sheet};

/// The address of a sheet.
pub(super) fn address(client_id: &str) -> String {
    format!("/ops/applications/{client_id}")
}

/// The list.
pub(super) fn list(asked: &Asked, found: &[Registered], total: i64, next: Option<i64>) -> Reply {
    let query = |after: i64| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("status", asked.status());
        if !asked.text.is_empty() {
            query.append_pair("q", &asked.text);
        }
        if after > 0 {
            query.append_pair("after", &after.to_string());
        }
        format!("/ops/applications?{}", query.finish())
    };
    let template = ListPage {
        lang: "en",
        statuses: STATUSES
            .iter()
            .map(|status| (*status, *status == asked.status()))
            .collect(),
        text: &asked.text,
        items: found.iter().map(Row::of).collect(),
        total,
        first: (asked.after > 0).then(|| query(0)),
        next: next.map(query),
    };
    let html = template.render().unwrap_or_default();
    page(StatusCode::OK, html, Forms::StayHere)
}

const STATUSES: [&str; 6] = [
    "pending",
    "active",
    "rejected",
    "suspended",
    "deleted",
    "all",
];

/// A decision that was refused, because the sheet is another now.
pub(super) struct Refused<'a> {
    pub(super) failure: &'a Failure,
    /// What was typed.
    pub(super) words: String,
    pub(super) rejects: bool,
}

/// The sheet; where a decision was refused, with why and with the words that were typed.
pub(super) fn sheet(caller: &Caller, sheet: &Sheet, refused: Option<&Refused<'_>>) -> Reply {
    let application = &sheet.registered.application;
    let typed = |rejects: bool| {
        let refused = refused.filter(|refused| refused.rejects == rejects);
        refused.map_or("", |refused| refused.words.as_str())
    };
    let csrf = caller.page.as_ref();
    let may_approve = caller.operator.role >= Role::Approve;
    let template = SheetPage {
        lang: "en",
        csrf: csrf.map(Csrf::expose).unwrap_or_default(),
        action: address(application.client_id.as_str()),
        refused: refused.map_or("", |refused| refused.failure.detail),
        approve_reason: typed(false),
        reject_reason: typed(true),
        client_id: application.client_id.as_str(),
        name: &application.name,
        status: application.status.as_str(),
        registered_at: instant(application.created_at),
        updated_at: instant(application.updated_at),
        owner: sheet.registered.owner.as_deref(),
        decision_reason: sheet.decision_reason.as_deref(),
        approved_at: sheet.approved_at.map(instant),
        lines: lines(sheet),
        logo: sheet.logo.as_ref().map(data_uri),
        former_logo: sheet.approved_logo.as_ref().map(data_uri),
        logo_change: logo_change(sheet),
        logo_since: sheet.logo_since.map(instant).unwrap_or_default(),
        previews: previews(application),
        digest: digest(sheet),
        decides: may_approve && application.status == Status::Pending,
        suspends: may_approve && matches!(application.status, Status::Active | Status::Pending),
        resumes: may_approve && application.status == Status::Suspended,
    };
    let status = refused.map_or(StatusCode::OK, |refused| refused.failure.status);
    page(
        status,
        template.render().unwrap_or_default(),
        Forms::StayHere,
    )
}

/// The picture itself: what the digest of the sheet is made of, and not what an address gives a moment later.
fn data_uri((media_type, bytes): &(String, Vec<u8>)) -> String {
    format!("data:{media_type};base64,{}", STANDARD.encode(bytes))
}

/// An application in a list.
struct Row<'a> {
    client_id: &'a str,
    name: &'a str,
    status: &'static str,
    owner: Option<&'a str>,
    updated_at: String,
}

impl<'a> Row<'a> {
    fn of(registered: &'a Registered) -> Self {
        let application = &registered.application;
        Self {
            client_id: application.client_id.as_str(),
            name: &application.name,
            status: application.status.as_str(),
            owner: registered.owner.as_deref(),
            updated_at: instant(application.updated_at),
        }
    }
}

/// The applications that wait, as the first page of operators has them.
pub(crate) struct Waiting {
    pub(crate) first: Vec<(String, String, UnixMillis)>,
    pub(crate) total: i64,
}

impl Waiting {
    /// Reads those that wait longest, and how many there are.
    pub(crate) async fn read(database: &dyn Database) -> Result<Self, StoreError> {
        let search = Search {
            status: Some(Status::Pending),
            text: "",
        };
        let first = registration::page(database, &search, 0, 10).await?;
        Ok(Self {
            total: registration::count(database, &search).await?,
            first: first
                .into_iter()
                .map(|found| {
                    let application = found.application;
                    (
                        application.client_id.as_str().to_owned(),
                        application.name,
                        application.created_at,
                    )
                })
                .collect(),
        })
    }
}

#[derive(Template)]
#[template(path = "ops_applications.html")]
struct ListPage<'a> {
    lang: &'a str,
    statuses: Vec<(&'static str, bool)>,
    text: &'a str,
    items: Vec<Row<'a>>,
    total: i64,
    first: Option<String>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "ops_application.html")]
struct SheetPage<'a> {
    lang: &'a str,
    csrf: &'a str,
    action: String,
    refused: &'a str,
    approve_reason: &'a str,
    reject_reason: &'a str,
    client_id: &'a str,
    name: &'a str,
    status: &'a str,
    registered_at: String,
    updated_at: String,
    owner: Option<&'a str>,
    decision_reason: Option<&'a str>,
    approved_at: Option<String>,
    lines: Vec<Line>,
    logo: Option<String>,
    former_logo: Option<String>,
    logo_change: &'a str,
    logo_since: String,
    previews: Vec<Preview>,
    digest: String,
    decides: bool,
    suspends: bool,
    resumes: bool,
}
