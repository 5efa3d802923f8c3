//! The walk of the two documented people, from authorize to sign-out, on both versions.

use std::collections::BTreeSet;

use bluegate_http_tests::{Answer, Application, Consent, Flow, Stack, Tokens};
use serde_json::Value;

use crate::support::{entries, link, pages, public, tokens_of, works};

struct Documented {
    user: &'static str,
    patient: &'static str,
    carrier: (usize, usize),
    inpatient: (usize, Option<usize>),
    pde: usize,
}

const DOE: Documented = Documented {
    user: "BBUser28324",
    patient: "-20140000008325",
    carrier: (25, 110),
    inpatient: (2, Some(25)),
    pde: 5,
};

#[test]
fn bbuser28324_sees_32_claims_with_140_lines_on_v1() {
    let claims = all_claims("v1", &DOE);
    assert_eq!((claims.len(), lines(&claims)), (32, 140));
}

#[test]
fn bbuser28324_sees_32_claims_with_140_lines_on_v2() {
    let claims = all_claims("v2", &DOE);
    assert_eq!((claims.len(), lines(&claims)), (32, 140));
}

const SECOND: Documented = Documented {
    user: "BBUser20023",
    patient: "-20140000000024",
    carrier: (44, 0),
    inpatient: (1, None),
    pde: 103,
};

#[test]
fn bbuser20023_sees_148_claims_in_15_pages_of_10_on_v1() {
    assert_eq!(all_claims("v1", &SECOND).len(), 148);
}

#[test]
fn bbuser20023_sees_148_claims_in_15_pages_of_10_on_v2() {
    assert_eq!(all_claims("v2", &SECOND).len(), 148);
}

/// There, statements are awaited: the gateway finds out by the pragmas that are refused.
#[test]
fn on_libsql_the_walk_is_the_same() {
    let Some(stack) = Stack::with_options_of_the_host(&[], &["--libsql"]) else {
        return;
    };
    assert_eq!(all_claims_on(&stack, "v2", &DOE).len(), 32);
}

fn all_claims(version: &'static str, person: &Documented) -> Vec<Value> {
    all_claims_on(&Stack::shared(), version, person)
}

/// Walks from the button to the last page and checks all that is documented of the person.
fn all_claims_on(stack: &Stack, version: &'static str, person: &Documented) -> Vec<Value> {
    let tokens = Flow::new(version).tokens(stack, &public(stack), person.user, Consent::ALLOW);
    assert_eq!(tokens.patient, person.patient);
    let mut browser = stack.browser();
    let base = format!("/{version}/fhir");

    let patient = browser
        .get_as(
            &tokens.access,
            &format!("{base}/Patient/{}", person.patient),
        )
        .expect(200)
        .json();
    assert_eq!(
        (&patient["resourceType"], &patient["id"]),
        (&"Patient".into(), &person.patient.into())
    );
    let found = browser
        .get_as(&tokens.access, &format!("{base}/Patient"))
        .expect(200)
        .json();
    assert_eq!(found["total"], 1);
    assert_eq!(entries(&found), [patient]);

    let coverage = browser
        .get_as(&tokens.access, &format!("{base}/Coverage"))
        .expect(200)
        .json();
    assert_eq!(coverage["total"], 4);
    let coverages = entries(&coverage);
    assert_eq!(coverages.len(), 4);
    for coverage in &coverages {
        assert_eq!(
            coverage["beneficiary"]["reference"],
            format!("Patient/{}", person.patient)
        );
        let id = coverage["id"].as_str().expect("an id");
        let read = browser
            .get_as(&tokens.access, &format!("{base}/Coverage/{id}"))
            .expect(200)
            .json();
        assert_eq!(read["id"], id);
    }

    let all = pages(
        stack,
        &tokens.access,
        &format!("{base}/ExplanationOfBenefit"),
    );
    let expected = person.carrier.0 + person.inpatient.0 + person.pde;
    assert_eq!(all.len(), expected.div_ceil(10));
    assert_eq!(entries(&all[0]).len(), 10);
    assert!(all.iter().all(|page| page["total"] == expected));
    let claims: Vec<_> = all.iter().flat_map(entries).collect();
    let ids: BTreeSet<_> = claims.iter().map(|claim| claim["id"].to_string()).collect();
    assert_eq!(
        (claims.len(), ids.len()),
        (expected, expected),
        "each claim exactly once"
    );
    for claim in &claims {
        assert_eq!(claim["resourceType"], "ExplanationOfBenefit");
        assert_eq!(
            claim["patient"]["reference"],
            format!("Patient/{}", person.patient)
        );
    }

    let of_type = |types: &str| -> Vec<Value> {
        let url = format!("{base}/ExplanationOfBenefit?type={types}&_count=50");
        pages(stack, &tokens.access, &url)
            .iter()
            .flat_map(entries)
            .collect()
    };
    let (carrier, inpatient, pde) = (of_type("carrier"), of_type("inpatient"), of_type("pde"));
    assert_eq!(
        (carrier.len(), inpatient.len(), pde.len()),
        (person.carrier.0, person.inpatient.0, person.pde)
    );
    if person.carrier.1 > 0 {
        assert_eq!(lines(&carrier), person.carrier.1);
    }
    if let Some(expected) = person.inpatient.1 {
        assert_eq!(lines(&inpatient), expected);
    }
    assert!(
        pde.iter()
            .all(|claim| lines(std::slice::from_ref(claim)) == 1)
    );
    assert_eq!(
        of_type("carrier,inpatient").len(),
        carrier.len() + inpatient.len()
    );
    assert_eq!(of_type("dme,hha,hospice,outpatient,snf").len(), 0);
    claims
}

fn lines(claims: &[Value]) -> usize {
    claims
        .iter()
        .map(|claim| claim["item"].as_array().map_or(0, Vec::len))
        .sum()
}

#[test]
fn bbuser28324_is_doe_of_unknown_gender_born_2014_06_01_in_state_15() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, DOE.user);
    for version in ["v1", "v2"] {
        let patient = stack
            .browser()
            .get_as(
                &tokens.access,
                &format!("/{version}/fhir/Patient/{}", DOE.patient),
            )
            .expect(200)
            .json();
        assert_eq!(patient["name"][0]["family"], "Doe");
        assert_eq!(patient["gender"], "unknown");
        assert_eq!(patient["birthDate"], "2014-06-01");
        assert_eq!(patient["address"][0]["state"], "15");
        assert_eq!(patient["address"][0]["postalCode"], "99999");
        assert!(
            patient["extension"].to_string().contains("White"),
            "{patient}"
        );
    }
}

#[test]
fn a_claim_can_be_read_by_its_id_on_both_versions() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, DOE.user);
    for version in ["v1", "v2"] {
        let mut browser = stack.browser();
        let page = browser
            .get_as(
                &tokens.access,
                &format!("/{version}/fhir/ExplanationOfBenefit?_count=3"),
            )
            .expect(200)
            .json();
        let found = entries(&page);
        assert_eq!(found.len(), 3);
        for claim in found {
            let id = claim["id"].as_str().expect("an id");
            let url = format!("/{version}/fhir/ExplanationOfBenefit/{id}");
            assert_eq!(
                browser.get_as(&tokens.access, &url).expect(200).json(),
                claim
            );
        }
    }
}

#[test]
fn codes_and_tokens_of_v1_serve_v2_and_the_other_way_round() {
    let stack = Stack::shared();
    let app = public(&stack);
    for (asked, redeemed, read) in [("v1", "v2", "v2"), ("v2", "v1", "v1")] {
        let mut flow = Flow::new(asked);
        let code = flow.code(&stack, &app, DOE.user, Consent::ALLOW);
        flow.version = redeemed;
        let tokens = Tokens::read(&flow.exchange(&stack, &app, &code).expect(200));
        stack
            .browser()
            .get_as(&tokens.access, &format!("/{read}/fhir/Coverage"))
            .expect(200);
    }
}

#[test]
fn userinfo_names_the_person_and_the_patient_id_but_no_ssn() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, DOE.user);
    for url in [
        "/v1/connect/userinfo",
        "/v2/connect/userinfo",
        "/v1/connect/UserInfo",
        "/v2/connect/UserInfo/",
        "/connect/userinfo",
    ] {
        let answer = stack.browser().get_as(&tokens.access, url).expect(200);
        let body = answer.json();
        for key in ["sub", "patient"] {
            assert_eq!(body[key], DOE.patient, "{url} {key}");
        }
        assert_eq!(body["family_name"], "Doe", "{url}");
        for key in [
            "prefered_username",
            "preferred_username",
            "given_name",
            "name",
            "email",
        ] {
            assert!(
                body[key].as_str().is_some_and(|text| !text.is_empty()),
                "{url} {key}"
            );
        }
        let created = body["created"].as_str().expect("a date");
        assert_eq!(created.len(), "2017-11-28".len(), "{created}");
        let text = answer.text().to_lowercase();
        assert!(!text.contains("ssn") && !text.contains("hicn") && !text.contains("mbi"));
    }
}

#[test]
fn a_refresh_gives_tokens_that_work() {
    let stack = Stack::shared();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let tokens = flow.tokens(&stack, &app, DOE.user, Consent::ALLOW);
    let refreshed = Tokens::read(
        &flow
            .refresh(&stack, &app, &tokens.refresh, None)
            .expect(200),
    );
    assert_eq!(refreshed.patient, DOE.patient);
    assert_ne!(refreshed.access, tokens.access);
    assert!(works(&stack, &refreshed.access));
}

#[test]
fn revocation_ends_access_at_once() {
    let stack = Stack::shared();
    let flow = Flow::new("v2");
    for route in ["revoke_token", "revoke"] {
        let app = public(&stack);
        let tokens = flow.tokens(&stack, &app, DOE.user, Consent::ALLOW);
        assert!(works(&stack, &tokens.access));
        app.send_token(&stack, &format!("/v2/o/{route}/"), &tokens.access)
            .expect(200);
        assert!(!works(&stack, &tokens.access), "{route}");
        let refused = flow.refresh(&stack, &app, &tokens.refresh, None);
        assert!(
            refused.status.is_client_error(),
            "{route} {}",
            refused.status
        );
    }
}

#[test]
fn sign_out_forgets_the_browser() {
    let stack = Stack::shared();
    let (app, mut browser) = (public(&stack), stack.browser());
    let flow = Flow::new("v2");
    let page = flow.to_consent(&mut browser, &app, DOE.user);
    assert!(browser.has_cookie("bg"));
    // A link, of whatever site, only asks.
    let asked = browser.get("/signout").expect(200);
    assert!(browser.has_cookie("bg"));
    let mut kept = browser.clone();
    let csrf = asked.hidden("csrf");
    let out = browser.post("/signout", &[("csrf", &csrf)]).expect(303);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert!(!browser.has_cookie("bg"));
    // The consent page that was open cannot be answered any more.
    let decided = flow.decide(&mut browser, &page, Consent::ALLOW).expect(303);
    assert_eq!(decided.redirected("code"), None);
    // Nor by whoever kept the cookies.
    let decided = flow.decide(&mut kept, &page, Consent::ALLOW).expect(303);
    assert_eq!(decided.redirected("code"), None);
}

#[test]
fn sign_out_goes_on_to_the_provider_and_comes_back() {
    let stack = Stack::shared();
    let mut browser = stack.browser();
    let csrf = browser.get("/account/").expect(303);
    assert!(csrf.header("set-cookie").starts_with("bg="));
    let csrf = browser.get("/signout").expect(200).hidden("csrf");
    let out = browser.post("/signout", &[("csrf", &csrf)]).expect(303);
    let there = out.header("location").to_owned();
    assert!(
        there.starts_with(&format!("{}/sandbox/idp/logout?", stack.base())),
        "{there}"
    );
    let home = format!("{}/", stack.base());
    assert_eq!(
        out.redirected("post_logout_redirect_uri").as_deref(),
        Some(home.as_str())
    );
    assert_eq!(browser.get(&there).expect(303).header("location"), home);
}

/// No open redirector: where sign-out leads is what the configuration says, whatever the request says.
#[test]
fn sign_out_leads_nowhere_that_a_request_says() {
    let stack = Stack::shared();
    let evil = "https%3A%2F%2Fevil.example%2F";
    let query = [
        "post_logout_redirect_uri",
        "redirect_uri",
        "next",
        "return_to",
        "state",
    ]
    .map(|name| format!("{name}={evil}"))
    .join("&");
    let mut browser = stack.browser();
    browser.get("/account/").expect(303);
    let csrf = browser.get("/signout").expect(200).hidden("csrf");
    let asked = browser.get(&format!("/signout?{query}")).expect(200);
    assert!(!asked.text().contains("evil.example"), "{}", asked.text());
    let form = [
        ("csrf", csrf.as_str()),
        ("post_logout_redirect_uri", "https://evil.example/"),
        ("next", "https://evil.example/"),
    ];
    let host = [("x-forwarded-host", "evil.example")];
    let out = browser
        .post_with(&format!("/signout?{query}"), &host, &form)
        .expect(303);
    let there = out.header("location");
    assert!(
        there.starts_with(&format!("{}/sandbox/idp/logout?", stack.base())),
        "{there}"
    );
    assert!(!there.contains("evil.example"), "{there}");
    // Without the form's token it leads to the page that asks.
    let forged = browser
        .post_with(&format!("/signout?{query}"), &[], &[])
        .expect(303);
    assert_eq!(forged.header("location"), "/signout");
}

#[test]
fn page_links_are_absolute_and_begin_with_the_public_address() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, SECOND.user);
    let url = "/v2/fhir/ExplanationOfBenefit?type=pde&_count=20&startIndex=20";
    // A Host header that lies changes nothing.
    let answer = stack.browser().get_with(
        url,
        &[
            ("authorization", &format!("Bearer {}", tokens.access)),
            ("x-forwarded-host", "evil.example"),
        ],
    );
    let page = answer.expect(200).json();
    for relation in ["self", "first", "next", "previous", "last"] {
        let url = link(&page, relation).unwrap_or_else(|| panic!("no {relation}"));
        assert!(
            url.starts_with(&format!("{}/v2/fhir/ExplanationOfBenefit?", stack.base())),
            "{relation} {url}"
        );
        assert!(
            url.contains("type=pde") && url.contains("_count=20"),
            "{url}"
        );
    }
    // The backend may give entries an address. Where it does, the address is ours.
    for entry in page["entry"].as_array().expect("entries") {
        if let Some(url) = entry["fullUrl"].as_str() {
            assert!(
                url.starts_with(&format!("{}/v2/fhir/", stack.base())),
                "{url}"
            );
        }
    }
}

#[test]
fn a_search_may_be_sent_as_a_form_to_search() {
    let stack = Stack::shared();
    let tokens = tokens_of(&stack, DOE.user);
    let header = format!("Bearer {}", tokens.access);
    let search = |resource: &str, form: &[(&str, &str)]| -> Answer {
        let url = format!("/v2/fhir/{resource}/_search");
        stack
            .browser()
            .post_with(&url, &[("authorization", &header)], form)
            .expect(200)
    };
    assert_eq!(search("Patient", &[]).json()["total"], 1);
    assert_eq!(search("Coverage", &[]).json()["total"], 4);
    let found = search("ExplanationOfBenefit", &[("type", "pde"), ("_count", "2")]).json();
    assert_eq!(found["total"], 5);
    assert_eq!(entries(&found).len(), 2);
}

#[test]
fn the_demo_application_is_registered_in_the_sandbox() {
    let stack = Stack::shared();
    let app = Application {
        client_id: "BluegateDemoPublicClientForSandbox000001".to_owned(),
        secret: None,
        redirect_uri: format!("{}/demo/", stack.base()),
        metadata: Value::Null,
    };
    let tokens = Flow::new("v2").tokens(&stack, &app, DOE.user, Consent::ALLOW);
    assert!(works(&stack, &tokens.access));
    stack.browser().get("/demo/").expect(200);
}
