//! Who a person is: the provider's subject, the patient behind a Medicare number, and the link between them.

pub(crate) mod identify;
pub mod identity;
pub mod patient;
#[cfg(test)]
pub(crate) mod planted;
