//! Remembers every secret that any test used, and looks for each in everything that its application wrote or
//! answered, when the application ends.
//!
//! What may show a secret is written down in [`Witness::saw`] and nowhere else: the code in its own redirect, token
//! answers, the secrets of an application in the answer to its registration, names on the consent page and in
//! userinfo, and the person's own FHIR resources. Store and log may show none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use aho_corasick::AhoCorasick;
use http::Method;
use serde_json::Value;

use crate::Answer;

/// By the address of the application.
static WITNESSES: Mutex<BTreeMap<String, Witness>> = Mutex::new(BTreeMap::new());

#[derive(Default)]
struct Witness {
    /// Every secret, and what it is.
    secrets: BTreeMap<String, &'static str>,
    /// Names, e-mail addresses and Medicare numbers.
    people: BTreeSet<String>,
    /// Patient ids: no secret, but nothing that operators or the log may see.
    patients: BTreeSet<String>,
    answers: Vec<Shown>,
}

/// What was answered.
struct Shown {
    name: String,
    /// The secrets that it may show.
    may_show: BTreeSet<String>,
    /// Whether it may show who the person is.
    people: bool,
    /// Headers and body.
    text: Vec<u8>,
}

/// Remembers a request and its answer.
pub(crate) fn note(base: &str, method: &Method, url: &str, request: &[u8], answer: &Answer) {
    // What the provider and the backend of the sandbox answer is not the gateway's.
    let Some(path) = url
        .strip_prefix(base)
        .filter(|path| !path.starts_with("/sandbox/") && !path.starts_with("/demo"))
    else {
        return;
    };
    let mut witnesses = WITNESSES.lock().unwrap_or_else(PoisonError::into_inner);
    witnesses
        .entry(base.to_owned())
        .or_default()
        .saw(method, path, request, answer);
}

/// Says where a secret was found that may not be there, and forgets the application.
pub(crate) fn testify(base: &str, data: &Path, log: &str) -> Vec<String> {
    let mut witnesses = WITNESSES.lock().unwrap_or_else(PoisonError::into_inner);
    witnesses
        .remove(base)
        .map_or_else(Vec::new, |witness| witness.findings(data, log))
}

impl Witness {
    fn saw(&mut self, method: &Method, path: &str, request: &[u8], answer: &Answer) {
        let route = path
            .split(['?', '#'])
            .next()
            .unwrap_or_default()
            .trim_end_matches('/');
        let mut may_show = BTreeSet::new();
        let mut learn = |what: &'static str, secret: Option<&str>| {
            if let Some(secret) = secret.filter(|secret| secret.len() >= 32) {
                self.secrets.insert(secret.to_owned(), what);
                may_show.insert(secret.to_owned());
            }
        };
        // HEAD has the headers of a body, and none.
        let plain = if answer.body.is_empty() {
            Vec::new()
        } else {
            answer.plain()
        };
        let body = if answer
            .headers
            .get("content-type")
            .is_some_and(|kind| kind == "application/json")
        {
            serde_json::from_slice(&plain).unwrap_or(Value::Null)
        } else {
            Value::Null
        };
        // The exceptions, each where it belongs and for its own secrets only.
        if route.ends_with("/o/token") && answer.status == 200 {
            learn("access token", body["access_token"].as_str());
            learn("refresh token", body["refresh_token"].as_str());
            if let Some(id) = body["patient"].as_str().filter(|id| id.len() >= 8) {
                self.patients.insert(id.to_owned());
            }
        }
        if route.starts_with("/o/register") && answer.status.is_success() {
            learn("client secret", body["client_secret"].as_str());
            learn(
                "registration token",
                body["registration_access_token"].as_str(),
            );
        }
        if route.ends_with("/o/authorize/consent") && answer.status == 303 {
            learn("code", answer.redirected("code").as_deref());
            learn(
                "access token of the implicit flow",
                fragment(answer, "access_token").as_deref(),
            );
        }
        // About a person: names where userinfo gives them, the Medicare number where Patient has it.
        let is_userinfo = route.ends_with("/userinfo") || route.ends_with("/UserInfo");
        if is_userinfo {
            for name in ["name", "email"] {
                if let Some(text) = body[name].as_str().filter(|text| text.len() >= 8) {
                    self.people.insert(text.to_owned());
                }
            }
        }
        for number in after(&plain, b"us-mbi\",\"value\":\"") {
            self.people.insert(number);
        }
        // What a client keeps to itself until it sends it.
        if *method == Method::POST {
            for (name, value) in form_urlencoded::parse(request) {
                if name == "code_verifier" && value.len() >= 43 {
                    self.secrets.insert(value.into_owned(), "verifier");
                }
            }
        }
        // FHIR bodies are the person's own data and hold none of these; they are large, so they are left out.
        if route.contains("/fhir/") && answer.status == 200 {
            return;
        }
        let mut shown: Vec<u8> = answer
            .headers
            .iter()
            .flat_map(|(name, value)| {
                [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\n"].concat()
            })
            .collect();
        shown.extend_from_slice(&plain);
        self.answers.push(Shown {
            name: format!("{method} {route} {}", answer.status.as_u16()),
            may_show,
            people: is_userinfo || route.ends_with("/o/authorize/consent"),
            text: shown,
        });
    }

    fn findings(&self, data: &Path, log: &str) -> Vec<String> {
        let secrets = self.secrets.iter().map(|(secret, what)| (secret, *what));
        let people = self.people.iter().map(|text| (text, "name or number"));
        let wanted: Vec<_> = secrets.chain(people).collect();
        let Ok(search) = AhoCorasick::new(wanted.iter().map(|(text, _)| text.as_str())) else {
            return vec!["the secrets cannot be looked for".to_owned()];
        };
        let mut findings = BTreeSet::new();
        let mut look = |place: &str, may_show: &BTreeSet<String>, people: bool, text: &[u8]| {
            for found in search.find_overlapping_iter(text) {
                let (text, what) = wanted[found.pattern().as_usize()];
                let allowed = may_show.contains(text) || (people && self.people.contains(text));
                if !allowed {
                    findings.insert(format!("a {what} in {place}"));
                }
            }
        };
        for shown in &self.answers {
            let place = format!("the answer to {}", shown.name);
            look(&place, &shown.may_show, shown.people, &shown.text);
        }
        let none = BTreeSet::new();
        look("the log", &none, false, log.as_bytes());
        for entry in std::fs::read_dir(data).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_file() {
                let content = std::fs::read(path).unwrap_or_default();
                look(&entry.file_name().to_string_lossy(), &none, false, &content);
            }
        }
        findings.extend(self.named_patients(log));
        findings.into_iter().collect()
    }
}

impl Witness {
    /// Where a patient id is shown as it is. Operators and the log know people by their keyed hashes.
    fn named_patients(&self, log: &str) -> Vec<String> {
        let Ok(search) = AhoCorasick::new(&self.patients) else {
            return vec!["the patient ids cannot be looked for".to_owned()];
        };
        let mut findings = Vec::new();
        for shown in self
            .answers
            .iter()
            .filter(|shown| shown.name.contains(" /ops"))
        {
            if search.is_match(&shown.text) {
                findings.push(format!("a patient id in the answer to {}", shown.name));
            }
        }
        if search.is_match(log) {
            findings.push("a patient id in the log".to_owned());
        }
        findings
    }
}

/// What stands between each `before` and the next quotation mark.
fn after(text: &[u8], before: &[u8]) -> Vec<String> {
    let Ok(search) = AhoCorasick::new([before]) else {
        return Vec::new();
    };
    search
        .find_iter(text)
        .filter_map(|found| text[found.end()..].split(|byte| *byte == b'"').next())
        .map(|value| String::from_utf8_lossy(value).into_owned())
        .filter(|value| value.len() >= 8)
        .collect()
}

fn fragment(answer: &Answer, name: &str) -> Option<String> {
    let (_, fragment) = answer.header("location").split_once('#')?;
    form_urlencoded::parse(fragment.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef0123456789a";

    fn answer(body: &str) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        Answer {
            status: StatusCode::OK,
            headers,
            body: body.as_bytes().to_vec(),
        }
    }

    fn witness() -> Witness {
        let mut witness = Witness::default();
        let tokens = answer(&format!(r#"{{"access_token":"{TOKEN}"}}"#));
        witness.saw(&Method::POST, "/v2/o/token/", b"", &tokens);
        witness
    }

    #[test]
    fn a_token_may_be_in_its_own_answer() {
        let data = tempfile::tempdir().expect("a folder");
        assert_eq!(
            witness().findings(data.path(), "a log"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_medicare_number_outside_of_fhir_is_found() {
        let data = tempfile::tempdir().expect("a folder");
        let mut witness = Witness::default();
        let patient = answer(
            r#"{"identifier":[{"system":"http://hl7.org/fhir/sid/us-mbi","value":"1S00E00AA00"}]}"#,
        );
        witness.saw(&Method::GET, "/v2/fhir/Patient/-1", b"", &patient);
        assert_eq!(witness.findings(data.path(), "a log"), Vec::<String>::new());
        assert_eq!(
            witness.findings(data.path(), "mbi 1S00E00AA00"),
            ["a name or number in the log"]
        );
    }

    #[test]
    fn a_patient_id_is_found_where_operators_look_and_in_the_log() {
        let data = tempfile::tempdir().expect("a folder");
        let mut witness = Witness::default();
        let tokens = answer(&format!(
            r#"{{"access_token":"{TOKEN}","patient":"-20140000008325"}}"#
        ));
        witness.saw(&Method::POST, "/v2/o/token/", b"", &tokens);
        assert_eq!(witness.findings(data.path(), "a log"), Vec::<String>::new());
        let line = answer(r#"{"person":"-20140000008325"}"#);
        witness.saw(&Method::GET, "/ops/audit/export", b"", &line);
        assert_eq!(
            witness.findings(data.path(), "person -20140000008325"),
            [
                "a patient id in the answer to GET /ops/audit/export 200",
                "a patient id in the log",
            ]
        );
    }

    #[test]
    fn a_token_anywhere_else_is_found() {
        let data = tempfile::tempdir().expect("a folder");
        std::fs::write(data.path().join("store.db"), format!("\0\0{TOKEN}x")).expect("a file");
        let mut witness = witness();
        let error = answer(&format!(r#"{{"error":"{TOKEN} is unknown"}}"#));
        witness.saw(&Method::GET, "/v2/connect/userinfo", b"", &error);
        assert_eq!(
            witness.findings(data.path(), TOKEN),
            [
                "a access token in store.db",
                "a access token in the answer to GET /v2/connect/userinfo 200",
                "a access token in the log",
            ]
        );
    }
}
