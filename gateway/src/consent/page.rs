//! The consent page.

use askama::Template;
use bluegate_shared::scope::ScopeSet;
use http::StatusCode;

use crate::base::http::Reply;
use crate::base::http::reply::{Forms, page};
use crate::base::language::Language;
use crate::base::page::texts::Texts;
use crate::base::page::{length, seen};
use crate::oauth::application::Application;

/// Why a consent page is shown again.
#[derive(Clone, Copy)]
pub(crate) enum Notice {
    /// What it shows is not what it showed.
    Changed,
    /// The choice could not be kept.
    Failed,
}

/// What the consent page shows.
pub(crate) struct ConsentFacts<'a> {
    pub(crate) application: &'a Application,
    pub(crate) scopes: &'a ScopeSet,
    pub(crate) person: &'a str,
    pub(crate) choice: bool,
    /// Withhold is what is chosen.
    pub(crate) withhold: bool,
    pub(crate) notice: Option<Notice>,
    pub(crate) transaction: &'a str,
    pub(crate) csrf: &'a str,
    pub(crate) action: &'a str,
    pub(crate) logo: bool,
}

/// The consent page.
pub(crate) fn consent(language: Language, facts: &ConsentFacts<'_>) -> Reply {
    let texts = Texts::of(language);
    let items = seen(facts.scopes, texts);
    let metadata: serde_json::Value =
        serde_json::from_str(&facts.application.metadata).unwrap_or_default();
    let links = [
        ("tos_uri", texts.terms),
        ("policy_uri", texts.policy),
        ("client_uri", texts.website),
    ]
    .into_iter()
    .filter_map(|(name, text)| {
        metadata
            .get(name)
            .and_then(|uri| uri.as_str())
            .map(|uri| (uri.to_owned(), text))
    })
    .collect();
    let template = ConsentPage {
        lang: language.tag(),
        texts,
        application: &facts.application.name,
        logo: facts.logo.then(|| facts.application.client_id.as_str()),
        person: facts.person,
        items,
        choice: facts.choice,
        withhold: facts.withhold,
        notice: facts.notice.map(|notice| match notice {
            Notice::Changed => texts.look_again,
            Notice::Failed => texts.press_again,
        }),
        length: length(facts.application.data_access_type, texts),
        transaction: facts.transaction,
        csrf: facts.csrf,
        action: facts.action,
        links,
    };
    page(
        StatusCode::OK,
        template.render().unwrap_or_default(),
        Forms::LeadElsewhere,
    )
}

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    lang: &'a str,
    texts: &'static Texts,
    application: &'a str,
    logo: Option<&'a str>,
    person: &'a str,
    items: Vec<&'a str>,
    choice: bool,
    withhold: bool,
    notice: Option<&'a str>,
    length: &'a str,
    transaction: &'a str,
    csrf: &'a str,
    action: &'a str,
    links: Vec<(String, &'a str)>,
}
