//! What the v3 backend answers otherwise, brought into the form of the other versions. Nothing here proves
//! anything: whatever comes out goes through the release guard like any other answer, and what cannot be read
//! goes on as it came.
//!
//! - A part of Medicare that a person does not have is read as a Coverage with an id and nothing else: 404.
//! - Records that were merged are linked to the person's other ids. The links are left out, because they name
//!   Patients that cannot be proved to be the person; a record that was merged into another is nobody's current
//!   one, and there is nothing in it: 403, the person has no record here.
//! - Patient and Coverage come on one page, whatever page is asked for: it is cut here, after the guard has
//!   seen all of it ([`cut`]).

use bluegate_shared::scope::ResourceType;
use bluegate_shared::search::Search;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::backend::Answer;
use super::members::{Members, Object};
use super::refusal::Refusal;

/// The answer to a read of `id`.
pub(super) fn read(answer: Answer, resource: ResourceType, id: &str) -> Result<Answer, Refusal> {
    match resource {
        ResourceType::Patient => match current(&text(&answer)) {
            Record::Replaced(without) => Ok(Answer {
                replaced: true,
                ..changed(without)
            }),
            Record::Linked(without) => Ok(changed(without)),
            Record::AsItCame => Ok(answer),
        },
        ResourceType::Coverage if is_absent_part(&text(&answer), id) => Err(Refusal::NotFound),
        _ => Ok(answer),
    }
}

/// The answer to a search, whole.
pub(super) fn search(answer: Answer, resource: ResourceType) -> Answer {
    match resource {
        ResourceType::Patient => patients(answer),
        ResourceType::Coverage | ResourceType::ExplanationOfBenefit => answer,
    }
}

/// The page that a search wants out of an answer that the guard has proved.
pub(super) fn cut(answer: Answer, search: &Search) -> Answer {
    match search.resource() {
        ResourceType::ExplanationOfBenefit => answer,
        ResourceType::Coverage | ResourceType::Patient => {
            page(&text(&answer), search).map_or(answer, changed)
        }
    }
}

/// What became of a Patient.
enum Record {
    /// Nothing had to be done.
    AsItCame,
    /// It replaces others; this is it without its links to them.
    Linked(String),
    /// It is kept under another id; this is it without its links.
    Replaced(String),
}

fn current(patient: &str) -> Record {
    #[derive(Deserialize)]
    struct Link {
        r#type: String,
    }
    let Ok(Members(members)) = serde_json::from_str(patient) else {
        return Record::AsItCame;
    };
    let Some((_, links)) = members.iter().find(|(name, _)| name == "link") else {
        return Record::AsItCame;
    };
    let Ok(links) = serde_json::from_str::<Vec<Link>>(links.get()) else {
        return Record::AsItCame;
    };
    let mut out = String::with_capacity(patient.len());
    let mut object = Object::begin(&mut out);
    for (name, value) in members.iter().filter(|(name, _)| name != "link") {
        object.raw(name, value.get());
    }
    object.end();
    if links.iter().any(|link| link.r#type == "replaced-by") {
        Record::Replaced(out)
    } else {
        Record::Linked(out)
    }
}

/// The resources of a Bundle of Patients, each without its links.
fn patients(answer: Answer) -> Answer {
    let body = text(&answer);
    let Some(entries) = entries(&body) else {
        return answer;
    };
    let mut out = Vec::with_capacity(entries.len());
    let (mut linked, mut replaced) = (false, false);
    for entry in entries {
        let Ok(Members(members)) = serde_json::from_str(entry.get()) else {
            return answer;
        };
        let mut text = String::with_capacity(entry.get().len());
        let mut object = Object::begin(&mut text);
        for (name, value) in members {
            match (&*name, current(value.get())) {
                ("resource", Record::Replaced(without)) => {
                    replaced = true;
                    object.raw(&name, &without);
                }
                ("resource", Record::Linked(without)) => {
                    linked = true;
                    object.raw(&name, &without);
                }
                _ => object.raw(&name, value.get()),
            }
        }
        object.end();
        out.push(text);
    }
    if !linked && !replaced {
        return answer;
    }
    let Ok(Members(members)) = serde_json::from_str(&body) else {
        return answer;
    };
    let mut text = String::with_capacity(body.len());
    let mut object = Object::begin(&mut text);
    for (name, value) in members {
        if name == "entry" {
            object.raw(&name, &format!("[{}]", out.join(",")));
        } else {
            object.raw(&name, value.get());
        }
    }
    object.end();
    Answer {
        replaced,
        ..changed(text)
    }
}

/// `{"resourceType":"Coverage","id":"part-a-289169129"}` and nothing else, with the id that was asked for: it
/// tells no more than the client said.
fn is_absent_part(body: &str, id: &str) -> bool {
    let Ok(Members(members)) = serde_json::from_str::<Members<'_>>(body) else {
        return false;
    };
    let is = |wanted: &str, text: &str| {
        members.iter().any(|(name, value)| {
            name == wanted && serde_json::from_str::<&str>(value.get()).is_ok_and(|it| it == text)
        })
    };
    members.len() == 2 && is("resourceType", "Coverage") && is("id", id)
}

/// The page that is wanted out of the only one there is; `None` if it is that already. The links are those
/// of the other versions, as far as their page numbers go: the public ones are made of them.
fn page(body: &str, search: &Search) -> Option<String> {
    let entries = entries(body)?;
    let (total, start) = (entries.len() as u64, search.start_index());
    let count = u64::from(search.count()).max(1);
    if start == 0 && total <= count {
        return None;
    }
    let last = total.saturating_sub(1) / count * count;
    let mut links = vec![("first", 0)];
    if start + count < total {
        links.push(("next", start + count));
    }
    if start > 0 {
        links.push(("previous", start.saturating_sub(count).min(last)));
    }
    links.push(("last", last));
    links.push(("self", start));
    let links: Vec<_> = links
        .into_iter()
        .map(|(relation, start)| json!({ "relation": relation, "url": format!("?startIndex={start}") }))
        .collect();
    let shown: Vec<_> = entries
        .iter()
        .skip(usize::try_from(start).unwrap_or(usize::MAX))
        .take(usize::try_from(count).unwrap_or(usize::MAX))
        .map(|entry| entry.get())
        .collect();

    let Members(members) = serde_json::from_str(body).ok()?;
    let mut out = String::with_capacity(body.len());
    let mut object = Object::begin(&mut out);
    for (name, value) in members {
        if !matches!(&*name, "total" | "link" | "entry") {
            object.raw(&name, value.get());
        }
    }
    object.raw("total", &total.to_string());
    object.raw("link", &json!(links).to_string());
    // FHIR has no empty arrays.
    if !shown.is_empty() {
        object.raw("entry", &format!("[{}]", shown.join(",")));
    }
    object.end();
    Some(out)
}

fn entries(body: &str) -> Option<Vec<&RawValue>> {
    let Members(members) = serde_json::from_str(body).ok()?;
    let mut found = members.iter().filter(|(name, _)| name == "entry");
    let (_, entries) = found.next()?;
    // Which of two would count is not for this module to say.
    if found.next().is_some() {
        return None;
    }
    serde_json::from_str(entries.get()).ok()
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.identity.to_vec()).unwrap_or_default()
}

fn changed(body: String) -> Answer {
    Answer {
        identity: Bytes::from(body),
        gzip: None,
        replaced: false,
    }
}
