//! `cargo xtask test`: every test of the repository. Set-up first, then one suite after the other, each
//! in spite of those that failed; what could not run counts as failed. Rust tests are built in one
//! cargo call for the workspace and one for the test host (whose compiler would take minutes to build
//! a second time in another profile), then run one package at a time.

mod rust;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::args::{Bench, Part, Profile, Suite, Test};
use crate::data;
use crate::engine::{Engine, Kind, Launch, Listen};
use crate::lanes::{self, Failing};
use crate::parts::{self, Step};
use crate::process::{self, End};
use crate::say::{self, Steps};
use crate::setup;
use crate::tally::{Listener, Report, Row, Tally};
use crate::tick;
use crate::up::OPERATORS;
use crate::workspace::Workspace;
use rust::TestProgram;

/// Runs what was asked for and prints the table; the exit code says whether all passed.
pub(crate) fn run(workspace: &Workspace, options: &Test) -> Result<ExitCode> {
    let engine = if ON_ENGINE.into_iter().any(|suite| options.wants(suite)) {
        Kind::choose(workspace, options.engine)?
    } else {
        Kind::Host
    };
    let mut runner = Runner {
        broken: BTreeSet::new(),
        engine,
        options,
        report: Report::default(),
        workspace,
    };
    let begin = Instant::now();
    runner.all()?;
    println!("\nall in {}\n", say::seconds(begin.elapsed()));
    println!("{}", runner.report.text());
    Ok(if runner.report.total().failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// `cargo xtask screenshots`: the README's picture, from the running application.
pub(crate) fn screenshots(workspace: &Workspace) -> Result<()> {
    let needed = needs(Suite::Browser);
    let steps = Steps::new(needed.len() + 1);
    parts::all(workspace, &needed, Profile::Local, &steps)?;
    steps.step("taking pictures", |_| {
        let served = Served::start(workspace, Kind::Host, Profile::Local)?;
        let mut node = workspace.command("node");
        node.arg("tests/browser/screenshots.mjs");
        served.tell(&mut node);
        browser_environment(workspace, &mut node)?;
        process::run(&mut node)
    })
}

/// `cargo xtask soak` and `cargo xtask bench …`: a program of tests/bench on the built application.
pub(crate) fn bench(workspace: &Workspace, bench: &Bench) -> Result<ExitCode> {
    let Bench {
        options, program, ..
    } = bench;
    // Before minutes of building, not after.
    let engine = Kind::choose(workspace, bench.engine)?;
    let counts = *program == "bench-steps";
    // Whole pages, beside the steps that they are made of.
    let whole = counts && options.iter().any(|option| option == "--page");
    let compares = *program == "bench-fhir" || whole;
    let mut needed: BTreeSet<_> = needs(Suite::Interop).into_iter().collect();
    if compares {
        needed.extend([Step::Passthrough, Step::Nginx]);
    }
    if counts {
        if !whole {
            needed = [Step::WasmTargets, Step::Host].into();
        }
        needed.extend([Step::BenchSteps, Step::Valgrind]);
    }
    if engine == Kind::Spin {
        needed.remove(&Step::Host);
    }
    parts::all(
        workspace,
        &needed,
        Profile::Release,
        &Steps::new(needed.len()),
    )?;
    println!("on {}", engine.name());
    let mut cargo = workspace.cargo();
    engine.tell(workspace, &mut cargo);
    if compares {
        let component = workspace.component("bluegate_passthrough", Profile::Release);
        cargo
            .env("BLUEGATE_NGINX", setup::nginx(workspace)?)
            .env("BLUEGATE_PASSTHROUGH", component);
    }
    if counts {
        let component = workspace.component("bluegate_bench_steps", Profile::Release);
        cargo.env("BLUEGATE_STEPS", component);
    }
    cargo
        .args([
            "run",
            "--release",
            "--package",
            rust::BENCH,
            "--bin",
            program,
            "--",
        ])
        .args(options)
        .env("BLUEGATE_MANIFEST", workspace.manifest(Profile::Release)?)
        // As in production: with it, wasmtime takes a backtrace at each switch of tasks.
        .env("RUST_BACKTRACE", "0");
    process::run(&mut cargo)?;
    Ok(ExitCode::SUCCESS)
}

/// `cargo xtask bench pages`: the demo page by Chromium's own metrics.
pub(crate) fn bench_pages(workspace: &Workspace, bench: &Bench) -> Result<()> {
    let engine = Kind::choose(workspace, bench.engine)?;
    let mut needed = needs(Suite::Browser);
    needed.retain(|step| *step != Step::Host || engine == Kind::Host);
    parts::all(
        workspace,
        &needed,
        Profile::Release,
        &Steps::new(needed.len()),
    )?;
    println!("on {}", engine.name());
    let served = Served::start(workspace, engine, Profile::Release)?;
    let mut node = workspace.command("node");
    node.arg("tests/browser/pages-bench.mjs")
        .args(&bench.options);
    served.tell(&mut node);
    browser_environment(workspace, &mut node)?;
    process::run(&mut node)
}

/// `cargo xtask bench web`: the browser package beside what else reads JSON.
pub(crate) fn bench_web(workspace: &Workspace, options: &[String]) -> Result<()> {
    let needed = needs(Suite::Node);
    let steps = Steps::new(needed.len() + 1);
    parts::all(workspace, &needed, Profile::Release, &steps)?;
    steps.step("what it is measured against", |_| {
        let mut npm = parts::web_command(workspace, "npm");
        npm.args(["ci", "--ignore-scripts"])
            .current_dir(workspace.web_client().join("bench"));
        npm.args(["--no-audit", "--no-fund", "--loglevel=error"]);
        process::run(&mut npm)
    })?;
    let mut node = parts::web_command(workspace, "node");
    node.arg("bench/run.mjs").args(options);
    browser_environment(workspace, &mut node)?;
    process::run(&mut node)
}

/// The test programs that a set-up built.
#[derive(Default)]
struct Built {
    host: Vec<TestProgram>,
    workspace: Vec<TestProgram>,
}

struct Runner<'a> {
    /// Steps of the set-up that failed.
    broken: BTreeSet<Step>,
    /// What serves the application to the suites that need it.
    engine: Kind,
    options: &'a Test,
    report: Report,
    workspace: &'a Workspace,
}

impl Runner<'_> {
    fn all(&mut self) -> Result<()> {
        let Built { host, workspace } = self.set_up()?;
        if self.wants(Suite::Lint) {
            self.lint()?;
        }
        if self.wants(Suite::Native) || self.wants(Suite::Http) {
            self.native_and_http(&workspace)?;
        }
        if self.wants(Suite::Doc) {
            let mut cargo =
                rust::workspace_cargo(self.workspace, &["test", "--doc", "--no-fail-fast"]);
            cargo.args(self.options.filter.as_deref());
            self.suite("doc tests", None, &mut [cargo])?;
        }
        if self.wants(Suite::Host) {
            let expected = rust::packages(self.workspace)?
                .iter()
                .find(|package| package.name == rust::HOST)
                .map_or(0, |package| package.tests);
            self.programs("tests/host", Some(Suite::Host), &host, expected)?;
        }
        if self.wants(Suite::Wasm) {
            self.wasm()?;
        }
        if self.wants(Suite::Node) {
            self.npm(
                Suite::Node,
                &[
                    ("npm package, Node", "test"),
                    ("npm package, Chromium", "test:browser"),
                ],
            )?;
        }
        if self.wants(Suite::Package) {
            self.npm(
                Suite::Package,
                &[("npm package, as it is packed", "test:package")],
            )?;
        }
        if self.wants(Suite::Browser) {
            self.browser()?;
        }
        if self.wants(Suite::Field) {
            self.field()?;
        }
        if self.wants(Suite::Interop) {
            let mut node = self.workspace.command("node");
            node.arg("tests/interop/run.mjs");
            self.suite("other people's clients", Some(Suite::Interop), &mut [node])?;
        }
        if self.wants(Suite::Data) {
            self.data()?;
        }
        Ok(())
    }

    fn wants(&self, suite: Suite) -> bool {
        self.options.wants(suite)
    }

    /// What it runs on, where it runs on one.
    fn engine(&self, suite: Option<Suite>) -> Option<Kind> {
        suite
            .filter(|suite| ON_ENGINE.contains(suite))
            .map(|_| self.engine)
    }

    /// Installs and builds what the wanted suites need; a step that fails is one failure, and fails
    /// the suites that need it.
    fn set_up(&mut self) -> Result<Built> {
        let needed: BTreeSet<Step> = Suite::ALL
            .into_iter()
            .filter(|suite| self.wants(*suite))
            .flat_map(needs)
            .filter(|step| {
                *step != Step::Host || self.engine == Kind::Host || self.wants(Suite::Host)
            })
            .collect();
        let (with_host, workspace) = (self.wants(Suite::Host), self.workspace);
        let (profile, built) = (self.options.profile, Mutex::new(Built::default()));
        let built_mut = || built.lock().unwrap_or_else(PoisonError::into_inner);
        let say = Steps::new(needed.len());
        let outcomes = lanes::run(&needed, &say, Failing::GoOn, &|step, progress| {
            match step {
                // With its tests in the same call, so that nothing is compiled twice.
                Step::Host if with_host => {
                    let programs = rust::build(workspace, &mut parts::host(workspace), progress)?;
                    built_mut().host = programs;
                }
                Step::RustTests => {
                    let mut cargo = rust::workspace_build(workspace);
                    let programs = rust::build(workspace, &mut cargo, progress)?;
                    built_mut().workspace = programs;
                }
                step => step.run(workspace, profile, progress)?,
            }
            Ok(())
        });
        if process::stop_asked() {
            bail!(process::Interrupted);
        }
        for outcome in outcomes {
            let Err(error) = outcome.result else { continue };
            eprintln!("error: {error:#}");
            self.broken.insert(outcome.step);
            self.report.push(Row {
                name: format!("set-up: {}", outcome.step.label()),
                note: Some("failed".to_owned()),
                tally: Tally::check(false),
                time: outcome.time,
            });
        }
        Ok(built.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn lint(&mut self) -> Result<()> {
        let strict = ["--", "-D", "warnings"];
        let mut fmt = self.workspace.cargo();
        fmt.args(["fmt", "--all", "--check"]);
        self.check("cargo fmt", &mut fmt)?;
        let mut clippy = rust::workspace_cargo(self.workspace, &["clippy", "--all-targets"]);
        clippy.args(strict);
        self.check("cargo clippy", &mut clippy)?;
        // In the profile in which it is built, so that its build scripts run once only.
        let mut clippy = self.workspace.cargo();
        clippy.args(["clippy", "--profile", "host", "-p", rust::HOST]);
        clippy.arg("--all-targets").args(strict);
        self.check("cargo clippy, test host", &mut clippy)?;
        self.deny()
    }

    /// Licences, sources and refused crates, by the lock file. Advisories need a database that is fetched by git:
    /// where there is none, the table says so.
    fn deny(&mut self) -> Result<()> {
        let Some(program) = setup::cargo_deny(self.workspace) else {
            self.skipped(
                "cargo deny",
                "is not here: `cargo install cargo-deny --locked`",
            );
            return Ok(());
        };
        let mut deny = self.workspace.command(&program);
        deny.args(["--locked", "--log-level", "error", "check"])
            .args(["bans", "licenses", "sources"]);
        self.check("cargo deny: licences, sources, bans", &mut deny)?;
        if !setup::has_advisories() {
            self.skipped(
                "cargo deny: advisories",
                "there is no database of advisories on this machine",
            );
            return Ok(());
        }
        let mut deny = self.workspace.command(&program);
        deny.args(["--locked", "--log-level", "error", "check"])
            .args(["--disable-fetch", "advisories"]);
        self.check("cargo deny: advisories", &mut deny)
    }

    /// A row that says what was not looked at.
    fn skipped(&mut self, name: &str, why: &str) {
        println!("{name}: {why}");
        self.report.push(Row {
            name: name.to_owned(),
            note: Some(why.to_owned()),
            tally: Tally {
                ignored: 1,
                ..Tally::default()
            },
            time: Duration::ZERO,
        });
    }

    fn native_and_http(&mut self, programs: &[TestProgram]) -> Result<()> {
        for package in rust::packages(self.workspace)? {
            let (suite, wanted) = match package.name.as_str() {
                alone if rust::ALONE.contains(&alone) => continue,
                rust::BENCH | rust::HTTP => (Some(Suite::Http), self.wants(Suite::Http)),
                _ => (None, self.wants(Suite::Native)),
            };
            if !wanted {
                continue;
            }
            let of_package: Vec<_> = programs
                .iter()
                .filter(|program| program.package == package.name)
                .cloned()
                .collect();
            self.programs(&package.name, suite, &of_package, package.tests)?;
        }
        Ok(())
    }

    fn wasm(&mut self) -> Result<()> {
        let mut cargo = self.workspace.cargo();
        cargo
            .args(["test", "-p", "bluegate-web-client", "--no-fail-fast"])
            .args(["--lib", "--tests", "--target", "wasm32-unknown-unknown"])
            .args(self.options.filter.as_deref())
            .env(
                "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER",
                self.workspace.debug_binary("bindgen-test-runner"),
            );
        self.suite("wasm in Chromium", Some(Suite::Wasm), &mut [cargo])
    }

    fn npm(&mut self, suite: Suite, scripts: &[(&str, &str)]) -> Result<()> {
        for (name, script) in scripts {
            let mut npm = parts::web_command(self.workspace, "npm");
            npm.args(["run", script]);
            if let Some(filter) = &self.options.filter {
                npm.args(["--", "--test-name-pattern", filter]);
            }
            self.suite(name, Some(suite), &mut [npm])?;
        }
        Ok(())
    }

    fn browser(&mut self) -> Result<()> {
        let name = "demo page and npm package in Chromium";
        if let Some(row) = self.not_runnable(name, Some(Suite::Browser)) {
            self.report.push(row);
            return Ok(());
        }
        let served = match Served::start(self.workspace, self.engine, self.options.profile) {
            Ok(served) => served,
            Err(error) if process::stop_asked() => return Err(error),
            Err(error) => {
                eprintln!("error: {error:#}");
                self.report.push(Row {
                    name: name.to_owned(),
                    note: Some("the application did not start".to_owned()),
                    tally: Tally::check(false),
                    time: Duration::ZERO,
                });
                return Ok(());
            }
        };
        let mut node = self.workspace.command("node");
        node.args(["--test", "--test-reporter=spec"]);
        if let Some(filter) = &self.options.filter {
            node.args(["--test-name-pattern", filter]);
        }
        node.args(browser_tests(self.workspace)?);
        served.tell(&mut node);
        self.suite(name, Some(Suite::Browser), &mut [node])
    }

    /// The application as an operator deploys it, used by people in Chromium.
    fn field(&mut self) -> Result<()> {
        let mut node = self.workspace.command("node");
        node.arg("tests/field/run.mjs");
        if let Some(filter) = &self.options.filter {
            node.arg(format!("--test-name-pattern={filter}"));
        }
        if self.not_runnable(FIELD, Some(Suite::Field)).is_none() {
            node.env("BLUEGATE_NGINX", setup::nginx(self.workspace)?)
                .env("BLUEGATE_CERTUTIL", setup::certutil(self.workspace)?);
        }
        self.suite(FIELD, Some(Suite::Field), &mut [node])
    }

    /// What the sandbox's claims backend answers for some people, before other people's judges.
    fn data(&mut self) -> Result<()> {
        let name = "sandbox data";
        if let Some(row) = self.not_runnable(name, Some(Suite::Data)) {
            self.report.push(row);
            return Ok(());
        }
        heading(name);
        let mut cargo = rust::workspace_build(self.workspace);
        cargo.args(["--example", "dump"]);
        let begin = Instant::now();
        let built = process::run(&mut cargo);
        if process::stop_asked() {
            return built;
        }
        if let Err(error) = built {
            self.report.push(Row {
                name: name.to_owned(),
                note: Some(format!("{error:#}")),
                tally: Tally::check(false),
                time: begin.elapsed(),
            });
            return Ok(());
        }
        let mut checks = data::validators(self.workspace, data::FEW)?;
        checks.extend(data::paths(self.workspace));
        for row in data::run(&checks)? {
            self.report.push(Row {
                name: format!("data: {}", row.name),
                ..row
            });
        }
        Ok(())
    }

    fn programs(
        &mut self,
        name: &str,
        suite: Option<Suite>,
        programs: &[TestProgram],
        expected: usize,
    ) -> Result<()> {
        let mut commands: Vec<_> = programs
            .iter()
            .map(|program| {
                let mut command = program.command(self.workspace);
                command.args(self.options.filter.as_deref());
                command
            })
            .collect();
        self.suite(name, suite, &mut commands)?;
        if programs.len() < expected {
            self.report.push(Row {
                name: name.to_owned(),
                note: Some(format!(
                    "{} of {expected} test programs do not compile",
                    expected - programs.len()
                )),
                tally: Tally::check(false),
                time: Duration::ZERO,
            });
        }
        Ok(())
    }

    /// Runs commands that end with a line that counts, and adds one row for all of them.
    fn suite(&mut self, name: &str, suite: Option<Suite>, commands: &mut [Command]) -> Result<()> {
        if let Some(row) = self.not_runnable(name, suite) {
            self.report.push(row);
            return Ok(());
        }
        if commands.is_empty() {
            return Ok(());
        }
        let engine = self.engine(suite);
        let name = match engine {
            Some(Kind::Spin) => format!("{name}, on {}", Kind::Spin.name()),
            _ => name.to_owned(),
        };
        heading(&name);
        let begin = Instant::now();
        let mut total = Tally::default();
        let mut notes = Vec::new();
        let skips = artifacts(self.workspace)?.join("skipped.txt");
        for command in commands {
            engine.unwrap_or(Kind::Host).tell(self.workspace, command);
            let _ = fs::remove_file(&skips);
            command.env(bluegate_engine::SKIPPED, &skips);
            command.env(
                "BLUEGATE_MANIFEST",
                self.workspace.manifest(self.options.profile)?,
            );
            if suite.is_some_and(|suite| needs(suite).contains(&Step::Promtool)) {
                command.env("BLUEGATE_PROMTOOL", setup::promtool(self.workspace)?);
            }
            if suite.is_some_and(|suite| needs(suite).contains(&Step::Chromium)) {
                browser_environment(self.workspace, command)?;
            }
            let mut listener = Listener::default();
            let end = process::listen(command, SUITE_LIMIT, |line| {
                println!("{line}");
                listener.line(line);
            })?;
            let success = matches!(&end, End::Exited(status) if status.success());
            self.report.push_failed(&name, listener.failed());
            let (mut tally, note) = listener.finish(success);
            let skipped: BTreeSet<_> = fs::read_to_string(&skips)
                .unwrap_or_default()
                .lines()
                .map(str::to_owned)
                .collect();
            for line in &skipped {
                println!("skipped: {line}");
            }
            tally.skip(u32::try_from(skipped.len()).unwrap_or(u32::MAX));
            total.add(tally);
            if matches!(end, End::TimedOut) {
                notes.push(format!("ended after {}", say::seconds(SUITE_LIMIT)));
            }
            notes.extend(note.map(str::to_owned));
        }
        let empty = total == Tally::default();
        if empty && self.options.filter.is_some() {
            return Ok(());
        }
        self.report.push(Row {
            name,
            note: (!notes.is_empty()).then(|| notes.join("; ")),
            tally: total,
            time: begin.elapsed(),
        });
        Ok(())
    }

    /// Runs a command that passes or fails as a whole.
    fn check(&mut self, name: &str, command: &mut Command) -> Result<()> {
        heading(name);
        let begin = Instant::now();
        let result = process::run(command);
        if process::stop_asked() {
            return result;
        }
        self.report.push(Row {
            name: name.to_owned(),
            note: result.as_ref().err().map(|error| format!("{error:#}")),
            tally: Tally::check(result.is_ok()),
            time: begin.elapsed(),
        });
        Ok(())
    }

    /// A failed row when a step that the suite needs has failed.
    fn not_runnable(&self, name: &str, suite: Option<Suite>) -> Option<Row> {
        let missing = needs(suite?)
            .into_iter()
            .find(|step| self.broken.contains(step))?;
        Some(Row {
            name: name.to_owned(),
            note: Some(format!("not run: {} failed", missing.label())),
            tally: Tally::check(false),
            time: Duration::ZERO,
        })
    }
}

/// The application on a free port with a database of its own, for one suite.
struct Served {
    data: PathBuf,
    /// None only while it is being dropped.
    engine: Option<Engine>,
    url: String,
}

impl Served {
    fn start(workspace: &Workspace, kind: Kind, profile: Profile) -> Result<Self> {
        let artifacts = artifacts(workspace)?;
        let listen = Listen::parse("127.0.0.1:0")?;
        let data = std::env::temp_dir().join(format!("bluegate-test-{}", std::process::id()));
        let launch = Launch {
            data_dir: data.clone(),
            kind,
            listen: &listen,
            log: Some(artifacts.join("engine.log")),
            manifest: workspace.manifest(profile)?,
            variables: vec![(
                OPERATORS,
                format!("tests:lock:{}", tick::hex(&Sha256::digest(OPERATOR))),
            )],
        };
        let mut served = Self {
            data,
            engine: Some(Engine::start(workspace, &launch)?),
            url: listen.url(),
        };
        if let Some(engine) = &mut served.engine {
            engine.wait_until_ready()?;
        }
        Ok(served)
    }

    fn tell(&self, command: &mut Command) {
        command
            .env("BLUEGATE_OPERATOR", OPERATOR)
            .env("BLUEGATE_STORE", self.data.join(STORE_FILE))
            .env("BLUEGATE_URL", &self.url);
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.engine.take());
        // A leftover in the system's temporary folder hurts nobody.
        let _ = fs::remove_dir_all(&self.data);
    }
}

/// What has to be there before a suite can run.
fn needs(suite: Suite) -> BTreeSet<Step> {
    match suite {
        Suite::Doc | Suite::Lint => BTreeSet::new(),
        Suite::Native => [Step::RustTests].into(),
        Suite::Data => [Step::FhirValidator, Step::SandboxChecks].into(),
        Suite::Host => [Step::WasmTargets, Step::Host].into(),
        Suite::Wasm => [Step::WasmTargets, Step::WasmBindgen, Step::Chromium].into(),
        Suite::Node | Suite::Package => {
            let mut steps = Step::needed_for([Part::Web]);
            steps.insert(Step::Chromium);
            steps
        }
        Suite::Http => {
            let mut steps = Step::needed_for(Part::ALL);
            steps.extend([Step::Promtool, Step::RustTests]);
            steps
        }
        Suite::Interop => Step::needed_for(Part::ALL),
        Suite::Browser => {
            let mut steps = Step::needed_for(Part::ALL);
            steps.insert(Step::Chromium);
            steps
        }
        Suite::Field => {
            let mut steps = Step::needed_for(Part::ALL);
            steps.extend([Step::Chromium, Step::Nginx, Step::Certutil]);
            steps
        }
    }
}

fn browser_environment(workspace: &Workspace, command: &mut Command) -> Result<()> {
    let browser = setup::browser(workspace)?;
    command
        .env("BLUEGATE_ARTIFACTS", artifacts(workspace)?)
        .env("CHROMEDRIVER", browser.chromedriver)
        .env("CHROMIUM", browser.chromium);
    Ok(())
}

fn browser_tests(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let dir = workspace.root().join("tests/browser");
    let mut tests = Vec::new();
    for entry in fs::read_dir(&dir).with_context(|| dir.display().to_string())? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".test.mjs") {
            tests.push(path);
        }
    }
    if tests.is_empty() {
        bail!("{} holds no tests", dir.display());
    }
    tests.sort();
    Ok(tests)
}

/// Where screenshots and logs of tests go.
fn artifacts(workspace: &Workspace) -> Result<PathBuf> {
    let dir = workspace.root().join("tests/artifacts");
    fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    Ok(dir)
}

/// A line above what a program prints.
pub(crate) fn heading(name: &str) {
    println!("\n=== {name}");
}

const FIELD: &str = "deployed, in the field";
/// The token of the operator whom the application of a suite knows, on the loopback for as long as it runs.
const OPERATOR: &str = "the-operator-of-the-tests";
/// The store of the application, in its folder.
const STORE_FILE: &str = "sqlite_db.db";
/// The suites that ask a running application.
const ON_ENGINE: [Suite; 4] = [Suite::Browser, Suite::Field, Suite::Http, Suite::Interop];
/// Longer than any suite takes on two slow cores; what hangs must not hang for ever.
const SUITE_LIMIT: Duration = Duration::from_secs(15 * 60);
