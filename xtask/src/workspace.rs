//! Where things are: the repository, the build directory that the user chose, the tools that this
//! program installed, and the versions that `Cargo.lock` names.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::args::Profile;

/// The repository and its build directory, both absolute.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// The workspace that this program was built from.
    pub(crate) fn find() -> Result<Self> {
        // `cargo run` sets the variable; the compiled-in path is right unless the folder was moved.
        let xtask = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = xtask
            .parent()
            .context("this program's folder has no parent")?
            .to_path_buf();
        if !root.join("spin.toml").is_file() {
            bail!("{} is not this repository: no spin.toml", root.display());
        }
        let target = match env::var_os("CARGO_TARGET_DIR").filter(|dir| !dir.is_empty()) {
            Some(dir) => std::path::absolute(dir)?,
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn web_client(&self) -> PathBuf {
        self.root.join("web-client")
    }

    /// Where `cargo install --root` puts what only this repository needs.
    pub(crate) fn tools(&self) -> PathBuf {
        self.root.join(".bluegate/tools")
    }

    /// A program installed by [`crate::setup`].
    pub(crate) fn tool(&self, name: &str) -> PathBuf {
        self.tools().join("bin").join(executable(name))
    }

    /// The build directory.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// The test host, as `cargo xtask build host` leaves it.
    pub(crate) fn host_binary(&self) -> PathBuf {
        self.target.join("host").join(executable("bluegate-host"))
    }

    /// A program of the workspace, as `cargo build` leaves it.
    pub(crate) fn debug_binary(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(executable(name))
    }

    /// A component, as its build command leaves it.
    pub(crate) fn component(&self, name: &str, profile: Profile) -> PathBuf {
        self.component_dir(profile).join(format!("{name}.wasm"))
    }

    /// A manifest whose components are those that were built. The repository's own name
    /// `target/…/release`; with another build directory or profile copies are written, in the same
    /// places of a folder of their own, that differ in nothing but those paths.
    pub(crate) fn manifest(&self, profile: Profile) -> Result<PathBuf> {
        let built = self.component_dir(profile);
        if built == self.root.join(MANIFEST_COMPONENT_DIR) {
            return Ok(self.root.join("spin.toml"));
        }
        let copies = self.root.join(".bluegate/manifests").join(profile.folder());
        fs::create_dir_all(copies.join("deploy"))?;
        for (folder, name) in [("", "spin.toml"), ("deploy", "deploy/spin.toml")] {
            let text = fs::read_to_string(self.root.join(name)).context(name)?;
            // Relative as in the original: who moves a manifest on relies on that.
            let dir = relative(&copies.join(folder), &built);
            let copy = with_components_from(&text, &dir).context(name)?;
            fs::write(copies.join(name), copy)?;
        }
        Ok(copies.join("spin.toml"))
    }

    /// A cargo command in the repository, free of what `cargo run` told this program about itself
    /// (build scripts that watch such variables would run again each time).
    pub(crate) fn cargo(&self) -> Command {
        self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// Any command in the repository, with the same clean environment.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(is_about_this_program) {
                command.env_remove(name);
            }
        }
        // Named always, so that a build directory from the user's cargo configuration cannot differ.
        command.env("CARGO_TARGET_DIR", &self.target);
        command.stdin(Stdio::null());
        command
    }

    fn component_dir(&self, profile: Profile) -> PathBuf {
        self.target.join("wasm32-wasip2").join(profile.folder())
    }
}

/// The program's path when it is on PATH.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|dir| dir.join(executable(program)))
        .find(|file| file.is_file())
}

const MANIFEST_COMPONENT_DIR: &str = "target/wasm32-wasip2/release";

fn executable(name: &str) -> String {
    format!("{name}{}", env::consts::EXE_SUFFIX)
}

fn is_about_this_program(name: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || matches!(
            name,
            "CARGO_BIN_NAME"
                | "CARGO_CRATE_NAME"
                | "CARGO_MANIFEST_DIR"
                | "CARGO_MANIFEST_PATH"
                | "CARGO_PRIMARY_PACKAGE"
                | "OUT_DIR"
        )
}

fn with_components_from(manifest: &str, dir: &Path) -> Result<String> {
    let dir = toml_string(dir.to_str().context("the build directory is not UTF-8")?);
    let to = format!("source = {}/", dir.trim_end_matches('"'));
    // As spin.toml says it, and as deploy/spin.toml does.
    let copy = manifest
        .replace(&format!("source = \"{MANIFEST_COMPONENT_DIR}/"), &to)
        .replace(&format!("source = \"../{MANIFEST_COMPONENT_DIR}/"), &to);
    if copy == manifest {
        bail!("no component is under {MANIFEST_COMPONENT_DIR}");
    }
    Ok(copy)
}

/// The way from one folder to another, both absolute.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let common = from
        .components()
        .zip(to.components())
        .take_while(|(from, to)| from == to)
        .count();
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    up.chain(to.components().skip(common)).collect()
}

fn toml_string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_for_another_directory_differs_in_the_component_paths_only() {
        let manifest = "[component.a]\nsource = \"target/wasm32-wasip2/release/a.wasm\"\n\
                        files = [\"target/x\"]\n";
        let copy = with_components_from(manifest, Path::new("/build/\"x\"/debug")).unwrap();
        assert_eq!(
            copy,
            "[component.a]\nsource = \"/build/\\\"x\\\"/debug/a.wasm\"\nfiles = [\"target/x\"]\n"
        );
        assert!(with_components_from("[application]\n", Path::new("/build")).is_err());
    }

    #[test]
    fn the_repository_s_manifests_can_be_pointed_elsewhere() {
        let manifest = include_str!("../../spin.toml");
        let copy = with_components_from(manifest, Path::new("/build")).unwrap();
        assert_eq!(copy.matches("source = \"/build/bluegate_").count(), 3);
        let manifest = include_str!("../../deploy/spin.toml");
        let copy = with_components_from(manifest, Path::new("/build")).unwrap();
        assert!(copy.contains("source = \"/build/bluegate_gateway.wasm\""));
    }

    #[test]
    fn the_version_is_the_same_everywhere() {
        let version = env!("CARGO_PKG_VERSION");
        let toml = format!("version = \"{version}\"");
        let json = format!("\"version\": \"{version}\"");
        let tarball = format!("bluegate-client-{version}.tgz");
        let heading = format!("\n## {version}");
        for (file, text, said) in [
            ("spin.toml", include_str!("../../spin.toml"), &toml),
            (
                "deploy/spin.toml",
                include_str!("../../deploy/spin.toml"),
                &toml,
            ),
            (
                "fuzz/Cargo.toml",
                include_str!("../../fuzz/Cargo.toml"),
                &toml,
            ),
            (
                "web-client/package.json",
                include_str!("../../web-client/package.json"),
                &json,
            ),
            (
                "gateway/assets/openapi.json",
                include_str!("../../gateway/assets/openapi.json"),
                &json,
            ),
            (
                "web-client/README.md",
                include_str!("../../web-client/README.md"),
                &tarball,
            ),
            ("CHANGELOG.md", include_str!("../../CHANGELOG.md"), &heading),
        ] {
            assert!(text.contains(said), "{file} has no `{}`", said.trim());
        }
        let lock = include_str!("../../web-client/package-lock.json");
        assert!(
            lock.matches(&json).count() >= 2,
            "web-client/package-lock.json"
        );
    }

    #[test]
    fn the_way_between_two_folders_goes_up_as_far_as_needed() {
        for (from, to, way) in [
            ("/repo/.bluegate/m", "/repo/target/x", "../../target/x"),
            ("/repo/.bluegate/m", "/build/x", "../../../build/x"),
            ("/repo", "/repo/target", "target"),
        ] {
            assert_eq!(relative(Path::new(from), Path::new(to)), Path::new(way));
        }
    }

    #[test]
    fn variables_that_cargo_run_sets_are_not_passed_on() {
        assert!(is_about_this_program("CARGO_PKG_NAME"));
        assert!(is_about_this_program("CARGO_MANIFEST_DIR"));
        assert!(!is_about_this_program("CARGO_HOME"));
        assert!(!is_about_this_program("CARGO_TARGET_DIR"));
        assert!(!is_about_this_program("SPIN_VARIABLE_ENVIRONMENT"));
    }
}
