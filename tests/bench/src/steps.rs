//! What each step of a page costs: instructions under callgrind, which do not depend on what else the machine
//! does and are held against the committed numbers, and time, native and on the engine.
//!
//! The input is made by the sandbox for a fixed person and day, and the store by SQL, so that both are the same
//! everywhere.

mod engine;
mod page;
mod store;

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use bluegate_bench_steps::calls::{CALL_STEPS, CallStep, Calls};
use bluegate_bench_steps::{Input, STEPS};
use futures_executor::block_on;
use serde_json::{Map, Value, json};

use self::engine::OnEngine;
use self::page::Whole;
use crate::fhir::page::sandbox_page;

/// The arguments that make this program run one step for callgrind: its name and the folder of the input.
pub const ARGUMENT: &str = "--run-step";

/// What was measured.
#[derive(Debug)]
pub struct Costs {
    rows: Vec<Row>,
    sizes: [usize; 2],
    toolchain: String,
    /// Toolchain and instructions of the committed numbers.
    known: Value,
    /// Whole pages through the gateway, where they were asked for.
    whole: Option<Whole>,
}

#[derive(Debug)]
struct Row {
    name: &'static str,
    /// What comes out of it, of a body.
    bytes: Option<usize>,
    instructions: Option<u64>,
    native: Duration,
    engine: Option<OnEngine>,
}

/// Measures, with `whole` also whole pages through the gateway, to set the sum of the steps beside them.
///
/// # Errors
///
/// Where a program that is needed does not run.
pub fn measure(whole: bool) -> io::Result<Costs> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    let (person, page, patient) = sandbox_page();
    std::fs::write(folder.join(ANSWER), format!("{person}\n{page}\n{patient}"))?;
    store::make(folder, &person).map_err(io::Error::other)?;
    let input = read(folder)?;
    let body = format!("{page}\n{patient}");
    let on_engine = engine::measure(folder, &person, &body)?;
    let on_engine = |wanted: &str| {
        let mut all = on_engine.iter();
        all.find(|(name, _)| name == wanted).map(|(_, cost)| *cost)
    };
    let mut rows = Vec::new();
    for step in STEPS {
        let (native, bytes) = time(|| (step.run)(&input));
        rows.push(Row {
            name: step.name,
            bytes: (bytes > 1).then_some(bytes),
            instructions: instructions(step.name, folder)?,
            native,
            engine: on_engine(step.name),
        });
    }
    for step in CALL_STEPS {
        rows.push(Row {
            name: step.name(),
            bytes: None,
            instructions: instructions(step.name(), folder)?,
            native: with_calls(folder, &input, |run| {
                let mut number = 0;
                time(|| {
                    number += 1;
                    run(step, number);
                })
                .0
            })?,
            engine: on_engine(step.name()),
        });
    }
    let known = std::fs::read_to_string(baseline()).unwrap_or_default();
    Ok(Costs {
        rows,
        sizes: input.sizes(),
        toolchain: toolchain()?,
        known: serde_json::from_str(&known).unwrap_or_default(),
        whole: whole.then(Whole::measure).transpose()?,
    })
}

/// Runs one step and nothing else, for callgrind.
///
/// # Errors
///
/// Where there is no such step or input.
pub fn run_step(mut arguments: impl Iterator<Item = String>) -> io::Result<()> {
    let mut next = || arguments.next().ok_or(io::ErrorKind::InvalidInput);
    let (name, folder) = (next()?, PathBuf::from(next()?));
    let input = read(&folder)?;
    if let Some(step) = CallStep::named(&name) {
        return with_calls(&folder, &input, |run| count(|number| run(step, number)));
    }
    let step = STEPS.iter().find(|step| step.name == name);
    let step = step.ok_or(io::ErrorKind::NotFound)?;
    count(|_| {
        std::hint::black_box((step.run)(std::hint::black_box(&input)));
    });
    Ok(())
}

/// Lets callgrind count only what is done after the first times, in which memory is taken and statements compiled.
fn count(mut run: impl FnMut(usize)) {
    (0..WARM_UP).for_each(&mut run);
    for number in WARM_UP..WARM_UP + COUNTED {
        while_counted(&mut || run(number));
    }
}

/// What callgrind counts; it knows the function by its name.
#[inline(never)]
fn while_counted(run: &mut dyn FnMut()) {
    run();
    // A last call would be a jump, and the function would have ended before it.
    std::hint::black_box(());
}

const WARM_UP: usize = 4;
const COUNTED: usize = 10;

impl Costs {
    /// The tables.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = format!(
            "8 claims from the sandbox: {} bytes; a Patient: {} bytes; {}\n\n",
            self.sizes[0], self.sizes[1], self.toolchain,
        );
        let head =
            "Step | Bytes out | Instructions | Change | native µs | engine µs | engine CPU µs";
        let cells = self.rows.iter().map(|row| {
            let change = self.change(row);
            vec![
                row.name.to_owned(),
                shown(row.bytes, grouped),
                shown(
                    row.instructions
                        .and_then(|count| usize::try_from(count).ok()),
                    grouped,
                ),
                shown(change, |change| format!("{:+.1} %", change * 100.0)),
                micros(row.native),
                shown(row.engine, |engine| micros(engine.time)),
                shown(row.engine.and_then(|engine| engine.processor), micros),
            ]
        });
        text += &markdown(head, cells);
        text += "\nInstructions: native, under callgrind, without the kernel's; change: against tests/bench/instructions.json.\n\
                 Engine CPU: processor time of the whole process, with the host's calls; elsewhere it is that of the component.\n";
        if self.known["toolchain"] != json!(self.toolchain) {
            let _ = writeln!(
                text,
                "not compared: the committed numbers are of {}",
                self.known["toolchain"]
            );
        }
        if self.rows.iter().any(|row| row.engine.is_some()) {
            text += &self.page();
        }
        text
    }

    /// What a page costs in all.
    fn page(&self) -> String {
        let cost = |name: &str| {
            let row = self.rows.iter().find(|row| row.name == name);
            row.and_then(|row| row.engine).map_or(0.0, |engine| {
                engine.processor.unwrap_or(engine.time).as_secs_f64() * 1e6
            })
        };
        page::table(cost, self.whole.as_ref())
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

/// More than this is a regression. The counts of two runs differ by less than half of it, and where no statement or
/// line is among them, hardly at all.
const TOLERANCE: f64 = 0.03;
/// The file of the answer's steps in the folder of the input: the person's id, the page and the Patient.
const ANSWER: &str = "answer";

fn read(folder: &Path) -> io::Result<Input> {
    let text = std::fs::read_to_string(folder.join(ANSWER))?;
    let mut lines = text.lines();
    let mut next = || lines.next().unwrap_or_default();
    let (person, page, patient) = (next(), next(), next());
    Input::new(person, bluegate_bench_steps::BACKEND, page, patient)
        .ok_or_else(|| io::Error::other("the page is not what the steps need"))
}

/// Gives what runs a step of a call, on a copy of the store.
fn with_calls<T>(
    folder: &Path,
    input: &Input,
    body: impl FnOnce(&mut dyn FnMut(CallStep, usize)) -> T,
) -> io::Result<T> {
    let place = tempfile::tempdir_in(folder)?;
    let place = place.path();
    std::fs::copy(folder.join(store::FILE), place.join(store::FILE))?;
    let open = async || store::app(place).await;
    let calls = block_on(Calls::begin(open, input)).map_err(io::Error::other)?;
    let mut failed = None;
    let result = body(&mut |step, number| {
        if let Err(error) = block_on(calls.run(step, number)) {
            failed = Some(error);
        }
    });
    failed.map_or(Ok(result), |error| Err(io::Error::other(error)))
}

/// Median time of a run, and what came out.
fn time<T>(mut run: impl FnMut() -> T) -> (Duration, T) {
    let mut out = run();
    let mut times = Vec::new();
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(200) {
        let start = Instant::now();
        out = run();
        times.push(start.elapsed());
    }
    times.sort_unstable();
    (times.get(times.len() / 2).copied().unwrap_or_default(), out)
}

/// Instructions of one run.
fn instructions(name: &str, folder: &Path) -> io::Result<Option<u64>> {
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(["--collect-atstart=no", "--toggle-collect=*while_counted*"])
        .arg(std::env::current_exe()?)
        .args([ARGUMENT, name])
        .arg(folder)
        .output();
    let Ok(run) = run else { return Ok(None) };
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    if !run.status.success() {
        return Err(io::Error::other(said));
    }
    let collected = said
        .lines()
        .find_map(|line| {
            line.split_once("Collected : ")?
                .1
                .trim()
                .parse::<u64>()
                .ok()
        })
        .filter(|counted| *counted > 0)
        .ok_or_else(|| io::Error::other(format!("callgrind counted nothing:\n{said}")))?;
    Ok(Some(collected / COUNTED as u64))
}

fn toolchain() -> io::Result<String> {
    let rustc = Command::new("rustc").arg("--version").output()?;
    let version = String::from_utf8_lossy(&rustc.stdout).trim().to_owned();
    Ok(format!("{version}, {}", std::env::consts::ARCH))
}

fn baseline() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.json")
}

/// A table that reads well as it is and can be put into a document.
fn markdown(head: &str, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let head: Vec<_> = head.split(" | ").map(str::to_owned).collect();
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        for (column, cell) in row.iter().enumerate() {
            let width = width(column);
            let _ = match column {
                0 => write!(text, "| {cell:<width$} |"),
                _ => write!(text, " {cell:>width$} |"),
            };
        }
        text.push('\n');
        if index == 0 {
            for column in 0..row.len() {
                let line = "-".repeat(width(column) + 1);
                let _ = match column {
                    0 => write!(text, "|{line}-|"),
                    _ => write!(text, "{line}:|"),
                };
            }
            text.push('\n');
        }
    }
    text
}

fn shown<T>(value: Option<T>, show: impl FnOnce(T) -> String) -> String {
    value.map_or_else(String::new, show)
}

fn micros(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    format!("{micros:.*}", usize::from(micros < 10.0))
}

/// With a comma between each three digits.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned_and_its_numbers_are_grouped() {
        let rows = [1_234_567, 89].map(|number| vec!["a".to_owned(), grouped(number)]);
        assert_eq!(
            markdown("Step | Instructions", rows),
            "| Step | Instructions |\n|------|-------------:|\n| a    |    1,234,567 |\n| a    |           89 |\n"
        );
    }
}
