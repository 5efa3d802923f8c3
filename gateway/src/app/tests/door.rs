//! What every request passes before its route, and what every answer has, whoever made it (contract, 5.1 and 7.5).

use super::ops::{INTERNAL, is_locked, operated};
use super::*;
use crate::app::gateway::{unavailable, unreadable};
use crate::base::http::{Body, BodyError, HeadError, Reply};
use crate::base::ports::{Entropy as _, EntropyError};

/// A body that never comes to its end.
struct Stalled;

impl Body for Stalled {
    fn read(self, _: usize) -> impl Future<Output = Result<Bytes, BodyError>> {
        std::future::pending()
    }
}

/// A body that breaks off.
struct Broken;

impl Body for Broken {
    async fn read(self, _: usize) -> Result<Bytes, BodyError> {
        Err(BodyError::Broken)
    }
}

/// A route of each shape, and what says so.
const SHAPES: [(&str, &str); 9] = [
    ("/v2/o/token/", "\"error_description\":"),
    ("/v1/o/revoke/", "\"error_description\":"),
    ("/o/register", "\"error_description\":"),
    ("/v2/fhir/Coverage/_search", "{\"detail\":"),
    ("/v3/fhir/Coverage/_search", "\"OperationOutcome\""),
    ("/v2/o/authorize/", "<meta name=\"error-code\" content="),
    (
        "/v1/o/authorize/consent",
        "<meta name=\"error-code\" content=",
    ),
    ("/developer/new", "<meta name=\"error-code\" content="),
    ("/nothing", "{\"detail\":"),
];

fn post<B: Body>(world: &World, path: &str, body: B) -> Answer {
    let request = Request::post(path)
        .header("accept-language", "es")
        .body(body)
        .unwrap();
    answer(block_on(world.gateway.borrow().respond(request)))
}

fn answer(reply: Reply) -> Answer {
    let (parts, body) = reply.into_parts();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body,
    }
}

#[track_caller]
fn is_told(answer: &Answer, (path, shape): (&str, &str), status: u16, code: &str) {
    let text = answer.text();
    assert_eq!(answer.status, status, "{path}: {text}");
    assert!(
        text.contains(shape) && text.contains(code),
        "{path}: {text}"
    );
    assert_eq!(answer.header("x-request-id").len(), 32, "{path}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("vary"), "Accept-Encoding");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-length"), text.len().to_string());
    let is_page = text.contains("<meta");
    assert!(!is_page || text.contains("lang=\"es\""), "{text}");
    let cross_origin = !is_page && path != "/nothing";
    let origin = answer.header("access-control-allow-origin");
    assert_eq!(origin == "*", cross_origin, "{path}");
}

#[test]
fn a_body_that_is_late_broken_or_too_large_is_told_in_the_shape_of_the_route() {
    let world = World::with(&[("v3_enabled", "true")]);
    for place in SHAPES {
        let (path, _) = place;
        is_told(&post(&world, path, Stalled), place, 408, "body_late");
        is_told(&post(&world, path, Broken), place, 400, "body_broken");
        let large = Bytes::from(vec![b'x'; 262_145]);
        is_told(&post(&world, path, large), place, 413, "body_too_large");
    }
}

#[test]
fn nobody_waits_for_the_content_of_a_get() {
    let world = World::new();
    for (method, path) in [
        ("GET", "/v2/fhir/metadata"),
        ("HEAD", "/v2/fhir/metadata"),
        ("OPTIONS", "/v2/o/token/"),
        ("DELETE", "/o/register/x"),
    ] {
        let request = Request::builder().method(method).uri(path);
        let request = request.body(Stalled).unwrap();
        let reply = block_on(world.gateway.borrow().respond(request));
        assert_ne!(reply.status().as_u16(), 408, "{method} {path}");
    }
}

#[test]
fn a_gateway_that_cannot_work_says_so_in_the_shape_of_the_route() {
    let world = World::new();
    let entropy = world.app.entropy.as_ref();
    for place in SHAPES {
        for https in [true, false] {
            let request = Request::post(place.0).header("accept-language", "es");
            let parts = request.body(()).unwrap().into_parts().0;
            let answer = answer(unavailable(parts, entropy, https));
            is_told(&answer, place, 503, "not_configured");
            assert_eq!(answer.header("retry-after"), "60");
            let hsts = answer.header("strict-transport-security");
            assert_eq!(hsts.is_empty(), !https);
        }
    }
    let alive = Request::get("/%68ealth/").body(()).unwrap().into_parts().0;
    assert_eq!(unavailable(alive, entropy, false).status(), 200);
}

#[test]
fn a_head_that_cannot_be_read_is_told() {
    let world = World::new();
    for (error, status, code) in [
        (HeadError::Malformed, 400, "path_malformed"),
        (HeadError::TargetTooLong, 414, "target_too_long"),
        (HeadError::TooLarge, 431, "head_too_large"),
    ] {
        let answer = answer(unreadable(error, world.app.entropy.as_ref(), true));
        is_told(&answer, ("/nothing", "{\"detail\":"), status, code);
    }
}

#[test]
fn without_random_bytes_nothing_is_answered_but_that() {
    struct NoEntropy;
    impl crate::base::ports::Entropy for NoEntropy {
        fn bytes32(&self) -> Result<[u8; 32], EntropyError> {
            Err(EntropyError)
        }
    }
    assert!(NoEntropy.bytes32().is_err());
    let mut world = World::new();
    world.app.entropy = std::sync::Arc::new(NoEntropy);
    // The sandbox registers its own applications once; they are there.
    world.restart();
    let refused = world.send(Call::post("/v2/o/token/").form([("grant_type", "x")]));
    assert_eq!(refused.status, 503);
    assert_eq!(refused.header("access-control-allow-origin"), "*");
    assert!(refused.text().contains("error_description"));
}

/// Percent-encoded or not, it is the same route: its lock-down, its shape of errors, its CORS.
#[test]
fn an_encoded_path_is_the_same_route_with_the_same_lock_down() {
    let world = operated();
    let tokens = world.connect(&world.app("App"), &anne());
    world.lock_down("version", "v2");
    world.outside.change(|outside| outside.asked.clear());
    for path in [
        "/%762/fhir/Coverage",
        "/v%32/fhir/Patient/-1",
        "/%76%32/%66%68%69%72/Explanation%4ffBenefit",
        "/v2/connect/%75serinfo",
        "/%63onnect/userinfo",
        "/connect/userinfo",
    ] {
        let answer = world.send(Call::get(path).bearer(&tokens.access));
        is_locked(&answer, INTERNAL);
        assert_eq!(answer.json()["code"], "locked_down", "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
    }
    let token = world.send(Call::post("/%762/o/t%6Fken").form([("grant_type", "x")]));
    is_locked(&token, INTERNAL);
    world
        .outside
        .change(|outside| assert_eq!(outside.asked.len(), 0));
    // v1 is another version, however it is written.
    let other = world.send(Call::get("/%761/connect/userinfo").bearer(&tokens.access));
    assert_eq!(other.status, 200);
    // What decodes to a slash or is encoded twice leads nowhere.
    for path in [
        "/v2%2Ffhir/Coverage",
        "/%25762/fhir/Coverage",
        "/v2/fhir%2FCoverage",
    ] {
        let answer = world.send(Call::get(path).bearer(&tokens.access));
        assert_eq!(answer.status, 404, "{path}");
    }
}

#[test]
fn an_encoded_path_of_v3_has_the_errors_of_v3() {
    let world = World::with(&[("v3_enabled", "true")]);
    for path in [
        "/v3/fhir/Patient",
        "/%763/fhir/Patient",
        "/v%33/fhir/Nothing",
    ] {
        let answer = world.send(Call::get(path));
        assert_eq!(answer.json()["resourceType"], "OperationOutcome", "{path}");
    }
}

#[test]
fn an_id_of_dots_is_not_found_and_asks_nobody() {
    let world = World::new();
    let tokens = world.connect(&world.app("App"), &anne());
    world.outside.change(|outside| outside.asked.clear());
    for resource in ["Patient", "ExplanationOfBenefit"] {
        for id in [".", "..", "%2e", "%2E.", "%2e%2e", "..%2FPatient"] {
            let path = format!("/v2/fhir/{resource}/{id}");
            let answer = world.send(Call::get(&path).bearer(&tokens.access));
            answer.is_refused(404, "not_found");
        }
    }
    world
        .outside
        .change(|outside| assert_eq!(outside.asked.len(), 0));
    let alerts = world.count("audit WHERE level <> 'info' AND action = 'fhir.read'");
    assert_eq!(alerts, 0);
}

#[test]
fn an_answer_without_content_has_no_length() {
    let world = World::new();
    let preflight =
        Call::new(Method::OPTIONS, "/v2/o/token/").header("origin", "https://a.example");
    let answer = world.send(preflight);
    assert_eq!((answer.status, answer.header("content-length")), (204, ""));
}

/// Whatever a browser is led to open: a page, JSON, a picture, a refusal, a redirect, nothing at all.
#[test]
fn every_answer_forbids_to_be_run_or_framed() {
    let world = World::new();
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    for (call, status) in [
        (Call::get("/docs"), 200),
        (Call::get("/signout"), 200),
        (Call::get("/developer/"), 200),
        (Call::get("/health"), 200),
        (Call::get("/openapi.json"), 200),
        (Call::get("/.well-known/openid-configuration"), 200),
        (Call::get("/v2/fhir/metadata"), 200),
        (
            Call::get("/v2/fhir/ExplanationOfBenefit").bearer(&tokens.access),
            200,
        ),
        (Call::get("/v2/fhir/Patient"), 401),
        (Call::get("/nowhere"), 404),
        (Call::new(Method::DELETE, "/health"), 405),
        (Call::new(Method::OPTIONS, "/v2/o/token/"), 204),
        (Call::get("/account/"), 303),
        (Call::post("/v2/o/token/"), 400),
    ] {
        let shown = format!("{} {}", call.method, call.target);
        let answer = world.send(call);
        let policy = answer.header("content-security-policy");
        for directive in ["default-src 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(directive), "{shown}: {policy}");
        }
        assert_eq!(
            answer.header("x-content-type-options"),
            "nosniff",
            "{shown}"
        );
        assert_eq!(answer.status, status, "{shown}");
    }
}
