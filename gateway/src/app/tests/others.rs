//! What other servers did instead of what they should: whoever asked is told a code, and the log has the cause, once, with
//! the request.

use super::applications::asserted;
use super::outside::{ISSUER, Instead};
use super::*;
use crate::base::ports::UpstreamError;

/// What comes, and what the log must have of it.
const FAULTS: [(Instead, &str); 7] = [
    (Ok((503, "")), "it answered with 503 Service Unavailable"),
    (Ok((404, "")), "it answered with 404 Not Found"),
    (
        Ok((200, "{\"a\":")),
        "Eof error at line 1 column 5 of the JSON",
    ),
    (
        Ok((200, "<html>")),
        "Syntax error at line 1 column 1 of the JSON",
    ),
    // What stands there may be a token or a name.
    (
        Ok((200, "\"a word that is nobody's matter\"")),
        "Data error at line 1",
    ),
    (Err(UpstreamError::Timeout), "no complete answer in time"),
    (Err(UpstreamError::TooLarge), "the answer is too large"),
];

/// The one line of the request that tells of another server.
fn cause(world: &World, answer: &Answer) -> String {
    let log = world.log.0.lock().unwrap();
    assert!(!format!("{log:?}").contains("nobody's matter"));
    let id = answer.header("x-request-id");
    let told: Vec<_> = log
        .iter()
        .filter(|line| line.contains("signin.refused") || line.contains("refused.cause"))
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(id), "{id}: {told:?}");
    told[0].clone()
}

#[test]
fn what_the_provider_or_the_backend_did_at_a_sign_in_is_in_the_log_once() {
    for (place, code) in [
        (".well-known/openid-configuration", "provider_unavailable"),
        ("/idp/token", "provider_unavailable"),
        ("/idp/keys", "provider_unavailable"),
        ("Patient/_search", "backend_unavailable"),
    ] {
        for (instead, expected) in FAULTS {
            let world = World::new();
            let client = world.app("App");
            let browser = Browser::default();
            let wrong = || {
                let change = |state: &mut outside::State| state.instead = Some((place, instead));
                world.outside.change(change);
            };
            let at_once = place.starts_with(".well-known");
            if at_once {
                wrong();
            }
            let started = world.authorize(&browser, &client, &[]);
            let answer = if at_once {
                started
            } else {
                wrong();
                world.sign_in(&browser, &started, &anne())
            };
            let refused = place == "/idp/token" && expected.contains("404");
            let code = if refused { "signin_refused" } else { code };
            assert_eq!(answer.page_error(), code, "{place}: {expected}");
            let line = cause(&world, &answer);
            assert!(line.contains(expected), "{place}: {expected}: {line}");
        }
    }
}

#[test]
fn what_came_from_a_jwks_uri_is_in_the_log_once() {
    for (instead, expected) in FAULTS {
        let world = World::with(&[("client_jwks_origin", "http://127.0.0.1:3000")]);
        let address = format!("{ISSUER}/keys");
        let metadata =
            json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": address });
        let client = world.register("App", metadata);
        world
            .outside
            .change(|state| state.instead = Some(("/idp/keys", instead)));
        let answer = asserted(&world, &client, "j-1", json!({}), &refresh_form("none"));
        answer.is_refused(401, "invalid_client");
        let line = cause(&world, &answer);
        assert!(line.contains(expected), "{expected}: {line}");
        assert!(!answer.text().contains(expected));
    }
}

#[test]
fn a_value_that_the_store_may_not_have_is_in_the_log_with_its_cause() {
    let world = World::new();
    let client = world.app("App");
    let id = &client.id;
    world.sql(&format!(
        "UPDATE application SET redirect_uris = '[\"nobody''s matter\", 1]' WHERE client_id = '{id}'"
    ));
    let answer = world.authorize(&Browser::default(), &client, &[]);
    answer.is_page(503, "store_unavailable");
    let log = world.log.0.lock().unwrap();
    let line = log.iter().find(|line| line.contains("store.error"));
    let line: Json = serde_json::from_str(line.unwrap()).unwrap();
    assert_eq!(
        (&line["error"], &line["causes"], &line["request_id"]),
        (
            &json!("store: unexpected value in application.redirect_uris"),
            &json!(["Data error at line 1 column 21 of the JSON"]),
            &json!(answer.header("x-request-id")),
        )
    );
}
