//! The page that is measured: 8 claims of one person, about 140 KB, version 2.
//!
//! Where the folder of fixtures is there, it is the real one of the claims backend, with its person and its
//! placeholders replaced; else 8 claims that lie one after the other in the sandbox's answer.

use std::io::Write as _;
use std::path::PathBuf;

use axum::body::Body;
use bluegate_sandbox::app;
use bluegate_sandbox::config::Config;
use bluegate_sandbox::people::PersonNumber;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_executor::block_on;
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower_service::Service as _;

/// Claims on the page.
pub(crate) const CLAIMS: usize = 8;

/// The page in all variants, and the Patient.
pub(crate) struct Page {
    /// What it was made of.
    pub(crate) source: String,
    /// Links on the backend's own base.
    pub(crate) own: Vec<u8>,
    /// Links on the public base, as the gateway itself would write them.
    pub(crate) public: Vec<u8>,
    /// One Patient.
    pub(crate) patient: Vec<u8>,
}

impl Page {
    /// Makes it for a person. `claims` and `patient` are what the sandbox answers for that person.
    pub(crate) fn new(person: &str, public_base: &str, claims: &Value, patient: &[u8]) -> Self {
        let bundle = fixture(person).unwrap_or_else(|| sandbox(claims));
        Self::of(bundle, person, public_base, patient)
    }

    /// The page and the Patient of the steps, which are the same everywhere.
    pub(crate) fn of_steps(person: &str, public_base: &str) -> Self {
        let (theirs, page, patient) = sandbox_page();
        let bundle = serde_json::from_str(&page.replace(&theirs, person)).expect("JSON");
        let source = "the sandbox, as in `bench steps`".to_owned();
        Self::of((source, bundle), person, public_base, patient.as_bytes())
    }

    fn of(
        (source, mut bundle): (String, Value),
        person: &str,
        public_base: &str,
        patient: &[u8],
    ) -> Self {
        let path = format!("/v2/fhir/ExplanationOfBenefit?patient={person}&_count={CLAIMS}");
        let mut with_links_on = |base: &str| {
            bundle["link"] = json!([{ "relation": "self", "url": format!("{base}{path}") }]);
            for entry in bundle["entry"].as_array_mut().into_iter().flatten() {
                let id = entry["resource"]["id"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                entry["fullUrl"] = json!(format!("{base}/v2/fhir/ExplanationOfBenefit/{id}"));
            }
            bundle.to_string().into_bytes()
        };
        Self {
            own: with_links_on("http://backend:8080"),
            public: with_links_on(public_base),
            patient: patient.to_vec(),
            source,
        }
    }
}

/// The sandbox's own page for a fixed person and day, with links on the base of the steps: the person's id, the
/// page and the Patient.
pub(crate) fn sandbox_page() -> (String, String, String) {
    let variables = [
        ("environment", "sandbox".to_owned()),
        ("public_base_url", SANDBOX.to_owned()),
    ];
    let mut router = app::router(Config::from_variables(&variables), || 1_790_000_000);
    let mut ask = |path: &str| {
        let request = Request::get(format!("/sandbox/claims/v2/fhir/{path}"));
        let request = request.body(Body::empty()).expect("a request");
        let answer = block_on(router.call(request)).expect("an answer");
        let body = block_on(answer.into_body().collect()).expect("its body");
        String::from_utf8(body.to_bytes().to_vec()).expect("text")
    };
    let person = PersonNumber::new(100).expect("a person").patient_id();
    let claims = ask(&format!("ExplanationOfBenefit?patient={person}&_count=50"));
    let patient = ask(&format!("Patient/{person}"));
    let (_, bundle) = sandbox(&serde_json::from_str(&claims).expect("JSON"));
    let page = bundle.to_string().replace(
        &format!("{SANDBOX}/sandbox/claims"),
        bluegate_bench_steps::BACKEND,
    );
    (person.to_string(), page, patient)
}

const SANDBOX: &str = "http://127.0.0.1:3000";

/// As a backend compresses.
pub(crate) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(body).expect("memory");
    encoder.finish().expect("memory")
}

fn fixture(person: &str) -> Option<(String, Value)> {
    let folder = std::env::var_os("BLUEGATE_FIXTURES")
        .map_or_else(|| PathBuf::from("../shared/fixtures"), PathBuf::from);
    let name = "bfd/v2/eob-by-patient-id-paged.json";
    let text = std::fs::read_to_string(folder.join(name)).ok()?;
    let mut bundle = serde_json::from_str(&text).ok()?;
    replace(&mut bundle, person);
    Some((format!("the fixture {name}"), bundle))
}

/// The fixture's person becomes the one who signed in, and its placeholders become what they stand for.
fn replace(value: &mut Value, person: &str) {
    match value {
        Value::String(text) if text == "IGNORED_FIELD" => "2026-01-01T00:00:00Z".clone_into(text),
        Value::String(text) => *text = text.replace("567834", person),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, person)),
        Value::Object(members) => members
            .values_mut()
            .for_each(|member| replace(member, person)),
        _ => {}
    }
}

fn sandbox(claims: &Value) -> (String, Value) {
    let entries = claims["entry"].as_array().cloned().unwrap_or_default();
    let size =
        |window: &[Value]| -> usize { window.iter().map(|entry| entry.to_string().len()).sum() };
    let window = entries
        .windows(CLAIMS)
        .min_by_key(|window| size(window).abs_diff(WANTED))
        .unwrap_or_default();
    let mut bundle = claims.clone();
    bundle["entry"] = json!(window);
    bundle["total"] = json!(window.len());
    ("the sandbox".to_owned(), bundle)
}

/// Bytes of the real page.
const WANTED: usize = 140_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_persons_id_is_put_in_everywhere() {
        let mut value = json!({ "id": "IGNORED_FIELD", "patient": { "reference": "Patient/567834" },
            "insurance": [{ "coverage": { "reference": "Coverage/part-b-567834" } }] });
        replace(&mut value, "-9");
        assert_eq!(
            value,
            json!({ "id": "2026-01-01T00:00:00Z", "patient": { "reference": "Patient/-9" },
                "insurance": [{ "coverage": { "reference": "Coverage/part-b--9" } }] })
        );
    }

    #[test]
    fn of_the_sandbox_the_eight_claims_nearest_in_size_are_taken() {
        let entry = |size: usize| json!({ "resource": { "id": "c-1", "text": "x".repeat(size) } });
        let entries: Vec<_> = [9_000_usize, 30_000]
            .iter()
            .flat_map(|size| vec![entry(*size); 8])
            .collect();
        let page = Page::new("-9", "http://127.0.0.1", &json!({ "entry": entries }), b"");
        assert!((120_000..160_000).contains(&page.own.len()) || page.source.contains("fixture"));
    }
}
