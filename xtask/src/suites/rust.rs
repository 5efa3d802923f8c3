//! Rust's test programs: built with `cargo build --tests`, which goes on after a crate that does not
//! compile, and found by the messages that cargo writes for programs.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process;
use crate::say::Progress;
use crate::workspace::Workspace;

/// The test host's package.
pub(crate) const HOST: &str = "bluegate-host";
/// Packages that are built alone. What they want of a dependency, cargo would switch on for all that is built beside
/// them: wasm-bindgen's programs have ureq undo gzip and serde_json keep the order of members, so the tests would see
/// other answers than clients do.
pub(crate) const ALONE: [&str; 2] = [HOST, "bluegate-wasm-bindgen"];
/// The package of races and measurements, which start the application as well.
pub(crate) const BENCH: &str = "bluegate-bench";
/// The package of the black-box tests, which start the application themselves.
pub(crate) const HTTP: &str = "bluegate-http-tests";

/// A package and how many test programs it should have.
#[derive(Debug, PartialEq)]
pub(crate) struct Package {
    manifest: String,
    pub(crate) name: String,
    pub(crate) tests: usize,
}

/// A test program that was built.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TestProgram {
    dir: PathBuf,
    file: PathBuf,
    pub(crate) package: String,
}

impl TestProgram {
    /// The command that runs it as `cargo test` would.
    pub(crate) fn command(&self, workspace: &Workspace) -> Command {
        let mut command = workspace.command(&self.file);
        command
            .current_dir(&self.dir)
            .env("CARGO_MANIFEST_DIR", &self.dir)
            .env("CARGO_PKG_NAME", &self.package);
        command
    }
}

/// The workspace's packages.
pub(crate) fn packages(workspace: &Workspace) -> Result<Vec<Package>> {
    let mut cargo = workspace.cargo();
    cargo.args(["metadata", "--no-deps", "--format-version", "1"]);
    let (status, text) = process::output(&mut cargo)?;
    if !status.success() {
        bail!("`cargo metadata` ended with {status}");
    }
    packages_in(&serde_json::from_str(&text)?).context("cargo metadata says something unexpected")
}

/// `cargo …` for every package but those that are built alone. Always the same packages, because cargo would build a
/// dependency again when other packages want other features of it.
pub(crate) fn workspace_cargo(workspace: &Workspace, command: &[&str]) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(command).arg("--workspace");
    for package in ALONE {
        cargo.args(["--exclude", package]);
    }
    cargo
}

/// A build of every package but those that are built alone.
pub(crate) fn workspace_build(workspace: &Workspace) -> Command {
    workspace_cargo(workspace, &["build"])
}

/// Runs `cargo build …` with the tests; what did not compile is missing from the result, and the
/// compiler has said why.
pub(crate) fn build(
    workspace: &Workspace,
    cargo: &mut Command,
    progress: &Progress,
) -> Result<Vec<TestProgram>> {
    cargo
        .args(["--tests", "--keep-going"])
        .arg("--message-format=json-render-diagnostics");
    let (status, text) = process::watch(cargo, &|line| progress.cargo(line))?;
    let packages = packages(workspace)?;
    let programs: Vec<_> = text
        .lines()
        .filter_map(|line| test_program(&serde_json::from_str(line).ok()?, &packages))
        .collect();
    if programs.is_empty() {
        bail!("cargo built no test program ({status})");
    }
    Ok(programs)
}

fn packages_in(metadata: &Value) -> Option<Vec<Package>> {
    let mut packages = Vec::new();
    for package in metadata.get("packages")?.as_array()? {
        let targets = package.get("targets")?.as_array()?;
        packages.push(Package {
            manifest: package.get("manifest_path")?.as_str()?.to_owned(),
            name: package.get("name")?.as_str()?.to_owned(),
            tests: targets.iter().filter(|target| is_tested(target)).count(),
        });
    }
    Some(packages)
}

/// Whether `--tests` builds a test program from this target.
fn is_tested(target: &Value) -> bool {
    target.get("test").and_then(Value::as_bool) == Some(true)
}

fn test_program(message: &Value, packages: &[Package]) -> Option<TestProgram> {
    let is_test = message.get("reason")? == "compiler-artifact"
        && message.get("profile")?.get("test")? == &Value::Bool(true);
    if !is_test {
        return None;
    }
    let manifest = message.get("manifest_path")?.as_str()?;
    let package = packages.iter().find(|one| one.manifest == manifest)?;
    Some(TestProgram {
        dir: PathBuf::from(manifest).parent()?.to_path_buf(),
        file: PathBuf::from(message.get("executable")?.as_str()?),
        package: package.name.clone(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn gateway() -> Package {
        Package {
            manifest: "/repo/gateway/Cargo.toml".to_owned(),
            name: "bluegate-gateway".to_owned(),
            tests: 2,
        }
    }

    #[test]
    fn metadata_tells_how_many_test_programs_to_expect() {
        let metadata = json!({"packages": [{
            "manifest_path": "/repo/gateway/Cargo.toml",
            "name": "bluegate-gateway",
            "targets": [
                {"kind": ["lib"], "test": true},
                {"kind": ["test"], "test": true},
                {"kind": ["example"], "test": false},
                {"kind": ["custom-build"], "test": false},
            ],
        }]});
        assert_eq!(packages_in(&metadata).unwrap(), [gateway()]);
        assert_eq!(packages_in(&json!({})), None);
    }

    #[test]
    fn only_test_programs_of_the_workspace_are_run() {
        let message = |reason: &str, test: bool, manifest: &str| {
            json!({
                "executable": "/repo/target/debug/deps/x-1",
                "manifest_path": manifest,
                "profile": {"test": test},
                "reason": reason,
            })
        };
        let found = |message: &Value| test_program(message, &[gateway()]);
        let artifact = "compiler-artifact";
        let manifest = "/repo/gateway/Cargo.toml";
        let program = found(&message(artifact, true, manifest)).unwrap();
        assert_eq!(program.package, "bluegate-gateway");
        assert_eq!(program.dir, PathBuf::from("/repo/gateway"));
        assert_eq!(program.file, PathBuf::from("/repo/target/debug/deps/x-1"));
        assert_eq!(found(&message(artifact, false, manifest)), None);
        assert_eq!(found(&message("build-finished", true, manifest)), None);
        assert_eq!(found(&message(artifact, true, "/other/Cargo.toml")), None);
    }
}
