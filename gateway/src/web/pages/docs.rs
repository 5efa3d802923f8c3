//! The page of `/docs`. The description of the interface is in English; what surrounds it in both languages.

use askama::Template;
use http::StatusCode;

use super::texts::{DeveloperTexts, Texts};
use crate::app::Reply;
use crate::policy::authorize::Language;
use crate::web::calls::Exchange;
use crate::web::docs::{Needs, Operation};
use crate::web::reply::{Forms, page};

/// All operations, by tag.
pub(in crate::web) fn list(language: Language, operations: &[Operation]) -> Reply {
    let mut groups: Vec<(&str, Vec<&Operation>)> = Vec::new();
    for operation in operations {
        match groups.iter_mut().find(|(tag, _)| *tag == operation.tag) {
            Some((_, group)) => group.push(operation),
            None => groups.push((&operation.tag, vec![operation])),
        }
    }
    let html = DocsPage {
        lang: language.tag(),
        texts: Texts::of(language),
        dev: DeveloperTexts::of(language),
        groups,
    };
    page(
        StatusCode::OK,
        html.render().unwrap_or_default(),
        Forms::StayHere,
    )
}

/// One operation that was tried.
pub(in crate::web) fn tried(
    language: Language,
    operation: &Operation,
    exchange: &Exchange,
) -> Reply {
    let html = TriedPage {
        lang: language.tag(),
        dev: DeveloperTexts::of(language),
        operation,
        exchange,
    };
    page(
        StatusCode::OK,
        html.render().unwrap_or_default(),
        Forms::StayHere,
    )
}

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage<'a> {
    lang: &'a str,
    texts: &'static Texts,
    dev: &'static DeveloperTexts,
    groups: Vec<(&'a str, Vec<&'a Operation>)>,
}

#[derive(Template)]
#[template(path = "docs_tried.html")]
struct TriedPage<'a> {
    lang: &'a str,
    dev: &'static DeveloperTexts,
    operation: &'a Operation,
    exchange: &'a Exchange,
}
