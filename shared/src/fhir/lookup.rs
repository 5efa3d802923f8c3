//! Finding things in wire values: the right coding among several, an extension by the name of its
//! variable, a number that may stand in quotes. Extensions are a multimap, so the finders that
//! could meet several give an iterator (docs/claims-backend.md#claims).

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::json::{Key, Value};
use super::value::{Code, CodeSystem, cut, is_variable, tail, variable};

impl<'d> Value<'d> {
    /// The first coding of a concept that has a code.
    pub(crate) fn first_coding(self) -> Option<Self> {
        self.list(Key::Coding)
            .find(|coding| coding.text(Key::Code).is_some())
    }

    /// The first coding of a concept whose system passes.
    pub(crate) fn coding_of(self, system: impl Fn(&str) -> bool) -> Option<Self> {
        self.list(Key::Coding)
            .find(|coding| coding.text(Key::Code).is_some() && system(coding.system()))
    }

    /// What a concept is called: the label of this coding of it, or else its own text, which is how other
    /// payers than Medicare may say it.
    pub(crate) fn label(self, coding: Self) -> Option<&'d str> {
        let text = || not_a_placeholder(self.text(Key::Text)?);
        coding.shown().or_else(text)
    }

    /// The code of a concept: that of its first coding.
    pub(crate) fn first_code(self) -> Option<&'d str> {
        self.first_coding()?.text(Key::Code)
    }

    /// [`Self::first_coding`] as a code.
    pub(crate) fn first_to_code(self) -> Option<Code> {
        self.first_coding()?.to_code()
    }

    /// The name of the variable that a category, of an amount or an information, stands for:
    /// v1 and v2 give a URL, v3 a bare code, each in a CMS code system beside the CARIN one.
    /// Two amounts of one line may share the CARIN code, so that is the name only where there is
    /// no other (docs/claims-backend.md#claims).
    pub(crate) fn variable(self) -> Option<Cow<'d, str>> {
        let coding = self.coding_of(is_cms).or_else(|| self.first_coding())?;
        Some(variable(coding.text(Key::Code)?))
    }

    /// The system of a coding.
    pub(crate) fn system(self) -> &'d str {
        self.text(Key::System).unwrap_or_default()
    }

    /// The list that a coding is from.
    pub(crate) fn code_list(self) -> CodeSystem {
        CodeSystem::of(self.system())
    }

    /// A coding, or the coding in an extension's value.
    pub(crate) fn to_code(self) -> Option<Code> {
        Some(Code {
            code: self.owned(Key::Code)?,
            display: self.shown().map(str::to_owned),
        })
    }

    /// Its display, unless it is a placeholder such as `replaceProvider[1234567890]` that the
    /// server should have filled in (docs/claims-backend.md#claims).
    pub(crate) fn shown(self) -> Option<&'d str> {
        not_a_placeholder(self.text(Key::Display)?)
    }

    /// The value of an extension that is not plain text.
    fn extended(self) -> Option<Self> {
        [Key::ValueCoding, Key::ValueIdentifier, Key::ValueQuantity]
            .into_iter()
            .find_map(|key| self.get(key).some())
    }

    /// Its extensions of the variable of this normalised name.
    pub(crate) fn extensions(self, name: &'static str) -> impl Iterator<Item = Self> {
        self.list(Key::Extension).filter(move |extension| {
            extension
                .text(Key::Url)
                .is_some_and(|url| is_variable(url, name))
        })
    }

    /// The value of its first extension of this name that has one; absent where there is none.
    pub(crate) fn extension(self, name: &'static str) -> Option<Self> {
        self.extensions(name).find_map(Self::extended)
    }

    /// The identifier value, plain string or code of its first extension of this name.
    pub(crate) fn extension_text(self, name: &'static str) -> Option<String> {
        self.extensions(name).find_map(|extension| {
            extension
                .text(Key::ValueString)
                .or_else(|| extension.text(Key::ValueCode))
                .or_else(|| extension.extended()?.text(Key::Value))
                .or_else(|| extension.extended()?.text(Key::Code))
                .map(str::to_owned)
        })
    }

    /// The value of its first identifier whose system ends in this name.
    pub(crate) fn identifier(self, name: &str) -> Option<String> {
        self.list(Key::Identifier)
            .find(|identifier| is_variable(identifier.system(), name))?
            .owned(Key::Value)
    }
}

/// A display, unless it is a placeholder.
pub(crate) fn not_a_placeholder(display: &str) -> Option<&str> {
    let placeholder =
        display.starts_with("replace") && cut(display, b'[').is_some() && display.ends_with(']');
    (!placeholder).then_some(display)
}

/// A code system of the backend's own.
pub(crate) fn is_cms(system: &str) -> bool {
    let rest = system
        .strip_prefix("https")
        .or_else(|| system.strip_prefix("http"));
    rest.is_some_and(|rest| rest.starts_with("://bluebutton.cms.gov/"))
}

/// A code system by the end of its URL.
pub(crate) fn ends_in(name: &'static str) -> impl Fn(&str) -> bool {
    move |system| tail(system).eq_ignore_ascii_case(name)
}

/// Sorts a list by number, keeping equal ones in their order. Most lists come sorted. One small heap
/// of pairs serves all of them: the library's sort, compiled for each type of element, would be a
/// tenth of the browser module.
pub(crate) fn by_number<T>(list: Vec<T>, number: impl Fn(&T) -> u32) -> Vec<T> {
    if list.is_sorted_by_key(&number) {
        return list;
    }
    let order = list.iter().map(number).zip(0_usize..).map(Reverse);
    let mut order: BinaryHeap<_> = order.collect();
    let mut slots: Vec<Option<T>> = list.into_iter().map(Some).collect();
    let mut sorted = Vec::with_capacity(slots.len());
    while let Some(Reverse((_, place))) = order.pop() {
        sorted.extend(slots.get_mut(place).and_then(Option::take));
    }
    sorted
}
