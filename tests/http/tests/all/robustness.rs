//! Nothing that comes from the network stops the gateway or gets an answer of 500 (the house rule on panics).

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use bluegate_http_tests::{Consent, Flow, Stack};

use crate::support::{public, works};

/// Pieces that parsers stumble over.
const PIECES: [&str; 30] = [
    "",
    "%",
    "%zz",
    "%00",
    "%c3%28",
    "%ff%fe",
    "+",
    "&",
    "=",
    "&&",
    "==",
    ";",
    "#",
    "..",
    "/../",
    "%2e%2e%2f",
    "'",
    "\"",
    "<script>",
    "{{",
    "\\u0000",
    "-20140000008325",
    "99999999999999999999999",
    "-0",
    "NaN",
    "1e309",
    "a=b=c",
    "\u{202e}",
    "\u{1f600}",
    "patient/*.rs",
];

const PLACES: [(&str, &str); 22] = [
    ("GET", "/v2/o/authorize/?"),
    ("POST", "/v1/o/authorize/"),
    ("GET", "/v2/o/authorize/consent?transaction="),
    ("POST", "/v2/o/authorize/consent"),
    ("GET", "/signin/callback?state="),
    ("GET", "/signin/callback?code=x&"),
    ("POST", "/v2/o/token/"),
    ("POST", "/v2/o/token/?grant_type="),
    ("POST", "/v2/o/revoke_token/"),
    ("POST", "/v2/o/introspect/"),
    ("POST", "/v2/o/par"),
    ("POST", "/o/register"),
    ("GET", "/o/register/"),
    ("GET", "/v2/fhir/Patient/"),
    ("GET", "/v1/fhir/Coverage?_id="),
    ("GET", "/v2/fhir/ExplanationOfBenefit?_lastUpdated="),
    ("GET", "/v2/fhir/ExplanationOfBenefit?service-date=ge"),
    ("GET", "/v2/fhir/ExplanationOfBenefit?_count="),
    ("GET", "/v2/fhir/ExplanationOfBenefit?_elements="),
    ("POST", "/v2/fhir/ExplanationOfBenefit/_search?"),
    ("GET", "/"),
    ("GET", "/v2/connect/userinfo?"),
];

/// Enough randomness to mix pieces, the same on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).expect("small")
    }

    fn mix(&mut self) -> String {
        let names = [
            "client_id",
            "redirect_uri",
            "scope",
            "state",
            "code",
            "grant_type",
            "token",
            "type",
            "_count",
            "x",
        ];
        (0..=self.roll(6))
            .map(|_| match self.roll(3) {
                0 => PIECES[self.roll(PIECES.len())].to_owned(),
                1 => format!(
                    "{}={}",
                    names[self.roll(names.len())],
                    PIECES[self.roll(PIECES.len())]
                ),
                _ => format!(
                    "&{}={}",
                    names[self.roll(names.len())],
                    PIECES[self.roll(PIECES.len())].repeat(1 + self.roll(40))
                ),
            })
            .collect()
    }
}

/// Sends bytes as they are and gives the status.
fn raw(stack: &Stack, request: &[u8]) -> Option<u16> {
    let mut stream =
        TcpStream::connect(stack.base().trim_start_matches("http://")).expect("the gateway");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a timeout");
    stream.write_all(request).ok()?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).ok()?;
    std::str::from_utf8(&answer)
        .ok()?
        .split(' ')
        .nth(1)?
        .parse()
        .ok()
}

/// A request whose target and body are taken as they are. The target is made ASCII: HTTP has no other.
fn request(method: &str, target: &str, token: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let target: String = target
        .bytes()
        .map(|byte| {
            if byte.is_ascii_graphic() && byte != b'#' {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02x}")
            }
        })
        .collect();
    let mut request = format!(
        "{method} {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

#[test]
fn no_mixture_of_odd_pieces_gets_a_500_or_stops_an_instance() {
    let stack = Stack::start();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let tokens = flow.tokens(&stack, &app, "BBUser00014", Consent::ALLOW);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for round in 0..600 {
        let (method, place) = PLACES[round % PLACES.len()];
        let mixed = dice.mix();
        let (target, body) = match method {
            "POST" => (place.to_owned(), mixed.clone().into_bytes()),
            _ => (format!("{place}{mixed}"), Vec::new()),
        };
        let content_type = match dice.roll(4) {
            0 => "application/json",
            1 => "multipart/form-data; boundary=x",
            _ => "application/x-www-form-urlencoded",
        };
        let status = raw(
            &stack,
            &request(method, &target, &tokens.access, content_type, &body),
        );
        let status = status.unwrap_or_else(|| panic!("no answer to {method} {target} {mixed}"));
        assert!(status < 500, "{status} for {method} {target} with {mixed}");
    }
    assert!(works(&stack, &tokens.access));
    let log = stack.log();
    assert!(!log.contains("panicked") && !log.contains("trap"), "{log}");
}

#[test]
fn bytes_that_are_no_text_are_refused_in_bodies_and_headers() {
    let stack = Stack::start();
    let bytes: Vec<u8> = (0..=255).collect();
    for (method, place) in PLACES {
        for content_type in [
            "application/x-www-form-urlencoded",
            "application/json",
            "multipart/form-data; boundary=x",
            "\u{e9}",
        ] {
            let status = raw(&stack, &request(method, place, "x", content_type, &bytes));
            assert!(
                status.is_some_and(|status| status < 500),
                "{status:?} {method} {place}"
            );
        }
    }
    for header in [
        "Authorization: Bearer ",
        "Cookie: bg=",
        "If-None-Match: ",
        "Accept: ",
        "Accept-Encoding: gzip;q=",
        "Accept-Language: ",
        "Prefer: handling=",
        "Origin: ",
        "Content-Type: ",
    ] {
        // Spin itself answers 500 where a header is not UTF-8, so these are odd but UTF-8.
        let odd: String = (0x20..=0x250)
            .filter(|number| !(0x7f..0xa0).contains(number))
            .filter_map(char::from_u32)
            .collect();
        let mut request = format!(
            "GET /v2/fhir/Patient HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}{odd}"
        )
        .into_bytes();
        request.extend_from_slice(b"\r\n\r\n");
        let status = raw(&stack, &request);
        assert!(
            status.is_some_and(|status| status < 500),
            "{status:?} {header}"
        );
    }
    stack.browser().get("/health/ready").expect(200);
    assert!(!stack.log().contains("panicked"));
}

#[test]
fn json_that_is_deep_or_has_huge_numbers_is_400_at_registration() {
    let stack = Stack::shared();
    for body in [
        "[".repeat(100_000),
        "{\"a\":".repeat(20_000),
        "{\"client_name\":1e999999}".to_owned(),
        format!("{{\"contacts\":[{}\"x\"]}}", "\"x\",".repeat(20_000)),
        format!("{{\"jwks\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000)),
    ] {
        let answer = stack.browser().send(
            http::Method::POST,
            "/o/register",
            &[("content-type", "application/json")],
            body.into_bytes(),
        );
        assert_eq!(answer.status.as_u16(), 400, "{}", answer.text());
    }
}

#[test]
fn a_client_that_goes_away_disturbs_nobody() {
    let stack = Stack::start();
    let tokens = crate::support::tokens_of(&stack, "BBUser20023");
    let half = "POST /v2/o/token/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\ngrant_type=".to_owned();
    let whole = format!(
        "GET /v2/fhir/ExplanationOfBenefit?_count=50 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        tokens.access
    );
    for _ in 0..20 {
        for request in [&half, &whole] {
            let mut stream = TcpStream::connect(stack.base().trim_start_matches("http://"))
                .expect("the gateway");
            stream.write_all(request.as_bytes()).expect("sent");
        }
        assert!(works(&stack, &tokens.access));
    }
}
