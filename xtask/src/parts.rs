//! Building: which steps a part needs, each step once, in an order in which they can be done. The
//! components are built by the commands that `spin.toml` names, so that `spin build` makes the same.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Result, bail};

use crate::args::{Build, Part, Profile};
use crate::process;
use crate::say::Steps;
use crate::setup;
use crate::workspace::Workspace;

/// One thing to install or build.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Step {
    WasmTargets,
    WasmBindgen,
    Node,
    Chromium,
    FhirValidator,
    SandboxChecks,
    Gateway,
    Sandbox,
    Passthrough,
    BenchSteps,
    Nginx,
    Certutil,
    Valgrind,
    Promtool,
    Web,
    Demo,
    Host,
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
                Part::Gateway => &[Self::WasmTargets, Self::Gateway],
                Part::Host => &[Self::Host],
                Part::Sandbox => &[Self::WasmTargets, Self::Sandbox],
                Part::Web => &[Self::WasmTargets, Self::WasmBindgen, Self::Node, Self::Web],
            });
        }
        steps
    }

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Certutil => "looking for certutil",
            Self::Chromium => "looking for Chromium and chromedriver",
            Self::Demo => "building demo",
            Self::FhirValidator => "looking for the FHIR validator",
            Self::SandboxChecks => "looking for the second FHIR validator",
            Self::Gateway => "building gateway",
            Self::Host => "building the test host (the first time takes minutes)",
            Self::BenchSteps => "building the steps as a component",
            Self::Valgrind => "looking for valgrind",
            Self::Nginx => "looking for nginx",
            Self::Node => "looking for Node.js",
            Self::Passthrough => "building the pass-through component",
            Self::Promtool => "looking for promtool",
            Self::Sandbox => "building sandbox",
            Self::WasmBindgen => "looking for wasm-bindgen",
            Self::WasmTargets => "looking for wasm targets",
            Self::Web => "building the browser package",
        }
    }

    pub(crate) fn run(self, workspace: &Workspace, profile: Profile) -> Result<()> {
        match self {
            Self::Certutil => setup::certutil(workspace).map(|_| ()),
            Self::Chromium => setup::browser(workspace).map(|_| ()),
            Self::Demo => component(workspace, "bluegate-demo", profile),
            Self::FhirValidator => setup::fhir_validator(workspace).map(|_| ()),
            Self::SandboxChecks => setup::sandbox_checks(workspace),
            Self::Gateway => component(workspace, "bluegate-gateway", profile),
            Self::Host => process::run(&mut host(workspace)),
            Self::BenchSteps => component(workspace, "bluegate-bench-steps", profile),
            Self::Valgrind => setup::valgrind(workspace),
            Self::Nginx => setup::nginx(workspace).map(|_| ()),
            Self::Node => setup::node(workspace),
            Self::Passthrough => component(workspace, "bluegate-passthrough", profile),
            Self::Promtool => setup::promtool(workspace).map(|_| ()),
            Self::Sandbox => component(workspace, "bluegate-sandbox", profile),
            Self::WasmBindgen => setup::wasm_bindgen(workspace),
            Self::WasmTargets => setup::wasm_targets(workspace),
            Self::Web => web(workspace),
        }
    }
}

/// `cargo xtask build`.
pub(crate) fn build(workspace: &Workspace, options: &Build) -> Result<()> {
    let needed = Step::needed_for(options.parts.iter().copied());
    let mut steps = Steps::new(needed.len());
    for step in needed {
        steps.step(step.label(), || step.run(workspace, options.profile))?;
    }
    Ok(())
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

/// What `web-client/build.mjs` has to know beside the usual.
pub(crate) fn web_command(workspace: &Workspace, program: &str) -> Command {
    let mut command = workspace.command(program);
    command
        .current_dir(workspace.web_client())
        .env("WASM_BINDGEN", workspace.tool("wasm-bindgen"));
    command
}

/// All `.wasm` components of the application.
pub(crate) const COMPONENTS: [&str; 3] = ["bluegate_gateway", "bluegate_sandbox", "bluegate_demo"];

fn component(workspace: &Workspace, package: &str, profile: Profile) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["rustc", "--package", package, "--lib"]).args([
        "--crate-type",
        "cdylib",
        "--target",
        "wasm32-wasip2",
    ]);
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    process::run(&mut cargo)?;
    let file = workspace.component(&package.replace('-', "_"), profile);
    if !file.is_file() {
        bail!("cargo built {package}, but there is no {}", file.display());
    }
    Ok(())
}

/// The package's own script installs its npm packages, and keeps stamps of what it has built.
fn web(workspace: &Workspace) -> Result<()> {
    process::run(web_command(workspace, "node").arg("build.mjs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_done_once_and_tools_come_before_what_needs_them() {
        let steps: Vec<_> = Step::needed_for(Part::ALL).into_iter().collect();
        let place = |step| steps.iter().position(|other| *other == step).unwrap();
        assert_eq!(steps.len(), 8);
        assert!(place(Step::WasmTargets) < place(Step::Gateway));
        assert!(place(Step::WasmBindgen) < place(Step::Web));
        assert!(place(Step::Node) < place(Step::Web));
        assert!(place(Step::Web) < place(Step::Demo));
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
