//! A backend that takes its time, breaks off or never ends (docs/contract/07-fhir.md, 7.5). Each trouble happens to
//! one call, while others of the same application go on as if nothing were the matter.

use std::io::Write as _;
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use bluegate_http_tests::{Answer, Backend, Scripted, Stack, Tokens, Way};
use serde_json::{Value, json};

use crate::support::{INTERNAL_ISSUE, tokens_of};

const USER: &str = "BBUser28324";
const OWN: &str = "-20140000008325";
/// What `claims_backend_timeout_s` is here.
const LIMIT: Duration = Duration::from_secs(2);
/// A call that the backend answers in its way.
const TROUBLED: &str = "_count=7";

struct Trouble {
    stack: Stack,
    tokens: Tokens,
    backend: Backend,
}

impl Trouble {
    /// Somebody is signed in, and then the backend answers whoever asks for a page of 7 as a test wants.
    fn start() -> Self {
        let mut stack = Stack::start();
        let tokens = tokens_of(&stack, USER);
        let backend = Backend::start(healthy());
        stack.restart(&[
            ("claims_backend_origin", backend.base()),
            ("claims_backend_path", ""),
            ("claims_backend_timeout_s", "2"),
        ]);
        Self {
            stack,
            tokens,
            backend,
        }
    }

    fn answers(&self, trouble: Scripted) {
        self.backend.answers_by(move |seen| {
            if seen.target.contains(TROUBLED) {
                trouble.clone()
            } else {
                healthy()
            }
        });
    }

    fn get(&self, url: &str) -> Answer {
        self.stack.browser().get_as(&self.tokens.access, url)
    }

    /// The answer to the troubled call, while others get theirs.
    fn meanwhile(&self, version: &str) -> Answer {
        thread::scope(|scope| {
            let troubled =
                scope.spawn(|| self.get(&format!("/{version}/fhir/Coverage?{TROUBLED}")));
            for _ in 0..4 {
                self.get("/v2/fhir/Coverage").expect(200);
            }
            troubled.join().expect("an answer")
        })
    }

    /// Waits until the backend is no longer asked for anything.
    fn nothing_is_left_open(&self) {
        let since = Instant::now();
        while self.backend.open() > 0 {
            assert!(
                since.elapsed() < 10 * LIMIT,
                "a call of the backend outlives its limit"
            );
            thread::sleep(Duration::from_millis(50));
        }
    }
}

fn bundle() -> Value {
    let coverage = json!({
        "resourceType": "Coverage", "id": format!("part-a-{OWN}"), "status": "active",
        "beneficiary": { "reference": format!("Patient/{OWN}") },
        "text": { "div": "secret-of-the-backend ".repeat(200) },
    });
    json!({
        "resourceType": "Bundle", "type": "searchset", "total": 1, "entry": [{ "resource": coverage }],
    })
}

fn healthy() -> Scripted {
    Scripted::fhir(200, bundle().to_string())
}

#[track_caller]
fn assert_internal_issue(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status.as_u16(), status, "{what}: {}", answer.text());
    // In the shape of the version.
    assert!(answer.text().contains(INTERNAL_ISSUE), "{what}");
    assert!(!answer.text().contains("secret-of-the-backend"), "{what}");
}

#[test]
fn whoever_keeps_us_waiting_beyond_the_limit_is_504_and_disturbs_nobody() {
    let trouble = Trouble::start();
    for (what, way) in [
        ("silence", Way::Silent),
        ("a body that stops", Way::Stalled),
        (
            "a body that trickles",
            Way::Slow(1, Duration::from_millis(20)),
        ),
    ] {
        trouble.answers(healthy().by_way(way));
        for version in ["v1", "v2", "v3"] {
            let answer = trouble.meanwhile(version);
            assert_internal_issue(&answer, 504, what);
            assert!(answer.text().contains("\"backend_timeout\""));
        }
        trouble.nothing_is_left_open();
    }
    let late = healthy().after(LIMIT + Duration::from_secs(1));
    trouble.answers(late);
    assert_internal_issue(&trouble.meanwhile("v2"), 504, "late headers");
}

#[test]
fn whoever_is_slow_within_the_limit_is_waited_for() {
    let trouble = Trouble::start();
    let piece = bundle().to_string().len() / 4;
    trouble.answers(healthy().by_way(Way::Slow(piece, Duration::from_millis(100))));
    let answer = trouble.meanwhile("v2").expect(200);
    assert_eq!(answer.json()["entry"], bundle()["entry"]);
}

#[test]
fn a_body_that_breaks_off_or_is_not_what_was_promised_is_502_and_disturbs_nobody() {
    let trouble = Trouble::start();
    let whole = bundle().to_string();
    for (what, answer) in [
        ("a reset amid the body", healthy().by_way(Way::Reset)),
        ("a longer length", healthy().declaring(whole.len() + 100)),
        ("a shorter length", healthy().declaring(whole.len() - 100)),
        ("no length", healthy().declaring(0)),
    ] {
        trouble.answers(answer);
        for version in ["v1", "v2", "v3"] {
            assert_internal_issue(&trouble.meanwhile(version), 502, what);
        }
        trouble.nothing_is_left_open();
    }
}

#[test]
fn a_body_without_an_end_is_502_and_disturbs_nobody() {
    let trouble = Trouble::start();
    trouble.answers(healthy().by_way(Way::Endless));
    for version in ["v1", "v2", "v3"] {
        let answer = trouble.meanwhile(version);
        // At the limit of 64 MiB, or of the time, whichever a machine comes to first.
        let status = answer.status.as_u16();
        assert!(matches!(status, 502 | 504), "{status}");
        assert_internal_issue(&answer, status, "an endless body");
    }
    trouble.nothing_is_left_open();
}

#[test]
fn what_an_answer_says_disturbs_nobody_else() {
    let trouble = Trouble::start();
    let html = "Content-Type: text/html\r\n";
    for (answer, status) in [
        (
            Scripted::with_headers(302, "Location: http://127.0.0.1:1/\r\n", ""),
            502,
        ),
        (Scripted::fhir(401, ""), 502),
        (Scripted::fhir(404, ""), 404),
        (Scripted::fhir(409, ""), 502),
        (Scripted::fhir(429, ""), 503),
        (Scripted::fhir(500, ""), 502),
        (Scripted::with_headers(200, html, "<html></html>"), 502),
        (Scripted::fhir(200, ""), 502),
    ] {
        trouble.answers(answer.clone());
        let seen = trouble.meanwhile("v2");
        assert_eq!(seen.status.as_u16(), status, "{answer:?}");
    }
}

/// Nobody learns of it, the others go on, and the backend is not kept busy beyond the limit.
#[test]
fn a_client_that_goes_away_disturbs_nobody_and_its_call_ends_by_the_deadline() {
    let trouble = Trouble::start();
    trouble.answers(healthy().by_way(Way::Silent));
    // How often the backend was asked in the way that troubles it.
    let mut count = 0;
    let mut asked = |backend: &Backend| {
        let seen = backend.seen();
        let troubled = seen.iter().filter(|seen| seen.target.contains(TROUBLED));
        count += troubled.count();
        count
    };
    let address = trouble
        .stack
        .base()
        .trim_start_matches("http://")
        .to_owned();
    for number in 1..=5 {
        let mut client = TcpStream::connect(&address).expect("a connection");
        write!(
            client,
            "GET /v2/fhir/Coverage?{TROUBLED} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\r\n",
            trouble.tokens.access
        )
        .expect("a request");
        let since = Instant::now();
        while asked(&trouble.backend) < number {
            assert!(since.elapsed() < 10 * LIMIT, "the backend was not asked");
            thread::sleep(Duration::from_millis(10));
        }
        client.shutdown(Shutdown::Both).expect("goes away");
        drop(client);
        for _ in 0..3 {
            trouble.get("/v2/fhir/Coverage").expect(200);
        }
    }
    trouble.nothing_is_left_open();
    assert_eq!(asked(&trouble.backend), 5, "none of them is tried again");
    trouble.get("/v2/fhir/Coverage").expect(200);
}
