//! The release guard and the release permit, with a backend that lies (docs/contract/07-fhir.md, 7.4).

use std::thread;
use std::time::Duration;

use bluegate_http_tests::{Answer, Application, Backend, Consent, Flow, Scripted, Stack, Tokens};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::support::{INTERNAL_ISSUE, assert_problem, entries, public, tokens_of};

const USER: &str = "BBUser28324";
const OWN: &str = "-20140000008325";
const OTHER: &str = "-20140000000024";
/// In every foreign resource, and never in an answer.
const MARKER: &str = "ForeignPersonsData";

/// A person who is signed in, and then a backend that says what a test wants.
struct Rogue {
    stack: Stack,
    app: Application,
    tokens: Tokens,
    backend: Backend,
}

impl Rogue {
    fn start() -> Self {
        let mut stack = Stack::start();
        let app = public(&stack);
        let tokens = Flow::new("v2").tokens(&stack, &app, USER, Consent::ALLOW);
        let backend = Backend::start(Scripted::fhir(404, "{}"));
        stack.restart(&[
            ("claims_backend_origin", backend.base()),
            ("claims_backend_path", ""),
        ]);
        Self {
            stack,
            app,
            tokens,
            backend,
        }
    }

    /// The answer to a call while the backend answers in this way.
    fn get(&self, url: &str, answer: Scripted) -> Answer {
        self.backend.answers(answer);
        self.stack.browser().get_as(&self.tokens.access, url)
    }

    #[track_caller]
    fn assert_nothing_foreign(&self, answer: &Answer) {
        for text in [MARKER, OTHER] {
            assert!(!answer.text().contains(text), "{}", answer.text());
            for (name, value) in &answer.headers {
                assert!(!value.to_str().unwrap_or_default().contains(text), "{name}");
            }
            assert!(!self.stack.log().contains(text), "in the log");
        }
    }
}

fn claim(owner: &str) -> Value {
    json!({
        "resourceType": "ExplanationOfBenefit",
        "id": "carrier--1",
        "status": "active",
        "patient": { "reference": format!("Patient/{owner}") },
        "note": [{ "text": if owner == OWN { "own" } else { MARKER } }],
    })
}

fn coverage(owner: &str) -> Value {
    json!({
        "resourceType": "Coverage",
        "id": format!("part-a-{owner}"),
        "status": "active",
        "beneficiary": { "reference": format!("Patient/{owner}") },
        "network": if owner == OWN { "own" } else { MARKER },
    })
}

fn patient(owner: &str) -> Value {
    json!({
        "resourceType": "Patient",
        "id": owner,
        "name": [{ "family": if owner == OWN { "own" } else { MARKER } }],
    })
}

fn bundle(resources: &[Value]) -> Value {
    let entries: Vec<_> = resources
        .iter()
        .map(|resource| json!({ "resource": resource }))
        .collect();
    json!({ "resourceType": "Bundle", "id": "b", "type": "searchset", "total": resources.len(), "entry": entries })
}

fn fhir(body: &Value) -> Scripted {
    Scripted::fhir(200, body.to_string())
}

const SEARCH: &str = "/v2/fhir/ExplanationOfBenefit?_count=50";
const READ: &str = "/v2/fhir/ExplanationOfBenefit/carrier--1";

#[test]
fn what_is_the_persons_own_is_released() {
    let rogue = Rogue::start();
    for (url, answer) in [
        (format!("/v2/fhir/Patient/{OWN}"), patient(OWN)),
        (format!("/v1/fhir/Coverage/part-a-{OWN}"), coverage(OWN)),
        (READ.to_owned(), claim(OWN)),
        ("/v1/fhir/Patient".to_owned(), bundle(&[patient(OWN)])),
        (SEARCH.to_owned(), bundle(&vec![claim(OWN); 50])),
        ("/v2/fhir/Coverage".to_owned(), bundle(&[])),
    ] {
        let released = rogue.get(&url, fhir(&answer)).expect(200).json();
        if released["resourceType"] == "Bundle" {
            assert_eq!(entries(&released).len(), entries(&answer).len(), "{url}");
        } else {
            assert_eq!(released, answer, "{url}");
        }
    }
    // References may be absolute with our base or the backend's.
    for base in [rogue.stack.base(), rogue.backend.base()] {
        let mut own = claim(OWN);
        own["patient"]["reference"] = json!(format!("{base}/v2/fhir/Patient/{OWN}"));
        rogue.get(READ, fhir(&own)).expect(200);
    }
}

#[test]
fn another_persons_resource_on_a_read_is_404_like_an_unknown_id() {
    let rogue = Rogue::start();
    let unknown = rogue.get(READ, Scripted::fhir(404, "{}"));
    assert_problem(&unknown, 404, "not_found");
    for (url, foreign) in [
        (READ.to_owned(), claim(OTHER)),
        (format!("/v1/fhir/Coverage/part-a-{OWN}"), coverage(OTHER)),
        (format!("/v2/fhir/Patient/{OWN}"), patient(OTHER)),
    ] {
        let answer = rogue.get(&url, fhir(&foreign));
        assert_problem(&answer, 404, "not_found");
        assert_eq!(answer.body, unknown.body);
        rogue.assert_nothing_foreign(&answer);
    }
}

#[test]
fn another_persons_resource_on_a_search_is_502_release_guard_and_a_critical_event() {
    let rogue = Rogue::start();
    let mut one_of_50 = vec![claim(OWN); 50];
    one_of_50[37] = claim(OTHER);
    for (url, foreign) in [
        (SEARCH, bundle(&one_of_50)),
        (SEARCH, bundle(&[claim(OTHER)])),
        (
            "/v1/fhir/ExplanationOfBenefit?_count=0",
            bundle(&[claim(OTHER)]),
        ),
        (
            "/v2/fhir/Coverage",
            bundle(&[coverage(OWN), coverage(OTHER)]),
        ),
        ("/v1/fhir/Patient", bundle(&[patient(OTHER)])),
        ("/v2/fhir/Patient", bundle(&[patient(OWN), patient(OTHER)])),
    ] {
        let answer = rogue.get(url, fhir(&foreign));
        assert_problem(&answer, 502, "release_guard");
        assert_eq!(answer.field("detail"), INTERNAL_ISSUE);
        rogue.assert_nothing_foreign(&answer);
    }
    let store =
        Connection::open_with_flags(rogue.stack.database(), OpenFlags::SQLITE_OPEN_READ_ONLY)
            .expect("the store");
    let events: i64 = store
        .query_row(
            "SELECT count(*) FROM audit WHERE level = 'critical' AND code LIKE 'release_guard%'",
            [],
            |row| row.get(0),
        )
        .expect("the audit");
    assert_eq!(events, 6);
}

/// Claims whose owner is not proved to be the person, as text.
fn unproved(base: &str) -> Vec<String> {
    let own = claim(OWN).to_string();
    let with_reference = |reference: &str| {
        let mut claim = claim(OWN);
        claim["patient"]["reference"] = json!(reference);
        claim["note"] = json!([{ "text": MARKER }]);
        claim.to_string()
    };
    let with = |name: &str, value: Value| {
        let mut claim = claim(OWN);
        claim[name] = value;
        claim.to_string()
    };
    vec![
        with_reference(&format!("https://third.example/v2/fhir/Patient/{OWN}")),
        with_reference("Patient/-2014000000832"),
        with_reference("Patient/-201400000083250"),
        with_reference("Patient/20140000008325"),
        with_reference(&format!("Patient/{OWN}/_history/1/Patient/{OTHER}")),
        with_reference(&format!("patient/{OWN}")),
        with_reference(&format!("Coverage/{OWN}")),
        with_reference(OWN),
        with_reference(""),
        with_reference(&format!("{base}.evil.example/v2/fhir/Patient/{OWN}")),
        with("patient", Value::Null),
        with("patient", json!({})),
        with(
            "patient",
            json!([{ "reference": format!("Patient/{OWN}") }]),
        ),
        with("patient", json!({ "reference": 7 })),
        with("patient", json!({ "identifier": { "value": OWN } })),
        // Twice: which one a client reads is up to its parser.
        own.replacen(
            '{',
            &format!("{{\"patient\":{{\"reference\":\"Patient/{OTHER}\"}},"),
            1,
        ),
        own.replacen(
            "\"reference\"",
            &format!("\"reference\":\"Patient/{OTHER}\",\"reference\""),
            1,
        ),
        own.replacen('{', "{\"resourceType\":\"Patient\",", 1),
        // The name of the field escaped.
        own.replacen(
            '{',
            &format!("{{\"p\\u0061tient\":{{\"reference\":\"Patient/{OTHER}\"}},"),
            1,
        ),
        with(
            "contained",
            json!([{ "resourceType": "Patient", "id": OTHER, "name": [{ "family": MARKER }] }]),
        ),
        with(
            "subject",
            json!({ "reference": format!("Patient/{OTHER}"), "display": MARKER }),
        ),
        with(
            "extension",
            json!([{ "url": "https://x.example", "valueReference": { "reference": format!("Patient/{OTHER}") } }]),
        ),
        with(
            "insurance",
            json!([{ "focal": true, "coverage": { "reference": format!("Coverage/part-a-{OTHER}") } }]),
        ),
        with(
            "insurance",
            json!([{ "focal": true, "coverage": { "reference": format!("Coverage?_id=part-a-{OTHER}") } }]),
        ),
        with(
            "contained",
            json!([{ "resourceType": "Coverage", "id": "c", "beneficiary": { "reference": format!("Patient/{OTHER}") } }]),
        ),
        with(
            "related",
            json!([{ "claim": { "identifier": { "system": "https://bluebutton.cms.gov/resources/variables/bene_id", "value": OTHER } } }]),
        ),
        patient(OWN).to_string(),
        "{}".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        String::new(),
        "<html></html>".to_owned(),
        own[..own.len() - 1].to_owned(),
        format!("{own}{own}"),
        format!("{own} garbage"),
        format!("\u{feff}{own}"),
        "[".repeat(100_000),
    ]
}

#[test]
fn what_is_not_proved_to_be_the_persons_own_is_never_released() {
    let rogue = Rogue::start();
    let mut bodies: Vec<Vec<u8>> = unproved(rogue.stack.base())
        .into_iter()
        .map(String::into_bytes)
        .collect();
    let mut not_utf8 = claim(OWN).to_string().into_bytes();
    let place = not_utf8
        .windows(3)
        .position(|part| part == b"own")
        .expect("a note");
    not_utf8[place] = 0xff;
    bodies.push(not_utf8);
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        let read = rogue.get(READ, Scripted::fhir(200, body.clone()));
        assert!(
            matches!(read.status.as_u16(), 404 | 502),
            "{} for {shown}",
            read.status
        );
        rogue.assert_nothing_foreign(&read);

        let mut wrapped = b"{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"total\":2,\"entry\":[{\"resource\":".to_vec();
        wrapped.extend_from_slice(claim(OWN).to_string().as_bytes());
        wrapped.extend_from_slice(b"},{\"resource\":");
        wrapped.extend_from_slice(&body);
        wrapped.extend_from_slice(b"}]}");
        let search = rogue.get(SEARCH, Scripted::fhir(200, wrapped));
        assert_eq!(search.status.as_u16(), 502, "{shown}");
        rogue.assert_nothing_foreign(&search);
    }
}

#[test]
fn an_escaped_reference_is_read_for_what_it_says() {
    let rogue = Rogue::start();
    let escape = |text: &str| -> String {
        text.chars()
            .map(|c| format!("\\u{:04x}", u32::from(c)))
            .collect()
    };
    for (owner, status) in [(OWN, 200), (OTHER, 404)] {
        let reference = format!("Patient/{owner}");
        let body = claim(owner)
            .to_string()
            .replace(&reference, &escape(&reference));
        let answer = rogue.get(READ, Scripted::fhir(200, body));
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
    }
}

#[test]
fn a_gzip_body_is_inflated_for_the_guard_and_a_bomb_is_502() {
    let rogue = Rogue::start();
    let packed = |body: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, body).expect("memory");
        Scripted::with_headers(
            200,
            "Content-Type: application/fhir+json\r\nContent-Encoding: gzip\r\n",
            encoder.finish().expect("memory"),
        )
    };
    let mut large = claim(OWN);
    large["note"] = json!([{ "text": "own ".repeat(1000) }]);
    let bearer = format!("Bearer {}", rogue.tokens.access);
    for (accept, encoding) in [("gzip", "gzip"), ("identity", "")] {
        rogue.backend.answers(packed(large.to_string().as_bytes()));
        let answer = rogue
            .stack
            .browser()
            .get_with(
                READ,
                &[("authorization", &bearer), ("accept-encoding", accept)],
            )
            .expect(200);
        assert_eq!(answer.header("content-encoding"), encoding);
        assert_eq!(answer.json(), large);
    }
    let foreign = rogue.get(READ, packed(claim(OTHER).to_string().as_bytes()));
    assert_problem(&foreign, 404, "not_found");
    rogue.assert_nothing_foreign(&foreign);
    let bomb = rogue.get(SEARCH, packed(&vec![b' '; 65 * 1024 * 1024]));
    assert_eq!(bomb.status.as_u16(), 502);
    assert_eq!(bomb.field("detail"), INTERNAL_ISSUE);
    let mut torn = packed(claim(OWN).to_string().as_bytes());
    torn.body.truncate(torn.body.len() - 6);
    assert_eq!(rogue.get(READ, torn).status.as_u16(), 502);
    rogue.get(READ, fhir(&claim(OWN))).expect(200);
}

#[test]
fn a_revocation_while_the_backend_thinks_stops_the_answer() {
    let rogue = Rogue::start();
    for route in ["revoke_token", "revoke"] {
        // The chain of the first round ends with it.
        let access = second_chain(&rogue).access;
        let answer = thread::scope(|scope| {
            let call = scope.spawn(|| rogue.stack.browser().get_as(&access, READ));
            thread::sleep(Duration::from_millis(400));
            rogue
                .app
                .send_token(&rogue.stack, &format!("/v2/o/{route}/"), &access)
                .expect(200);
            call.join().expect("an answer")
        });
        assert!(
            matches!(answer.status.as_u16(), 401 | 403),
            "{route}: {} {}",
            answer.status,
            answer.text()
        );
        assert!(!answer.text().contains("ExplanationOfBenefit"));
    }
}

/// Tokens of a second device. The sign-in looks the patient up, which the backend must answer.
fn second_chain(rogue: &Rogue) -> Tokens {
    rogue.backend.answers_by(|seen| {
        if seen.target.starts_with("/v3/") {
            fhir(&bundle(&[]))
        } else if seen.method == "POST" {
            fhir(&bundle(&[patient(OWN)]))
        } else {
            fhir(&claim(OWN)).after(Duration::from_millis(2500))
        }
    });
    Flow::new("v2").tokens(&rogue.stack, &rogue.app, USER, Consent::ALLOW)
}

#[test]
fn every_call_leaves_an_audit_row_before_its_answer() {
    let stack = Stack::start();
    let tokens = tokens_of(&stack, USER);
    let store = Connection::open_with_flags(stack.database(), OpenFlags::SQLITE_OPEN_READ_ONLY)
        .expect("the store");
    for (url, action, outcome) in [
        ("/v2/fhir/Coverage", "fhir.search", "ok"),
        ("/v1/fhir/Patient/-20140000008325", "fhir.read", "ok"),
        ("/v2/fhir/Patient/-20140000000024", "fhir.read", "refused"),
        (
            "/v2/fhir/Patient?_id=-20140000000024",
            "fhir.search",
            "refused",
        ),
        ("/v2/connect/userinfo", "userinfo", "ok"),
    ] {
        let answer = stack.browser().get_as(&tokens.access, url);
        let found: (String, String, i64) = store
            .query_row(
                "SELECT action, outcome, length(person) FROM audit WHERE request_id = ?1",
                [answer.header("x-request-id")],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .unwrap_or_else(|error| panic!("{url}: {error}"));
        assert_eq!(
            (found.0.as_str(), found.1.as_str()),
            (action, outcome),
            "{url}"
        );
        assert_eq!(found.2, 32, "a keyed hash of the person");
    }
}

/// The links of a Bundle are built from the client's request, whatever base the backend used.
#[test]
fn links_are_ours_whatever_base_the_backend_used() {
    let rogue = Rogue::start();
    for base in [
        "http://backend:8080/v2/fhir",
        "https://third.example/prefix/v2/fhir",
        "",
        "ExplanationOfBenefit",
    ] {
        let mut page = bundle(&vec![claim(OWN); 2]);
        page["total"] = json!(7);
        page["link"] = json!([
            { "relation": "self", "url": format!("{base}/ExplanationOfBenefit?patient={OWN}&startIndex=2&_count=2") },
            { "relation": "next", "url": format!("{base}/ExplanationOfBenefit?patient={OWN}&startIndex=4&_count=2&_format=json") },
        ]);
        let url = "/v2/fhir/ExplanationOfBenefit?_count=2&startIndex=2&type=carrier";
        let answer = rogue.get(url, fhir(&page)).expect(200).json();
        let next = crate::support::link(&answer, "next").expect("next");
        assert!(
            next.starts_with(&format!(
                "{}/v2/fhir/ExplanationOfBenefit?",
                rogue.stack.base()
            )),
            "{next}"
        );
        assert!(
            next.contains("startIndex=4")
                && next.contains("_count=2")
                && next.contains("type=carrier"),
            "{next}"
        );
        for link in answer["link"].as_array().expect("links") {
            let url = link["url"].as_str().expect("an address");
            assert!(url.starts_with(rogue.stack.base()), "{url}");
        }
    }
}
