//! Pages of claims that cross the border as JavaScript objects, made by serde-wasm-bindgen.

use bluegate_shared::fhir::page::{self, Listed};
use bluegate_shared::fhir::{self, ParseError};
use js_sys::{Array, Reflect};
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// One page of search results.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Page {
    page: page::Page,
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
        Ok(Self { page })
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

    /// All claims of the page as rows for a list.
    ///
    /// # Errors
    ///
    /// Where a row cannot be made an object.
    pub fn rows(&self) -> Result<Array, JsValue> {
        self.list(false)
    }

    /// The entries that could not be read at all.
    ///
    /// # Errors
    ///
    /// Where a note cannot be made an object.
    pub fn problems(&self) -> Result<Array, JsValue> {
        self.list(true)
    }

    /// The numbers of all claims, fourteen for each.
    pub fn numbers(&self) -> Vec<f64> {
        let mut numbers = Vec::new();
        self.page.rows(|index, row| {
            #[allow(clippy::cast_precision_loss)] // a page has no 2^53 entries
            numbers.push(index as f64);
            numbers.extend_from_slice(&row.numbers());
        });
        numbers
    }

    /// An entry in full; `undefined` past the end.
    ///
    /// # Errors
    ///
    /// Where it cannot be made an object.
    pub fn entry(&self, index: usize) -> Result<JsValue, JsValue> {
        match self.page.entry(index) {
            Some(entry) => object(&entry),
            None => Ok(JsValue::UNDEFINED),
        }
    }

    /// The JSON text of an entry's resource exactly as the server sent it; `undefined` past the end.
    pub fn raw(&self, index: usize) -> Option<String> {
        self.page.json(index).map(str::to_owned)
    }

    fn list(&self, problems: bool) -> Result<Array, JsValue> {
        let all = Array::new();
        let mut failed = None;
        self.page.list(&mut |index, listed| {
            let made = match listed {
                Listed::Row(row, incomplete) if !problems => {
                    object(row).and_then(|row| add(&row, index, *incomplete))
                }
                Listed::Problem(note) if problems => {
                    #[cfg(feature = "console")]
                    web_sys::console::warn_1(&JsValue::from_str(&note.path));
                    object(note).and_then(|note| add(&note, index, false))
                }
                _ => return,
            };
            match made {
                Ok(made) => _ = all.push(&made),
                Err(error) => failed = Some(error),
            }
        });
        failed.map_or(Ok(all), Err)
    }
}

/// Reads a single resource.
///
/// # Errors
///
/// Where the bytes are not JSON, or not a resource.
#[wasm_bindgen(js_name = parseResource)]
pub fn parse_resource(bytes: &[u8]) -> Result<JsValue, JsValue> {
    let entry = fhir::parse_resource(bytes).map_err(error)?;
    object(&entry)
}

fn object(value: &impl Serialize) -> Result<JsValue, JsValue> {
    Ok(serde_wasm_bindgen::to_value(value)?)
}

/// The place of its entry, and what else is said of it, beside an object's own members.
fn add(value: &JsValue, index: usize, incomplete: bool) -> Result<JsValue, JsValue> {
    #[allow(clippy::cast_precision_loss)] // a page has no 2^53 entries
    Reflect::set(value, &"index".into(), &JsValue::from_f64(index as f64))?;
    if incomplete {
        Reflect::set(value, &"incomplete".into(), &JsValue::TRUE)?;
    }
    Ok(value.clone())
}

#[allow(clippy::needless_pass_by_value)] // the shape that `map_err` wants
fn error(error: ParseError) -> JsError {
    JsError::new(&error.text())
}
