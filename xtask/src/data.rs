//! What the sandbox's claims backend answers, held against other people's judgement: the FHIR models of
//! PyPI's fhir.resources and npm's fhir, and the recorded answers of the real backend. The suite `data`
//! does it for a few people, `cargo xtask validate` for as many as one likes.

use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::process::{self, End};
use crate::say::{self, Steps};
use crate::setup;
use crate::tally::{Report, Row, Tally};
use crate::workspace::Workspace;

/// `cargo xtask validate`: everything of `people` people, and the comparison with recorded answers.
pub(crate) fn validate(workspace: &Workspace, people: u32) -> Result<ExitCode> {
    let steps = Steps::new(3);
    steps.step("FHIR validators", |_| {
        setup::fhir_validator(workspace)?;
        setup::sandbox_checks(workspace)
    })?;
    steps.step("the sandbox", |_| build(workspace))?;
    let begin = Instant::now();
    let mut checks = validators(workspace, people)?;
    checks.extend(paths(workspace));
    let mut report = Report::default();
    steps.step(&format!("{people} people"), |_| {
        for row in run(&checks)? {
            report.push(row);
        }
        Ok(())
    })?;
    println!("\nall in {}\n", say::seconds(begin.elapsed()));
    println!("{}", report.text());
    Ok(if report.total().failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Builds the program that prints what the backend answers.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    process::run(
        workspace
            .cargo()
            .args(["build", "--package", "bluegate-sandbox"])
            .args(["--example", "dump"]),
    )
}

/// One question to a judge: what is dumped, and who reads it.
pub(crate) struct Check {
    name: String,
    dumps: Vec<Command>,
    judge: Command,
}

/// Every resource of some people, in every version, before both validators; the documented people are among them.
pub(crate) fn validators(workspace: &Workspace, people: u32) -> Result<Vec<Check>> {
    let python = setup::fhir_validator(workspace)?;
    let mut checks = Vec::new();
    // The longest ones first, so that no core is left waiting for one at the end.
    for (resource, versions) in [
        ("EOB", &["v3", "v2", "v1"][..]),
        ("Coverage", &["v3", "v2", "v1"]),
        ("Patient", &["v3", "v2", "v1"]),
        ("Card", &["v3"]),
    ] {
        for &version in versions {
            let mut judges = vec![("fhir.resources", {
                let mut judge = workspace.command(&python);
                judge.args(["sandbox/tests/validate.py", version]);
                judge
            })];
            if version != "v1" {
                let mut judge = workspace.command("node");
                judge.arg("sandbox/tests/validate.mjs");
                judges.push(("npm fhir", judge));
            }
            for (who, judge) in judges {
                let mut dump = dump(workspace, version, resource);
                dump.args(DOCUMENTED)
                    .args(["--people", &people.to_string()]);
                checks.push(Check {
                    name: format!("{version} {resource}, {who}"),
                    dumps: vec![dump],
                    judge,
                });
            }
        }
    }
    Ok(checks)
}

/// The JSON paths of each type, beside those of the real backend's recorded answers.
pub(crate) fn paths(workspace: &Workspace) -> Vec<Check> {
    let mut checks = Vec::new();
    for version in ["v1", "v2", "v3"] {
        for (resource, samples) in [
            // Some of everything, and more of what few people have.
            (
                "claims",
                &[
                    ("EOB?_count=60", "30"),
                    ("EOB?type=hha,hospice,snf,dme,inpatient&_count=12", "700"),
                ][..],
            ),
            ("Coverage", &[("Coverage", "120")]),
            ("Patient", &[("Patient", "300")]),
            ("cards", &[("Card", "300")]),
        ] {
            if resource == "cards" && version != "v3" {
                continue;
            }
            let dumps = samples.iter().map(|(resource, people)| {
                let mut dump = dump(workspace, version, resource);
                dump.args(["--people", people]);
                dump
            });
            let mut judge = workspace.command("python3");
            judge.args(["sandbox/tests/paths.py", version]);
            checks.push(Check {
                name: format!("{version} {resource}, paths"),
                dumps: dumps.collect(),
                judge,
            });
        }
    }
    checks
}

/// Runs the checks, as many at once as there are cores.
pub(crate) fn run(checks: &[Check]) -> Result<Vec<Row>> {
    let next = Mutex::new(checks.iter().enumerate());
    let rows = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let work = || -> Result<()> {
            loop {
                let Some((place, check)) = next.lock().map_or(None, |mut next| next.next()) else {
                    return Ok(());
                };
                let row = check.run()?;
                if let Ok(mut rows) = rows.lock() {
                    rows.push((place, row));
                }
            }
        };
        let all: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        for worker in all {
            worker
                .join()
                .map_err(|_| anyhow::anyhow!("a check panicked"))??;
        }
        anyhow::Ok(())
    })?;
    let mut rows = rows.into_inner().unwrap_or_default();
    rows.sort_by_key(|(place, _)| *place);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

impl Check {
    fn run(&self) -> Result<Row> {
        let begin = Instant::now();
        let (reader, writer) = std::io::pipe()?;
        let mut judge = copy(&self.judge);
        judge.stdin(reader);
        let dumps: Vec<Command> = self.dumps.iter().map(copy).collect();
        // The answers are never kept: the judge reads them while they are made. One dump after the other.
        let feeder = std::thread::spawn(move || -> Result<bool> {
            let mut fine = true;
            for mut dump in dumps {
                let mut child = dump
                    .stdout(writer.try_clone()?)
                    .stdin(Stdio::null())
                    .spawn()
                    .context("cannot start the dump")?;
                fine &= child.wait()?.success();
            }
            Ok(fine)
        });
        let mut said = Vec::new();
        let end = process::listen(&mut judge, LIMIT, |line| {
            println!("{}: {line}", self.name);
            said.push(line.to_owned());
        })?;
        // The reading end must go before a dump that is still writing can end.
        drop(judge);
        let fed = feeder
            .join()
            .map_err(|_| anyhow::anyhow!("the dump panicked"))??;
        let skipped = said.last().is_some_and(|line| line.starts_with("skipped"));
        let passed = fed && matches!(end, End::Exited(status) if status.success());
        Ok(Row {
            name: self.name.clone(),
            note: if skipped { said.pop() } else { None },
            tally: if skipped {
                Tally::default()
            } else {
                Tally::check(passed)
            },
            time: begin.elapsed(),
        })
    }
}

/// A command with the same program, arguments, folder and environment.
fn copy(command: &Command) -> Command {
    let mut copy = Command::new(command.get_program());
    copy.args(command.get_args());
    if let Some(dir) = command.get_current_dir() {
        copy.current_dir(dir);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => copy.env(name, value),
            None => copy.env_remove(name),
        };
    }
    copy
}

fn dump(workspace: &Workspace, version: &str, resource: &str) -> Command {
    let mut command = workspace.command(workspace.target().join("debug/examples/dump"));
    command.args([version, resource]);
    command
}

/// The people whom documents tell of.
const DOCUMENTED: [&str; 6] = ["0", "100", "101", "20023", "28324", "29999"];

/// How many people the suite `data` looks at; `cargo xtask validate` takes more.
pub(crate) const FEW: u32 = 12;

/// Longer than 3,000 people take on two slow cores.
const LIMIT: Duration = Duration::from_secs(6 * 60 * 60);
