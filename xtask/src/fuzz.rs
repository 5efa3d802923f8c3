//! `cargo xtask fuzz`: runs the targets in `fuzz/` for a while, each on the committed corpus and on what
//! earlier runs found on this machine. The tests replay the committed part without any of this.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::args::Fuzz;
use crate::process;
use crate::setup;
use crate::suites::heading;
use crate::workspace::Workspace;

/// Runs the targets one after the other. The first finding ends it.
pub(crate) fn run(workspace: &Workspace, options: &Fuzz) -> Result<ExitCode> {
    setup::cargo_fuzz(workspace)?;
    let targets = match &options.target {
        Some(target) => vec![target.as_str()],
        None => TARGETS.to_vec(),
    };
    for target in targets {
        heading(&format!("fuzzing {target} for {} s", options.seconds));
        one(workspace, target, options.seconds)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn one(workspace: &Workspace, target: &str, seconds: u32) -> Result<()> {
    let build = workspace.target().join("fuzz");
    let found = build.join("corpus").join(target);
    fs::create_dir_all(&found).with_context(|| found.display().to_string())?;
    let folder = workspace.root().join("fuzz");
    let dictionary = if target == "search" {
        "search.dict"
    } else {
        "json.dict"
    };
    let mut fuzz = workspace.command(workspace.tool("cargo-fuzz"));
    fuzz.args(["fuzz", "run", "--sanitizer", "none", "--target-dir"])
        .arg(&build)
        .arg(target)
        .arg(&found)
        .arg(folder.join("corpus").join(target))
        .arg("--")
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-dict={}", folder.join(dictionary).display()))
        .args(["-max_len=4096", "-timeout=10", "-print_final_stats=1"])
        // Coverage instrumentation is an option of the nightly compiler; the pinned one has it, too.
        .env("RUSTC_BOOTSTRAP", "1");
    process::run(&mut fuzz).with_context(|| {
        format!(
            "a finding: shorten it with `cargo fuzz tmin --sanitizer none {target} fuzz/artifacts/{target}/…`, \
             put it into fuzz/corpus/{target}, mend, and see `cargo test -p bluegate-fuzz` pass"
        )
    })
}

/// The targets in `fuzz/fuzz_targets`.
pub(crate) const TARGETS: [&str; 3] = ["guard", "links", "search"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_a_file_and_a_corpus() {
        let workspace = Workspace::find().unwrap();
        let folder = workspace.root().join("fuzz");
        for target in TARGETS {
            assert!(
                folder
                    .join("fuzz_targets")
                    .join(target)
                    .with_extension("rs")
                    .is_file()
            );
            assert!(folder.join("corpus").join(target).is_dir());
        }
    }
}
