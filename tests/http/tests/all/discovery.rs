//! Discovery documents say exactly what is so (docs/contract/01-routes.md).

use bluegate_http_tests::Stack;
use http::Method;
use serde_json::{Value, json};

const DOCUMENTS: [(&str, &str); 6] = [
    ("/.well-known/oauth-authorization-server", "v2"),
    ("/.well-known/openid-configuration", "v2"),
    ("/v1/connect/.well-known/openid-configuration", "v1"),
    ("/v2/connect/.well-known/openid-configuration", "v2"),
    ("/v1/fhir/.well-known/smart-configuration", "v1"),
    ("/v2/fhir/.well-known/smart-configuration", "v2"),
];

fn documents(stack: &Stack) -> Vec<(&'static str, &'static str, Value)> {
    DOCUMENTS
        .iter()
        .map(|(url, version)| {
            let answer = stack.browser().get(url).expect(200);
            assert_eq!(answer.header("content-type"), "application/json", "{url}");
            (*url, *version, answer.json())
        })
        .collect()
}

#[test]
fn every_endpoint_that_a_document_names_is_there() {
    let stack = Stack::shared();
    for (url, _, document) in documents(&stack) {
        let mut named = 0;
        for (key, value) in document.as_object().expect("an object") {
            let is_address = key.ends_with("_endpoint") || key.ends_with("_uri");
            let Some(address) = value.as_str().filter(|_| is_address) else {
                continue;
            };
            assert!(address.starts_with(stack.base()), "{url} {key} {address}");
            for method in [Method::GET, Method::POST] {
                let answer = stack.browser().send(method, address, &[], Vec::new());
                assert_ne!(
                    answer.status.as_u16(),
                    404,
                    "{url} names {address} as {key}"
                );
            }
            named += 1;
        }
        assert!(named >= 5, "{url} names only {named}");
    }
}

#[test]
fn root_documents_point_to_v2_and_documents_of_a_version_to_it() {
    let stack = Stack::shared();
    for (url, version, document) in documents(&stack) {
        for key in [
            "authorization_endpoint",
            "token_endpoint",
            "revocation_endpoint",
        ] {
            let address = document[key].as_str().expect("an address");
            assert!(
                address.starts_with(&format!("{}/{version}/o/", stack.base())),
                "{url} {key} {address}"
            );
        }
        if let Some(address) = document["userinfo_endpoint"].as_str() {
            assert!(
                address.starts_with(&format!("{}/{version}/connect/", stack.base())),
                "{url} {address}"
            );
        }
    }
}

#[test]
fn there_is_one_issuer_for_all_versions_and_none_in_smart_configuration() {
    let stack = Stack::shared();
    for (url, _, document) in documents(&stack) {
        if url.ends_with("smart-configuration") {
            assert!(document.get("issuer").is_none(), "{url}");
            assert!(document.get("jwks_uri").is_none(), "{url}");
        } else {
            assert_eq!(document["issuer"], stack.base(), "{url}");
            assert_eq!(
                document["authorization_response_iss_parameter_supported"], true,
                "{url}"
            );
        }
    }
}

#[test]
fn no_document_promises_an_id_token_or_the_implicit_flow() {
    let stack = Stack::shared();
    for (url, _, document) in documents(&stack) {
        for key in document.as_object().expect("an object").keys() {
            assert!(
                !key.starts_with("id_token") && key != "claims_supported",
                "{url} {key}"
            );
        }
        assert_eq!(
            document["response_types_supported"],
            json!(["code"]),
            "{url}"
        );
        assert_eq!(
            document["code_challenge_methods_supported"],
            json!(["S256"]),
            "{url}"
        );
        let text = document.to_string();
        for word in [
            "implicit",
            "\"plain\"",
            "sso-openid-connect",
            "\"password\"",
        ] {
            assert!(!text.contains(word), "{url} {word}");
        }
        assert_eq!(
            document["grant_types_supported"],
            json!(["authorization_code", "refresh_token"]),
            "{url}"
        );
    }
}

#[test]
fn smart_configuration_names_the_account_page() {
    let stack = Stack::shared();
    let (_, _, document) = documents(&stack)
        .into_iter()
        .find(|(url, ..)| url.ends_with("smart-configuration"))
        .expect("smart-configuration");
    let account = document["management_endpoint"]
        .as_str()
        .expect("an address");
    // Without a session: to the sign-in of the provider.
    let answer = stack.browser().get(account);
    assert_eq!(answer.status, 303);
    assert!(answer.header("location").contains("/sandbox/idp/"));
}

#[test]
fn smart_configuration_lists_capabilities_and_scopes() {
    let stack = Stack::shared();
    for (url, _, document) in documents(&stack) {
        let scopes = document["scopes_supported"].as_array().expect("scopes");
        for scope in [
            "openid",
            "profile",
            "launch/patient",
            "patient/Patient.rs",
            "patient/Coverage.read",
            "patient/ExplanationOfBenefit.s",
        ] {
            assert!(scopes.contains(&json!(scope)), "{url} {scope}");
        }
        if url.ends_with("smart-configuration") {
            let capabilities = document["capabilities"].as_array().expect("capabilities");
            for capability in [
                "launch-standalone",
                "client-public",
                "context-standalone-patient",
                "permission-patient",
                "permission-v2",
            ] {
                assert!(
                    capabilities.contains(&json!(capability)),
                    "{url} {capability}"
                );
            }
        }
    }
}

#[test]
fn public_clients_are_offered_everywhere_but_at_introspection() {
    let stack = Stack::shared();
    for (url, _, document) in documents(&stack) {
        let offered = |key: &str| document[key].as_array().cloned().unwrap_or_default();
        let none = json!("none");
        assert!(
            offered("token_endpoint_auth_methods_supported").contains(&none),
            "{url}"
        );
        assert!(
            !offered("introspection_endpoint_auth_methods_supported").contains(&none),
            "{url}"
        );
    }
}

#[test]
fn metadata_is_a_public_capability_statement_of_its_version() {
    let stack = Stack::shared();
    for (version, number) in [("v1", "3.0."), ("v2", "4.0.")] {
        let answer = stack
            .browser()
            .get(&format!("/{version}/fhir/metadata"))
            .expect(200);
        assert!(
            answer
                .header("content-type")
                .starts_with("application/fhir+json")
        );
        assert!(
            answer.header("cache-control").contains("max-age"),
            "{}",
            answer.header("cache-control")
        );
        let statement = answer.json();
        assert_eq!(statement["resourceType"], "CapabilityStatement");
        assert!(
            statement["fhirVersion"]
                .as_str()
                .expect("a version")
                .starts_with(number)
        );
        let resources = statement["rest"][0]["resource"]
            .as_array()
            .expect("resources");
        let types: Vec<_> = resources
            .iter()
            .filter_map(|resource| resource["type"].as_str())
            .collect();
        for resource in ["Patient", "Coverage", "ExplanationOfBenefit"] {
            assert!(types.contains(&resource), "{version} {resource}");
        }
        assert_eq!(types.len(), 3, "and nothing that is not served");
        let text = statement["rest"][0]["security"].to_string();
        assert!(
            text.contains(&format!("{}/{version}/o/authorize", stack.base())),
            "{text}"
        );
        assert!(
            text.contains(&format!("{}/{version}/o/token", stack.base())),
            "{text}"
        );
    }
}

#[test]
fn the_fhir_base_of_a_version_is_the_same_everywhere() {
    let stack = Stack::shared();
    for (url, version, document) in documents(&stack) {
        if let Some(address) = document["fhir_metadata_uri"].as_str() {
            assert_eq!(
                address,
                format!("{}/{version}/fhir/metadata", stack.base()),
                "{url}"
            );
        }
    }
}

#[test]
fn documents_are_json_whatever_accept_says() {
    let stack = Stack::shared();
    for (url, _) in DOCUMENTS {
        for accept in ["text/html", "application/xml", "image/png, */*;q=0.1"] {
            let answer = stack.browser().get_with(url, &[("accept", accept)]);
            let answer = answer.expect(200);
            assert_eq!(
                answer.header("content-type"),
                "application/json",
                "{url} {accept}"
            );
        }
    }
}
