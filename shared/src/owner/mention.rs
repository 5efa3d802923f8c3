//! Text that names somebody by a logical id: the forms that references have, in whatever text they stand.
//!
//! This holds for every string under every key, so it looks for no more than these forms: `Patient/`, `Patient?_id=`,
//! `patient=` and a number, and ids of Coverages, which are made of a part of Medicare and a number (`part-a-7`,
//! `dual-7`). A number must follow, so that labels such as "Patient/caregiver training" and "part-time" are no
//! references; what the word stands in must not be a longer word ("Inpatient/1"). Upper and lower case count alike, and
//! percent signs are decoded. Strings that cannot have one of the forms are never read ([`super::walk`]).

use std::borrow::Cow;

use super::Person;
use super::names::System;
use crate::id::PatientId;

/// Where the text stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// Anywhere.
    Text,
    /// A link of a Bundle, which says what was asked, and may ask for a person by a number that cannot be compared.
    Link,
}

impl Person<'_> {
    /// Whether any text names another person.
    pub(super) fn mentions_another(&self, text: &str) -> bool {
        self.names_another(text, Place::Text)
    }

    /// Whether the address of a link of a Bundle does, by what it asks for too.
    pub(super) fn link_names_another(&self, url: &str) -> bool {
        if self.names_another(url, Place::Link) {
            return true;
        }
        let Some((_, query)) = url.split_once('?') else {
            return false;
        };
        parameters(query).any(|(name, value)| {
            let name = name.split([':', '.']).next().unwrap_or_default();
            let Some(value) = decoded(value) else {
                return true;
            };
            OWNER_PARAMETERS.contains(&name) && self.is_another_parameter(&value)
        })
    }

    fn names_another(&self, text: &str, place: Place) -> bool {
        if self.is_another_in(text, place) {
            return true;
        }
        match decoded(text) {
            Some(Cow::Borrowed(_)) => false,
            Some(Cow::Owned(plain)) => self.is_another_in(&plain, place),
            None => true,
        }
    }

    fn is_another_in(&self, text: &str, place: Place) -> bool {
        let bytes = text.as_bytes();
        let joints = bytes
            .iter()
            .enumerate()
            .filter(|(_, byte)| is_joint(**byte));
        joints.into_iter().any(|(at, byte)| match byte {
            b'/' if follows(bytes, at, b"patient") => self.is_another_after(text, at, place),
            b'?' if follows(bytes, at, b"patient") => self.is_another_asked(text, at + 1, place),
            b'=' if follows(bytes, at, b"patient") => self.is_another_number(bytes, at + 1),
            b'-' if follows(bytes, at, b"dual") => self.is_another_number(bytes, at + 1),
            b'-' if follows(bytes, at, b"part") => {
                let letters = rest(bytes, at + 1)
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphabetic())
                    .count();
                let end = at + 1 + letters;
                letters > 0
                    && bytes.get(end) == Some(&b'-')
                    && self.is_another_number(bytes, end + 1)
            }
            _ => false,
        })
    }

    /// `Patient/7`, with the detours that paths allow, or a search on the type.
    fn is_another_after(&self, text: &str, slash: usize, place: Place) -> bool {
        let bytes = text.as_bytes();
        let mut at = slash + 1;
        loop {
            match rest(bytes, at) {
                [b'/', ..] => at += 1,
                [b'.', b'/', ..] => at += 2,
                [b'?', ..] => return self.is_another_asked(text, at + 1, place),
                tail if tail.starts_with(b"_search?") => {
                    return self.is_another_asked(text, at + b"_search?".len(), place);
                }
                _ => return self.is_another_number(bytes, at),
            }
        }
    }

    /// Whether a search for Patients asks for another.
    fn is_another_asked(&self, text: &str, at: usize, place: Place) -> bool {
        let query = text.get(at..).unwrap_or_default();
        let end = query.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>'));
        let query = query.get(..end.unwrap_or(query.len())).unwrap_or_default();
        parameters(query).any(|(name, value)| {
            match name.split([':', '.']).next().unwrap_or_default() {
                "_id" => self.is_another_parameter(value),
                "identifier" => match value.split_once('|') {
                    Some((system, value)) if System::of(system) == Some(System::Patients) => {
                        value != self.id.as_str()
                    }
                    _ => place == Place::Text,
                },
                _ => false,
            }
        })
    }

    /// Whether the value of a parameter is another person's id, or a reference to another, in a list of such.
    fn is_another_parameter(&self, value: &str) -> bool {
        value.split(',').any(|value| {
            let id = value.rsplit_once('/').map_or(value, |(_, id)| id);
            id != self.id.as_str() && PatientId::parse(id).is_ok()
        })
    }

    fn is_another_number(&self, bytes: &[u8], at: usize) -> bool {
        let rest = rest(bytes, at);
        let sign = usize::from(rest.first() == Some(&b'-'));
        let digits = rest[sign..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let (id, after) = rest.split_at(sign + digits);
        digits > 0
            && (id != self.id.as_str().as_bytes()
                || after.first().is_some_and(u8::is_ascii_alphanumeric))
    }
}

/// One of `/?-=`, which differ in these two bits only.
const fn is_joint(byte: u8) -> bool {
    byte | 0x12 == b'/' | 0x12
}

/// Search parameters by which a Bundle's link may name the person whose resources were asked for.
const OWNER_PARAMETERS: [&str; 4] = ["patient", "beneficiary", "subject", "subscriber"];

fn parameters(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query
        .split(['&', ';'])
        .map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
}

/// Whether the word, in lower case, stands right before this place, in whatever case, and is not the end of a longer one.
fn follows(bytes: &[u8], at: usize, word: &[u8]) -> bool {
    let Some(before) = bytes.get(..at) else {
        return false;
    };
    let Some((outer, found)) = before
        .len()
        .checked_sub(word.len())
        .and_then(|start| before.split_at_checked(start))
    else {
        return false;
    };
    found.eq_ignore_ascii_case(word) && !outer.last().is_some_and(u8::is_ascii_alphanumeric)
}

fn rest(bytes: &[u8], at: usize) -> &[u8] {
    bytes.get(at..).unwrap_or_default()
}

/// Text without percent escapes. Decoding goes on while it changes anything, so that what is escaped twice is seen too;
/// `None` if that takes more than four rounds: nobody writes like that.
pub(super) fn decoded(text: &str) -> Option<Cow<'_, str>> {
    let mut plain = Cow::Borrowed(text);
    for _ in 0..4 {
        match decoded_once(&plain) {
            Some(next) => plain = Cow::Owned(next),
            None => return Some(plain),
        }
    }
    decoded_once(&plain).is_none().then_some(plain)
}

/// `None` if there is nothing to decode.
fn decoded_once(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::new();
    let mut copied = 0;
    for percent in memchr::memchr_iter(b'%', bytes) {
        if let Some([high, low]) = bytes.get(percent + 1..percent + 3)
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
            && let Some(before) = bytes.get(copied..percent)
        {
            decoded.extend_from_slice(before);
            decoded.push(high << 4 | low);
            copied = percent + 3;
        }
    }
    if copied == 0 {
        return None;
    }
    decoded.extend_from_slice(rest(bytes, copied));
    Some(String::from_utf8_lossy(&decoded).into_owned())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mentions_another(text: &str) -> bool {
        let id = PatientId::parse("-2014").unwrap();
        Person::new(&id, &[]).mentions_another(text)
    }

    fn link_names_another(url: &str) -> bool {
        let id = PatientId::parse("-2014").unwrap();
        Person::new(&id, &[]).link_names_another(url)
    }

    #[test]
    fn text_under_any_key_may_mention_only_the_person() {
        for good in [
            "Patient/-2014",
            "https://third.example/Patient/-2014",
            "see Patient/-2014.",
            "Inpatient/1 day",
            "Patient/caregiver training",
            "https://bluebutton.cms.gov/resources/variables/bene_id",
            "/",
            "patient/",
            "patient/-",
            "Patient?",
            "Patient?_id=-2014&_count=10",
            "Patient%2F-2014",
            "patient=-2014",
            "Coverage/part-a--2014",
            "part-c--2014-H1234-003",
            "dual--2014",
            "part-a",
            "part-time-work",
            "Part D-1",
            "individual-7",
            "rampart-a-7",
            "external-first",
            "100% premium, 15%",
            "%",
        ] {
            assert!(!mentions_another(good), "{good}");
        }
        for bad in [
            "Patient/-20140",
            "https://third.example/x/Patient/7?a=b",
            "see patient/7.",
            "Patient/-2014 and Patient/8",
            "Patient/-2014x",
            "<a href=\"Patient/7\">",
            "Patient//7",
            "Patient/./7",
            "Patient/.//7",
            "Patient?_id=7",
            "Patient?_id=-2014,7",
            "Patient/?_id=7",
            "Patient/_search?_id:exact=7",
            "Patient?_count=1&_id=Patient/7",
            "Patient?identifier=http://hl7.org/fhir/sid/us-mbi|1S00E00AA00",
            "Patient?identifier=https://bluebutton.cms.gov/resources/variables/bene_id|7",
            "Patient?identifier=7",
            "ExplanationOfBenefit?patient=7",
            "patient=7",
            "Patient%2F7",
            "Patient%252F7",
            "%50atient/7",
            "Patien%74/7",
            "Patient%3F_id%3D7",
            "%25252525252550",
            "Coverage/part-a-7",
            "part-b--20140",
            "PART-D-7",
            "part-DUAL-7",
            "dual-7",
            "c4dic-part-a-7",
            "part-c-7-H1234-003",
            "part%2Da-7",
        ] {
            assert!(mentions_another(bad), "{bad}");
        }
    }

    #[test]
    fn a_link_may_ask_for_the_person_only() {
        for good in [
            "https://b/v2/fhir/ExplanationOfBenefit/?_count=8&patient=-2014",
            "https://b/v3/fhir/Coverage?beneficiary=Patient%2F-2014",
            "https://b/v3/fhir/Coverage?beneficiary=https://b/v3/fhir/Patient/-2014",
            "https://b/v2/fhir/Patient?_id=-2014&_format=json",
            "https://b/v1/fhir/Patient/?identifier=https%3A%2F%2Fx%2Fmbi-hash%7C82273c",
            "https://b/v2/fhir/Patient/_search",
            // Nobody's.
            "https://b/v3/fhir/Coverage?beneficiary=x",
            "?startIndex=2",
            "",
        ] {
            assert!(!link_names_another(good), "{good}");
        }
        for bad in [
            "https://b/v2/fhir/ExplanationOfBenefit?patient=7",
            "https://b/v2/fhir/ExplanationOfBenefit?patient:Patient=7",
            "https://b/v3/fhir/Coverage?beneficiary=7",
            "https://b/v3/fhir/Coverage?beneficiary=Patient%2F7",
            "https://b/v3/fhir/Coverage?x=y&subscriber=-2014,8",
            "https://b/v2/fhir/Patient?_id=7",
            "https://b/v2/fhir/Patient/?identifier=x%2Fbene_id%7C7",
            "https://b/v2/fhir/Patient/7",
            "https://b/v2/fhir/Coverage/part-a-7",
        ] {
            assert!(link_names_another(bad), "{bad}");
        }
    }
}
