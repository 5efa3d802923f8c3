//! `cargo xtask mutants`: small faults are planted, one at a time, into the code that decides, and the fast native tests
//! of that code are run; a fault that no test sees is a survivor. `tests/mutants.json` says where faults are planted, how
//! many of all that are possible are drawn, by which seed, and explains each survivor that may be.
//!
//! Everything happens in a copy of the repository with a build directory of its own. What was tried is kept there, so
//! that a run which was stopped goes on where it was, until something else changes in the files that are drawn from.

mod draw;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::process;
use crate::setup;
use crate::suites::heading;
use crate::tick;
use crate::workspace::Workspace;
use draw::{Mutant, drawn, pattern};

/// Options of the command.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Options {
    /// One area of the list; all where none is named.
    pub(crate) area: Option<String>,
    /// At most so many that were not tried yet.
    pub(crate) limit: Option<usize>,
    /// Prints what is drawn and tries none.
    pub(crate) list: bool,
}

/// Tries what is drawn, and says which faults no test sees.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let plan = Plan::read(&workspace.root().join(PLAN))?;
    if let Some(area) = &options.area
        && !plan.areas.iter().any(|one| one.name == *area)
    {
        let names: Vec<_> = plan.areas.iter().map(|area| area.name.as_str()).collect();
        bail!("there is no area named `{area}`: {}", names.join(", "));
    }
    setup::cargo_mutants(workspace)?;
    let place = Place::prepare(workspace)?;
    let drawn = drawn(&plan.seed, plan.draw, place.list(workspace, &plan.areas)?);
    if options.list {
        for mutant in &drawn {
            println!("{}", mutant.key);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut tried = place.tried()?;
    let mut left = options.limit.unwrap_or(usize::MAX);
    for (index, area) in plan.areas.iter().enumerate() {
        if options.area.as_ref().is_some_and(|name| *name != area.name) {
            continue;
        }
        let waiting: Vec<_> = drawn
            .iter()
            .filter(|mutant| mutant.area == index && !tried.contains_key(&mutant.key))
            .take(left)
            .collect();
        left -= waiting.len();
        if !waiting.is_empty() {
            heading(&format!("{}: {} mutants", area.name, waiting.len()));
            tried.extend(place.attempt(workspace, area, &waiting)?);
            place.keep(&tried)?;
        }
    }
    Ok(report(&plan, &drawn, &tried))
}

/// What no test saw, and whether that is more than it may be.
fn report(plan: &Plan, drawn: &[Mutant], tried: &BTreeMap<String, Outcome>) -> ExitCode {
    let of = |outcome| {
        let with = |mutant: &&Mutant| tried.get(&mutant.key) == Some(&outcome);
        drawn.iter().filter(with).collect::<Vec<_>>()
    };
    let (caught, missed, unviable) = (
        of(Outcome::Caught).len() + of(Outcome::Timeout).len(),
        of(Outcome::Missed),
        of(Outcome::Unviable).len(),
    );
    let survivors = missed.len();
    println!();
    let mut wrong = 0;
    for mutant in &missed {
        match plan.survivors.get(&mutant.key) {
            Some(why) => println!("survives, as explained: {}\n    {why}", mutant.key),
            None => {
                wrong += 1;
                println!("survives, and nobody says why: {}", mutant.key);
            }
        }
    }
    for key in plan.survivors.keys() {
        if matches!(tried.get(key), Some(Outcome::Caught | Outcome::Timeout)) {
            println!("is explained in {PLAN}, but caught: {key}");
            wrong += 1;
        }
    }
    let decided = caught + survivors;
    let percent = plan.most_survivors_percent;
    if survivors * 100 > percent * decided {
        println!("{survivors} of {decided} survive, which is more than {percent} %");
        wrong += 1;
    }
    let waiting = drawn.len() - decided - unviable;
    println!(
        "{} drawn: {caught} caught, {survivors} survived, {unviable} do not compile, {waiting} not tried yet",
        drawn.len()
    );
    if wrong == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// `tests/mutants.json`.
struct Plan {
    seed: String,
    draw: usize,
    most_survivors_percent: usize,
    areas: Vec<Area>,
    /// Why a mutant may survive.
    survivors: BTreeMap<String, String>,
}

/// Some files of a package, and the tests that hold them.
struct Area {
    name: String,
    package: String,
    files: Vec<String>,
    /// How the names of the tests begin; all of the package's own where there is none.
    tests: Vec<String>,
}

impl Area {
    /// Whether a file is one of its own: `*` stands for a name, `**` for folders.
    fn has(&self, file: &str) -> bool {
        self.files.iter().any(|pattern| {
            let Some((folder, end)) = pattern.split_once('*') else {
                return pattern == file;
            };
            let (end, deep) = match end.strip_prefix("*/*") {
                Some(end) => (end, true),
                None => (end, false),
            };
            let rest = file.strip_prefix(folder);
            rest.is_some_and(|rest| rest.ends_with(end) && (deep || !rest.contains('/')))
        })
    }
}

impl Plan {
    fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).context(PLAN)?;
        let json: Value = serde_json::from_str(&text).context(PLAN)?;
        Self::of(&json).with_context(|| format!("{PLAN} lacks something"))
    }

    fn of(json: &Value) -> Option<Self> {
        let texts = |value: &Value| -> Option<Vec<String>> {
            let list = value.as_array()?.iter();
            list.map(|text| text.as_str().map(str::to_owned)).collect()
        };
        let number = |name| usize::try_from(json.get(name)?.as_u64()?).ok();
        let mut areas = Vec::new();
        for area in json.get("areas")?.as_array()? {
            areas.push(Area {
                name: area.get("name")?.as_str()?.to_owned(),
                package: area.get("package")?.as_str()?.to_owned(),
                files: texts(area.get("files")?)?,
                tests: texts(area.get("tests")?)?,
            });
        }
        let mut survivors = BTreeMap::new();
        for survivor in json.get("survivors")?.as_array()? {
            let why = survivor.get("why")?.as_str()?;
            survivors.insert(survivor.get("mutant")?.as_str()?.to_owned(), why.to_owned());
        }
        Some(Self {
            seed: json.get("seed")?.as_str()?.to_owned(),
            draw: number("draw")?,
            most_survivors_percent: number("most_survivors_percent")?,
            areas,
            survivors,
        })
    }
}

/// What became of a mutant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Outcome {
    Caught,
    Missed,
    /// The tests did not end: seen as well.
    Timeout,
    /// It does not compile.
    Unviable,
}

impl Outcome {
    /// As cargo-mutants calls its lists.
    const NAMES: [(&'static str, Self); 4] = [
        ("caught", Self::Caught),
        ("missed", Self::Missed),
        ("timeout", Self::Timeout),
        ("unviable", Self::Unviable),
    ];

    fn name(self) -> &'static str {
        let found = Self::NAMES
            .into_iter()
            .find(|(_, outcome)| *outcome == self);
        found.map_or("", |(name, _)| name)
    }
}

/// The copy, its build directory, and what was tried.
struct Place {
    tree: PathBuf,
    build: PathBuf,
    out: PathBuf,
    kept: PathBuf,
    /// Changes with any source file that a test could see.
    state: String,
}

impl Place {
    /// Brings the copy up to date. What did not change is not written, so that it is not compiled again.
    fn prepare(workspace: &Workspace) -> Result<Self> {
        let root = workspace.target().join("mutants");
        let tree = root.join("tree");
        let (status, text) = process::output(workspace.command("git").args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
        ]))?;
        if !status.success() {
            bail!("`git ls-files` ended with {status}");
        }
        let mut hash = Sha256::new();
        let mut wanted = BTreeSet::new();
        for name in text.lines() {
            let from = workspace.root().join(name);
            let Ok(content) = fs::read(&from) else {
                continue;
            };
            let to = tree.join(name);
            wanted.insert(to.clone());
            if to.extension() == Some(OsStr::new("rs")) || name.ends_with(".sql") {
                hash.update(name.as_bytes());
                hash.update(&content);
            }
            if fs::read(&to).is_ok_and(|there| there == content) {
                continue;
            }
            fs::create_dir_all(to.parent().context("a file without a folder")?)?;
            fs::write(&to, content).with_context(|| to.display().to_string())?;
        }
        remove_others(&tree, &wanted)?;
        Ok(Self {
            build: root.join("build"),
            out: root.join("out"),
            kept: root.join("tried.txt"),
            state: tick::hex(&hash.finalize()),
            tree,
        })
    }

    /// All that could be planted.
    fn list(&self, workspace: &Workspace, areas: &[Area]) -> Result<Vec<Mutant>> {
        let mut list = self.command(workspace);
        list.args(["--list", "--json"]);
        for file in areas.iter().flat_map(|area| &area.files) {
            list.args(["--file", file]);
        }
        let (status, text) = process::output(&mut list)?;
        if !status.success() {
            bail!("cargo-mutants ended with {status}");
        }
        let json: Value = serde_json::from_str(&text)?;
        let mut found = Vec::new();
        for (index, area) in areas.iter().enumerate() {
            let mutants = json.as_array().into_iter().flatten();
            let names: Vec<_> = mutants
                .filter_map(|mutant| mutant.get("name")?.as_str())
                .filter(|name| area.has(name.split(':').next().unwrap_or_default()))
                .map(str::to_owned)
                .collect();
            if names.is_empty() {
                bail!(
                    "nothing can be planted into `{}`: are its files there?",
                    area.name
                );
            }
            found.extend(draw::named(names, index));
        }
        Ok(found)
    }

    fn attempt(
        &self,
        workspace: &Workspace,
        area: &Area,
        mutants: &[&Mutant],
    ) -> Result<BTreeMap<String, Outcome>> {
        let mut cargo = self.command(workspace);
        cargo.args(["--package", &area.package]);
        for file in &area.files {
            cargo.args(["--file", file]);
        }
        for mutant in mutants {
            cargo.arg("--re").arg(pattern(&mutant.name));
        }
        cargo
            .args(["--in-place", "--no-shuffle", "--baseline=skip", "--caught"])
            // Of tests that do not end. A slow build is no sign that anything was seen.
            .args(["--timeout", TIMEOUT_S])
            .args(["--cargo-arg=--lib", "--colors=never", "--annotations=none"])
            .arg("--output")
            .arg(&self.out)
            .args(["--", "--"])
            .args(&area.tests)
            // Fast to build rather than to run, and nobody debugs it.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_PROFILE_TEST_DEBUG", "0")
            .env("CARGO_INCREMENTAL", "1");
        // Survivors end it with an error of their own.
        let status = cargo.status().context("cargo-mutants")?;
        let mut found = BTreeMap::new();
        for (name, outcome) in Outcome::NAMES {
            let file = self.out.join("mutants.out").join(format!("{name}.txt"));
            let text = fs::read_to_string(file).unwrap_or_default();
            for line in text.lines() {
                if let Some(mutant) = mutants.iter().find(|mutant| mutant.name == line) {
                    found.insert(mutant.key.clone(), outcome);
                }
            }
        }
        if found.is_empty() {
            bail!("cargo-mutants ended with {status} and tried nothing");
        }
        Ok(found)
    }

    fn command(&self, workspace: &Workspace) -> Command {
        let mut command = workspace.command(workspace.tool("cargo-mutants"));
        command
            .args(["mutants", "--no-config", "--dir"])
            .arg(&self.tree)
            .current_dir(&self.tree)
            .env("CARGO_TARGET_DIR", &self.build);
        command
    }

    /// What an earlier run tried in the same state.
    fn tried(&self) -> Result<BTreeMap<String, Outcome>> {
        let text = fs::read_to_string(&self.kept).unwrap_or_default();
        let mut lines = text.lines();
        if lines.next() != Some(&self.state) {
            return Ok(BTreeMap::new());
        }
        let outcome = |line: &str| {
            let (name, key) = line.split_once(' ')?;
            let (_, outcome) = Outcome::NAMES.into_iter().find(|(one, _)| *one == name)?;
            Some((key.to_owned(), outcome))
        };
        lines
            .map(|line| outcome(line).with_context(|| format!("{}: {line}", self.kept.display())))
            .collect()
    }

    fn keep(&self, tried: &BTreeMap<String, Outcome>) -> Result<()> {
        let mut text = format!("{}\n", self.state);
        for (key, outcome) in tried {
            text.push_str(outcome.name());
            text.push(' ');
            text.push_str(key);
            text.push('\n');
        }
        fs::write(&self.kept, text).with_context(|| self.kept.display().to_string())
    }
}

/// Removes files of the copy that the repository has no more.
fn remove_others(folder: &Path, wanted: &BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, wanted)?;
        } else if !wanted.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

const PLAN: &str = "tests/mutants.json";
/// For one run of tests.
const TIMEOUT_S: &str = "600";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_of_files_is_one_folder_or_all_below_it() {
        let area = |file: &str| Area {
            name: String::new(),
            package: String::new(),
            files: vec![file.to_owned()],
            tests: Vec::new(),
        };
        assert!(area("a/b.rs").has("a/b.rs") && !area("a/b.rs").has("a/c.rs"));
        assert!(area("a/*.rs").has("a/b.rs") && !area("a/*.rs").has("a/b/c.rs"));
        assert!(area("a/**/*.rs").has("a/b/c.rs") && !area("a/**/*.rs").has("d/c.rs"));
    }

    #[test]
    fn the_list_names_files_that_are_there_and_explains_what_it_excuses() {
        let workspace = Workspace::find().unwrap();
        let plan = Plan::read(&workspace.root().join(PLAN)).unwrap();
        assert!(plan.draw >= 400 && plan.most_survivors_percent <= 5);
        for area in &plan.areas {
            for file in &area.files {
                let folder = file.split('*').next().unwrap_or_default();
                let there = workspace.root().join(folder);
                assert!(there.exists(), "{}: {file}", area.name);
            }
        }
        for (mutant, why) in &plan.survivors {
            assert!(
                mutant.contains(".rs: ") && why.len() > 20,
                "{mutant}: {why}"
            );
        }
    }
}
