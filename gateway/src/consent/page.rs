//! The consent page.

use askama::Template;
use bluegate_shared::scope::ScopeSet;
use http::StatusCode;

use crate::base::http::Reply;
use crate::base::http::reply::{Forms, page};
use crate::base::language::Language;
use crate::base::page::texts::Texts;
use crate::base::page::{leads, length, seen};
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
    /// Where the decision leads.
    pub(crate) redirect: &'a str,
    /// Operators decide which applications may be used here.
    pub(crate) approved: bool,
}

/// What the application will see.
struct Item {
    text: &'static str,
    /// Not where the person keeps the personal information back.
    withheld: bool,
}

/// The consent page.
pub(crate) fn consent(language: Language, facts: &ConsentFacts<'_>) -> Reply {
    let texts = Texts::of(language);
    let kept = seen(&facts.scopes.without_demographics(), texts);
    let items = seen(facts.scopes, texts)
        .into_iter()
        .map(|text| Item {
            text,
            withheld: facts.choice && !kept.contains(&text),
        })
        .collect();
    let metadata: serde_json::Value =
        serde_json::from_str(&facts.application.metadata).unwrap_or_default();
    let uri = |name| metadata.get(name).and_then(|uri| uri.as_str());
    let links = [
        ("tos_uri", texts.terms),
        ("policy_uri", texts.policy),
        ("client_uri", texts.website),
    ]
    .into_iter()
    .filter_map(|(name, text)| uri(name).map(|uri| (uri.to_owned(), text)))
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
        website: uri("client_uri").and_then(leads),
        back_to: leads(facts.redirect).unwrap_or_default(),
        checked: if facts.approved {
            texts.approved
        } else {
            texts.unchecked
        },
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
    items: Vec<Item>,
    choice: bool,
    withhold: bool,
    website: Option<String>,
    back_to: String,
    checked: &'a str,
    notice: Option<&'a str>,
    length: &'a str,
    transaction: &'a str,
    csrf: &'a str,
    action: &'a str,
    links: Vec<(String, &'a str)>,
}
