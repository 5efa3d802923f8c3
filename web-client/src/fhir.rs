//! Pages of FHIR resources, read once and handed out piece by piece.
//!
//! A page comes in as bytes and stays in WebAssembly memory; JavaScript holds a handle and takes what it
//! shows: small rows, full claims, or the untouched JSON of an entry. Objects cross the border as JSON
//! text, which both sides read fast, and which costs no code besides the serialiser that is here anyway.

use std::cell::OnceCell;
use std::fmt::Write;

use bluegate_shared::fhir::page::{self, Columns};
use bluegate_shared::fhir::{self, Entry};
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// One page of search results, or one resource.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Page {
    page: page::Page,
    list: OnceCell<List>,
}

/// What a list shows of the page, read in one pass when it is first asked for.
#[derive(Debug, Default)]
struct List {
    columns: Columns,
    rows: String,
}

#[wasm_bindgen]
impl Page {
    /// Finds the entries of a searchset Bundle.
    ///
    /// # Errors
    ///
    /// Where the bytes are not JSON, or not a Bundle.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, JsError> {
        let page = page::Page::read(bytes).map_err(error)?;
        let list = OnceCell::new();
        Ok(Self { page, list })
    }

    /// How many entries the page has.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> usize {
        self.page.len()
    }

    /// How many resources match the search, where the server says so.
    #[wasm_bindgen(getter)]
    pub fn total(&self) -> Option<f64> {
        // Exact up to 2^53, and JavaScript knows no other number.
        #[allow(clippy::cast_precision_loss)]
        self.page.total().map(|total| total as f64)
    }

    /// The link to the next page as the server wrote it.
    #[wasm_bindgen(getter)]
    pub fn next(&self) -> Option<String> {
        self.page.links().next.clone()
    }

    /// All claims of the page as rows for a list: JSON text of an array. Entries that are no claims are
    /// left out.
    ///
    /// # Errors
    ///
    /// Where a row cannot be serialised.
    pub fn rows(&self) -> Result<String, JsError> {
        Ok(self.list()?.rows.clone())
    }

    /// The numbers of all claims, column after column: entry, type, start, end, month, charged, paid,
    /// patient's responsibility.
    ///
    /// # Errors
    ///
    /// Where a row cannot be serialised.
    pub fn columns(&self) -> Result<Vec<f64>, JsError> {
        let columns = &self.list()?.columns;
        let mut all = Vec::with_capacity(columns.index.len() * 8);
        all.extend(columns.index.iter().copied().map(f64::from));
        all.extend(columns.claim_type.iter().copied().map(f64::from));
        for days in [&columns.start, &columns.end, &columns.month] {
            all.extend(days.iter().copied().map(f64::from));
        }
        for cents in [
            &columns.charged,
            &columns.paid,
            &columns.patient_responsibility,
        ] {
            all.extend_from_slice(cents);
        }
        Ok(all)
    }

    /// An entry in full, with what could not be read of it: JSON text, `undefined` past the end.
    ///
    /// # Errors
    ///
    /// Where the entry cannot be serialised.
    pub fn entry(&self, index: usize) -> Result<Option<String>, JsError> {
        self.page.entry(index).as_ref().map(json).transpose()
    }

    /// The JSON text of an entry's resource exactly as the server sent it; `undefined` past the end.
    pub fn raw(&self, index: usize) -> Option<String> {
        self.page.json(index).map(str::to_owned)
    }

    fn list(&self) -> Result<&List, JsError> {
        if let Some(list) = self.list.get() {
            return Ok(list);
        }
        let mut list = List::default();
        let mut failed = None;
        self.page.rows(|index, row| {
            list.columns.push(index, row);
            list.rows.push(if list.rows.is_empty() { '[' } else { ',' });
            // The place goes in front of the row's own members.
            let written = write!(list.rows, "{{\"index\":{index}");
            match (written, serde_json::to_string(row)) {
                (Ok(()), Ok(row)) => {
                    list.rows.push(',');
                    list.rows.push_str(row.get(1..).unwrap_or_default());
                }
                (_, Err(failure)) => failed = Some(failure),
                (Err(_), _) => {}
            }
        });
        if let Some(failure) = failed {
            return Err(error(failure));
        }
        if list.rows.is_empty() {
            list.rows.push('[');
        }
        list.rows.push(']');
        Ok(self.list.get_or_init(|| list))
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
