//! A writer of answers, from a seed.

use std::fmt::Write as _;

use bluegate_shared::scope::ResourceType;
use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};

/// The names that decide, some that almost do, and some that are there for what they are next to.
const NAMES: [&str; 43] = [
    "beneficiary",
    "entry",
    "fullUrl",
    "id",
    "link",
    "meta",
    "patient",
    "reference",
    "relation",
    "resource",
    "resourceType",
    "total",
    "type",
    "url",
    "identifier",
    "subject",
    "subscriber",
    "system",
    "value",
    "payment",
    "syst\\u0065m",
    "v\\u0061lue",
    "sub\\u006aect",
    "i",
    "ids",
    "iD",
    "typ",
    "types",
    "referencE",
    "references",
    "resourceTypes",
    "resourceTypE",
    "code",
    "valueCode",
    "",
    "Patient/7",
    "x",
    "r\\u0065ference",
    "\\u0069d",
    "res\\u006furceType",
    "t\\u0079pe",
    "Patient\\/7",
    "ä",
];

const REFERENCES: [&str; 45] = [
    "PATIENT/9",
    "Patient/-20140",
    "Patient/-20140",
    "Patient/-20140",
    "Patient/7",
    "Patient/-2014",
    "#provider-org",
    "Coverage/part-a--20140",
    "https://api.example.com/v2/fhir/Patient/-20140",
    "http://backend:8080/claims/v2/fhir/Patient/7",
    "https://third.example/Patient/-20140",
    "Patient?identifier=1",
    "Patient%2F7",
    "%50atient/7",
    "%2550atient",
    "\\u0050atient/7",
    "Patient\\/-20140",
    "Patien\\u0074/8",
    "patient/-20140",
    "urn:uuid:1",
    "",
    "Inpatient/1",
    "Inpatient/outpatient",
    "100%",
    "Patient/-20140\\u0000",
    "Coverage/part-a-7",
    "Coverage/dual--20140",
    "Coverage/c4dic-part-b--20140",
    "Coverage/part-c--20140-H1234-003",
    "Coverage%2Fpart-a-7",
    "Patient?_id=7",
    "Patient//7",
    "Organization/1",
    "https://third.example/fhir/Organization/1/_history/2",
    "Organization//1",
    "RelatedPerson/7",
    "part-a-7",
    "part-%61-7",
    "dual-7",
    "#part-a-7",
    "#own",
    "7",
    "ExplanationOfBenefit?patient=7",
    "Claim/carrier-7",
    "IGNORED_FIELD",
];

const TEXTS: [&str; 45] = [
    "of PATIENT/9",
    "Patient",
    "PATIENT",
    "Organization",
    "ExplanationOfBenefit",
    "Coverage",
    "Bundle",
    "searchset",
    "Observation",
    "RelatedPerson",
    "Person",
    "Patient|4.0.1",
    "http://hl7.org/fhir/StructureDefinition/Group|4",
    "http://hl7.org/fhir/sid/us-mbi",
    "http://b/mbi-hash",
    "bene_id",
    "http://b/BENE_ID",
    "urn:oid:2.16.840.1.113883.4.1",
    "http://hl7.org/fhir/sid/us-npi",
    "benefit-balance",
    "100% of 15%",
    "patient=-20140",
    "see Coverage/part-a--20140.",
    "dual--20140",
    "Inpatient-Institutional",
    "part-time",
    "http://hl7.org/fhir/StructureDefinition/Patient",
    "-20140",
    "7",
    "x",
    "",
    "next",
    "self",
    "see Patient/7.",
    "Patient/caregiver",
    "https://bluebutton.cms.gov/resources/variables/bene_id",
    "a\\\\",
    "a\\\"b",
    "\\\\\\\"",
    "\\ud83d\\ude00",
    "\\ud800",
    "\\udc00x",
    "\\x",
    "ä€😀",
    "Patient/\\u0037",
];

const OWNERS: [&str; 4] = ["patient", "subject", "beneficiary", "p\\u0061tient"];

const SCALARS: [&str; 28] = [
    "0",
    "-0",
    "1",
    "12",
    "123.45",
    "-1.5",
    "1e5",
    "1E+5",
    "1e-5",
    "1e308",
    "1e309",
    "-1e999",
    "1e-999",
    "1.7976931348623157e308",
    "179769313486231590000000000000000000",
    "18446744073709551615",
    "18446744073709551616",
    "01",
    "-",
    "1.",
    ".5",
    "1e",
    "true",
    "false",
    "null",
    "nul",
    "True",
    "+1",
];

const JUNK: [&str; 27] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\\"",
    "\\\\",
    "\n",
    "\u{0}",
    "\u{1f}",
    "\u{7f}",
    "\u{feff}",
    "Patient/7",
    "/",
    "t/",
    "\"id\":\"7\",",
    "\"reference\":\"Patient/7\",",
    "\"resourceType\":\"Patient\",",
    "\"type\":\"Patient\",",
    "\"url\":1,",
    "[[",
    "{}",
    "null",
    "                                     ",
];

/// Writes answers, most of them whole, and damages them.
pub(super) struct Writer {
    random: TestRng,
    text: String,
}

impl Writer {
    pub(super) fn new(seed: u64) -> Self {
        let seed = [seed ^ 0x5bd1_e995, !seed].map(u64::to_le_bytes).concat();
        Self {
            random: TestRng::from_seed(RngAlgorithm::XorShift, &seed),
            text: String::new(),
        }
    }

    /// What was written.
    pub(super) fn body(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.text).into_bytes()
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        (self.random.next_u32() as usize) % limit
    }

    pub(super) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[self.below(from.len())]
    }

    fn blanks(&mut self) {
        if self.one_in(20) {
            let blanks = self.pick(&[" ", "\n", "\t", "\r\n", "  \n        ", "\u{b}"]);
            // Rarely the one that is none.
            let blanks = if blanks == "\u{b}" && !self.one_in(40) {
                " "
            } else {
                blanks
            };
            self.text += blanks;
        }
    }

    fn quoted(&mut self, text: &str) {
        // Moves what follows to other places of a block.
        let padding = if self.one_in(6) { self.below(70) } else { 0 };
        let _ = write!(self.text, "\"{}{text}\"", "-".repeat(padding));
    }

    fn text(&mut self) {
        let text = match self.below(40) {
            0..14 => self.pick(&REFERENCES),
            14..18 => self.pick(&TEXTS),
            18 => self.pick(&NAMES),
            // Nothing that is refused, so that most answers stay whole.
            _ => self.pick(&TEXTS[..39]),
        };
        self.quoted(text);
    }

    fn member(&mut self, name: &str) {
        self.blanks();
        let _ = write!(self.text, "\"{name}\"");
        self.blanks();
        self.text.push(':');
        self.blanks();
    }

    fn object(&mut self, depth: usize) {
        if self.one_in(10) {
            let (reference, kind) = (self.pick(&REFERENCES[..8]), self.pick(&TEXTS[1..4]));
            let _ = write!(
                self.text,
                r#"{{"reference":"{reference}","type":"{kind}"}}"#
            );
            return;
        }
        if self.one_in(10) {
            self.owned();
            return;
        }
        self.text.push('{');
        let members = self.below(5);
        for member in 0..members {
            if member > 0 {
                self.text.push(',');
            }
            let name = self.pick(&NAMES);
            self.member(name);
            match name {
                "reference" if !self.one_in(6) => {
                    let reference = self.pick(&REFERENCES);
                    let _ = write!(self.text, "\"{reference}\"");
                }
                "resourceType" | "type" | "id" | "value" | "system" | "url" if !self.one_in(6) => {
                    let text = self.pick(&TEXTS[1..31]);
                    let _ = write!(self.text, "\"{text}\"");
                }
                _ => self.value(depth + 1),
            }
        }
        self.blanks();
        self.text.push('}');
    }

    /// A resource of some type with an owner, or an identifier.
    fn owned(&mut self) {
        let reference = self.pick(&REFERENCES[..12]);
        let _ = match self.below(3) {
            0 => {
                let system = self.pick(&TEXTS[13..19]);
                let value = self.pick(&TEXTS[26..30]);
                write!(self.text, r#"{{"value":"{value}","system":"{system}"}}"#)
            }
            1 => {
                let (kind, owner) = (self.pick(&TEXTS[1..12]), self.pick(&OWNERS));
                write!(
                    self.text,
                    r#"{{"resourceType":"{kind}","{owner}":{{"reference":"{reference}"}}}}"#
                )
            }
            _ => {
                let (kind, owner) = (self.pick(&TEXTS[1..12]), self.pick(&OWNERS));
                let value = self.pick(&["null", "7", "{}", "[]", "\"x\"", "[{}]"]);
                write!(
                    self.text,
                    r#"{{"{owner}":{value},"id":"-20140","x":{{"reference":"{reference}"}},"resourceType":"{kind}"}}"#
                )
            }
        };
    }

    fn value(&mut self, depth: usize) {
        self.blanks();
        match self.below(if depth > 5 { 7 } else { 12 }) {
            0..5 => self.text(),
            5 => {
                let scalar = self.pick(&SCALARS[..5]);
                self.text += scalar;
            }
            6 if self.one_in(6) => {
                let scalar = self.pick(&SCALARS);
                self.text += scalar;
            }
            6 if self.one_in(30) => {
                // Too large without an exponent, or nearly.
                let digits = 305 + self.below(10);
                self.text += &"9".repeat(digits);
            }
            6 => self.text += "true",
            7..10 => self.object(depth),
            _ => {
                self.text.push('[');
                for item in 0..self.below(4) {
                    if item > 0 {
                        self.text.push(',');
                    }
                    self.value(depth + 1);
                }
                self.text.push(']');
            }
        }
        self.blanks();
    }

    pub(super) fn resource(&mut self, kind: ResourceType) {
        let mut members = vec!["resourceType", "id", "patient", "beneficiary"];
        for _ in 0..self.below(5) {
            members.push(self.pick(&NAMES));
        }
        if self.one_in(3) {
            let place = self.below(members.len());
            members.swap(0, place);
        }
        if self.one_in(30) {
            let place = self.below(members.len());
            members.remove(place);
        }
        self.text.push('{');
        for (place, name) in members.into_iter().enumerate() {
            if place > 0 {
                self.text.push(',');
            }
            self.member(name);
            match name {
                "resourceType" if !self.one_in(40) => self.quoted_plain(kind.name()),
                "id" if kind == ResourceType::Patient && !self.one_in(40) => {
                    self.quoted_plain("-20140");
                }
                "id" if !self.one_in(20) => self.quoted_plain("pde-1"),
                "patient" | "beneficiary" if !self.one_in(10) => {
                    self.text += r#"{"reference":"Patient/-20140"}"#;
                }
                "patient" | "beneficiary" if self.one_in(2) => {
                    let reference = self.pick(&REFERENCES);
                    let _ = write!(self.text, r#"{{"reference":"{reference}"}}"#);
                }
                _ => self.value(1),
            }
        }
        self.text.push('}');
    }

    fn quoted_plain(&mut self, text: &str) {
        let _ = write!(self.text, "\"{text}\"");
    }

    pub(super) fn bundle(&mut self, kind: ResourceType) {
        let mut members = vec!["resourceType", "type", "total", "link", "entry"];
        for _ in 0..self.below(3) {
            members.push(self.pick(&[
                "id",
                "meta",
                "id",
                "meta",
                "x",
                "reference",
                "url",
                "patient",
            ]));
        }
        if self.one_in(20) {
            members.push(self.pick(&NAMES));
        }
        if self.one_in(3) {
            let place = self.below(members.len());
            members.swap(1, place);
        }
        self.text.push('{');
        for (place, name) in members.into_iter().enumerate() {
            if place > 0 {
                self.text.push(',');
            }
            self.member(name);
            if self.one_in(60) {
                self.value(1);
                continue;
            }
            match name {
                "resourceType" => self.quoted_plain("Bundle"),
                "type" => self.quoted_plain("searchset"),
                "total" if self.one_in(10) => {
                    let total = self.pick(&SCALARS);
                    self.text += total;
                }
                "total" => self.text += "12",
                "link" => self.links(),
                "entry" => self.entries(kind),
                _ => self.value(1),
            }
        }
        self.text.push('}');
    }

    fn links(&mut self) {
        self.text.push('[');
        for place in 0..self.below(4) {
            if place > 0 {
                self.text.push(',');
            }
            if self.one_in(30) {
                self.value(2);
                continue;
            }
            self.text.push('{');
            self.member("relation");
            self.text();
            self.text.push(',');
            self.member("url");
            if self.one_in(20) {
                self.value(3);
            } else {
                self.quoted("http:\\/\\/b/x?startIndex=2");
            }
            if self.one_in(10) {
                self.text.push(',');
                let name = self.pick(&NAMES);
                self.member(name);
                self.value(3);
            }
            self.text.push('}');
        }
        self.text.push(']');
    }

    fn entries(&mut self, kind: ResourceType) {
        self.text.push('[');
        for place in 0..self.below(4) {
            if place > 0 {
                self.text.push(',');
            }
            self.blanks();
            if self.one_in(60) {
                self.value(2);
                continue;
            }
            self.text.push('{');
            if self.one_in(2) {
                self.member("fullUrl");
                match self.below(12) {
                    0 => self.value(3),
                    1 => self.text(),
                    _ => self.quoted("http://b/ExplanationOfBenefit/pde-1"),
                }
                self.text.push(',');
            }
            if self.one_in(10) {
                let name = self.pick(&NAMES);
                self.member(name);
                self.value(3);
                self.text.push(',');
            }
            self.member("resource");
            self.resource(kind);
            self.text.push('}');
        }
        self.text.push(']');
    }

    /// Damages a body in a few places.
    pub(super) fn damaged(&mut self, body: &mut Vec<u8>) {
        for _ in 0..self.below(4) {
            let at = self.below(body.len() + 1);
            let more = body.len() - at;
            let length = self.below(more.min(40) + 1);
            match self.below(11) {
                0 => body.truncate(at),
                1 => drop(body.drain(at..at + length)),
                2 => {
                    if let Some(byte) = body.get_mut(at) {
                        *byte ^= 1 << (self.random.next_u32() % 8);
                    }
                }
                3..6 => {
                    let junk = self.pick(&JUNK);
                    drop(body.splice(at..at, junk.bytes()));
                }
                6 => {
                    let again = body[at..at + length].to_vec();
                    drop(body.splice(at..at, again));
                }
                7 => {
                    // The same byte as an escape, which changes nothing in a string.
                    if let Some(byte) = body.get(at).copied() {
                        drop(body.splice(at..=at, format!("\\u{byte:04x}").into_bytes()));
                    }
                }
                8 => {
                    // One blank or more behind a comma or a colon moves all that follows.
                    let comma = body
                        .iter()
                        .skip(at)
                        .position(|byte| matches!(byte, b',' | b':'));
                    if let Some(comma) = comma {
                        let behind = at + comma + 1;
                        let blanks = vec![b' '; self.below(70)];
                        drop(body.splice(behind..behind, blanks));
                    }
                }
                9 => {
                    // A value around a value, deep.
                    let colon = body.iter().skip(at).position(|byte| *byte == b':');
                    if let Some(colon) = colon {
                        let depth = 118 + self.below(14);
                        let behind = at + colon + 1;
                        let nest = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
                        drop(body.splice(
                            behind..behind,
                            nest.into_bytes().into_iter().chain(*b",\"z\":"),
                        ));
                    }
                }
                _ => {
                    if let Some(byte) = body.get_mut(at) {
                        *byte = self.random.next_u32() as u8;
                    }
                }
            }
        }
    }
}
