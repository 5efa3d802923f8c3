//! All soak rounds: single use and atomicity under fire. Ends with 1 where anything is not as it must be.

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bluegate_bench::report::Group;
use bluegate_bench::{crash, machine, redeem, rotate};

const USAGE: &str = "usage: soak [--rounds-scale 1.0] [--seed N]";

fn main() -> ExitCode {
    let Some((scale, seed)) = options(std::env::args().skip(1)) else {
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
    let groups: [Box<dyn Fn() -> Group>; 3] = [
        Box::new(|| redeem::run(scale)),
        Box::new(|| rotate::run(scale)),
        Box::new(|| crash::run(scale, seed)),
    ];
    for run in groups {
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

fn options(mut arguments: impl Iterator<Item = String>) -> Option<(f64, u64)> {
    let (mut scale, mut seed) = (1.0, seed_of_now());
    while let Some(name) = arguments.next() {
        let value = arguments.next()?;
        match name.as_str() {
            "--rounds-scale" => scale = value.parse().ok().filter(|scale| *scale > 0.0)?,
            "--seed" => seed = value.parse().ok()?,
            _ => return None,
        }
    }
    Some((scale, seed))
}

fn seed_of_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(1, |now| now.as_secs())
}
