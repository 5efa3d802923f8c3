//! Building: which steps a part needs, each step once, in an order in which they can be done. The
//! components are built by the commands that `spin.toml` names, so that `spin build` makes the same.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Result, bail};

use crate::args::{Build, Part, Profile};
use crate::lanes::{self, Failing};
use crate::process;
use crate::say::{Progress, Steps};
use crate::setup;
use crate::workspace::Workspace;

/// One thing to install or build.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Step {
    WasmTargets,
    Node,
    /// First of what takes minutes: nothing waits for it, and it takes longest.
    Host,
    Bluegate,
    WasmBindgen,
    Gateway,
    Web,
    Sandbox,
    Demo,
    RustTests,
    Passthrough,
    BenchSteps,
    Chromium,
    Nginx,
    Certutil,
    Valgrind,
    Promtool,
    FhirValidator,
    SandboxChecks,
}

impl Step {
    /// What these parts need, in order.
    pub(crate) fn needed_for(parts: impl IntoIterator<Item = Part>) -> BTreeSet<Self> {
        let mut steps = BTreeSet::new();
        for part in parts {
            steps.extend(match part {
                Part::Demo => &[
                    Self::WasmTargets,
                    Self::WasmBindgen,
                    Self::Node,
                    Self::Web,
                    Self::Demo,
                ][..],
                Part::Bluegate => &[Self::Bluegate],
                Part::Gateway => &[Self::WasmTargets, Self::Gateway],
                Part::Host => &[Self::Host],
                Part::Sandbox => &[Self::WasmTargets, Self::Sandbox],
                Part::Web => &[Self::WasmTargets, Self::WasmBindgen, Self::Node, Self::Web],
            });
        }
        steps
    }

    /// What has to be done before, where it is done at all. Cargo locks the folder of a profile: of two calls
    /// for the same one the second would only wait in its lane.
    pub(crate) fn after(self) -> &'static [Self] {
        match self {
            Self::Bluegate => &[Self::Host],
            Self::Gateway => &[Self::WasmTargets],
            Self::Sandbox => &[Self::WasmTargets, Self::Gateway],
            Self::Web => &[Self::WasmTargets, Self::WasmBindgen, Self::Node],
            Self::Demo => &[Self::WasmTargets, Self::Web, Self::Sandbox],
            Self::Passthrough => &[Self::WasmTargets, Self::Demo],
            Self::BenchSteps => &[Self::WasmTargets, Self::Passthrough],
            Self::RustTests => &[Self::WasmBindgen],
            Self::SandboxChecks => &[Self::Node],
            _ => &[],
        }
    }

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Bluegate => "building bluegate",
            Self::Certutil => "looking for certutil",
            Self::Chromium => "looking for Chromium and chromedriver",
            Self::Demo => "building demo",
            Self::FhirValidator => "looking for the FHIR validator",
            Self::SandboxChecks => "looking for the second FHIR validator",
            Self::Gateway => "building gateway",
            Self::Host => "building the test host (the first time takes minutes)",
            Self::RustTests => "building the Rust tests",
            Self::BenchSteps => "building the steps as a component",
            Self::Valgrind => "looking for valgrind",
            Self::Nginx => "looking for nginx",
            Self::Node => "looking for Node.js",
            Self::Passthrough => "building the pass-through component",
            Self::Promtool => "looking for promtool",
            Self::Sandbox => "building sandbox",
            Self::WasmBindgen => "building wasm-bindgen",
            Self::WasmTargets => "looking for wasm targets",
            Self::Web => "building the browser package",
        }
    }

    pub(crate) fn run(
        self,
        workspace: &Workspace,
        profile: Profile,
        progress: &Progress,
    ) -> Result<()> {
        let component = |package| component(workspace, package, profile, progress);
        match self {
            Self::Bluegate => cargo(&mut bluegate(workspace), progress),
            Self::Certutil => setup::certutil(workspace).map(|_| ()),
            Self::Chromium => setup::browser(workspace).map(|_| ()),
            Self::Demo => component("bluegate-demo"),
            Self::FhirValidator => setup::fhir_validator(workspace).map(|_| ()),
            Self::SandboxChecks => setup::sandbox_checks(workspace),
            Self::Gateway => component("bluegate-gateway"),
            Self::Host => cargo(&mut host(workspace), progress),
            Self::RustTests => bail!("the tests build them, who find their programs so"),
            Self::BenchSteps => component("bluegate-bench-steps"),
            Self::Valgrind => setup::valgrind(workspace),
            Self::Nginx => setup::nginx(workspace).map(|_| ()),
            Self::Node => setup::node(workspace),
            Self::Passthrough => component("bluegate-passthrough"),
            Self::Promtool => setup::promtool(workspace).map(|_| ()),
            Self::Sandbox => component("bluegate-sandbox"),
            Self::WasmBindgen => wasm_bindgen(workspace, progress),
            Self::WasmTargets => setup::wasm_targets(workspace),
            Self::Web => web(workspace, progress),
        }
    }
}

/// `cargo xtask build`.
pub(crate) fn build(workspace: &Workspace, options: &Build) -> Result<()> {
    let needed = Step::needed_for(options.parts.iter().copied());
    all(
        workspace,
        &needed,
        options.profile,
        &Steps::new(needed.len()),
    )
}

/// Does these steps; the first that fails ends the others, and is the error.
pub(crate) fn all(
    workspace: &Workspace,
    steps: &BTreeSet<Step>,
    profile: Profile,
    say: &Steps,
) -> Result<()> {
    let outcomes = lanes::run(steps, say, Failing::Stop, &|step, progress| {
        step.run(workspace, profile, progress)
    });
    if process::stop_asked() {
        bail!(process::Interrupted);
    }
    outcomes.into_iter().try_for_each(|outcome| outcome.result)
}

/// The command that builds the test host; more targets of the same package can be added.
pub(crate) fn host(workspace: &Workspace) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args([
        "build",
        "--profile",
        "host",
        "-p",
        "bluegate-host",
        "--bins",
    ]);
    cargo
}

/// The command that builds the program for operators, optimised no more than the test host, beside which it comes to lie.
fn bluegate(workspace: &Workspace) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--profile", "host", "-p", "bluegate-cli"]);
    cargo
}

/// What `web-client/build.mjs` has to know beside the usual.
pub(crate) fn web_command(workspace: &Workspace, program: &str) -> Command {
    let mut command = workspace.command(program);
    command
        .current_dir(workspace.web_client())
        .env("WASM_BINDGEN", workspace.debug_binary("bindgen"));
    command
}

/// All `.wasm` components of the application.
pub(crate) const COMPONENTS: [&str; 3] = ["bluegate_gateway", "bluegate_sandbox", "bluegate_demo"];

/// wasm-bindgen's programs: their version must be that of the library to the last digit, which Cargo.lock sees to.
fn wasm_bindgen(workspace: &Workspace, progress: &Progress) -> Result<()> {
    let mut build = workspace.cargo();
    build.args(["build", "--package", "bluegate-wasm-bindgen"]);
    cargo(&mut build, progress)
}

/// What cargo is told to build a component of a package, in whatever profile.
pub(crate) const fn component_arguments(package: &str) -> [&str; 8] {
    [
        "rustc",
        "--package",
        package,
        "--lib",
        "--crate-type",
        "cdylib",
        "--target",
        "wasm32-wasip2",
    ]
}

fn component(
    workspace: &Workspace,
    package: &str,
    profile: Profile,
    progress: &Progress,
) -> Result<()> {
    let mut rustc = workspace.cargo();
    rustc
        .args(component_arguments(package))
        .args(["--profile", profile.cargo_name()]);
    cargo(&mut rustc, progress)?;
    let file = workspace.component(&package.replace('-', "_"), profile);
    if !file.is_file() {
        bail!("cargo built {package}, but there is no {}", file.display());
    }
    Ok(())
}

/// The package's own script installs its npm packages, and keeps stamps of what it has built.
fn web(workspace: &Workspace, progress: &Progress) -> Result<()> {
    cargo(web_command(workspace, "node").arg("build.mjs"), progress)
}

/// Runs cargo, or what runs it, whose progress is told beside that of others.
fn cargo(command: &mut Command, progress: &Progress) -> Result<()> {
    let (status, _) = process::watch(command, &|line| progress.cargo(line))?;
    if !status.success() {
        bail!("{} ended with {status}", process::name(command));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_done_once_and_tools_come_before_what_needs_them() {
        let steps: Vec<_> = Step::needed_for(Part::ALL).into_iter().collect();
        let place = |step| steps.iter().position(|other| *other == step).unwrap();
        assert_eq!(steps.len(), 9);
        for step in &steps {
            for needed in step.after() {
                assert!(place(*needed) < place(*step), "{needed:?} before {step:?}");
            }
        }
    }

    #[test]
    fn one_component_needs_neither_node_nor_the_host() {
        let steps: Vec<_> = Step::needed_for([Part::Gateway]).into_iter().collect();
        assert_eq!(steps, [Step::WasmTargets, Step::Gateway]);
    }

    #[test]
    fn the_manifest_names_the_same_build_commands() {
        let manifest = include_str!("../../spin.toml");
        for package in ["bluegate-gateway", "bluegate-sandbox"] {
            assert!(manifest.contains(&format!(
                "command = \"cargo rustc --package {package} --lib --crate-type cdylib \
                 --target wasm32-wasip2 --release\""
            )));
        }
        assert!(manifest.contains("command = \"cargo xtask build demo\""));
        for component in COMPONENTS {
            assert!(manifest.contains(&format!("release/{component}.wasm")));
        }
    }
}
