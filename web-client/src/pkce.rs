//! PKCE and other random values (RFC 7636), with randomness from the platform.

use bluegate_shared::pkce::Verifier;
use wasm_bindgen::prelude::*;

/// A verifier that spells 256 random bits.
///
/// # Errors
///
/// Where the platform has no source of randomness.
#[wasm_bindgen(js_name = createVerifier)]
pub fn create_verifier() -> Result<String, JsError> {
    Ok(Verifier::from_entropy(entropy()?).as_str().to_owned())
}

/// The S256 challenge of a verifier.
///
/// # Errors
///
/// Where the verifier is not 43 to 128 unreserved characters (RFC 7636, section 4.1).
#[wasm_bindgen]
pub fn challenge(verifier: &str) -> Result<String, JsError> {
    let verifier = Verifier::parse(verifier).map_err(|error| JsError::new(&error.to_string()))?;
    Ok(verifier.challenge().as_str().to_owned())
}

/// 256 random bits in base64url, for `state` and `nonce`: the same spelling as a verifier has.
///
/// # Errors
///
/// Where the platform has no source of randomness.
#[wasm_bindgen(js_name = randomToken)]
pub fn random_token() -> Result<String, JsError> {
    create_verifier()
}

fn entropy() -> Result<[u8; 32], JsError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| JsError::new("no source of randomness"))?;
    Ok(bytes)
}
