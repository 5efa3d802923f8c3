//! How the program that serves the application is started: Spin, or the test host that stands in for it.
//! Black-box tests, measurements and xtask all start it by this crate, so that they mean the same by
//! "the engine", and the variable `BLUEGATE_ENGINE` changes it for all of them.
//!
//! The test host takes Spin's options by Spin's names, so the command line is the same for both.

mod patience;
mod process;
mod skip;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use patience::Patience;
pub use process::{end, worker};
pub use skip::{SKIPPED, skipped};

/// Which program it is: `spin` or `host` (where it is not set).
pub const ENGINE: &str = "BLUEGATE_ENGINE";
/// Where the test host is.
pub const HOST_BIN: &str = "BLUEGATE_HOST_BIN";

/// The program.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Engine {
    /// The test host.
    Host(PathBuf),
    /// `spin` of the path.
    Spin,
}

impl Engine {
    /// The one that the environment names; `host` is where the test host is unless the environment says otherwise.
    ///
    /// # Errors
    ///
    /// Where it names neither `spin` nor `host`.
    pub fn of_environment(host: impl FnOnce() -> PathBuf) -> Result<Self, String> {
        let named = std::env::var(ENGINE).unwrap_or_default();
        match named.as_str() {
            "spin" => Ok(Self::Spin),
            "host" | "" => Ok(Self::Host(
                std::env::var_os(HOST_BIN).map_or_else(host, PathBuf::from),
            )),
            other => Err(format!("{ENGINE} is `{other}`: write spin or host")),
        }
    }

    /// What to run.
    #[must_use]
    pub fn program(&self) -> &Path {
        match self {
            Self::Host(program) => program,
            Self::Spin => Path::new("spin"),
        }
    }

    /// What people call it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Host(_) => "tests/host",
            Self::Spin => "Spin",
        }
    }

    /// Why it cannot be started with these options, where it cannot.
    #[must_use]
    pub fn lacks(&self, options: &[impl AsRef<str>]) -> Option<String> {
        let of_host_alone = |option: &&str| HOST_ALONE.contains(option);
        let option = options.iter().map(AsRef::as_ref).find(of_host_alone)?;
        (*self == Self::Spin)
            .then(|| format!("Spin has no option {option}, which the test host has"))
    }

    /// Whether this line, as the program printed it, says that requests are accepted.
    #[must_use]
    pub fn listens(&self, line: &str) -> bool {
        let said = match self {
            Self::Host(_) => "listening http",
            Self::Spin => "Serving http",
        };
        plain(line).starts_with(said)
    }
}

/// A start.
#[derive(Clone, Debug)]
pub struct Start<'a> {
    /// The manifest.
    pub manifest: &'a Path,
    /// Where it listens.
    pub listen: &'a str,
    /// Where it keeps the store and the logs.
    pub state_dir: &'a Path,
    /// Certificate and key of the listener, where it speaks https.
    pub tls: Option<(&'a Path, &'a Path)>,
    /// What concerns the engine and not the components.
    pub runtime_config: Option<&'a Path>,
    /// Further options by Spin's names, such as those for the reuse of instances.
    pub options: &'a [String],
}

impl<'a> Start<'a> {
    /// Plain http, and nothing that is not needed.
    #[must_use]
    pub const fn new(manifest: &'a Path, listen: &'a str, state_dir: &'a Path) -> Self {
        Self {
            manifest,
            listen,
            state_dir,
            tls: None,
            runtime_config: None,
            options: &[],
        }
    }

    /// What follows the program's name.
    #[must_use]
    pub fn arguments(&self) -> Vec<OsString> {
        let mut all: Vec<OsString> = vec!["up".into()];
        let mut option = |name: &str, value: OsString| all.extend([name.into(), value]);
        option("--from", self.manifest.into());
        option("--listen", self.listen.into());
        option("--state-dir", self.state_dir.into());
        if let Some((certificate, key)) = self.tls {
            option("--tls-cert", certificate.into());
            option("--tls-key", key.into());
        }
        if let Some(file) = self.runtime_config {
            option("--runtime-config-file", file.into());
        }
        all.extend(self.options.iter().map(Into::into));
        all
    }
}

/// A variable of the application as the environment gives it, to both.
#[must_use]
pub fn variable(name: &str) -> String {
    format!("SPIN_VARIABLE_{}", name.to_uppercase())
}

/// The line without the colours that Spin gives it.
fn plain(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

/// Options of the test host that Spin has not.
const HOST_ALONE: [&str; 4] = ["--data-dir", "--libsql", "--manifest", "--perfmap"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_written_by_spin_s_names() {
        let options = ["--max-instance-reuse-count", "1"].map(str::to_owned);
        let start = Start {
            tls: Some((Path::new("c.pem"), Path::new("k.pem"))),
            runtime_config: Some(Path::new("r.toml")),
            options: &options,
            ..Start::new(Path::new("spin.toml"), "127.0.0.1:0", Path::new("state"))
        };
        assert_eq!(
            start.arguments().join(" ".as_ref()).to_str(),
            Some(
                "up --from spin.toml --listen 127.0.0.1:0 --state-dir state --tls-cert c.pem --tls-key k.pem \
                 --runtime-config-file r.toml --max-instance-reuse-count 1"
            )
        );
    }

    #[test]
    fn what_each_program_prints_when_it_listens_is_known() {
        let host = Engine::Host("bluegate-host".into());
        assert!(host.listens("listening http://127.0.0.1:3000"));
        assert!(host.listens("listening https://127.0.0.1:3000"));
        assert!(!host.listens("bluegate-host: a test double of Spin, without sockets"));
        assert!(Engine::Spin.listens("Serving http://127.0.0.1:3000"));
        assert!(Engine::Spin.listens("\u{1b}[1;32mServing\u{1b}[0m https://127.0.0.1:3000"));
        assert!(!Engine::Spin.listens("Available Routes:"));
    }

    #[test]
    fn what_spin_has_not_is_said() {
        let options = ["--quiet", "--libsql"];
        assert_eq!(Engine::Host("h".into()).lacks(&options), None);
        let why = Engine::Spin.lacks(&options).unwrap_or_default();
        assert!(why.contains("--libsql"), "{why}");
        assert_eq!(Engine::Spin.lacks(&["--quiet"]), None);
    }

    #[test]
    fn variables_go_by_the_environment() {
        assert_eq!(variable("idp_origin"), "SPIN_VARIABLE_IDP_ORIGIN");
    }
}
