//! Pages of FHIR resources, read once and handed out piece by piece.
//!
//! A page comes in as bytes and stays in WebAssembly memory; JavaScript holds a handle and takes what it
//! shows: small rows, full claims, or the untouched JSON of an entry. Objects cross the border as JSON
//! text, which both sides read fast; the numbers of a page cross as one array.

use std::cell::OnceCell;

use bluegate_shared::fhir::page::{self, Listed};
use bluegate_shared::fhir::write::{append, to_json};
use bluegate_shared::fhir::{self, Entry};
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
    numbers: Vec<f64>,
    rows: Vec<u8>,
    problems: Vec<u8>,
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
        Ok(text(&self.list()?.rows))
    }

    /// The entries that could not be read at all: JSON text of an array.
    ///
    /// # Errors
    ///
    /// Where a row cannot be serialised.
    pub fn problems(&self) -> Result<String, JsError> {
        Ok(text(&self.list()?.problems))
    }

    /// The numbers of all claims, fourteen for each: entry, type, status, use, outcome, why it is left out, start,
    /// end, month, and in cents what was charged, allowed, paid, owed by the person and paid by the person.
    ///
    /// # Errors
    ///
    /// Where a row cannot be serialised.
    pub fn numbers(&self) -> Result<Vec<f64>, JsError> {
        Ok(self.list()?.numbers.clone())
    }

    /// An entry in full, with what could not be read of it: JSON text, `undefined` past the end.
    ///
    /// # Errors
    ///
    /// Where the entry cannot be serialised.
    pub fn entry(&self, index: usize) -> Result<Option<String>, JsError> {
        let entry = self.page.entry(index);
        entry
            .map(|entry| to_json(&entry).ok_or_else(unwritten))
            .transpose()
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
        let mut written = true;
        // The place of its entry, and what else is said of it, joins an object's own members.
        let add = |to: &mut Vec<u8>, written: bool, more: &[u8], index: usize| {
            to.pop();
            to.extend_from_slice(more);
            to.extend_from_slice(b",\"index\":");
            let written = written & append(&index, to);
            to.push(b'}');
            written
        };
        self.page.list(&mut |index, listed| match listed {
            Listed::Row(row, incomplete) => {
                #[allow(clippy::cast_precision_loss)] // a page has no 2^53 entries
                list.numbers.push(index as f64);
                list.numbers.extend_from_slice(&row.numbers());
                begin(&mut list.rows);
                let row = append(row, &mut list.rows);
                let more: &[u8] = if *incomplete {
                    b",\"incomplete\":true"
                } else {
                    b""
                };
                written &= add(&mut list.rows, row, more, index);
            }
            Listed::Problem(note) => {
                begin(&mut list.problems);
                let note = append(note, &mut list.problems);
                written &= add(&mut list.problems, note, b"", index);
            }
        });
        if !written {
            return Err(unwritten());
        }
        end(&mut list.rows);
        end(&mut list.problems);
        Ok(self.list.get_or_init(|| list))
    }
}

/// What everything read from a Bundle's entries or from a resource serialises to. The native build of the
/// same crate gives the same bytes for the same input; a test holds both to it.
///
/// # Errors
///
/// Where the bytes are neither a Bundle nor a resource.
#[wasm_bindgen]
pub fn canonical(bytes: &[u8]) -> Result<String, JsError> {
    match Page::parse(bytes.to_owned()) {
        Ok(page) => {
            let mut out = String::from("[");
            for index in 0..page.length() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&page.entry(index)?.unwrap_or_default());
            }
            out.push(']');
            Ok(out)
        }
        Err(_) => parse_resource(bytes),
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
    to_json(&entry).ok_or_else(unwritten)
}

/// Before an element of a list.
fn begin(list: &mut Vec<u8>) {
    list.push(if list.is_empty() { b'[' } else { b',' });
}

/// After the last.
fn end(list: &mut Vec<u8>) {
    if list.is_empty() {
        list.push(b'[');
    }
    list.push(b']');
}

/// What was written, which is UTF-8.
fn text(list: &[u8]) -> String {
    String::from_utf8(list.to_owned()).unwrap_or_default()
}

#[cold]
fn unwritten() -> JsError {
    JsError::new("not a value of the model")
}

#[allow(clippy::needless_pass_by_value)] // the shape that `map_err` wants
fn error(error: fhir::ParseError) -> JsError {
    JsError::new(&error.text())
}
