//! The module `pkce` in a real browser.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used)] // clippy does not know that these are tests

use std::collections::HashSet;

use bluegate_web_client::pkce::{challenge, create_verifier, random_token};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
fn challenge_of_rfc_7636_appendix_b() {
    let challenge = challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").ok();
    assert_eq!(
        challenge.as_deref(),
        Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
    );
}

#[wasm_bindgen_test]
fn verifier_from_the_browsers_random_source_can_be_used() {
    let verifier = create_verifier().ok().unwrap();
    assert_eq!(verifier.len(), 43);
    assert_eq!(challenge(&verifier).ok().unwrap().len(), 43);
}

#[wasm_bindgen_test]
fn random_values_do_not_repeat() {
    let values: HashSet<_> = (0..200).map(|_| random_token().ok().unwrap()).collect();
    assert_eq!(values.len(), 200);
}

#[wasm_bindgen_test]
fn verifier_outside_the_rule_is_an_error_and_no_trap() {
    for bad in ["", "short", &"a".repeat(129)] {
        assert!(challenge(bad).is_err());
    }
}
