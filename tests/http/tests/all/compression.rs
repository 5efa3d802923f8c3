//! Compression and conditional reads (docs/contract/07-fhir.md, 7.5).

use bluegate_http_tests::{Answer, Stack, Tokens};
use http::Method;

use crate::support::tokens_of;

const LARGE: &str = "/v2/fhir/ExplanationOfBenefit?_count=8";
const PATIENT: &str = "/v2/fhir/Patient/-20140000008325";

fn get(stack: &Stack, tokens: &Tokens, url: &str, headers: &[(&str, &str)]) -> Answer {
    let bearer = format!("Bearer {}", tokens.access);
    let mut all = vec![("authorization", bearer.as_str())];
    all.extend_from_slice(headers);
    stack.browser().get_with(url, &all)
}

/// Every answer says how long it is and that it depends on `Accept-Encoding`.
#[track_caller]
fn assert_framed(answer: &Answer) {
    assert_eq!(
        answer.header("content-length"),
        answer.body.len().to_string()
    );
    assert!(
        answer
            .header("vary")
            .to_lowercase()
            .contains("accept-encoding"),
        "{:?}",
        answer.headers
    );
    assert_eq!(answer.header("transfer-encoding"), "");
}

#[test]
fn nothing_is_compressed_unless_the_client_asks() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, "BBUser28324");
    for accept in [
        "",
        "identity",
        "br",
        "deflate",
        "gzip;q=0",
        "gzip;q=0.0, *",
        "*;q=0",
        "identity, gzip; q=0.000",
    ] {
        let answer = get(&stack, &tokens, LARGE, &[("accept-encoding", accept)]).expect(200);
        assert_eq!(answer.header("content-encoding"), "", "{accept}");
        assert!(answer.body.starts_with(b"{"), "{accept}");
        assert_framed(&answer);
    }
}

#[test]
fn gzip_is_used_when_asked_for_and_gives_the_same_bytes() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, "BBUser28324");
    let plain = get(&stack, &tokens, LARGE, &[]).expect(200);
    for accept in [
        "gzip",
        "gzip, deflate, br",
        "br;q=1.0, gzip;q=0.001",
        "*",
        "x-gzip",
        "GZIP",
        "identity;q=0.5, gzip",
    ] {
        let answer = get(&stack, &tokens, LARGE, &[("accept-encoding", accept)]).expect(200);
        assert_eq!(answer.header("content-encoding"), "gzip", "{accept}");
        assert!(
            answer.body.len() < plain.body.len() / 3,
            "{} of {}",
            answer.body.len(),
            plain.body.len()
        );
        assert_framed(&answer);
        // Only the time of the search differs from one answer to the next, if anything.
        assert_eq!(answer.json()["entry"], plain.json()["entry"], "{accept}");
    }
}

#[test]
fn bodies_from_1024_bytes_on_are_compressed_and_smaller_ones_are_not() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, "BBUser28324");
    let (mut small, mut large) = (0, 0);
    for url in [
        "/v2/fhir/ExplanationOfBenefit?_count=0",
        "/v2/fhir/ExplanationOfBenefit?_count=1",
        "/v1/fhir/Patient/-20140000008325",
        "/v2/fhir/Patient/-20140000008325?_elements=birthDate",
        "/v2/fhir/Coverage",
        "/v2/fhir/Nothing",
        "/v2/connect/userinfo",
        "/.well-known/openid-configuration",
        "/v2/fhir/metadata",
        "/v2/o/authorize/",
        "/health",
    ] {
        let plain = get(&stack, &tokens, url, &[]);
        let packed = get(&stack, &tokens, url, &[("accept-encoding", "gzip")]);
        assert_framed(&plain);
        assert_framed(&packed);
        let expected = if plain.body.len() >= 1024 { "gzip" } else { "" };
        assert_eq!(
            packed.header("content-encoding"),
            expected,
            "{url}: {} bytes",
            plain.body.len()
        );
        if plain.body.len() >= 1024 {
            large += 1;
        } else {
            small += 1;
        }
    }
    assert!(small >= 3 && large >= 3, "{small} small, {large} large");
}

#[test]
fn a_read_has_the_same_weak_etag_with_and_without_gzip() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, "BBUser28324");
    let plain = get(&stack, &tokens, PATIENT, &[]).expect(200);
    let packed = get(&stack, &tokens, PATIENT, &[("accept-encoding", "gzip")]).expect(200);
    assert_eq!(packed.header("content-encoding"), "gzip");
    let tag = plain.header("etag");
    assert!(
        tag.starts_with("W/\"") && tag.ends_with('"') && tag.len() > 4,
        "{tag}"
    );
    assert_eq!(packed.header("etag"), tag);
    let other = get(
        &stack,
        &tokens,
        "/v2/fhir/Coverage/part-a--20140000008325",
        &[],
    )
    .expect(200);
    assert_ne!(other.header("etag"), tag);
    let of_v1 = get(&stack, &tokens, "/v1/fhir/Patient/-20140000008325", &[]).expect(200);
    assert_ne!(
        of_v1.header("etag"),
        tag,
        "another version is another representation"
    );
}

#[test]
fn a_read_that_did_not_change_is_304_without_a_body() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, "BBUser28324");
    let tag = get(&stack, &tokens, PATIENT, &[])
        .expect(200)
        .header("etag")
        .to_owned();
    let strong = tag.trim_start_matches("W/").to_owned();
    let listed = format!("\"x\", {tag}");
    for value in [tag.as_str(), strong.as_str(), listed.as_str(), "*"] {
        for encoding in ["identity", "gzip"] {
            let answer = get(
                &stack,
                &tokens,
                PATIENT,
                &[("if-none-match", value), ("accept-encoding", encoding)],
            );
            assert_eq!(answer.status.as_u16(), 304, "{value} {encoding}");
            assert!(answer.body.is_empty());
            assert_eq!(answer.header("etag"), tag);
            assert_eq!(answer.header("content-encoding"), "");
            assert!(!answer.header("x-request-id").is_empty());
        }
    }
    get(
        &stack,
        &tokens,
        PATIENT,
        &[("if-none-match", "W/\"other\"")],
    )
    .expect(200);
    let without = stack
        .browser()
        .get_with(PATIENT, &[("if-none-match", &tag)]);
    assert_eq!(
        without.status.as_u16(),
        401,
        "who may not read learns nothing from the tag"
    );
}

#[test]
fn head_has_the_headers_of_get_and_no_body() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, "BBUser28324");
    let bearer = format!("Bearer {}", tokens.access);
    for url in [
        PATIENT,
        "/v2/fhir/Patient",
        "/v1/fhir/Coverage",
        LARGE,
        "/v2/fhir/metadata",
        "/.well-known/oauth-authorization-server",
        "/health",
        "/v2/fhir/Patient/7",
        "/nothing/here",
    ] {
        for encoding in ["identity", "gzip"] {
            let headers = [
                ("authorization", bearer.as_str()),
                ("accept-encoding", encoding),
            ];
            let get = stack.browser().get_with(url, &headers);
            let head = stack
                .browser()
                .send(Method::HEAD, url, &headers, Vec::new());
            assert_eq!(head.status, get.status, "{url}");
            assert!(head.body.is_empty(), "{url}");
            for name in [
                "content-type",
                "content-encoding",
                "etag",
                "vary",
                "cache-control",
                "access-control-allow-origin",
            ] {
                assert_eq!(head.header(name), get.header(name), "{url} {name}");
            }
            // The time in a Bundle may be another one, but the body has the same length but for gzip's.
            let (of_head, of_get): (i64, i64) = (
                head.header("content-length").parse().expect("a length"),
                get.header("content-length").parse().expect("a length"),
            );
            assert!((of_head - of_get).abs() <= 40, "{url} {of_head} {of_get}");
        }
    }
}
