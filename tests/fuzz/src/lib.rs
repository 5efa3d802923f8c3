//! The bodies of the fuzz targets. `fuzz/` gives them to libFuzzer (`cargo xtask fuzz`); `tests/replay.rs`
//! gives them the committed corpus, so that whatever was found once is looked for at every run of the tests,
//! on any machine and without a fuzzer. A body takes bytes and panics where a promise is broken.

pub mod guard;
pub mod links;
pub mod oracle;
pub mod search;
pub mod tree;
pub mod visitors;

use bluegate_shared::id::PatientId;
use bluegate_shared::scope::ResourceType;

/// A target: its name is that of the binary in `fuzz/fuzz_targets` and of the folder in `fuzz/corpus`.
#[derive(Clone, Copy)]
pub struct Target {
    /// The name.
    pub name: &'static str,
    /// The body.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 3] = [
    Target {
        name: "guard",
        run: guard::run,
    },
    Target {
        name: "links",
        run: links::run,
    },
    Target {
        name: "search",
        run: search::run,
    },
];

/// The person of the grant. The numbers -2014, 20140 and 7 are other people.
pub const OWN: &str = "-20140";

/// The public base.
pub const PUBLIC: &str = "https://api.example.com";

/// The base of the claims backend.
pub const BACKEND: &str = "http://backend:8080/claims";

/// The person of the grant, parsed.
///
/// # Panics
///
/// Never: the id is one.
#[must_use]
pub fn own() -> PatientId {
    PatientId::parse(OWN).expect("a patient id")
}

/// The resource type that a byte of the input chooses.
#[must_use]
pub fn resource(byte: u8) -> ResourceType {
    ResourceType::ALL[usize::from(byte) % ResourceType::ALL.len()]
}
