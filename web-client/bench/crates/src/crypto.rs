//! PKCE, with randomness by web-sys.

use bluegate_shared::pkce::Verifier;
use wasm_bindgen::prelude::*;
use web_sys::WorkerGlobalScope;

/// A verifier that spells 256 random bits.
///
/// # Errors
///
/// Where the platform has no source of randomness.
#[wasm_bindgen(js_name = createVerifier)]
pub fn create_verifier() -> Result<String, JsError> {
    let mut bytes = [0; 32];
    // Pages, workers and Node have it at the same place; web-sys knows two of them by name.
    let global: WorkerGlobalScope = js_sys::global().unchecked_into();
    global
        .crypto()
        .and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes))
        .map_err(|_| JsError::new("no source of randomness"))?;
    Ok(Verifier::from_entropy(bytes).as_str().to_owned())
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

/// 256 random bits in base64url.
///
/// # Errors
///
/// Where the platform has no source of randomness.
#[wasm_bindgen(js_name = randomToken)]
pub fn random_token() -> Result<String, JsError> {
    create_verifier()
}
