//! What could not be read: one [`Note`] for each loss. A note names the place and never the value,
//! because values are health data and notes end up in logs.

use serde::Serialize;

/// One thing that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// Where it stands in the resource, such as `item[2].quantity.value`.
    pub path: String,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What is wrong with a thing that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// It must be there and is not.
    Missing,
    /// It refers to a resource that the page does not have.
    Unresolved,
    /// The text of the resource is not JSON.
    NotJson,
    /// The text of the entry is not UTF-8.
    NotUtf8,
    /// An object where a string was expected, a list where an object was, and the like.
    WrongShape,
    /// The same member came twice; the first one counts.
    Duplicate,
    /// No date, or none that exists.
    NotADate,
    /// No number.
    NotANumber,
    /// An amount of more cents than a JavaScript number tells apart.
    TooLarge,
    /// An amount in another currency than US dollars; it is not read.
    OtherCurrency,
    /// An amount with a part smaller than a cent, which is told to the nearest cent.
    Rounded,
}
