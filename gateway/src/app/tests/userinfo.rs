//! Userinfo by GET and POST (docs/contract/08-userinfo.md; OpenID Connect Core, section 5.3.1; RFC 6750, section 2).

use super::*;

#[test]
fn userinfo_by_post_takes_the_token_in_the_header_or_in_the_form() {
    let world = World::new();
    let tokens = world.connect(&world.app("App"), &anne());
    let form = |fields: &[(&str, &str)]| Call::post("/v2/connect/userinfo").form(fields.to_vec());
    let wanted = world.userinfo(&tokens.access).json();
    assert_eq!(wanted["sub"], "-1");
    for path in [
        "/v1/connect/userinfo/",
        "/v2/connect/UserInfo",
        "/connect/userinfo",
    ] {
        for call in [
            Call::post(path).bearer(&tokens.access),
            Call::post(path).form([("access_token", tokens.access.as_str())]),
            Call::post(path)
                .form([("x", "y"), ("access_token", &tokens.access)])
                .header("authorization", "Basic eDp5"),
        ] {
            let answer = world.send(call);
            assert_eq!(
                (answer.status, answer.json()),
                (200, wanted.clone()),
                "{path}"
            );
            assert_eq!(answer.header("access-control-allow-origin"), "*");
        }
    }
    for wrong in ["", "unknown", "not a token"] {
        world
            .send(form(&[("access_token", wrong)]))
            .is_refused(401, "invalid_token");
    }
    let twice = [("access_token", tokens.access.as_str()); 2];
    world.send(form(&twice)).is_refused(401, "invalid_token");
    let both = form(&twice[..1]).bearer(&tokens.access);
    world.send(both).is_refused(400, "token_repeated");
    world.send(form(&[])).is_refused(401, "no_credentials");
}

#[test]
fn a_token_stands_in_no_query_and_in_no_other_form() {
    let world = World::new();
    let tokens = world.connect(&world.app("App"), &anne());
    let query = format!("access_token={}", tokens.access);
    for call in [
        Call::post(&format!("/v2/connect/userinfo?{query}")),
        Call::get(&format!("/connect/userinfo?{query}")),
        Call::post("/v2/fhir/Patient/_search").form([("access_token", tokens.access.as_str())]),
    ] {
        world.send(call).is_refused(400, "token_in_query");
    }
    // Not a form, or not a POST: nothing there counts.
    let json = Call::post("/v2/connect/userinfo").json(&json!({ "access_token": tokens.access }));
    world.send(json).is_refused(401, "no_credentials");
}

#[test]
fn userinfo_by_post_is_locked_down_and_audited_like_get() {
    let world = super::ops::operated();
    let tokens = world.connect(&world.app("App"), &anne());
    let call = || Call::post("/connect/userinfo").form([("access_token", tokens.access.as_str())]);
    assert_eq!(world.send(call()).status, 200);
    assert_eq!(world.audited(0), ["userinfo", "ok", "", "info"]);
    world.lock_down("version", "v2");
    super::ops::is_locked(&world.send(call()), super::ops::INTERNAL);
}
