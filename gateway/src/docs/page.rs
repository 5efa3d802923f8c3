//! The page of `/docs`. The description of the interface is in English; what surrounds it in both languages.

use askama::Template;
use http::StatusCode;

use crate::base::calls::Exchange;
use crate::base::http::Reply;
use crate::base::http::reply::{Forms, page};
use crate::base::language::Language;
use crate::base::page::texts::Texts;
use crate::developer::texts::DeveloperTexts;
use crate::docs::{Needs, Operation};

/// All operations, by tag.
pub(crate) fn list(language: Language, operations: &[Operation]) -> Reply {
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
pub(crate) fn tried(language: Language, operation: &Operation, exchange: &Exchange) -> Reply {
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
