//! The digital insurance card (CARIN Digital Insurance Card 1.1): a collection of the Patient, those who pay, and what
//! the person is covered by. Its resources have ids of their own, which the real backend draws anew for each answer;
//! here they follow from the person, so that a card has the same bytes every time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::common::{C4DIC, card_meta, member_number};
use super::coverage::{Plan, classes, contact, insurer_name, on_card, period, status};
use super::patient;
use crate::fhir::common::{THO, coding, coding_fields, concept};
use crate::fhir::json::{Arr, Obj};
use crate::people::Person;
use crate::rng::Rng;

pub(super) fn write(o: &mut Obj<'_>, person: &Person) {
    o.text("resourceType", "Bundle");
    o.text("id", &id(person, "bundle"));
    o.object("meta", |o| {
        o.text("lastUpdated", &person.updated().instant());
    });
    o.text("type", "collection");
    let plans = Plan::ALL.into_iter().filter(|plan| plan.covers(person));
    o.array("entry", |a| {
        entry(a, &id(person, "patient"), |o, id| {
            patient::on_card(o, person, id)
        });
        entry(a, &id(person, MEDICARE), |o, id| {
            organization(o, person, id, None)
        });
        for (contract, _) in Plan::ALL.iter().filter_map(|plan| plan.contract(person)) {
            entry(a, &id(person, contract), |o, id| {
                organization(o, person, id, Some(contract))
            });
        }
        for plan in plans {
            entry(a, &id(person, plan.prefix()), |o, id| {
                coverage(o, person, plan, id)
            });
        }
    });
}

fn entry(a: &mut Arr<'_>, id: &str, write: impl FnOnce(&mut Obj<'_>, &str)) {
    a.object(|o| {
        o.parts("fullUrl", &["urn:uuid:", id]);
        o.object("resource", |o| write(o, id));
    });
}

fn organization(o: &mut Obj<'_>, person: &Person, id: &str, contract: Option<&str>) {
    o.text("resourceType", "Organization");
    o.text("id", id);
    card_meta(o, person, "C4DIC-Organization");
    o.bool("active", true);
    let name = contract.map_or("Centers for Medicare and Medicaid Services", insurer_name);
    o.text("name", name);
    contact(o, contract.is_some());
}

fn coverage(o: &mut Obj<'_>, person: &Person, plan: Plan, id: &str) {
    let contract = plan.contract(person).map(|(contract, _)| contract);
    let payer = self::id(person, contract.unwrap_or(MEDICARE));
    let patient = self::id(person, "patient");
    o.text("resourceType", "Coverage");
    o.text("id", id);
    card_meta(o, person, "C4DIC-Coverage");
    o.array("extension", |a| {
        a.object(|o| {
            o.parts("url", &[C4DIC, "C4DIC-AdditionalCardInformation-extension"]);
            o.object("valueAnnotation", |o| o.text("text", NOTICE));
        });
        on_card(a, person, plan);
        if let Some(contract) = contract {
            looks(a, contract);
        }
    });
    o.array("identifier", |a| {
        a.object(|o| {
            member_number(o);
            o.text("system", "http://hl7.org/fhir/sid/us-mbi");
            o.text("value", person.mbi.as_str());
            o.object("assigner", |o| {
                let medicare = self::id(person, MEDICARE);
                o.parts("reference", &["Organization/", &medicare]);
            });
        });
    });
    status(o, person);
    concept(o, "type", |a| {
        coding(a, ["https://nahdo.org/sopt", ""], plan.payer())
    });
    o.object("subscriber", |o| {
        o.parts("reference", &["Patient/", &patient])
    });
    o.text("subscriberId", person.mbi.as_str());
    o.object("beneficiary", |o| {
        o.parts("reference", &["Patient/", &patient])
    });
    concept(o, "relationship", |a| {
        coding(a, [THO, "subscriber-relationship"], ("self", "Self"))
    });
    period(o, person, plan);
    o.array("payor", |a| {
        a.object(|o| o.parts("reference", &["Organization/", &payer]))
    });
    classes(o, person, plan);
}

/// Colours and mark of an insurer.
fn looks(a: &mut Arr<'_>, contract: &str) {
    let (background, highlight) = match contract {
        "Z0001" => ("#0b3d5c", "#8ecae6"),
        "Z0002" => ("#3b2f63", "#c9b8f0"),
        "Z0004" => ("#5a3e12", "#f4d58d"),
        "Z0007" => ("#5c2317", "#f2b8a2"),
        "Z0012" => ("#12472f", "#a7d7b8"),
        _ => ("#26323c", "#c8d3dc"),
    };
    for (name, code) in [("Background", background), ("Highlight", highlight)] {
        a.object(|o| {
            o.parts("url", &[C4DIC, "C4DIC-", name, "Color-extension"]);
            o.object("valueCodeableConcept", |o| {
                o.array("coding", |a| {
                    a.object(|o| coding_fields(o, [THO, "IECColourManagement"], (code, "")));
                });
            });
        });
    }
    let name = insurer_name(contract);
    let mark = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\"><circle cx=\"16\" cy=\"16\" r=\"15\" \
         fill=\"{highlight}\"/><path d=\"M8 20 16 8l8 12z\" fill=\"{background}\"/></svg>"
    );
    a.object(|o| {
        o.parts("url", &[C4DIC, "C4DIC-Logo-extension"]);
        o.array("extension", |a| {
            for (url, value) in [("label", name), ("description", "A triangle in a circle")] {
                a.object(|o| {
                    o.text("url", url);
                    o.text("valueString", value);
                });
            }
            a.object(|o| {
                o.text("url", "image");
                o.object("valueAttachment", |o| {
                    o.text("contentType", "image/svg+xml");
                    o.text("data", &STANDARD.encode(mark));
                });
            });
        });
    });
}

/// The payer of parts A and B.
const MEDICARE: &str = "medicare";

/// In both languages of the card, as the real one has it.
const NOTICE: &str = "Show this card when you get care. It belongs to a made-up person and pays for nothing.\n\n\
    Muestre esta tarjeta cuando reciba atención. Es de una persona inventada y no paga nada.";

/// A UUID (RFC 9562, version 8) that follows from the person and what it is for.
fn id(person: &Person, role: &str) -> String {
    let role = role.bytes().fold(0u64, |sum, byte| {
        sum.wrapping_mul(0x100_0000_01b3) ^ u64::from(byte)
    });
    let mut rng = Rng::of(CARD, u64::from(person.number.get()), role, 0);
    let (high, low) = (rng.next(), rng.next());
    format!(
        "{:08x}-{:04x}-8{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 48 & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff
    )
}

const CARD: u64 = 0x6361_7264;
