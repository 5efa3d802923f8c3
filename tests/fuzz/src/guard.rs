//! The release guard: the owner scan says of every body what the two slow implementations say, and the guard's
//! decision follows from it. The first byte chooses what was asked for, the rest is the backend's answer.

use bluegate_gateway::base::version::Version;
use bluegate_gateway::fhir::guard::GuardContext;
use bluegate_gateway::fhir::refusal::Refusal;
use bluegate_shared::owner::{Expected, Outcome, Person, scan};
use bluegate_shared::search::{Search, Shape};

use crate::oracle::{self, Verdict};
use crate::visitors;
use crate::{BACKEND, OWN, PUBLIC, own, resource};

/// Nesting at which the scan gives up. Around it a part that is read by itself may go one level deeper,
/// so the two need agree only below.
const DEEP: usize = 120;

/// The body of the target.
///
/// # Panics
///
/// Where the guard and the slow implementation differ.
pub fn run(input: &[u8]) {
    let Some((choice, body)) = input.split_first() else {
        return;
    };
    let kind = resource(choice & 3);
    let expected = if choice & 4 == 0 {
        Expected::Resource(kind)
    } else {
        Expected::Searchset(kind)
    };
    let version = Version::ALL[usize::from(choice >> 3) % Version::ALL.len()];
    agreed(body, expected, version);
    let scanned = scanned(body, expected, version);
    if nesting(body) < DEEP {
        let bases = bases(version);
        let bases = bases.each_ref().map(String::as_str);
        assert_eq!(
            scanned,
            oracle::verdict(body, expected, OWN, &bases),
            "the scan and the slow implementation differ"
        );
    }
    decides_as_scanned(body, expected, version, scanned);
}

/// Whatever the scan says of a body, the visitors say too: the same facts, or the same reason. Gives what both say.
///
/// # Panics
///
/// Where they do not.
pub fn agreed(body: &[u8], expected: Expected, version: Version) -> visitors::Verdict<'_> {
    let (own, bases) = (own(), bases(version));
    let bases = bases.each_ref().map(String::as_str);
    let scanned = match scan(body, expected, &Person::new(&own, &bases)) {
        Outcome::Proved(proved) => visitors::Verdict::Proved(proved.into_bundle()),
        Outcome::ForeignOwner => visitors::Verdict::ForeignOwner,
        Outcome::NotProved(reason) => visitors::Verdict::NotProved(reason),
    };
    let person = visitors::Person {
        id: &own,
        bases: &bases,
    };
    assert_eq!(
        scanned,
        visitors::verdict(body, expected, &person),
        "the scan and the visitors differ on {expected:?} {:?}",
        String::from_utf8_lossy(body)
    );
    scanned
}

/// What the scan says.
#[must_use]
pub fn scanned(body: &[u8], expected: Expected, version: Version) -> Verdict {
    let (own, bases) = (own(), bases(version));
    let bases = bases.each_ref().map(String::as_str);
    match scan(body, expected, &Person::new(&own, &bases)) {
        Outcome::Proved(_) => Verdict::Proved,
        Outcome::ForeignOwner => Verdict::Foreign,
        Outcome::NotProved(_) => Verdict::NotProved,
    }
}

fn decides_as_scanned(body: &[u8], expected: Expected, version: Version, scanned: Verdict) {
    let own = own();
    let (Expected::Resource(resource) | Expected::Searchset(resource)) = expected;
    let context = GuardContext {
        public_base: PUBLIC,
        backend_base: BACKEND,
        version,
        resource,
        person: &own,
    };
    let refusal = match expected {
        Expected::Resource(_) => context.read(&Shape::default(), body).err(),
        Expected::Searchset(_) => context.page(&Search::new(resource), &[], body).err(),
    };
    let right = match (&refusal, scanned) {
        (None, Verdict::Proved) | (Some(Refusal::NotProved(_)), Verdict::NotProved) => true,
        // A read may have been a guess and looks like an unknown id; on a search the backend is wrong.
        (Some(Refusal::ForeignRead), Verdict::Foreign) => matches!(expected, Expected::Resource(_)),
        (Some(Refusal::ForeignSearch), Verdict::Foreign) => {
            matches!(expected, Expected::Searchset(_))
        }
        _ => false,
    };
    assert!(right, "{scanned:?} became {refusal:?}");
}

fn bases(version: Version) -> [String; 2] {
    [PUBLIC, BACKEND].map(|base| format!("{base}/{}/fhir", version.segment()))
}

/// How deep brackets go, those in text counted too.
fn nesting(body: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in body {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}
