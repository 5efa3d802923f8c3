//! `cargo xtask dist`: what is released, in `dist/`. Everything is made of the commit, not of what lies in the folder, and
//! so that two builds anywhere give the same bytes: paths are mapped away, times are the commit's. With
//! `--check-reproducible` that is shown: the same is done in a second folder, and each file is compared.

mod manifest;
mod notices;
mod sums;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::parts;
use crate::process;
use crate::say::Steps;
use crate::setup;
use crate::workspace::Workspace;

/// What is built: the component, and the program beside it.
const PRODUCTS: [Product; 2] = [
    Product {
        package: "bluegate-gateway",
        folder: "gateway",
        component: true,
    },
    Product {
        package: "bluegate-cli",
        folder: "gateway/cli",
        component: false,
    },
];

struct Product {
    package: &'static str,
    folder: &'static str,
    component: bool,
}

impl Product {
    /// Its name in `dist/`.
    const fn file(&self) -> &'static str {
        if self.component {
            manifest::COMPONENT
        } else {
            "bluegate"
        }
    }
}

/// Makes `dist/`, and with `check` everything a second time.
pub(crate) fn run(workspace: &Workspace, check: bool) -> Result<ExitCode> {
    let commit = Commit::head(workspace)?;
    let host = host(workspace)?;
    let mut steps = Steps::new(if check { 8 } else { 5 });
    steps.step("looking for wasm targets", |_| {
        setup::wasm_targets(workspace)
    })?;
    steps.step("looking for cargo-cyclonedx", |_| {
        setup::cargo_cyclonedx(workspace)
    })?;
    let dist = workspace.root().join("dist");
    let work = workspace.target().join("dist");
    let first = Build::new(workspace, &commit, &host, &work.join("a"), dist.clone());
    first.make(&mut steps)?;
    if check {
        // Another depth and other names: whatever of a path gets into a file shows.
        let again = work.join("somewhere/else");
        let second = Build::new(workspace, &commit, &host, &again, work.join("second"));
        second.make(&mut steps)?;
        let differences = sums::differences(&dist, &work.join("second"))?;
        if !differences.is_empty() {
            for name in &differences {
                eprintln!("{name} differs between two builds");
            }
            bail!(
                "the release cannot be reproduced; the second build is in {}",
                work.join("second").display()
            );
        }
        println!("reproducible: two builds in two folders, the same bytes");
    }
    println!("{}", fs::read_to_string(dist.join(sums::FILE))?.trim_end());
    Ok(ExitCode::SUCCESS)
}

/// The commit that is released.
struct Commit {
    id: String,
    /// Seconds since 1970: what `SOURCE_DATE_EPOCH` says.
    time: String,
}

impl Commit {
    fn head(workspace: &Workspace) -> Result<Self> {
        let git = |arguments: &[&str]| said(workspace.command("git").args(arguments));
        if !git(&["status", "--porcelain"])?.is_empty() {
            eprintln!("note: changes that are not committed are not in it");
        }
        Ok(Self {
            id: git(&["rev-parse", "HEAD"])?,
            time: git(&["log", "-1", "--format=%ct"])?,
        })
    }
}

/// One build in a folder of its own.
struct Build<'a> {
    workspace: &'a Workspace,
    commit: &'a Commit,
    host: &'a Host,
    source: PathBuf,
    target: PathBuf,
    out: PathBuf,
}

impl<'a> Build<'a> {
    fn new(
        workspace: &'a Workspace,
        commit: &'a Commit,
        host: &'a Host,
        folder: &Path,
        out: PathBuf,
    ) -> Self {
        Self {
            workspace,
            commit,
            host,
            source: folder.join("source"),
            target: folder.join("target"),
            out,
        }
    }

    fn make(&self, steps: &mut Steps) -> Result<()> {
        self.export()?;
        for product in &PRODUCTS {
            steps.step(&format!("building {}", product.file()), |_| {
                self.build(product)
            })?;
        }
        steps.step("writing manifest, SBOMs, licences and sums", |_| {
            self.describe()
        })
    }

    /// The files of the commit.
    fn export(&self) -> Result<()> {
        for folder in [&self.source, &self.out] {
            if folder.exists() {
                fs::remove_dir_all(folder)?;
            }
            fs::create_dir_all(folder)?;
        }
        let tar = self.source.with_extension("tar");
        let mut archive = self.workspace.command("git");
        archive.args(["archive", "--format=tar", "-o"]).arg(&tar);
        process::run(archive.arg(&self.commit.id))?;
        let mut unpack = self.workspace.command("tar");
        unpack.arg("-xf").arg(&tar).arg("-C").arg(&self.source);
        process::run(&mut unpack)?;
        Ok(fs::remove_file(&tar)?)
    }

    fn build(&self, product: &Product) -> Result<()> {
        let mut cargo = self.cargo();
        let built = if product.component {
            cargo.args(parts::component_arguments(product.package));
            self.target
                .join(COMPONENT_TARGET)
                .join("release")
                .join(product.file())
        } else {
            cargo.args(["build", "--package", product.package]);
            self.target.join("release").join(product.file())
        };
        process::run(cargo.args(["--release", "--locked"]))?;
        let to = self.out.join(product.file());
        fs::copy(&built, &to).with_context(|| format!("cargo built no {}", built.display()))?;
        Ok(())
    }

    /// Everything beside the two programs.
    fn describe(&self) -> Result<()> {
        let manifest = self.source.join("deploy/spin.toml");
        let text = manifest::released(&fs::read_to_string(&manifest)?)?;
        fs::write(self.out.join("spin.toml"), text)?;
        for name in ["LICENSE", "CHANGELOG.md"] {
            fs::copy(self.source.join(name), self.out.join(name)).context(name)?;
        }
        let mut parts = notices::Parts::new();
        for product in &PRODUCTS {
            let sbom = self.sbom(product)?;
            notices::collect(&sbom, &mut parts)?;
            let name = format!("{}.cdx.json", product.file());
            fs::write(self.out.join(name), format!("{sbom:#}\n"))?;
        }
        let texts = notices::text(&self.metadata()?, &parts)?;
        fs::write(self.out.join("THIRD-PARTY-LICENSES.txt"), texts)?;
        let build = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "commit": self.commit.id,
            "source_date_epoch": self.commit.time,
            "rustc": self.host.rustc,
            "bluegate_is_for": self.host.triple,
        });
        fs::write(self.out.join("BUILD.json"), format!("{build:#}\n"))?;
        sums::write(&self.out)
    }

    /// CycloneDX, of exactly what is linked for the target.
    fn sbom(&self, product: &Product) -> Result<Value> {
        let target = if product.component {
            COMPONENT_TARGET
        } else {
            &self.host.triple
        };
        let mut tool = self
            .workspace
            .command(self.workspace.tool("cargo-cyclonedx"));
        self.settle(&mut tool);
        tool.arg("cyclonedx")
            .args(["--format", "json", "--spec-version", "1.5"])
            .args(["--target", target, "--quiet"])
            .args(["--override-filename", "sbom", "--manifest-path"])
            .arg(self.source.join(product.folder).join("Cargo.toml"));
        process::run(&mut tool)?;
        let file = self.source.join(product.folder).join("sbom.json");
        let mut sbom: Value = serde_json::from_slice(&fs::read(&file).context("no SBOM")?)?;
        // A random number would make each build another one; the sums name the file.
        if let Some(members) = sbom.as_object_mut() {
            members.remove("serialNumber");
        }
        relative(&mut sbom, &self.source.display().to_string());
        Ok(sbom)
    }

    fn metadata(&self) -> Result<Value> {
        let mut cargo = self.cargo();
        cargo.args(["metadata", "--format-version=1", "--locked"]);
        Ok(serde_json::from_str(&said(&mut cargo)?)?)
    }

    /// A cargo that knows nothing of this machine but where its sources are, and puts even that into no file.
    fn cargo(&self) -> Command {
        let mut cargo = self.workspace.cargo();
        self.settle(&mut cargo);
        // Cargo joins these with the flags of `.cargo/config.toml`, where RUSTFLAGS would replace those.
        let flags: Vec<String> = self.maps().iter().map(|map| format!("{map:?}")).collect();
        for target in [COMPONENT_TARGET, &self.host.triple] {
            let flags = format!("target.{target}.rustflags=[{}]", flags.join(","));
            cargo.args(["--config", &flags]);
        }
        cargo
    }

    fn settle(&self, command: &mut Command) {
        command
            .current_dir(&self.source)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("SOURCE_DATE_EPOCH", &self.commit.time);
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(changes_the_build) {
                command.env_remove(name);
            }
        }
    }

    fn maps(&self) -> Vec<String> {
        let library = self.host.sysroot.join("lib/rustlib/src/rust");
        let of = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
        vec![
            of(&self.source, "/bluegate"),
            of(&self.target, "/target"),
            of(&self.host.cargo_home, "/cargo"),
            of(&library, &format!("/rustc/{}", self.host.rustc_commit)),
        ]
    }
}

/// The machine that builds.
struct Host {
    triple: String,
    rustc: String,
    rustc_commit: String,
    sysroot: PathBuf,
    cargo_home: PathBuf,
}

fn host(workspace: &Workspace) -> Result<Host> {
    let version = said(workspace.command("rustc").arg("-vV"))?;
    let field = |name: &str| {
        let mut lines = version.lines();
        let found = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        found.with_context(|| format!("rustc tells no {name}"))
    };
    Ok(Host {
        triple: field("host")?.to_owned(),
        rustc: field("release")?.to_owned(),
        rustc_commit: field("commit-hash")?.to_owned(),
        sysroot: said(workspace.command("rustc").args(["--print", "sysroot"]))?.into(),
        cargo_home: setup::cargo_home().context("no CARGO_HOME and no home folder")?,
    })
}

/// What a user's environment may say of builds, and a release must not depend on.
fn changes_the_build(name: &str) -> bool {
    name.starts_with("CARGO_PROFILE_")
        || name.starts_with("CARGO_TARGET_") && name != "CARGO_TARGET_DIR"
        || matches!(
            name,
            "RUSTFLAGS"
                | "CARGO_ENCODED_RUSTFLAGS"
                | "CARGO_BUILD_RUSTFLAGS"
                | "CARGO_BUILD_TARGET"
                | "CARGO_INCREMENTAL"
                | "RUSTC_WRAPPER"
                | "RUSTC_WORKSPACE_WRAPPER"
                | "CFLAGS"
        )
}

/// Paths of this machine, in every text of a document, become relative.
fn relative(value: &mut Value, folder: &str) {
    match value {
        Value::String(text) => *text = text.replace(folder, "."),
        Value::Array(items) => items.iter_mut().for_each(|item| relative(item, folder)),
        Value::Object(members) => members
            .iter_mut()
            .for_each(|(_, member)| relative(member, folder)),
        _ => {}
    }
}

fn said(command: &mut Command) -> Result<String> {
    let (status, text) = process::output(command)?;
    if !status.success() {
        bail!("{} ended with {status}", command.get_program().display());
    }
    Ok(text.trim_end().to_owned())
}

const COMPONENT_TARGET: &str = "wasm32-wasip2";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_of_who_builds_changes_nothing() {
        for name in [
            "RUSTFLAGS",
            "CARGO_PROFILE_RELEASE_LTO",
            "CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS",
        ] {
            assert!(changes_the_build(name), "{name}");
        }
        for name in ["PATH", "CARGO_HOME", "CARGO_TARGET_DIR", "HOME", "CC"] {
            assert!(!changes_the_build(name), "{name}");
        }
    }

    #[test]
    fn no_path_of_this_machine_stays_in_a_document() {
        let mut sbom =
            json!({ "a": ["path+file:///tmp/x/gateway#0.2.0"], "b": { "c": "/tmp/x" }, "d": 1 });
        relative(&mut sbom, "/tmp/x");
        assert_eq!(
            sbom,
            json!({ "a": ["path+file://./gateway#0.2.0"], "b": { "c": "." }, "d": 1 })
        );
    }
}
