//! The command line, named as on Spin where Spin has the same thing.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use lexopt::{Arg, ValueExt as _};

/// What `bluegate-host --help` prints.
pub const HELP: &str = "\
Serves a Spin manifest where Spin is not installed. A test double of Spin; production is Spin.

Usage: bluegate-host up [options]

  -f, --manifest FILE (--from FILE)          manifest to serve [spin.toml]
      --listen ADDRESS                       where to listen [127.0.0.1:3000]
      --data-dir DIR (--state-dir DIR)       database, logs, compiled components [.spin beside the manifest]
      --tls-cert FILE, --tls-key FILE        serve https with this certificate and key (PEM)
      --runtime-config-file FILE             databases, client certificates, authorities, blocked networks
      --env KEY=VALUE                        environment variable for all components; may be repeated
      --variable KEY=VALUE                   application variable; may be repeated
      --max-instance-reuse-count N           requests that one instance serves [128]
      --max-instance-concurrent-reuse-count N  requests that it serves at once [16]
      --idle-instance-timeout TIME           how long it is kept idle, as 1s or 500ms [1s]
      --request-timeout TIME                 how long a request may take [no limit]
      --quiet                                components write to their log files only
      --libsql                               refuse the pragmas that libSQL refuses
      --perfmap                              let Linux's `perf` name the functions of components
";

/// What `up` was asked to do.
#[derive(Debug, Clone)]
pub struct Options {
    /// The manifest file.
    pub manifest: PathBuf,
    /// Where to listen; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Where the database, the logs and the compiled components are kept.
    pub data_dir: PathBuf,
    /// The certificate and the key of the listener, where it speaks https.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// What concerns the host, not the components.
    pub runtime_config: Option<PathBuf>,
    /// Environment variables that every component gets.
    pub environment: Vec<(String, String)>,
    /// Application variables that come before the environment.
    pub variables: Vec<(String, String)>,
    /// How instances are reused.
    pub reuse: Reuse,
    /// Whether components write to their log files only.
    pub quiet: bool,
    /// Whether the store refuses what libSQL refuses.
    pub libsql: bool,
    /// Whether `perf` is told the functions of components.
    pub perfmap: bool,
}

/// How long and how much one instance is used.
#[derive(Debug, Clone, Copy)]
pub struct Reuse {
    /// Requests that one instance serves in its life.
    pub count: usize,
    /// Requests that it serves at the same time.
    pub concurrent: usize,
    /// How long it is kept without a request.
    pub idle: Duration,
    /// How long a request may take.
    pub request: Duration,
}

impl Default for Reuse {
    /// Spin's defaults for components of WASI 0.3.
    fn default() -> Self {
        Self {
            count: 128,
            concurrent: 16,
            idle: Duration::from_secs(1),
            request: Duration::MAX,
        }
    }
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Command {
    /// Print the help.
    Help,
    /// Serve.
    Up(Box<Options>),
}

/// Reads the arguments that follow the program's name.
pub fn parse(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Command> {
    let mut options = Options {
        manifest: PathBuf::from("spin.toml"),
        listen: SocketAddr::from(([127, 0, 0, 1], 3000)),
        data_dir: PathBuf::new(),
        tls: None,
        runtime_config: None,
        environment: Vec::new(),
        variables: Vec::new(),
        reuse: Reuse::default(),
        quiet: false,
        libsql: false,
        perfmap: false,
    };
    let mut up = false;
    let (mut certificate, mut key) = (None, None);
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Value(value) if !up && value == "up" => up = true,
            Arg::Short('f') | Arg::Long("manifest" | "from" | "file") => {
                options.manifest = parser.value()?.into()
            }
            Arg::Long("data-dir" | "state-dir") => options.data_dir = parser.value()?.into(),
            Arg::Long("tls-cert") => certificate = Some(parser.value()?.into()),
            Arg::Long("tls-key") => key = Some(parser.value()?.into()),
            Arg::Long("runtime-config-file") => {
                options.runtime_config = Some(parser.value()?.into());
            }
            Arg::Long("listen") => options.listen = address(&parser.value()?.string()?)?,
            Arg::Long("env") => options.environment.push(pair(&parser.value()?.string()?)?),
            Arg::Long("variable") => options.variables.push(pair(&parser.value()?.string()?)?),
            Arg::Long("max-instance-reuse-count") => {
                options.reuse.count = parser.value()?.parse()?
            }
            Arg::Long("max-instance-concurrent-reuse-count") => {
                options.reuse.concurrent = parser.value()?.parse()?
            }
            Arg::Long("idle-instance-timeout") => {
                options.reuse.idle = time(&parser.value()?.string()?)?
            }
            Arg::Long("request-timeout") => {
                options.reuse.request = time(&parser.value()?.string()?)?
            }
            Arg::Short('q') | Arg::Long("quiet") => options.quiet = true,
            Arg::Long("libsql") => options.libsql = true,
            Arg::Long("perfmap") => options.perfmap = true,
            other => return Err(other.unexpected().into()),
        }
    }
    options.tls = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (Some(_), None) => bail!("--tls-cert needs --tls-key"),
        (None, Some(_)) => bail!("--tls-key needs --tls-cert"),
    };
    if options.data_dir.as_os_str().is_empty() {
        options.data_dir = options.manifest.with_file_name(".spin");
    }
    ensure!(up, "nothing to do: say `bluegate-host up`, or `--help`");
    ensure!(
        options.reuse.count > 0 && options.reuse.concurrent > 0,
        "an instance must serve at least one request"
    );
    Ok(Command::Up(Box::new(options)))
}

fn address(text: &str) -> Result<SocketAddr> {
    let mut addresses = text
        .to_socket_addrs()
        .with_context(|| format!("--listen {text:?}: not an address"))?
        .collect::<Vec<_>>();
    // Of what `localhost` stands for, 127.0.0.1 is what people expect.
    addresses.sort_by_key(|a| !a.is_ipv4());
    addresses
        .into_iter()
        .next()
        .ok_or_else(|| anyhow!("--listen {text:?}: no such address"))
}

fn pair(text: &str) -> Result<(String, String)> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => bail!("{text:?} is not KEY=VALUE"),
    }
}

/// A number of seconds, or a number with `s`, `ms`, `us` or `ns`.
fn time(text: &str) -> Result<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits
        .parse()
        .with_context(|| format!("{text:?} is not a time such as 1s or 500ms"))?;
    match text.get(digits.len()..).unwrap_or_default() {
        "" | "s" => Ok(Duration::from_secs(number)),
        "ms" => Ok(Duration::from_millis(number)),
        "us" => Ok(Duration::from_micros(number)),
        "ns" => Ok(Duration::from_nanos(number)),
        unit => bail!("{text:?}: unknown unit {unit:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn up(line: &str) -> Result<Options> {
        match parse(line.split_whitespace().map(Into::into))? {
            Command::Up(options) => Ok(*options),
            Command::Help => bail!("help"),
        }
    }

    #[test]
    fn defaults_are_those_of_spin() {
        let options = up("up").expect("options");
        assert_eq!((options.reuse.count, options.reuse.concurrent), (128, 16));
        assert_eq!(options.reuse.idle, Duration::from_secs(1));
        assert_eq!(options.listen.to_string(), "127.0.0.1:3000");
    }

    #[test]
    fn options_are_read() {
        let options = up("up --manifest a.toml --listen localhost:0 --state-dir d --env A=b=c --idle-instance-timeout 250ms --quiet")
            .expect("options");
        assert_eq!(options.manifest, PathBuf::from("a.toml"));
        assert_eq!(options.environment, [("A".to_owned(), "b=c".to_owned())]);
        assert_eq!(options.reuse.idle, Duration::from_millis(250));
        assert!(options.quiet);
        assert_eq!(options.tls, None);
        let options = up("up --tls-cert c.pem --tls-key k.pem --runtime-config-file r.toml")
            .expect("options");
        assert_eq!(options.tls, Some(("c.pem".into(), "k.pem".into())));
        assert_eq!(options.runtime_config, Some(PathBuf::from("r.toml")));
    }

    #[test]
    fn wrong_options_are_refused() {
        for line in [
            "",
            "down",
            "up --nope",
            "up --listen nowhere",
            "up --env A",
            "up --idle-instance-timeout 5m",
            "up --tls-cert a.pem",
            "up --tls-key a.pem",
            "up --runtime-config-file",
            "up --max-instance-reuse-count 0",
        ] {
            assert!(up(line).is_err(), "{line:?} was accepted");
        }
    }
}
