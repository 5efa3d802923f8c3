//! Builds one claim from its key, the same one every time.

mod after_hospital;
mod carrier;
mod equipment;
mod inpatient;
mod institution;
mod outpatient;
mod pde;
mod story;

use super::ClaimType;
use super::codes::{ACUTE, Condition, Diagnosis};
use super::conditions;
use super::counts;
use super::dates::{self, Dates};
use super::id::ClaimKey;
use super::model::{Body, Cents, Claim, Institutional, Provider};
use super::{refunds, stories};
use crate::people::{Person, Sex};
use crate::rng::Rng;

const DOMAIN: u64 = 5;

/// The claim `key` of `person`, or `None` if the person has no such claim.
#[must_use]
pub fn claim(person: &Person, key: ClaimKey) -> Option<Claim> {
    let count = counts::of(person.number).of_type(key.kind);
    if key.person != person.number || key.index >= count {
        return None;
    }
    let dates = dates::of(person, key, count);
    if refunds::is_refund(key) {
        let mut claim = claim(person, refunds::before(key))?;
        claim.refunds = Some(claim.control_number());
        claim.key = key;
        claim.dates = dates;
        claim.final_action = true;
        refunds::negate(&mut claim);
        return Some(claim);
    }
    let State {
        mut rng,
        group,
        final_action,
        shared_system,
    } = state(key, count);
    let conditions = conditions::of(person);
    let context = Context {
        person,
        key,
        dates: &dates,
        conditions: &conditions,
    };
    let body = match (key.kind, stories::step(key)) {
        (_, Some(step)) => story::body(&context, step, &mut rng),
        (ClaimType::Carrier, None) => Body::Carrier(carrier::body(&context, &mut rng)),
        (ClaimType::Dme, None) => Body::Carrier(equipment::body(&context, &mut rng)),
        (ClaimType::Inpatient, None) => institutional(inpatient::body(&context, &mut rng)),
        (ClaimType::Outpatient, None) => institutional(outpatient::body(&context, &mut rng)),
        (ClaimType::Snf, None) => {
            institutional(after_hospital::skilled_nursing(&context, &mut rng))
        }
        (ClaimType::Hha, None) => institutional(after_hospital::home_health(&context, &mut rng)),
        (ClaimType::Hospice, None) => institutional(after_hospital::hospice(&context, &mut rng)),
        (ClaimType::Pde, None) => Body::Pde(pde::body(&context, &mut rng)),
    };
    Some(Claim {
        key,
        dates,
        group,
        final_action,
        refunds: None,
        shared_system,
        body,
    })
}

/// Whether a claim is final, and whether v3 tells it as a shared system has it, without building it.
#[must_use]
pub fn status(key: ClaimKey) -> (bool, bool) {
    let count = counts::of(key.person).of_type(key.kind);
    if refunds::is_refund(key) {
        return (true, state(refunds::before(key), count).shared_system);
    }
    let state = state(key, count);
    (state.final_action, state.shared_system)
}

/// What is drawn before the body.
struct State {
    /// For the body.
    rng: Rng,
    group: u64,
    final_action: bool,
    shared_system: bool,
}

fn state(key: ClaimKey, count: u16) -> State {
    let person = u64::from(key.person.get());
    let (kind, index) = (u64::from(key.kind.ordinal()), u64::from(key.index));
    let mut rng = Rng::of(DOMAIN, person, kind, index);
    let group = 20_000_000_000 + u64::from(rng.below(1_000_000_000));
    let told = stories::of(key.person).is_some();
    let final_action = !rng.percent(1) && !refunds::is_refunded(key, count) || told;
    let may = !told
        && matches!(
            key.kind,
            ClaimType::Carrier | ClaimType::Dme | ClaimType::Outpatient
        );
    State {
        rng,
        group,
        final_action,
        shared_system: may && Rng::of(DOMAIN, person, 110 + kind, index).percent(3),
    }
}

/// What the body of a claim is made from.
struct Context<'a> {
    person: &'a Person,
    key: ClaimKey,
    dates: &'a Dates,
    conditions: &'a [&'static Condition],
}

fn institutional(body: Institutional) -> Body {
    Body::Institutional(Box::new(body))
}

/// Whether a diagnosis or a service is one that this person can have: not everything befalls everybody.
fn suits(person: &Person, dates: &Dates, code: &str) -> bool {
    let years = (dates.start.0 - person.birth.0) / 365;
    match code {
        // Breast screening is for women from 40 on.
        "77067" | "Z1231" => person.sex == Sex::Female && years >= 40,
        // Screening and ailments of grown-up people.
        "G0439" | "G0444" | "G0121" | "Z1211" | "92014" | "66984" | "H2513" | "L570" | "17000"
        | "M25561" | "B351" | "20610" => years >= 20,
        _ => true,
    }
}

/// One of the passing complaints that this person can have.
fn complaint(context: &Context<'_>, rng: &mut Rng) -> &'static Diagnosis {
    rng.pick_weighted(ACUTE, |diagnosis| {
        u32::from(suits(context.person, context.dates, diagnosis.code))
    })
}

/// A provider number that no real provider has: real ones begin with 1 or 2.
fn npi(rng: &mut Rng) -> String {
    format!("99999{:05}", rng.below(100_000))
}

/// The same few doctors treat a person again and again, so they are drawn from the person and a place.
fn physician(person: &Person, place: u64) -> Provider {
    const FAMILY: [&str; 16] = [
        "ADEYEMI",
        "BAUER",
        "CASTRO",
        "DUBOIS",
        "EKLUND",
        "FARAH",
        "GUPTA",
        "HOLLAND",
        "IVERSEN",
        "JANKOWSKI",
        "KAPLAN",
        "LINDQVIST",
        "MERCADO",
        "NAKAMURA",
        "OKAFOR",
        "PETROV",
    ];
    const GIVEN: [&str; 12] = [
        "ALAN", "BEATRICE", "CLAUDIA", "DEREK", "ELAINE", "FELIX", "GRETA", "HASSAN", "INGRID",
        "JOEL", "KAREN", "LEO",
    ];
    let mut rng = Rng::of(DOMAIN, u64::from(person.number.get()), 100, place);
    let npi = npi(&mut rng);
    Provider {
        npi,
        name: format!("DR. {} {} MD", rng.pick(&GIVEN), rng.pick(&FAMILY)),
    }
}

/// A practice, hospital or pharmacy, drawn in the same way.
fn organization(person: &Person, place: u64, kind: &str) -> Provider {
    const TOWNS: [&str; 14] = [
        "CEDAR VALLEY",
        "LAKESIDE",
        "NORTH RIVER",
        "OAK HILL",
        "PINE STREET",
        "RIVERBEND",
        "SAINT ANNE",
        "SOUTHGATE",
        "SPRING CREEK",
        "SUNRISE",
        "TRI-COUNTY",
        "UNION SQUARE",
        "WESTFIELD",
        "WILLOW PARK",
    ];
    let mut rng = Rng::of(DOMAIN, u64::from(person.number.get()), 101, place);
    let npi = npi(&mut rng);
    Provider {
        npi,
        name: format!("{} {kind}", rng.pick(&TOWNS)),
    }
}

/// `amount` times `numerator` over `denominator`, rounded half up.
const fn part(amount: i64, numerator: i64, denominator: i64) -> i64 {
    (amount * numerator * 2 + denominator) / (denominator * 2)
}

/// An amount that differs from `cents` by at most `percent`.
fn around(rng: &mut Rng, cents: i64, percent: u32) -> Cents {
    let share = 100 - i64::from(percent) + i64::from(rng.below(2 * percent + 1));
    Cents(part(cents, share, 100).max(1))
}

#[cfg(test)]
mod tests;
