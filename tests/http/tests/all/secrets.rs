//! Nothing that a test used as a secret, and nothing about a person, is in the store or in the log in clear.

use std::path::Path;

use bluegate_http_tests::{Consent, Flow, Stack, Tokens, password};

use crate::support::{confidential, public};

#[test]
fn store_and_logs_hold_no_token_code_verifier_password_medicare_number_or_name() {
    let mut stack = Stack::start();
    let (open, closed) = (public(&stack), confidential(&stack));
    let mut secrets = vec![
        ("client secret", closed.secret.clone().expect("a secret")),
        (
            "registration token",
            text(&open.metadata["registration_access_token"]),
        ),
        (
            "registration token",
            text(&closed.metadata["registration_access_token"]),
        ),
        ("Medicare number", "1S00".to_owned()),
        (
            "secret of the provider",
            "sandbox-only-idp-client-secret".to_owned(),
        ),
    ];
    for (app, user) in [
        (&open, "BBUser28324"),
        (&closed, "BBUser20023"),
        (&open, "BBHard01"),
    ] {
        let (flow, mut browser) = (Flow::new("v2"), stack.browser());
        let start = browser.get(&flow.authorize_url(app)).expect(303);
        secrets.push(("transaction", start.redirected("state").expect("a state")));
        secrets.push(("nonce", start.redirected("nonce").expect("a nonce")));
        let form = browser.get(start.header("location")).expect(200);
        let signed_in =
            bluegate_http_tests::post_sign_in(&mut browser, &form, user, &password(user))
                .expect(303);
        secrets.push((
            "code of the provider",
            signed_in.redirected("code").expect("a code"),
        ));
        let callback = browser.get(signed_in.header("location")).expect(303);
        for cookie in start
            .headers
            .get_all("set-cookie")
            .iter()
            .chain(callback.headers.get_all("set-cookie"))
        {
            let cookie = cookie.to_str().expect("a cookie");
            let value = cookie.split(['=', ';']).nth(1).expect("its value");
            secrets.push(("cookie", value.to_owned()));
        }
        let page = browser.get(callback.header("location")).expect(200);
        secrets.push(("CSRF token", page.hidden("csrf")));
        let decided = flow.decide(&mut browser, &page, Consent::ALLOW).expect(303);
        let code = decided.redirected("code").expect("a code");
        let tokens = Tokens::read(&flow.exchange(&stack, app, &code).expect(200));
        let next = Tokens::read(&flow.refresh(&stack, app, &tokens.refresh, None).expect(200));
        secrets.extend([
            ("code", code.clone()),
            ("verifier", flow.verifier.clone()),
            ("password", password(user)),
            ("user name", user.to_owned()),
            ("access token", tokens.access.clone()),
            ("refresh token", tokens.refresh.clone()),
            ("access token", next.access.clone()),
            ("refresh token", next.refresh.clone()),
        ]);
        let me = stack
            .browser()
            .get_as(&next.access, "/v2/connect/userinfo")
            .expect(200)
            .json();
        // A given name can be short and part of some other word; the whole name and the address cannot.
        secrets.push(("name", text(&me["name"])));
        secrets.push(("e-mail", text(&me["email"])));
        let family = text(&me["family_name"]);
        if family.len() > 4 {
            secrets.push(("family name", family));
        }
        for url in [
            "/v2/fhir/Patient",
            "/v2/fhir/Coverage",
            "/v1/fhir/ExplanationOfBenefit",
        ] {
            stack.browser().get_as(&next.access, url).expect(200);
        }
        // Refusals are logged as well.
        stack
            .browser()
            .get(&format!("/v2/fhir/Patient?access_token={}", next.access));
        stack.browser().get_as(&next.refresh, "/v2/fhir/Patient");
        flow.exchange(&stack, app, &code);
        app.send_token(&stack, "/v2/o/revoke/", &next.access)
            .expect(200);
    }
    let log = stack.log();
    assert!(
        log.contains("\"action\":\"fhir.search\""),
        "the log was read"
    );
    // Patient ids are in the store, which needs them, but not in the log.
    for patient in ["20140000008325", "20140000000024", "20190000000001"] {
        assert!(!log.contains(patient), "a patient id in the log");
    }
    // Killed, so that nothing is tidied up: the write-ahead log is there too.
    stack.stop();
    let mut files = 0;
    for_each_file(stack.data(), &mut |path, content| {
        files += 1;
        for (what, secret) in &secrets {
            assert!(secret.len() >= 4, "{what} is too short to look for");
            assert!(
                !contains(content, secret.as_bytes()),
                "a {what} in {}",
                path.display()
            );
        }
    });
    assert!(files >= 2, "store and log");
    for (what, secret) in &secrets {
        assert!(!log.contains(secret.as_str()), "a {what} in the log");
    }
}

/// Every file that the application wrote, but not the compiled components.
fn for_each_file(folder: &Path, look: &mut impl FnMut(&Path, &[u8])) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            for_each_file(&path, look);
        } else {
            look(&path, &std::fs::read(&path).expect("a file"));
        }
    }
}

fn contains(content: &[u8], part: &[u8]) -> bool {
    content.windows(part.len()).any(|window| window == part)
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().expect("a text").to_owned()
}
