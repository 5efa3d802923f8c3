//! The sheet of a registration: everything that a person will see of an application and that it may do, beside what an
//! operator approved last.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::instant;
use crate::base::language::Language;
use crate::base::page::texts::Texts;
use crate::base::page::{length, seen};
use crate::base::secret::hex;
use crate::base::uri::PlainUri;
use crate::oauth::application::Application;
use crate::oauth::consent::offers_choice;
use crate::ops::statements::registration::{Registered, Sheet};

/// What the decision is bound to: whatever of the sheet changes, this does.
pub(super) fn digest(sheet: &Sheet) -> String {
    let application = &sheet.registered.application;
    let facts = json!([
        application.client_id,
        application.name,
        application.metadata,
        sheet.registered.owner,
        picture_digest(sheet.logo.as_ref()),
        sheet.logo_since.map(|since| since.0),
        application.updated_at.0,
    ]);
    let mut digest = hex(&Sha256::digest(facts.to_string().as_bytes()));
    digest.truncate(32);
    digest
}

fn picture_digest(picture: Option<&(String, Vec<u8>)>) -> Option<String> {
    picture.map(|(_, bytes)| hex(&Sha256::digest(bytes)))
}

/// One member of the metadata, and what became of it since it was approved.
pub(super) struct Line {
    pub(super) label: String,
    pub(super) items: Vec<Item>,
    /// What was approved and is no longer there.
    pub(super) gone: Vec<String>,
}

/// One value of a member.
pub(super) struct Item {
    pub(super) text: String,
    /// Of an address: where it leads, which is what people know.
    pub(super) host: String,
    /// Not there when it was approved.
    pub(super) is_new: bool,
}

impl Line {
    pub(super) fn changed(&self) -> bool {
        !self.gone.is_empty() || self.items.iter().any(|item| item.is_new)
    }
}

/// The sheet line by line: the members that have a name for operators, in the order of the page, and then all others,
/// so that none is hidden.
pub(super) fn lines(sheet: &Sheet) -> Vec<Line> {
    let now = object(&sheet.registered.application.metadata);
    let before = sheet.approved_metadata.as_deref().map(object);
    let none = Map::new();
    let former = before.as_ref().unwrap_or(&none);
    let known = LABELS.iter().map(|(name, label)| (*name, *label));
    let others = now
        .keys()
        .chain(former.keys().filter(|name| !now.contains_key(*name)))
        .filter(|name| LABELS.iter().all(|(known, _)| known != *name))
        .map(|name| (name.as_str(), name.as_str()));
    known
        .chain(others)
        .filter(|(name, _)| now.contains_key(*name) || former.contains_key(*name))
        .map(|(name, label)| {
            let current = values(name, now.get(name));
            let approved = values(name, former.get(name));
            Line {
                label: label.to_owned(),
                gone: approved
                    .iter()
                    .filter(|text| !current.contains(text))
                    .cloned()
                    .collect(),
                items: current
                    .into_iter()
                    .map(|text| Item {
                        host: host(&text),
                        is_new: before.is_some() && !approved.contains(&text),
                        text,
                    })
                    .collect(),
            }
        })
        .collect()
}

/// How the logo differs from the approved one, in a word; empty where nothing was approved or nothing differs.
pub(super) fn logo_change(sheet: &Sheet) -> &'static str {
    if sheet.approved_at.is_none() {
        return "";
    }
    match (&sheet.logo, &sheet.approved_logo) {
        (Some(_), None) => "new",
        (Some((_, now)), Some((_, before))) if now != before => "changed",
        _ => "",
    }
}

/// What the consent page will say, in one language.
pub(super) struct Preview {
    pub(super) lang: &'static str,
    pub(super) asks: &'static str,
    pub(super) will_see: &'static str,
    pub(super) items: Vec<&'static str>,
    pub(super) choice: Option<[&'static str; 3]>,
    pub(super) length: &'static str,
    pub(super) links: Vec<&'static str>,
}

/// What people will read at consent where the application asks for everything that it may.
pub(super) fn previews(application: &Application) -> Vec<Preview> {
    let metadata = object(&application.metadata);
    [Language::English, Language::Spanish]
        .into_iter()
        .map(|language| {
            let texts = Texts::of(language);
            let chooses = application.requires_demographics && offers_choice(&application.scopes);
            Preview {
                lang: language.tag(),
                asks: texts.asks,
                will_see: texts.will_see,
                items: seen(&application.scopes, texts),
                choice: chooses.then_some([texts.choice, texts.share, texts.withhold]),
                length: length(application.data_access_type, texts),
                links: [
                    ("tos_uri", texts.terms),
                    ("policy_uri", texts.policy),
                    ("client_uri", texts.website),
                ]
                .into_iter()
                .filter(|(name, _)| metadata.contains_key(*name))
                .map(|(_, text)| text)
                .collect(),
            }
        })
        .collect()
}

/// One application of a list.
pub(super) fn summary(registered: &Registered) -> Value {
    let application = &registered.application;
    json!({
        "client_id": application.client_id,
        "client_name": application.name,
        "status": application.status.as_str(),
        "registered_at": application.created_at.seconds(),
        "owner": registered.owner,
        "metadata": object(&application.metadata),
    })
}

/// The whole sheet.
pub(super) fn whole(sheet: &Sheet) -> Value {
    let mut shown = summary(&sheet.registered);
    let picture = |picture: &Option<(String, Vec<u8>)>| {
        picture.as_ref().map(|(media_type, bytes)| {
            json!({ "media_type": media_type, "bytes": bytes.len(), "sha256": hex(&Sha256::digest(bytes)) })
        })
    };
    let mut changed: Vec<_> = lines(sheet)
        .iter()
        .filter(|line| line.changed())
        .map(|line| line.label.clone())
        .collect();
    if !logo_change(sheet).is_empty() {
        changed.push("Logo".to_owned());
    }
    let seen: Map<_, _> = previews(&sheet.registered.application)
        .into_iter()
        .map(|preview| {
            let texts = json!({ "will_see": preview.items, "choice": preview.choice, "length": preview.length });
            (preview.lang.to_owned(), texts)
        })
        .collect();
    for (name, value) in [
        ("sheet", json!(digest(sheet))),
        (
            "updated_at",
            json!(instant(sheet.registered.application.updated_at)),
        ),
        ("logo", json!(picture(&sheet.logo))),
        ("consent", Value::Object(seen)),
        ("decision_reason", json!(sheet.decision_reason)),
        (
            "approved",
            sheet.approved_at.map_or(Value::Null, |at| {
                json!({
                    "at": instant(at),
                    "metadata": sheet.approved_metadata.as_deref().map(object),
                    "logo": picture(&sheet.approved_logo),
                    "changed_since": changed,
                })
            }),
        ),
    ] {
        shown[name] = value;
    }
    shown
}

/// The names of members, as operators read them, in the order of what matters to people.
const LABELS: &[(&str, &str)] = &[
    ("client_name", "Name"),
    ("description", "Description"),
    ("client_uri", "Website"),
    ("redirect_uris", "Sends people back to"),
    ("policy_uri", "Privacy policy"),
    ("tos_uri", "Terms"),
    ("contacts", "Contacts"),
    ("scope", "Scopes"),
    ("data_access_type", "How long access lasts"),
    ("requires_demographics", "Asks for personal information"),
    ("token_endpoint_auth_method", "Proves who it is by"),
    ("grant_types", "Grants"),
    ("response_types", "Answers"),
    (
        "require_pushed_authorization_requests",
        "Must push its requests",
    ),
    ("jwks_uri", "Keys at"),
    ("jwks", "Keys"),
    ("logo_uri", "Logo elsewhere, which is never loaded"),
];

fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

fn values(name: &str, value: Option<&Value>) -> Vec<String> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) if name == "scope" => {
            text.split_whitespace().map(str::to_owned).collect()
        }
        Some(Value::Array(items)) => items.iter().map(one).collect(),
        Some(keys) if name == "jwks" => keys["keys"]
            .as_array()
            .map(|keys| keys.iter().map(one).collect())
            .unwrap_or_default(),
        Some(value) => vec![one(value)],
    }
}

fn one(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        other => other.to_string(),
    }
}

/// Scheme and host of an address; of one of a native application its scheme.
fn host(text: &str) -> String {
    match PlainUri::parse(text) {
        Ok(uri) if matches!(uri.scheme(), "http" | "https") => uri.origin(),
        Ok(uri) if text.contains(":/") => format!("{}:", uri.scheme()),
        _ => String::new(),
    }
}
