//! Finding things in wire values: the right coding among several, an extension by the name of its
//! variable, a number that may stand in quotes. Extensions are a multimap, so the finders that
//! could meet several give an iterator (claims backend reference, section 11, item 9).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::value::{Code, CodeSystem, is_variable, tail, variable};
use super::wire::{Coding, Concept, Extension, Identifier, Quantity};
use super::{notes, owned, text};

impl Concept<'_> {
    /// The first coding that has a code.
    pub(crate) fn first(&self) -> Option<&Coding<'_>> {
        self.coding
            .iter()
            .find(|coding| text(&coding.code).is_some())
    }

    /// The first coding whose system passes.
    pub(crate) fn of(&self, system: impl Fn(&str) -> bool) -> Option<&Coding<'_>> {
        self.coding
            .iter()
            .find(|coding| text(&coding.code).is_some() && system(coding.system()))
    }

    /// The name of the variable that a category, of an amount or an information, stands for:
    /// v1 and v2 give a URL, v3 a bare code, each in a CMS code system beside the CARIN one.
    /// Two amounts of one line may share the CARIN code, so that is the name only where there is
    /// no other (claims backend reference, sections 3.4 and 11, item 5).
    pub(crate) fn variable(&self) -> Option<String> {
        let coding = self.of(is_cms).or_else(|| self.first())?;
        Some(variable(text(&coding.code)?))
    }
}

impl Coding<'_> {
    pub(crate) fn system(&self) -> &str {
        self.system.as_ref().map_or("", |system| &system.0)
    }

    pub(crate) fn list(&self) -> CodeSystem {
        CodeSystem::of(self.system())
    }

    pub(crate) fn to_code(&self) -> Option<Code> {
        Some(Code {
            code: owned(&self.code)?,
            display: shown(text(&self.display)),
        })
    }
}

impl Quantity<'_> {
    /// The coding in an extension's value.
    pub(crate) fn to_code(&self) -> Option<Code> {
        Some(Code {
            code: owned(&self.code)?,
            display: shown(text(&self.display)),
        })
    }

    /// The identifier in an extension's value.
    pub(crate) fn identifier(&self) -> Option<String> {
        let value = notes::unquoted(self.value?);
        (!value.is_empty()).then(|| value.to_owned())
    }
}

/// All extensions of the variable of this normalised name.
pub(crate) fn extensions<'w>(
    list: &'w [Extension<'w>],
    name: &'static str,
) -> impl Iterator<Item = &'w Extension<'w>> {
    list.iter()
        .filter(move |extension| text(&extension.url).is_some_and(|url| is_variable(url, name)))
}

/// The value of the first extension of this name that has one.
pub(crate) fn extension<'w>(
    list: &'w [Extension<'w>],
    name: &'static str,
) -> Option<&'w Quantity<'w>> {
    extensions(list, name).find_map(|extension| extension.value.as_ref())
}

/// The identifier value, plain string or code of the first extension of this name.
pub(crate) fn extension_text(list: &[Extension<'_>], name: &'static str) -> Option<String> {
    extensions(list, name).find_map(|extension| {
        let value = extension.value.as_ref();
        owned(&extension.text)
            .or_else(|| value?.identifier())
            .or_else(|| owned(&value?.code))
    })
}

/// The value of the first identifier whose system ends in this name.
pub(crate) fn identifier(list: &[Identifier<'_>], name: &str) -> Option<String> {
    list.iter()
        .find(|identifier| text(&identifier.system).is_some_and(|system| is_variable(system, name)))
        .and_then(|identifier| owned(&identifier.value))
}

/// A display, unless it is a placeholder such as `replaceProvider[1234567890]` that the server
/// should have filled in (claims backend reference, section 3.4).
pub(crate) fn shown(display: Option<&str>) -> Option<String> {
    let placeholder =
        |text: &&str| text.starts_with("replace") && text.contains('[') && text.ends_with(']');
    display.filter(|text| !placeholder(text)).map(str::to_owned)
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
