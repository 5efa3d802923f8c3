//! The consent page (docs/contract/04-consent.md).

use bluegate_http_tests::{Answer, Consent, Flow, Stack, Tokens};

use crate::support::{assert_problem, assert_redirected_error, public, works};

const USER: &str = "BBUser28324";
const PATIENT: &str = "-20140000008325";

#[test]
fn deny_sends_access_denied_back_with_state_and_iss() {
    let stack = Stack::shared();
    let (app, flow, mut browser) = (public(&stack), Flow::new("v2"), stack.browser());
    let page = flow.to_consent(&mut browser, &app, USER);
    let answer = flow.decide(&mut browser, &page, Consent::DENY);
    assert_redirected_error(&stack, &answer, "access_denied", Some(&flow.state));
    // Deny is final: the same page cannot be allowed afterwards.
    let again = flow.decide(&mut browser, &page, Consent::ALLOW).expect(303);
    assert_eq!(again.redirected("code"), None);
}

#[test]
fn withheld_demographics_leave_no_patient_scope_but_the_patient_id_in_the_token_answer() {
    let stack = Stack::shared();
    for version in ["v1", "v2"] {
        let app = public(&stack);
        let tokens = Flow::new(version).tokens(&stack, &app, USER, Consent::WITHHOLD);
        assert_eq!(tokens.patient, PATIENT);
        let scope = tokens.body["scope"].as_str().expect("scope");
        assert!(
            !scope.contains("patient/Patient") && !scope.contains("profile"),
            "{scope}"
        );
        assert!(scope.contains("patient/Coverage"), "{scope}");
        let mut browser = stack.browser();
        for url in [
            format!("/{version}/fhir/Patient/{PATIENT}"),
            format!("/{version}/fhir/Patient"),
            format!("/{version}/connect/userinfo"),
        ] {
            assert_problem(
                &browser.get_as(&tokens.access, &url),
                403,
                "insufficient_scope",
            );
        }
        for resource in ["Coverage", "ExplanationOfBenefit"] {
            let url = format!("/{version}/fhir/{resource}");
            browser.get_as(&tokens.access, &url).expect(200);
        }
    }
}

#[test]
fn a_wildcard_scope_gives_no_patient_data_where_demographics_are_withheld() {
    let stack = Stack::shared();
    for scope in ["patient/*.read", "patient/*.rs"] {
        let flow = Flow::new("v2").with_scope(scope);
        let tokens = flow.tokens(&stack, &public(&stack), USER, Consent::WITHHOLD);
        let answer = stack.browser().get_as(&tokens.access, "/v2/fhir/Patient");
        assert_problem(&answer, 403, "insufficient_scope");
        assert!(works(&stack, &tokens.access));
    }
}

#[test]
fn withholding_all_that_was_asked_for_is_access_denied() {
    let stack = Stack::shared();
    let (app, mut browser) = (public(&stack), stack.browser());
    let flow = Flow::new("v2").with_scope("profile patient/Patient.rs");
    let page = flow.to_consent(&mut browser, &app, USER);
    let answer = flow.decide(&mut browser, &page, Consent::WITHHOLD);
    assert_redirected_error(&stack, &answer, "access_denied", Some(&flow.state));
}

#[test]
fn the_choice_to_withhold_holds_for_refreshes_too() {
    let stack = Stack::shared();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let tokens = flow.tokens(&stack, &app, USER, Consent::WITHHOLD);
    let widened = flow.refresh(&stack, &app, &tokens.refresh, Some("patient/Patient.rs"));
    assert_eq!(
        (widened.status.as_u16(), widened.field("error").as_str()),
        (400, "invalid_scope")
    );
    let refreshed = Tokens::read(
        &flow
            .refresh(&stack, &app, &tokens.refresh, None)
            .expect(200),
    );
    let answer = stack
        .browser()
        .get_as(&refreshed.access, "/v2/fhir/Patient");
    assert_problem(&answer, 403, "insufficient_scope");
}

#[test]
fn a_wrong_csrf_token_gives_no_code_and_leaves_the_page_usable() {
    let stack = Stack::shared();
    let (app, flow, mut browser) = (public(&stack), Flow::new("v2"), stack.browser());
    let page = flow.to_consent(&mut browser, &app, USER);
    let other = flow.to_consent(&mut stack.browser(), &app, USER);
    let transaction = page.hidden("transaction");
    for csrf in [
        Some("x".repeat(43)),
        Some(other.hidden("csrf")),
        Some(String::new()),
        None,
    ] {
        let mut form = vec![
            ("transaction", transaction.as_str()),
            ("decision", "allow"),
            ("demographics", "share"),
        ];
        form.extend(csrf.as_deref().map(|csrf| ("csrf", csrf)));
        let answer = browser.post("/v2/o/authorize/consent", &form).expect(303);
        assert_eq!(answer.redirected("code"), None);
        assert!(
            !answer.header("location").contains("127.0.0.1:9/"),
            "not to the application"
        );
    }
    let answer = flow.decide(&mut browser, &page, Consent::ALLOW).expect(303);
    assert!(answer.redirected("code").is_some());
}

#[test]
fn a_decision_that_is_neither_allow_nor_deny_gives_no_code() {
    let stack = Stack::shared();
    let (app, flow, mut browser) = (public(&stack), Flow::new("v2"), stack.browser());
    let page = flow.to_consent(&mut browser, &app, USER);
    for (decision, demographics) in [
        ("", "share"),
        ("ALLOW", "share"),
        ("yes", "share"),
        ("allow", "perhaps"),
    ] {
        let consent = Consent {
            decision,
            demographics,
        };
        let answer = flow.decide(&mut browser, &page, consent).expect(303);
        assert_eq!(answer.redirected("code"), None, "{decision} {demographics}");
    }
    // Where a choice is offered, leaving it out is no choice.
    let form = [
        ("transaction", page.hidden("transaction")),
        ("csrf", page.hidden("csrf")),
        ("decision", "allow".to_owned()),
    ];
    let answer = browser
        .post(
            "/v2/o/authorize/consent",
            &bluegate_http_tests::pairs(&form),
        )
        .expect(303);
    if let Some(code) = answer.redirected("code") {
        let tokens = Tokens::read(&flow.exchange(&stack, &app, &code).expect(200));
        let patient = stack.browser().get_as(&tokens.access, "/v2/fhir/Patient");
        assert_eq!(
            patient.status.as_u16(),
            200,
            "share is the default of the page"
        );
    }
}

#[test]
fn another_browser_sees_a_page_that_can_no_longer_be_used() {
    let stack = Stack::shared();
    let (app, flow, mut browser) = (public(&stack), Flow::new("v2"), stack.browser());
    let start = browser.get(&flow.authorize_url(&app)).expect(303);
    let form = browser.get(start.header("location")).expect(200);
    let signed_in =
        bluegate_http_tests::post_sign_in(&mut browser, &form, USER, "PW28324!").expect(303);
    // The victim follows the attacker's callback: no cookie, or a cookie of its own.
    let mut stranger = stack.browser();
    for _ in 0..2 {
        let page = stranger.get(signed_in.header("location")).expect(400);
        assert_eq!(page.page_code(), "transaction_expired");
        stranger.get(&flow.authorize_url(&app)).expect(303);
    }
    let callback = browser.get(signed_in.header("location")).expect(303);
    let consent_url = callback.header("location").to_owned();
    let mine = browser.get(&consent_url).expect(200);
    let page = stranger.get(&consent_url).expect(400);
    assert_eq!(page.page_code(), "transaction_expired");
    let stolen = flow
        .decide(&mut stranger, &mine, Consent::ALLOW)
        .expect(303);
    assert_eq!(stolen.redirected("code"), None);
    assert!(
        flow.decide(&mut browser, &mine, Consent::ALLOW)
            .redirected("code")
            .is_some()
    );
}

#[test]
fn a_double_click_gives_the_same_redirect_twice() {
    let stack = Stack::shared();
    let (app, flow, mut browser) = (public(&stack), Flow::new("v2"), stack.browser());
    let page = flow.to_consent(&mut browser, &app, USER);
    let first = flow
        .decide(&mut browser.clone(), &page, Consent::ALLOW)
        .expect(303);
    let second = flow.decide(&mut browser, &page, Consent::ALLOW).expect(303);
    assert_eq!(first.header("location"), second.header("location"));
    let code = second.redirected("code").expect("a code");
    flow.exchange(&stack, &app, &code).expect(200);
}

#[test]
fn two_tabs_at_once_give_two_codes_that_both_work() {
    let stack = Stack::shared();
    let (app, other) = (public(&stack), public(&stack));
    let mut browser = stack.browser();
    let (one, two, three) = (Flow::new("v2"), Flow::new("v1"), Flow::new("v2"));
    let first = one.to_consent(&mut browser, &app, USER);
    let second = two.to_consent(&mut browser, &app, USER);
    let third = three.to_consent(&mut browser, &other, USER);
    for (flow, page, app, patient) in [
        (&two, &second, &app, PATIENT),
        (&three, &third, &other, PATIENT),
        (&one, &first, &app, PATIENT),
    ] {
        let answer = flow.decide(&mut browser, page, Consent::ALLOW).expect(303);
        let code = answer.redirected("code").expect("a code");
        let tokens = Tokens::read(&flow.exchange(&stack, app, &code).expect(200));
        assert_eq!(tokens.patient, patient);
    }
}

#[test]
fn a_decided_page_can_not_be_opened_again() {
    let stack = Stack::shared();
    let (app, flow, mut browser) = (public(&stack), Flow::new("v2"), stack.browser());
    let page = flow.to_consent(&mut browser, &app, USER);
    flow.decide(&mut browser, &page, Consent::ALLOW).expect(303);
    let back = browser.get(&consent_url(&page)).expect(400);
    assert_eq!(back.page_code(), "transaction_expired");
}

#[test]
fn a_page_that_was_open_for_10_minutes_can_no_longer_be_used() {
    let mut stack = Stack::start();
    let (app, flow, mut browser) = (public(&stack), Flow::new("v2"), stack.browser());
    let page = flow.to_consent(&mut browser, &app, USER);
    stack.restart(&[("clock_offset_s", "601")]);
    assert_eq!(
        browser.get(&consent_url(&page)).expect(400).page_code(),
        "transaction_expired"
    );
    let late = flow.decide(&mut browser, &page, Consent::ALLOW).expect(303);
    assert_eq!(late.redirected("code"), None);
}

#[test]
fn nothing_can_be_decided_before_sign_in() {
    let stack = Stack::shared();
    let (app, flow, mut browser) = (public(&stack), Flow::new("v2"), stack.browser());
    let start = browser.get(&flow.authorize_url(&app)).expect(303);
    let transaction = start.redirected("state").expect("the transaction");
    let url = format!("/v2/o/authorize/consent?transaction={transaction}");
    let page = browser.get(&url).expect(303);
    assert!(page.header("location").contains("/sandbox/idp/authorize"));
    // Nor by a form: with the token of another request of this browser, which somebody has signed in to, or without.
    let mut signed_in = browser.clone();
    let other = flow.to_consent(&mut signed_in, &app, USER);
    for csrf in [other.hidden("csrf"), "x".to_owned(), String::new()] {
        for decision in ["allow", "deny"] {
            let form = [
                ("transaction", transaction.as_str()),
                ("csrf", &csrf),
                ("decision", decision),
                ("demographics", "share"),
            ];
            let answer = signed_in.post("/v2/o/authorize/consent", &form).expect(303);
            assert!(
                answer
                    .header("location")
                    .starts_with("/v2/o/authorize/consent?"),
                "{}",
                answer.header("location")
            );
        }
    }
    // Whoever signs in now decides as ever.
    let (code, _) = (flow.decide(&mut signed_in, &other, Consent::ALLOW), ());
    assert!(code.redirected("code").is_some());
}

#[test]
fn the_person_may_use_another_account() {
    let stack = Stack::shared();
    let (app, flow, mut browser) = (public(&stack), Flow::new("v2"), stack.browser());
    let page = flow.to_consent(&mut browser, &app, USER);
    assert!(page.text().contains("Doe"), "who is signed in");
    let another = page.link_containing("another=1");
    let signed_in = flow
        .sign_in_at(&mut browser, &another, "BBUser20023", "PW20023!")
        .expect(303);
    let callback = browser.get(signed_in.header("location")).expect(303);
    let page = browser.get(callback.header("location")).expect(200);
    let answer = flow.decide(&mut browser, &page, Consent::ALLOW).expect(303);
    let code = answer.redirected("code").expect("a code");
    let tokens = Tokens::read(&flow.exchange(&stack, &app, &code).expect(200));
    assert_eq!(tokens.patient, "-20140000000024");
}

#[test]
fn a_new_allow_keeps_the_tokens_of_other_devices() {
    let stack = Stack::shared();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let laptop = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    let phone = Flow::new("v2").tokens(&stack, &app, USER, Consent::ALLOW);
    assert!(works(&stack, &laptop.access) && works(&stack, &phone.access));
    flow.refresh(&stack, &app, &laptop.refresh, None)
        .expect(200);
}

#[test]
fn a_new_allow_with_fewer_scopes_ends_the_earlier_tokens() {
    let stack = Stack::shared();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let wide = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    let bystander = flow.tokens(&stack, &app, "BBUser20023", Consent::ALLOW);
    let narrow = Flow::new("v2").tokens(&stack, &app, USER, Consent::WITHHOLD);
    assert!(works(&stack, &narrow.access));
    let refused = stack.browser().get_as(&wide.access, "/v2/fhir/Coverage");
    assert!(
        matches!(refused.status.as_u16(), 401 | 403),
        "{}",
        refused.text()
    );
    assert!(
        flow.refresh(&stack, &app, &wide.refresh, None)
            .status
            .is_client_error()
    );
    assert!(
        works(&stack, &bystander.access),
        "another person's tokens stay"
    );
}

#[test]
fn a_denied_consent_leaves_earlier_tokens_alone() {
    let stack = Stack::shared();
    let (app, flow, mut browser) = (public(&stack), Flow::new("v2"), stack.browser());
    let tokens = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    let page = flow.to_consent(&mut browser, &app, USER);
    flow.decide(&mut browser, &page, Consent::DENY).expect(303);
    assert!(works(&stack, &tokens.access));
}

fn consent_url(page: &Answer) -> String {
    format!(
        "/v2/o/authorize/consent?transaction={}",
        page.hidden("transaction")
    )
}
