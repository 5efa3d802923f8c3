//! All soak rounds, or those that are named: single use and atomicity under fire, load, rate limits. Ends with
//! 1 where anything is not as it must be.

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bluegate_bench::report::Group;
use bluegate_bench::stop::{self, Stop};
use bluegate_bench::{crash, limit, load, machine, redeem, rotate};

const USAGE: &str = "usage: soak [redeem] [refresh] [lock-down] [revoke] [crash] [load] [limit] [--rounds-scale 1.0] [--seed N]";
const GROUPS: [&str; 7] = [
    "redeem",
    "refresh",
    "lock-down",
    "revoke",
    "crash",
    "load",
    "limit",
];

fn main() -> ExitCode {
    let Some(Options { only, scale, seed }) = Options::read(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    println!(
        "seed {seed}, {} processors, load {:.1}",
        machine::processors(),
        machine::load().unwrap_or(f64::NAN)
    );
    let mut wall = Duration::ZERO;
    let mut clean = true;
    let groups: [Box<dyn Fn() -> Group>; GROUPS.len()] = [
        Box::new(|| redeem::run(scale)),
        Box::new(|| rotate::run(scale)),
        Box::new(|| stop::run(Stop::LockDown, scale)),
        Box::new(|| stop::run(Stop::Revocation, scale)),
        Box::new(|| crash::run(scale, seed)),
        Box::new(|| load::run(scale)),
        Box::new(|| limit::run(scale)),
    ];
    for (name, run) in GROUPS.into_iter().zip(groups) {
        if !only.is_empty() && !only.iter().any(|wanted| wanted == name) {
            continue;
        }
        let group = run();
        println!("{group}");
        wall += group.wall;
        clean &= group.anomalies.is_empty();
    }
    println!(
        "{} in {:.1} s, load {:.1}",
        if clean { "clean" } else { "ANOMALIES" },
        wall.as_secs_f64(),
        machine::load().unwrap_or(f64::NAN)
    );
    if clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

struct Options {
    /// All groups where none is named.
    only: Vec<String>,
    scale: f64,
    seed: u64,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self {
            only: Vec::new(),
            scale: 1.0,
            seed: seed_of_now(),
        };
        while let Some(name) = arguments.next() {
            match name.as_str() {
                "--rounds-scale" => {
                    let scale = arguments.next()?.parse().ok();
                    options.scale = scale.filter(|scale| *scale > 0.0)?;
                }
                "--seed" => options.seed = arguments.next()?.parse().ok()?,
                _ if GROUPS.contains(&name.as_str()) => options.only.push(name),
                _ => return None,
            }
        }
        Some(options)
    }
}

fn seed_of_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(1, |now| now.as_secs())
}
