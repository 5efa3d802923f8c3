//! The steps as a component on the engine.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bluegate_bench_steps::calls::{CALL_STEPS, variables};
use bluegate_http_tests::Stack;

use crate::machine::processor_time;

/// How long a step of a call is repeated: long enough for a processor time that is told in hundredths of a second.
const MILLISECONDS: u32 = 1000;

/// What a step takes on the engine.
#[derive(Clone, Copy, Debug)]
pub(super) struct OnEngine {
    /// From its begin to its end, in the component.
    pub(super) time: Duration,
    /// Processor time of the whole engine, where more than the component works on it.
    pub(super) processor: Option<Duration>,
}

/// Runs all of them, where the component was built: the answer's with a page and a Patient (each on a line) of a
/// person, those of a call on a copy of the store in the folder.
pub(super) fn measure(
    folder: &Path,
    person: &str,
    body: &str,
) -> io::Result<Vec<(String, OnEngine)>> {
    let Some(component) = std::env::var_os("BLUEGATE_STEPS").map(PathBuf::from) else {
        return Ok(Vec::new());
    };
    let component = component.canonicalize()?;
    let manifest = folder.join("steps.toml");
    let variables: String = variables()
        .into_iter()
        .map(|(name, value)| format!("{name} = {value:?}\n"))
        .collect();
    std::fs::write(
        &manifest,
        format!(
            "spin_manifest_version = 2\n\
             [application]\nname = \"steps\"\nversion = \"0.1.0\"\n\
             [[trigger.http]]\nroute = \"/...\"\ncomponent = \"steps\"\n\
             [component.steps]\nsource = {component:?}\nsqlite_databases = [\"default\"]\n\
             [component.steps.variables]\n{variables}"
        ),
    )?;
    let stack = Stack::of_manifest(manifest.to_str().unwrap_or_default(), &[]);
    let answer = stack
        .browser()
        .send(http::Method::POST, &format!("/{person}"), &[], body.into())
        .expect(200);
    let mut all: Vec<_> = answer
        .text()
        .lines()
        .filter_map(|line| {
            let mut fields = line.split('\t');
            let name = fields.next()?.to_owned();
            let time = Duration::from_nanos(fields.next()?.parse().ok()?);
            let processor = None;
            Some((name, OnEngine { time, processor }))
        })
        .collect();
    // No connection is open yet.
    std::fs::copy(folder.join(super::store::FILE), stack.database())?;
    for (number, step) in CALL_STEPS.into_iter().enumerate() {
        let ask = |milliseconds: u32| {
            let path = format!("/{person}/{number}/{milliseconds}");
            let before = processor_time(stack.pid());
            let answer = stack
                .browser()
                .send(http::Method::POST, &path, &[], body.into())
                .expect(200);
            let spent = processor_time(stack.pid()) - before;
            let text = answer.text().to_owned();
            let (times, median) = text.split_once('\t')?;
            let times: u32 = times.parse().ok()?;
            let time = Duration::from_nanos(median.parse().ok()?);
            let processor =
                Duration::try_from_secs_f64(spent / 1000.0 / f64::from(times.max(1))).ok();
            Some(OnEngine { time, processor })
        };
        // The first time, an instance may have to start.
        let measured = ask(0).and_then(|_| ask(MILLISECONDS));
        let measured = measured.ok_or(io::ErrorKind::InvalidData)?;
        all.push((step.name().to_owned(), measured));
    }
    Ok(all)
}
