//! What each step of a page costs: instructions under callgrind, which do not depend on what else the machine
//! does and are held against the committed numbers, and time, native and on the engine.
//!
//! The input is made by the sandbox for a fixed person and day, so that it is the same everywhere.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use bluegate_bench_steps::{Input, STEPS};
use bluegate_http_tests::Stack;
use serde_json::{Map, Value, json};

use crate::fhir::page::sandbox_page;

/// The arguments that make this program run one step so many times: name, times, file of the input.
pub const ARGUMENT: &str = "--run-step";

/// What was measured.
#[derive(Debug)]
pub struct Costs {
    rows: Vec<Row>,
    sizes: [usize; 2],
    toolchain: String,
    /// Toolchain and instructions of the committed numbers.
    known: Value,
}

#[derive(Debug)]
struct Row {
    name: &'static str,
    bytes: usize,
    instructions: Option<u64>,
    native: Duration,
    engine: Option<Duration>,
}

/// Measures.
///
/// # Errors
///
/// Where a program that is needed does not run.
pub fn measure() -> io::Result<Costs> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("input");
    let (person, page, patient) = sandbox_page();
    std::fs::write(&file, format!("{person}\n{page}\n{patient}"))?;
    let input = read(&file)?;
    let on_engine = on_engine(folder.path(), &person, &format!("{page}\n{patient}"))?;
    let mut rows = Vec::new();
    for step in STEPS {
        let (native, bytes) = time(|| (step.run)(&input));
        let engine = on_engine
            .iter()
            .find(|(name, ..)| name == step.name)
            .map(|(_, time)| *time);
        rows.push(Row {
            name: step.name,
            bytes,
            instructions: instructions(step.name, &file)?,
            native,
            engine,
        });
    }
    let known = std::fs::read_to_string(baseline()).unwrap_or_default();
    Ok(Costs {
        rows,
        sizes: input.sizes(),
        toolchain: toolchain()?,
        known: serde_json::from_str(&known).unwrap_or_default(),
    })
}

/// Runs one step and nothing else, for callgrind.
///
/// # Errors
///
/// Where there is no such step or input.
pub fn run_step(mut arguments: impl Iterator<Item = String>) -> io::Result<()> {
    let mut next = || arguments.next().ok_or(io::ErrorKind::InvalidInput);
    let (name, times, file) = (next()?, next()?, next()?);
    let input = read(Path::new(&file))?;
    let step = STEPS.iter().find(|step| step.name == name);
    let step = step.ok_or(io::ErrorKind::NotFound)?;
    for _ in 0..times.parse().unwrap_or(0) {
        std::hint::black_box((step.run)(std::hint::black_box(&input)));
    }
    Ok(())
}

impl Costs {
    /// A table.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = format!(
            "8 claims from the sandbox: {} bytes; a Patient: {} bytes; {}\n\n{:<22} {:>8} {:>13} {:>8} {:>10} {:>10} {:>8}\n",
            self.sizes[0],
            self.sizes[1],
            self.toolchain,
            "",
            "bytes",
            "instructions",
            "change",
            "native us",
            "engine us",
            "MB/s"
        );
        for row in &self.rows {
            let size = self.sizes[usize::from(row.name.ends_with("Patient"))];
            let change = self.change(row).map_or_else(
                || "-".to_owned(),
                |change| format!("{:+.1} %", change * 100.0),
            );
            let micros = |time: Duration| time.as_secs_f64() * 1e6;
            let _ = writeln!(
                text,
                "{:<22} {:>8} {:>13} {change:>8} {:>10.1} {:>10} {:>8}",
                row.name,
                row.bytes,
                row.instructions
                    .map_or_else(|| "-".to_owned(), |count| count.to_string()),
                micros(row.native),
                row.engine
                    .map_or_else(|| "-".to_owned(), |time| format!("{:.1}", micros(time))),
                row.engine.map_or_else(
                    || "-".to_owned(),
                    |time| format!("{:.0}", size as f64 / micros(time))
                ),
            );
        }
        text += "\ninstructions: native, under callgrind, of one run; change: against tests/bench/instructions.json;\n\
                 MB/s: of the step's input (of what comes out, for inflate), on the engine\n";
        if self.known["toolchain"] != json!(self.toolchain) {
            let _ = writeln!(
                text,
                "not compared: the committed numbers are of {}",
                self.known["toolchain"]
            );
        }
        text
    }

    /// Steps that take more instructions than the committed numbers allow.
    #[must_use]
    pub fn regressions(&self) -> Vec<&'static str> {
        self.rows
            .iter()
            .filter(|row| self.change(row).is_some_and(|change| change > TOLERANCE))
            .map(|row| row.name)
            .collect()
    }

    /// Commits to these numbers.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written.
    pub fn save(&self) -> io::Result<()> {
        let counts: Map<_, _> = self
            .rows
            .iter()
            .filter_map(|row| Some((row.name.to_owned(), json!(row.instructions?))))
            .collect();
        let text = format!(
            "{:#}\n",
            json!({ "toolchain": self.toolchain, "instructions": counts })
        );
        std::fs::write(baseline(), text)
    }

    fn change(&self, row: &Row) -> Option<f64> {
        if self.known["toolchain"] != json!(self.toolchain) {
            return None;
        }
        let known = self.known["instructions"][row.name].as_f64()?;
        Some(row.instructions? as f64 / known - 1.0)
    }
}

/// More than this is a regression. The counts of two runs differ by less than a hundredth of it.
const TOLERANCE: f64 = 0.03;

fn read(file: &Path) -> io::Result<Input> {
    let text = std::fs::read_to_string(file)?;
    let mut lines = text.lines();
    let mut next = || lines.next().unwrap_or_default();
    let (person, page, patient) = (next(), next(), next());
    Input::new(person, bluegate_bench_steps::BACKEND, page, patient)
        .ok_or_else(|| io::Error::other("the page is not the person's"))
}

/// Median time of a run, and what came out.
fn time(run: impl Fn() -> usize) -> (Duration, usize) {
    let mut bytes = run();
    let mut times = Vec::new();
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(200) {
        let start = Instant::now();
        bytes = run();
        times.push(start.elapsed());
    }
    times.sort_unstable();
    (
        times.get(times.len() / 2).copied().unwrap_or_default(),
        bytes,
    )
}

/// Instructions of one run: those of a program that does it 11 times less those of one that does it once.
fn instructions(name: &str, file: &Path) -> io::Result<Option<u64>> {
    let count = |times: &str| -> io::Result<Option<u64>> {
        let run = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(std::env::current_exe()?)
            .args([ARGUMENT, name, times])
            .arg(file)
            .output();
        let Ok(run) = run else { return Ok(None) };
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        Ok(said
            .lines()
            .find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok()))
    };
    Ok(match (count("11")?, count("1")?) {
        (Some(many), Some(one)) => Some(many.saturating_sub(one) / 10),
        _ => None,
    })
}

/// The same steps as a component on the engine, where it was built.
fn on_engine(folder: &Path, person: &str, body: &str) -> io::Result<Vec<(String, Duration)>> {
    let Some(component) = std::env::var_os("BLUEGATE_STEPS").map(PathBuf::from) else {
        return Ok(Vec::new());
    };
    let component = component.canonicalize()?;
    let manifest = folder.join("steps.toml");
    std::fs::write(
        &manifest,
        format!(
            "spin_manifest_version = 2\n\
             [application]\nname = \"steps\"\nversion = \"0.1.0\"\n\
             [[trigger.http]]\nroute = \"/...\"\ncomponent = \"steps\"\n\
             [component.steps]\nsource = {component:?}\n"
        ),
    )?;
    let stack = Stack::of_manifest(manifest.to_str().unwrap_or_default(), &[]);
    let answer = stack
        .browser()
        .send(http::Method::POST, &format!("/{person}"), &[], body.into())
        .expect(200);
    Ok(answer
        .text()
        .lines()
        .filter_map(|line| {
            let mut fields = line.split('\t');
            let name = fields.next()?.to_owned();
            Some((name, Duration::from_nanos(fields.next()?.parse().ok()?)))
        })
        .collect())
}

fn toolchain() -> io::Result<String> {
    let rustc = Command::new("rustc").arg("--version").output()?;
    let version = String::from_utf8_lossy(&rustc.stdout).trim().to_owned();
    Ok(format!("{version}, {}", std::env::consts::ARCH))
}

fn baseline() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.json")
}
