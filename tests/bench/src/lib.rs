//! Rounds that try to break single use and atomicity, load with every owner checked, the rate limit across
//! instances, and benchmarks, all against the whole application on the test host.
//!
//! The binaries are `soak`, `bench-token`, `bench-fhir`, `bench-steps`, `bench-limits` and `bench-sandbox`; `cargo test -p bluegate-bench` runs a tenth of the rounds. What
//! they say of a killed engine holds for a killed process; nobody here pulls the plug of the machine.

pub mod cost;
pub mod crash;
pub mod fhir;
pub mod limit;
pub mod load;
pub mod machine;
pub mod redeem;
pub mod report;
pub mod rotate;
pub mod sandbox;
pub mod steps;
pub mod stop;
pub mod token_rate;

mod client;
mod crowd;
mod race;
mod store;

use bluegate_http_tests::Stack;

/// Clients that race for the same thing.
pub const CLIENTS: usize = 64;

/// So many requests a minute that no limit is met, and few enough that the gateway accepts the number.
const VARIABLES: &[(&str, &str)] = &[
    ("rate_limit_per_minute", "10000000"),
    ("person_limit_per_minute", "10000000"),
    ("registration_limit_per_minute", "1000000"),
    ("trusted_proxies", "127.0.0.1"),
];

/// The application with a store of its own, without limits that these rounds would meet.
fn start() -> Stack {
    Stack::with(VARIABLES)
}

/// The same with a limit of which an instance leases few requests at once: what others lease counts for an address, and
/// of one that is far beyond sixty the audit keeps no refusals.
fn start_with_small_leases() -> Stack {
    let others = VARIABLES
        .iter()
        .filter(|(name, _)| !["person_limit_per_minute", "rate_limit_per_minute"].contains(name));
    let small = ("rate_limit_per_minute", "25000");
    Stack::with(&others.copied().chain([small]).collect::<Vec<_>>())
}
