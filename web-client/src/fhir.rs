//! Pages of FHIR resources, read once and handed out piece by piece.
//!
//! A page comes in as bytes and stays in WebAssembly memory; JavaScript holds a handle and takes what it
//! shows: small rows, full claims, or the untouched JSON of an entry. Objects cross the border as JSON
//! text, which both sides read fast, and which costs no code besides the serialiser that is here anyway.

use bluegate_shared::fhir::{self, Bundle, Entry, Resource};
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// One page of search results, or one resource.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Page {
    bytes: Vec<u8>,
    bundle: Bundle,
}

#[wasm_bindgen]
impl Page {
    /// Reads a searchset Bundle.
    ///
    /// # Errors
    ///
    /// Where the bytes are not JSON, or not a Bundle.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, JsError> {
        let bundle = fhir::parse_bundle(&bytes).map_err(error)?;
        Ok(Self { bytes, bundle })
    }

    /// How many entries the page has.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> usize {
        self.bundle.entries.len()
    }

    /// How many resources match the search, where the server says so.
    #[wasm_bindgen(getter)]
    pub fn total(&self) -> Option<f64> {
        // Exact up to 2^53, and JavaScript knows no other number.
        #[allow(clippy::cast_precision_loss)]
        self.bundle.total.map(|total| total as f64)
    }

    /// The link to the next page as the server wrote it.
    #[wasm_bindgen(getter)]
    pub fn next(&self) -> Option<String> {
        self.bundle.links.next.clone()
    }

    /// All claims of the page as rows for a list: JSON text of an array. Entries that are no claims are
    /// left out.
    ///
    /// # Errors
    ///
    /// Where a row cannot be serialised.
    pub fn rows(&self) -> Result<String, JsError> {
        let rows: Vec<_> = self
            .bundle
            .entries
            .iter()
            .enumerate()
            .filter_map(|(index, entry)| match &entry.resource {
                Resource::Claim(claim) => Some((index, claim.row())),
                _ => None,
            })
            .collect();
        json(&rows)
    }

    /// An entry in full, with what could not be read of it: JSON text, `undefined` past the end.
    ///
    /// # Errors
    ///
    /// Where the entry cannot be serialised.
    pub fn entry(&self, index: usize) -> Result<Option<String>, JsError> {
        self.bundle.entries.get(index).map(json).transpose()
    }

    /// The JSON text of an entry's resource exactly as the server sent it; `undefined` past the end.
    pub fn raw(&self, index: usize) -> Option<String> {
        let span = self.bundle.entries.get(index)?.span.clone();
        let bytes = self.bytes.get(span)?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    }
}

/// What everything read from a Bundle or a resource serialises to. The native build of the same crate
/// gives the same bytes for the same input; a test holds both to it.
///
/// # Errors
///
/// Where the bytes are neither a Bundle nor a resource.
#[wasm_bindgen]
pub fn canonical(bytes: &[u8]) -> Result<Vec<u8>, JsError> {
    match fhir::parse_bundle(bytes) {
        Ok(bundle) => serde_json::to_vec(&bundle).map_err(error),
        Err(_) => serde_json::to_vec(&fhir::parse_resource(bytes).map_err(error)?).map_err(error),
    }
}

/// Reads a single resource: JSON text of an entry.
///
/// # Errors
///
/// Where the bytes are not JSON, or not a resource.
#[wasm_bindgen(js_name = parseResource)]
pub fn parse_resource(bytes: &[u8]) -> Result<String, JsError> {
    let entry: Entry = fhir::parse_resource(bytes).map_err(error)?;
    json(&entry)
}

fn json<T: Serialize + ?Sized>(value: &T) -> Result<String, JsError> {
    serde_json::to_string(value).map_err(error)
}

#[allow(clippy::needless_pass_by_value)] // the shape that `map_err` wants
fn error(error: impl std::fmt::Display) -> JsError {
    JsError::new(&error.to_string())
}
