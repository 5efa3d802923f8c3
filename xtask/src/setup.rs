//! Installing what is missing. Each function first looks, so that a second run costs nothing, and
//! verifies what it installed. What belongs to this repository alone goes under `.bluegate/`; rustup
//! and, as root on Debian, apt are the only things it touches outside.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::{Workspace, on_path};

/// The compilation targets of the components and of the browser package.
pub(crate) fn wasm_targets(workspace: &Workspace) -> Result<()> {
    let missing = missing_targets(workspace)?;
    if missing.is_empty() {
        return Ok(());
    }
    let install = format!("rustup target add {}", missing.join(" "));
    if on_path("rustup").is_none() {
        bail!("Rust's targets {missing:?} are missing and there is no rustup to add them");
    }
    process::run(
        workspace
            .command("rustup")
            .args(["target", "add"])
            .args(&missing),
    )
    .with_context(|| format!("`{install}` failed"))?;
    match missing_targets(workspace)?.as_slice() {
        [] => Ok(()),
        still => bail!("`{install}` succeeded, but rustc does not find {still:?}"),
    }
}

/// cargo-cyclonedx, which writes the SBOMs of a release.
pub(crate) fn cargo_cyclonedx(workspace: &Workspace) -> Result<()> {
    // As a subcommand of cargo it knows its version, and says its own name twice.
    let asked = (&["cyclonedx"][..], "cargo-cyclonedx-cyclonedx");
    cargo_tool(workspace, "cargo-cyclonedx", CARGO_CYCLONEDX, asked)
}

/// cargo-fuzz, which builds and runs the targets in `fuzz/`.
pub(crate) fn cargo_fuzz(workspace: &Workspace) -> Result<()> {
    let asked = (&[][..], "cargo-fuzz");
    cargo_tool(workspace, "cargo-fuzz", CARGO_FUZZ, asked)
}

/// cargo-mutants, which plants faults.
pub(crate) fn cargo_mutants(workspace: &Workspace) -> Result<()> {
    let asked = (&["mutants"][..], "cargo-mutants");
    cargo_tool(workspace, "cargo-mutants", CARGO_MUTANTS, asked)
}

/// Installs a program of crates.io for this repository alone. What it wants to hear before `--version`, and what it then
/// calls itself, differ.
fn cargo_tool(
    workspace: &Workspace,
    name: &str,
    version: &str,
    (before, itself): (&[&str], &str),
) -> Result<()> {
    let is_there = || {
        let mut tool = workspace.command(workspace.tool(name));
        version_of(tool.args(before)).is_ok_and(|found| found == format!("{itself} {version}"))
    };
    if is_there() {
        return Ok(());
    }
    let mut install = workspace.cargo();
    install
        .args(["install", name, "--locked", "--force"])
        .args(["--version", version, "--root"])
        .arg(workspace.tools())
        .arg("--target-dir")
        .arg(workspace.target().join("tools"));
    process::run(&mut install)?;
    if !is_there() {
        bail!(
            "{name} {version} was installed, but {} is another",
            workspace.tool(name).display()
        );
    }
    Ok(())
}

/// cargo-deny, where somebody installed it: building it takes longer than everything that it would check.
pub(crate) fn cargo_deny(workspace: &Workspace) -> Option<PathBuf> {
    let own = workspace.tool("cargo-deny");
    named("CARGO_DENY")
        .or_else(|| own.is_file().then_some(own))
        .or_else(|| on_path("cargo-deny"))
}

/// Whether cargo-deny fetched its database of advisories once: a repository in its folder.
pub(crate) fn has_advisories() -> bool {
    let entries = cargo_home().and_then(|home| fs::read_dir(home.join("advisory-dbs")).ok());
    entries
        .into_iter()
        .flatten()
        .any(|entry| entry.is_ok_and(|entry| entry.path().join(".git").exists()))
}

/// Where cargo keeps what is the user's.
pub(crate) fn cargo_home() -> Option<PathBuf> {
    let named = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    named.or_else(|| Some(std::env::home_dir()?.join(".cargo")))
}

/// Node.js, which the user has to have.
pub(crate) fn node(workspace: &Workspace) -> Result<()> {
    let needed = format!("Node.js {NODE_MAJOR} or newer with npm is needed (https://nodejs.org)");
    if on_path("npm").is_none() {
        bail!(needed);
    }
    let version = version_of(&mut workspace.command("node")).context(needed.clone())?;
    match major(&version) {
        Some(found) if found >= NODE_MAJOR => Ok(()),
        _ => bail!("{needed}; `node --version` says `{version}`"),
    }
}

/// A browser and its driver, for tests.
pub(crate) struct Browser {
    pub(crate) chromedriver: PathBuf,
    pub(crate) chromium: PathBuf,
}

/// Finds Chromium, or installs Debian's where this program may.
pub(crate) fn browser(workspace: &Workspace) -> Result<Browser> {
    if let Some(browser) = find_browser() {
        return Ok(browser);
    }
    debian_packages(workspace, &["chromium", "chromium-driver"]).context(
        "Chromium and chromedriver are needed for the browser tests; \
         CHROMIUM and CHROMEDRIVER can name them",
    )?;
    find_browser().context("Debian's packages were installed, but hold no browser and driver")
}

/// Valgrind counts instructions.
pub(crate) fn valgrind(workspace: &Workspace) -> Result<()> {
    if on_path("valgrind").is_some() {
        return Ok(());
    }
    debian_packages(workspace, &["valgrind"]).context("valgrind counts the instructions")
}

/// Finds nginx, or unpacks Debian's package for this repository alone: nothing is installed, so that no server
/// is started on port 80.
pub(crate) fn nginx(workspace: &Workspace) -> Result<PathBuf> {
    unpacked(workspace, "nginx", "usr/sbin/nginx", "BLUEGATE_NGINX")
}

/// Finds the tool that checks metrics and rules for Prometheus, or unpacks it in the same way.
pub(crate) fn promtool(workspace: &Workspace) -> Result<PathBuf> {
    unpacked(
        workspace,
        "prometheus",
        "usr/bin/promtool",
        "BLUEGATE_PROMTOOL",
    )
}

/// Finds the tool that keeps a user's certificate authorities, as Chromium reads them.
pub(crate) fn certutil(workspace: &Workspace) -> Result<PathBuf> {
    unpacked(
        workspace,
        "libnss3-tools",
        "usr/bin/certutil",
        "BLUEGATE_CERTUTIL",
    )
}

/// A program of one of Debian's packages: where a variable names it, where it is installed, or unpacked.
fn unpacked(workspace: &Workspace, package: &str, path: &str, variable: &str) -> Result<PathBuf> {
    let dir = workspace.root().join(".bluegate").join(package);
    let own = dir.join(path);
    let installed = Path::new("/").join(path);
    let name = Path::new(path)
        .file_name()
        .and_then(OsStr::to_str)
        .unwrap_or(package);
    let find = || {
        named(variable)
            .or_else(|| on_path(name))
            .or_else(|| installed.is_file().then(|| installed.clone()))
            .or_else(|| own.is_file().then(|| own.clone()))
    };
    if let Some(program) = find() {
        return Ok(program);
    }
    if on_path("apt-get").is_none() || on_path("dpkg-deb").is_none() {
        bail!("{name} is needed; {variable} can name it");
    }
    fs::create_dir_all(&dir)?;
    let download = || {
        let mut apt = workspace.command("apt-get");
        process::run(apt.current_dir(&dir).args(["download", "--quiet", package]))
    };
    // A package list from an old image may name a file that is gone.
    download().or_else(|error| {
        if !is_root(workspace) {
            return Err(error);
        }
        process::run(workspace.command("apt-get").args(["update", "--quiet"]))?;
        download()
    })?;
    let archive = fs::read_dir(&dir)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension() == Some(OsStr::new("deb")))
        .context("apt-get left no package")?;
    let mut unpack = workspace.command("dpkg-deb");
    process::run(unpack.arg("--extract").arg(archive).arg(&dir))?;
    find().with_context(|| format!("Debian's package holds no {name}"))
}

/// A Python that has the package which validates FHIR, in an environment of its own.
pub(crate) fn fhir_validator(workspace: &Workspace) -> Result<PathBuf> {
    let dir = workspace.root().join(".bluegate/python");
    let python = dir.join("bin/python");
    let requirements = workspace.root().join("sandbox/tests/requirements.txt");
    let wanted = fs::read_to_string(&requirements).context("sandbox/tests/requirements.txt")?;
    let stamp = dir.join("installed");
    if python.is_file() && fs::read_to_string(&stamp).is_ok_and(|text| text == wanted) {
        return Ok(python);
    }
    let make = || {
        let mut python3 = workspace.command("python3");
        process::run(python3.args(["-m", "venv", "--clear"]).arg(&dir))
    };
    // Debian keeps a part of Python's own venv module in a package.
    make().or_else(|_| debian_packages(workspace, &["python3-venv"]).and_then(|()| make()))?;
    let mut pip = workspace.command(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--only-binary=:all:"])
        .args(["--require-hashes", "--requirement"])
        .arg(&requirements);
    process::run(&mut pip)?;
    fs::write(&stamp, wanted)?;
    Ok(python)
}

/// The npm package that validates FHIR as well, as its lock file says.
pub(crate) fn sandbox_checks(workspace: &Workspace) -> Result<()> {
    node(workspace)?;
    let dir = workspace.root().join("sandbox/tests");
    let wanted = fs::read_to_string(dir.join("package-lock.json"))
        .context("sandbox/tests/package-lock.json")?;
    let stamp = dir.join("node_modules/.installed");
    if fs::read_to_string(&stamp).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    process::run(
        workspace
            .command("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&dir),
    )?;
    fs::write(&stamp, wanted)?;
    Ok(())
}

/// Installs Debian packages where this program may, else says which.
fn debian_packages(workspace: &Workspace, packages: &[&str]) -> Result<()> {
    if on_path("apt-get").is_none() || !is_root(workspace) {
        bail!("run `apt-get install {}` as root", packages.join(" "));
    }
    let apt = |args: &[&str]| {
        process::run(
            workspace
                .command("apt-get")
                .env("DEBIAN_FRONTEND", "noninteractive")
                .args(args),
        )
    };
    // A package list from an old image may name files that are gone.
    apt(&["update", "--quiet"])?;
    let mut install = vec!["install", "--quiet", "--yes", "--no-install-recommends"];
    install.extend(packages);
    apt(&install)
}

/// The first line that `program --version` prints.
pub(crate) fn version_of(command: &mut Command) -> Result<String> {
    let (status, text) = process::output(command.arg("--version"))?;
    if !status.success() {
        bail!("`--version` ended with {status}");
    }
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

/// The first number in a version such as `v20.19.2` or `spin 4.1.0 (abc 2026-01-01)`.
pub(crate) fn major(version: &str) -> Option<u32> {
    let digits = version.trim_start_matches(|c: char| !c.is_ascii_digit());
    digits
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

fn missing_targets(workspace: &Workspace) -> Result<Vec<&'static str>> {
    let mut missing = Vec::new();
    for target in TARGETS {
        let mut rustc = workspace.command("rustc");
        let (status, dir) =
            process::output(rustc.args(["--print", "target-libdir", "--target", target]))?;
        if !status.success() || !Path::new(dir.trim()).is_dir() {
            missing.push(target);
        }
    }
    Ok(missing)
}

fn find_browser() -> Option<Browser> {
    Some(Browser {
        chromedriver: named("CHROMEDRIVER").or_else(|| on_path("chromedriver"))?,
        chromium: named("CHROMIUM").or_else(|| {
            ["chromium", "chromium-browser", "google-chrome"]
                .into_iter()
                .find_map(on_path)
        })?,
    })
}

fn named(variable: impl AsRef<OsStr>) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(variable)?);
    path.is_file().then_some(path)
}

fn is_root(workspace: &Workspace) -> bool {
    process::output(workspace.command("id").arg("-u")).is_ok_and(|(_, text)| text.trim() == "0")
}

const CARGO_CYCLONEDX: &str = "0.5.9";
const CARGO_FUZZ: &str = "0.13.2";
const CARGO_MUTANTS: &str = "27.1.0";
const NODE_MAJOR: u32 = 20;
const TARGETS: [&str; 2] = ["wasm32-wasip2", "wasm32-unknown-unknown"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_the_first_number() {
        for (version, expected) in [
            ("v20.19.2", Some(20)),
            ("spin 4.1.0 (0a1b2c3 2026-08-01)", Some(4)),
            ("22", Some(22)),
            ("unknown", None),
            ("", None),
        ] {
            assert_eq!(major(version), expected, "{version}");
        }
    }
}
