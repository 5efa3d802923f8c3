//! docs/contract/10-audit.md: whatever is refused, by whichever route, has its event.

use super::*;

/// A refused attempt: its operation as `/openapi.json` has it, the call, and what the audit says of it.
struct Attempt {
    operation: &'static str,
    call: Call,
    event: [&'static str; 2],
}

fn attempt(operation: &'static str, call: Call, event: [&'static str; 2]) -> Attempt {
    Attempt {
        operation,
        call,
        event,
    }
}

/// Operations that refuse nobody anything: documents for everybody, and pages that ask who is there.
const NOTHING_TO_REFUSE: [&str; 22] = [
    "GET /",
    "GET /.well-known/oauth-authorization-server",
    "GET /.well-known/openid-configuration",
    "GET /account/",
    "GET /developer/",
    "GET /developer/app/{client_id}",
    "GET /developer/new",
    "GET /developer/test",
    "GET /developer/test/callback",
    "GET /docs",
    "GET /health",
    "GET /health/ready",
    "GET /o/logo/{client_id}",
    "GET /openapi.json",
    "GET /ops/",
    "GET /postman.json",
    "GET /signout",
    "GET /{version}/connect/.well-known/openid-configuration",
    "GET /{version}/fhir/.well-known/smart-configuration",
    "GET /{version}/fhir/metadata",
    // What is tried there is a call of its own, with an event of its own.
    "POST /docs",
    "GET /assets/{file}",
];

/// Every route answers with and without the trailing slash.
fn bare(operation: &str) -> String {
    operation.trim_end_matches('/').to_owned()
}

/// Sends it in this browser; what the audit says of the request, all events of it.
fn told(world: &World, browser: &Browser, call: Call) -> Vec<[String; 3]> {
    let answer = browser.send(world, call);
    let id = answer.header("x-request-id");
    let rows = world.sql(&format!(
        "SELECT action, outcome, code FROM audit WHERE request_id = '{id}' ORDER BY id"
    ));
    let text = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    rows.iter()
        .map(|row| [0, 1, 2].map(|column| text(&row[column])))
        .collect()
}

/// Attempts of somebody who has nothing.
fn of_strangers(client: &Client) -> Vec<Attempt> {
    let public = |path: &str| Call::post(path).form([("client_id", "nobody")]);
    let register = || Call::post("/o/register").json(&json!({ "redirect_uris": [] }));
    let registration = format!("/o/register/{}", client.id);
    let managed = |method: Method, path: &str| {
        let mut call = Call::new(method, path).bearer("unknown");
        call.body = Bytes::from_static(b"{}");
        call
    };
    let unknown = "authorize";
    let mut all = vec![
        attempt(
            "GET /{version}/o/authorize/",
            Call::get("/v2/o/authorize/?client_id=nobody"),
            [unknown, "invalid_client"],
        ),
        attempt(
            "POST /{version}/o/authorize/",
            public("/v1/o/authorize"),
            [unknown, "invalid_client"],
        ),
        attempt(
            "GET /{version}/o/authorize/consent",
            Call::get("/v2/o/authorize/consent?transaction=x"),
            ["consent.show", "transaction_expired"],
        ),
        attempt(
            "POST /{version}/o/authorize/consent",
            Call::post("/v2/o/authorize/consent").form([("transaction", "x"), ("csrf", "y.z")]),
            ["consent.decide", "request_over"],
        ),
        attempt(
            "POST /{version}/o/authorize/consent",
            Call::post("/v2/o/authorize/consent"),
            ["consent.decide", "form_foreign"],
        ),
        attempt(
            "GET /signin/callback",
            Call::get("/signin/callback"),
            ["signin", "transaction_expired"],
        ),
        attempt(
            "GET /signin/callback",
            Call::get("/signin/callback?state=x&code=y"),
            ["signin", "transaction_expired"],
        ),
        attempt(
            "POST /signout",
            Call::post("/signout").form([("csrf", "x")]),
            ["signout", "form_foreign"],
        ),
        attempt(
            "POST /account/",
            Call::post("/account").form([("action", "revoke"), ("grant", "1")]),
            ["account.form", "no_session"],
        ),
        attempt(
            "POST /o/register",
            register(),
            ["application.register", "invalid_client_metadata"],
        ),
        attempt(
            "GET /o/register/{client_id}",
            managed(Method::GET, &registration),
            ["application.read", "invalid_token"],
        ),
        attempt(
            "PUT /o/register/{client_id}",
            managed(Method::PUT, &registration),
            ["application.update", "invalid_token"],
        ),
        attempt(
            "DELETE /o/register/{client_id}",
            managed(Method::DELETE, &registration),
            ["application.delete", "invalid_token"],
        ),
        attempt(
            "PUT /o/register/{client_id}/logo",
            managed(Method::PUT, &format!("{registration}/logo")),
            ["application.logo", "invalid_token"],
        ),
        attempt(
            "POST /developer/",
            Call::post("/developer").form([
                ("action", "sign_in"),
                ("name", "nobody"),
                ("password", "wrong"),
            ]),
            ["developer.signin", "password_wrong"],
        ),
        attempt(
            "POST /developer/",
            Call::post("/developer").form([
                ("action", "create"),
                ("name", "x"),
                ("password", "short"),
            ]),
            ["developer.create", "account_refused"],
        ),
        attempt(
            "POST /developer/",
            Call::post("/developer").form([("action", "sign_out")]),
            ["developer.form", "form_foreign"],
        ),
        attempt(
            "POST /developer/",
            Call::post("/developer")
                .header("sec-fetch-site", "cross-site")
                .form([("action", "create")]),
            ["developer.form", "form_foreign"],
        ),
    ];
    for (path, operation, action) in [
        ("/v2/o/par", "POST /{version}/o/par", "par"),
        (
            "/v1/o/revoke_token/",
            "POST /{version}/o/revoke_token/",
            "revoke.chain",
        ),
        ("/v2/o/revoke/", "POST /{version}/o/revoke/", "revoke.grant"),
        (
            "/v2/o/introspect",
            "POST /{version}/o/introspect/",
            "introspect",
        ),
    ] {
        let call = Call::post(path).form([("client_id", "nobody"), ("token", "x")]);
        all.push(attempt(operation, call, [action, "client_unauthenticated"]));
    }
    let refresh = [
        ("client_id", "nobody"),
        ("grant_type", "refresh_token"),
        ("refresh_token", "x"),
    ];
    all.push(attempt(
        "POST /{version}/o/token/",
        Call::post("/v2/o/token/").form(refresh),
        ["token.refresh", "client_unauthenticated"],
    ));
    for (path, operation) in [
        ("/connect/userinfo", "/connect/userinfo"),
        ("/v1/connect/userinfo", "/{version}/connect/userinfo"),
        ("/v2/connect/UserInfo", "/{version}/connect/UserInfo"),
    ] {
        for method in ["GET", "POST"] {
            let operation: &'static str = format!("{method} {operation}").leak();
            let call = || Call::new(method.parse().unwrap(), path);
            all.push(attempt(operation, call(), ["userinfo", "no_credentials"]));
            all.push(attempt(
                operation,
                call().bearer("unknown"),
                ["userinfo", "invalid_token"],
            ));
        }
    }
    for (operation, path, action) in [
        (
            "GET /{version}/fhir/{resource}",
            "/v2/fhir/Coverage",
            "fhir.search",
        ),
        (
            "GET /{version}/fhir/{resource}/{id}",
            "/v1/fhir/Patient/-1",
            "fhir.read",
        ),
        (
            "GET /v3/fhir/Patient/$generate-insurance-card",
            "/v3/fhir/Patient/$generate-insurance-card",
            "fhir.card",
        ),
        (
            "POST /{version}/fhir/{resource}/_search",
            "/v2/fhir/Patient/_search",
            "fhir.search",
        ),
    ] {
        let method = operation.split(' ').next().unwrap().parse().unwrap();
        let call = Call::new(method, path);
        all.push(attempt(operation, call.clone(), [action, "no_credentials"]));
        all.push(attempt(
            operation,
            call.bearer("unknown"),
            [action, "invalid_token"],
        ));
    }
    all
}

#[test]
fn every_refusal_of_every_route_has_its_event() {
    let world = super::ops::operated();
    let client = world.app("App");
    let mut wrong = Vec::new();
    let mut seen = BTreeMap::new();
    let attempts = of_strangers(&client);
    for Attempt {
        operation,
        call,
        event,
    } in attempts
    {
        let shown = format!("{} {}", call.method, call.target);
        let found = told(&world, &Browser::default(), call);
        let wanted = [event[0], "refused", event[1]].map(str::to_owned);
        if found != [wanted.clone()] {
            wrong.push(format!("{shown}: {found:?} and not {wanted:?}"));
        }
        seen.insert(bare(&operation.replace("{resource}", "Coverage")), ());
    }
    // Nothing that is described is left out.
    let document = world.send(Call::get("/openapi.json")).json();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let operation = bare(&format!("{} {path}", method.to_uppercase()));
            let of_fhir = operation
                .replace("/Patient", "/Coverage")
                .replace("/ExplanationOfBenefit", "/Coverage");
            let known = seen.contains_key(&operation)
                || seen.contains_key(&of_fhir)
                || NOTHING_TO_REFUSE.iter().any(|one| bare(one) == operation)
                // Each of these by `every_operator_route_is_refused_to_strangers_and_audited_by_name`.
                || path.starts_with("/ops/")
                // Of the sandbox alone.
                || path.starts_with("/sandbox/");
            if !known {
                wrong.push(format!("{operation} is not tried"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// With a session, with a token, with a page that was shown: what is forged, another's or over.
#[test]
fn what_is_forged_or_anothers_has_its_event_too() {
    let world = super::ops::operated();
    let client = world.app("App");
    let expect = |found: Vec<[String; 3]>, event: [&str; 2]| {
        let wanted = [event[0], "refused", event[1]].map(str::to_owned);
        assert_eq!(found, [wanted]);
    };
    // Consent: the token of another page, another browser's page, and a page that is over.
    let (browser, other) = (Browser::default(), Browser::default());
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    let others = world.consent_page(&other, &client, &bert(), SCOPE);
    let decide = |transaction: &str, csrf: &str| {
        let fields = [
            ("transaction", transaction),
            ("csrf", csrf),
            ("decision", "allow"),
            ("demographics", "share"),
        ];
        Call::post("/v2/o/authorize/consent").form(fields)
    };
    let forged = decide(&page.transaction, &others.csrf);
    expect(
        told(&world, &browser, forged),
        ["consent.decide", "form_foreign"],
    );
    let foreign = decide(&page.transaction, &page.csrf);
    expect(
        told(&world, &other, foreign),
        ["consent.decide", "request_over"],
    );
    assert_eq!(world.count("authorization_code"), 0);
    // The callback of another browser, and one that comes again.
    let started = world.authorize(&browser, &client, &[]);
    let back = world.outside.sign_in(started.location(), &anne());
    expect(
        told(&world, &other, Call::get(&back)),
        ["signin", "transaction_expired"],
    );
    // Userinfo: a live token that may not, and one whose grant has ended.
    let narrow = world.code(&client, &anne(), "patient/Coverage.rs");
    let narrow = world.exchange(&client, &narrow).tokens();
    let userinfo = |token: &str| Call::get("/v2/connect/userinfo").bearer(token);
    expect(
        told(&world, &browser, userinfo(&narrow.access)),
        ["userinfo", "insufficient_scope"],
    );
    let tokens = world.connect(&client, &anne());
    world.about_token("revoke", &client, &tokens.access);
    expect(
        told(&world, &browser, userinfo(&tokens.access)),
        ["userinfo", "grant_revoked"],
    );
    let person = "SELECT COUNT(*) FROM audit WHERE action = 'userinfo' AND client_id <> '' AND person <> x''";
    assert_eq!(
        world.sql(person)[0][0],
        Value::Integer(2),
        "whose they were"
    );
    world.lock_down("version", "v2");
    expect(
        told(&world, &browser, userinfo("x")),
        ["userinfo", "locked_down"],
    );
}
