//! Whether an insurance card is the person's, as far as that can be told beside the person's own record
//! (docs/contract/07-fhir.md, 7.4). A card numbers its Patient anew each time, so no id in it says whose it is. What does:
//!
//! - its Patient says nothing that the person's record, which the guard has proved, does not say;
//! - each of its Coverages carries a Medicare number, and wherever one stands it is one of the record's;
//! - nobody else who is insured with the person is in it.
//!
//! Owners, references and everything else are for the scan, as in any answer ([`super::guard`]).

use std::fmt;

use bluegate_shared::owner::Reason;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// A card that was read: JSON in which no object has a member twice, so that it says one thing to every reader.
pub(super) struct Card {
    entries: Vec<Value>,
}

impl Card {
    /// Reads the Bundle.
    pub(super) fn read(body: &[u8]) -> Result<Self, Reason> {
        let mut bundle = object(body)?;
        if bundle.get("resourceType").and_then(Value::as_str) != Some("Bundle") {
            return Err(Reason::UnexpectedType);
        }
        match bundle.remove("entry") {
            None => Ok(Self {
                entries: Vec::new(),
            }),
            Some(Value::Array(entries)) => Ok(Self { entries }),
            Some(_) => Err(Reason::Shape),
        }
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What the card calls its Patient, of whom there is one: its id, or else the name of its entry.
    pub(super) fn patient_id(&self) -> Result<&str, Reason> {
        let mut patients = self.entries.iter().filter(|entry| is(entry, "Patient"));
        let (Some(entry), None) = (patients.next(), patients.next()) else {
            return Err(Reason::OwnerMissing);
        };
        let id = match entry["resource"].get("id") {
            Some(id) => id.as_str(),
            None => entry["fullUrl"]
                .as_str()
                .and_then(|url| url.strip_prefix("urn:uuid:")),
        };
        id.ok_or(Reason::OwnerMalformed)
    }

    /// Holds the card against the person's record.
    pub(super) fn is_of(&self, record: &[u8]) -> Result<(), Reason> {
        let record = object(record)?;
        let numbers = medicare_numbers(&record);
        let is_own = |number: &str| numbers.iter().any(|own| own.eq_ignore_ascii_case(number));
        let all_own = self.entries.iter().all(|entry| {
            let resource = &entry["resource"];
            match resource["resourceType"].as_str() {
                Some("Patient") => says_nothing_else(resource, &record),
                Some("Coverage") => is_numbered(resource, &numbers),
                _ => true,
            }
        });
        let mut texts = Vec::new();
        self.entries
            .iter()
            .for_each(|entry| collect(entry, &mut texts));
        let none_of_others = texts
            .iter()
            .all(|text| !names_the_insured(text) && numbers_in(text).all(|number| is_own(&number)));
        if all_own && none_of_others {
            Ok(())
        } else {
            Err(Reason::NotOfRecord)
        }
    }
}

/// Whether a text has the form of a UUID (RFC 9562, section 4), which is nobody's id at this backend.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is(entry: &Value, kind: &str) -> bool {
    entry["resource"]["resourceType"].as_str() == Some(kind)
}

/// Each member that is not about the resource itself is there in the record, with the same value; of a list, each
/// element.
fn says_nothing_else(patient: &Value, record: &Map<String, Value>) -> bool {
    const OF_ITSELF: [&str; 3] = ["id", "meta", "resourceType"];
    let said = patient.as_object().into_iter().flatten();
    said.filter(|(name, _)| !OF_ITSELF.contains(&name.as_str()))
        .all(|(name, value)| match (record.get(name), value) {
            (Some(Value::Array(known)), Value::Array(said)) => {
                said.iter().all(|said| known.contains(said))
            }
            (known, said) => known == Some(said),
        })
}

/// The system of Medicare numbers.
const MEDICARE_NUMBERS: &str = "http://hl7.org/fhir/sid/us-mbi";

/// The values of the identifiers that are Medicare numbers.
fn medicare_numbers(resource: &Map<String, Value>) -> Vec<&str> {
    let identifiers = resource.get("identifier").and_then(Value::as_array);
    identifiers
        .into_iter()
        .flatten()
        .filter(|identifier| identifier["system"].as_str() == Some(MEDICARE_NUMBERS))
        .filter_map(|identifier| identifier["value"].as_str())
        .collect()
}

/// Whether a Coverage carries the person's Medicare number, and no other.
fn is_numbered(coverage: &Value, own: &[&str]) -> bool {
    let Some(coverage) = coverage.as_object() else {
        return false;
    };
    let mut numbers = medicare_numbers(coverage);
    if let Some(member) = coverage.get("subscriberId") {
        match member.as_str() {
            Some(member) => numbers.push(member),
            None => return false,
        }
    }
    !numbers.is_empty() && numbers.iter().all(|number| own.contains(number))
}

/// The URL of the extension that lists everybody who is insured under a plan.
fn names_the_insured(text: &str) -> bool {
    let name = text.rsplit(['/', '#', ':']).next().unwrap_or_default();
    name.to_ascii_lowercase()
        .starts_with("c4dic-planbeneficiaries")
}

/// What a text has in the form of a Medicare number, with or without dashes.
fn numbers_in(text: &str) -> impl Iterator<Item = String> {
    let bytes = text.as_bytes();
    (0..bytes.len())
        .filter(|at| *at == 0 || !bytes[at - 1].is_ascii_alphanumeric())
        .filter_map(|at| number_at(&bytes[at..]))
}

/// Eleven places, grouped 4-3-4 where they are written for people (CMS, "Understanding the MBI format").
fn number_at(bytes: &[u8]) -> Option<String> {
    const PLACES: &[u8; 11] = b"9AX9AX9AA99";
    let mut rest = bytes;
    let mut number = String::with_capacity(PLACES.len());
    for (place, kind) in PLACES.iter().enumerate() {
        if matches!(place, 4 | 7)
            && let [b'-', behind @ ..] = rest
        {
            rest = behind;
        }
        let [byte, behind @ ..] = rest else {
            return None;
        };
        let fits = match kind {
            b'9' => byte.is_ascii_digit(),
            b'A' => byte.is_ascii_alphabetic(),
            _ => byte.is_ascii_alphanumeric(),
        };
        if !fits {
            return None;
        }
        number.push(char::from(*byte));
        rest = behind;
    }
    (!rest.first().is_some_and(u8::is_ascii_alphanumeric)).then_some(number)
}

/// All texts in a value, names of members too.
fn collect<'v>(value: &'v Value, texts: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, texts)),
        Value::Object(members) => {
            for (name, value) in members {
                texts.push(name);
                collect(value, texts);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Reason> {
    match serde_json::from_slice(body) {
        Ok(Unambiguous(Value::Object(members))) => Ok(members),
        Ok(_) => Err(Reason::Shape),
        Err(error) if error.to_string().starts_with(TWICE) => Err(Reason::DuplicateMember),
        Err(_) => Err(Reason::Json),
    }
}

const TWICE: &str = "a member occurs twice";

/// A value in which no object has a member twice.
struct Unambiguous(Value);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_unit<E: Error>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
                let mut elements = Vec::new();
                while let Some(Unambiguous(element)) = seq.next_element()? {
                    elements.push(element);
                }
                Ok(elements.into())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
                let mut members = Map::new();
                while let Some((name, Unambiguous(value))) = map.next_entry::<String, _>()? {
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom(TWICE));
                    }
                }
                Ok(members.into())
            }
        }

        deserializer.deserialize_any(Any).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medicare_numbers_are_found_in_any_text() {
        let found = |text: &str| numbers_in(text).collect::<Vec<_>>();
        for text in [
            "1EG4TE5MK73",
            "1EG4-TE5-MK73",
            "number 1EG4TE5MK73.",
            "x|1EG4TE5MK73",
        ] {
            assert_eq!(found(text), ["1EG4TE5MK73"], "{text}");
        }
        for text in [
            "",
            "1EG4TE5MK7",
            "1EG4TE5MK733",
            "x1EG4TE5MK73",
            "3f0c1a2b-1a2b-c3de-8ef5-6a1b2c3d4e5f",
            "part-c-405764107-H1234-003",
            "1-800-633-4227",
            "ünïcode 1",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_member_that_occurs_twice_says_nothing() {
        for body in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":[{"b":{"c":1,"c":2}}]}"#,
            r#"{"a":1,"\u0061":1}"#,
        ] {
            assert_eq!(object(body.as_bytes()).err(), Some(Reason::DuplicateMember));
        }
        assert_eq!(object(b"[]").err(), Some(Reason::Shape));
        assert_eq!(object(b"{} x").err(), Some(Reason::Json));
        let text = r#"{"a":[null,true,-1,1,1.5,"x"]}"#;
        assert_eq!(
            Value::from(object(text.as_bytes()).unwrap()).to_string(),
            text
        );
    }

    #[test]
    fn a_uuid_is_no_id_of_a_person() {
        assert!(is_uuid("00000000-0000-0000-0000-000000000000"));
        assert!(is_uuid("3F0c1a2b-1a2b-4c3d-8ef5-6a1b2c3d4e5f"));
        for text in [
            "",
            "405764107",
            "-20140000008325",
            "3f0c1a2b1a2b4c3d8ef56a1b2c3d4e5f",
        ] {
            assert!(!is_uuid(text), "{text}");
        }
    }
}
