//! The program that serves the application: Spin where it is installed, else the test host. It is a
//! child with a group of its own, so that only this program ends it: by its process id, and with
//! what it started only if it does not go by itself.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bluegate_engine::{Patience, Start};

use crate::args::EngineChoice;
use crate::health::{self, Health};
use crate::process::{self, Registered, Running};
use crate::setup;
use crate::workspace::{Workspace, on_path};

/// Which engine it will be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Host,
    Spin,
}

impl Kind {
    /// Decides between the two; `auto` takes Spin where there is one that can run the application.
    pub(crate) fn choose(workspace: &Workspace, choice: EngineChoice) -> Result<Self> {
        if choice == EngineChoice::Host {
            return Ok(Self::Host);
        }
        let found = match on_path("spin") {
            Some(spin) => setup::version_of(&mut workspace.command(spin))?,
            None if choice == EngineChoice::Auto => return Ok(Self::Host),
            None => {
                bail!("there is no `spin` on PATH (https://spinframework.dev); try --engine host")
            }
        };
        match (setup::major(&found), choice) {
            (Some(major), _) if major >= SPIN_MAJOR => Ok(Self::Spin),
            (_, EngineChoice::Spin) => {
                bail!("Spin {SPIN_MAJOR} or newer is needed; `spin --version` says `{found}`")
            }
            _ => {
                eprintln!("`{found}` is older than Spin {SPIN_MAJOR}: taking tests/host instead");
                Ok(Self::Host)
            }
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Host => "tests/host",
            Self::Spin => "Spin",
        }
    }

    /// Tells a program of the tests which engine to start.
    pub(crate) fn tell(self, workspace: &Workspace, command: &mut Command) {
        let name = match self {
            Self::Host => "host",
            Self::Spin => "spin",
        };
        command
            .env(bluegate_engine::ENGINE, name)
            // What reads this alone only needs a program that takes Spin's options.
            .env(bluegate_engine::HOST_BIN, self.program(workspace));
    }

    fn program(self, workspace: &Workspace) -> PathBuf {
        match self {
            Self::Host => workspace.host_binary(),
            Self::Spin => on_path("spin").unwrap_or_else(|| "spin".into()),
        }
    }
}

/// Where it listens, as typed and as resolved.
pub(crate) struct Listen {
    addr: SocketAddr,
    authority: String,
}

impl Listen {
    /// Resolves `HOST:PORT` and makes sure that nobody else is there. Port 0 becomes a free port.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut addrs: Vec<SocketAddr> = text
            .to_socket_addrs()
            .with_context(|| format!("`{text}` is not an address such as 127.0.0.1:3000"))?
            .collect();
        // Browsers and `allowed_outbound_hosts` mean IPv4 when they say localhost.
        addrs.sort_by_key(SocketAddr::is_ipv6);
        let addr = *addrs
            .first()
            .with_context(|| format!("`{text}` resolves to nothing"))?;
        let free = TcpListener::bind(addr)
            .and_then(|listener| listener.local_addr())
            .with_context(|| format!("cannot listen on {text}"))?;
        let host = text.rsplit_once(':').map_or(text, |(host, _)| host);
        Ok(Self {
            addr: free,
            authority: format!("{host}:{}", free.port()),
        })
    }

    /// `http://ADDR`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.authority)
    }
}

/// How to start an engine.
pub(crate) struct Launch<'a> {
    pub(crate) data_dir: PathBuf,
    pub(crate) kind: Kind,
    pub(crate) listen: &'a Listen,
    /// A file for what the engine writes; the terminal when there is none.
    pub(crate) log: Option<PathBuf>,
    pub(crate) manifest: PathBuf,
    /// Variables of this run alone, by their names in the environment.
    pub(crate) variables: Vec<(&'static str, String)>,
}

/// A running engine; it ends when this is dropped.
pub(crate) struct Engine {
    addr: SocketAddr,
    authority: String,
    child: Child,
    kind: Kind,
    last: Arc<Mutex<VecDeque<String>>>,
    /// So that a second Ctrl-C, which ends this program at once, leaves no engine behind.
    registered: Registered,
}

impl Engine {
    /// Starts it; it is not ready yet.
    pub(crate) fn start(workspace: &Workspace, launch: &Launch<'_>) -> Result<Self> {
        fs::create_dir_all(&launch.data_dir)
            .with_context(|| launch.data_dir.display().to_string())?;
        let mut log = match &launch.log {
            Some(path) => Some(File::create(path).with_context(|| path.display().to_string())?),
            None => None,
        };
        let mut command = command(workspace, launch);
        for name in OWN_ORIGIN {
            // What the user set stays: another backend is a matter of one variable.
            if std::env::var_os(name).is_none() {
                command.env(name, launch.listen.url());
            }
        }
        for (name, value) in &launch.variables {
            command.env(name, value);
        }
        let (reader, writer) = io::pipe()?;
        let child = process::in_own_group(&mut command)
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .spawn()
            .with_context(|| format!("cannot start {}", launch.kind.name()))?;
        let last = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&last);
        std::thread::spawn(move || {
            process::each_line(reader, |line| {
                match &mut log {
                    Some(log) => _ = writeln!(log, "{line}"),
                    None => eprintln!("{line}"),
                }
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() == LAST_LINES {
                    kept.pop_front();
                }
                kept.push_back(line.to_owned());
            });
        });
        let registered = Registered::new(Running {
            group: true,
            owned: true,
            pid: child.id(),
        });
        Ok(Self {
            addr: launch.listen.addr,
            authority: launch.listen.authority.clone(),
            child,
            kind: launch.kind,
            last,
            registered,
        })
    }

    /// Where it listens, and what requests call it.
    pub(crate) fn address(&self) -> (SocketAddr, String) {
        (self.addr, self.authority.clone())
    }

    /// Waits until it listens and the store is migrated: as long as it works, which is what compiling the
    /// components is, and then not for ever until the gateway has answered.
    pub(crate) fn wait_until_ready(&mut self) -> Result<()> {
        let mut patience = Patience::new(self.child.id());
        let mut answering: Option<Instant> = None;
        loop {
            self.check_alive()?;
            if process::stop_asked() {
                bail!(process::Interrupted);
            }
            let name = self.kind.name();
            match health::ask(self.addr, &self.authority) {
                Health::Ready => return Ok(()),
                Health::Silent(why) => match patience.ask() {
                    Ok(None) => {}
                    Ok(Some(said)) => eprintln!("{name} is {said}"),
                    Err(ended) => bail!("{name}: {ended}: {why}{}", self.last_lines()),
                },
                Health::Waiting(why) => {
                    let since = answering.get_or_insert_with(Instant::now);
                    if since.elapsed() > ANSWERING {
                        bail!(
                            "{name} listens, and is not ready {} s later: {why}{}",
                            ANSWERING.as_secs(),
                            self.last_lines()
                        );
                    }
                }
            }
            std::thread::sleep(POLL);
        }
    }

    /// An error with its last lines when it has ended.
    pub(crate) fn check_alive(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            // The thread that reads may be a moment behind.
            std::thread::sleep(POLL);
            bail!(
                "{} ended by itself with {status}{}",
                self.kind.name(),
                self.last_lines()
            );
        }
        Ok(())
    }

    fn last_lines(&self) -> String {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_empty() {
            return "; it wrote nothing".to_owned();
        }
        last.iter()
            .fold("; its last lines:".to_owned(), |text, line| {
                format!("{text}\n    {line}")
            })
    }

    fn stop(&mut self) {
        let running = self.registered.running();
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        running.end(false);
        let start = Instant::now();
        while start.elapsed() < GRACE {
            if !matches!(self.child.try_wait(), Ok(None)) {
                // What `spin up` started ends with it, and must not stay where it does not.
                running.end(true);
                return;
            }
            std::thread::sleep(POLL);
        }
        eprintln!(
            "{} did not end within {} s and was killed",
            self.kind.name(),
            GRACE.as_secs()
        );
        running.end(true);
        let _ = self.child.wait();
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}

fn command(workspace: &Workspace, launch: &Launch<'_>) -> Command {
    let addr = launch.listen.addr.to_string();
    let start = Start::new(&launch.manifest, &addr, &launch.data_dir);
    let mut command = workspace.command(launch.kind.program(workspace));
    command.args(start.arguments());
    command
}

/// The variables that name the application's own address.
const OWN_ORIGIN: [&str; 3] = [
    "SPIN_VARIABLE_CLAIMS_BACKEND_ORIGIN",
    "SPIN_VARIABLE_IDP_ORIGIN",
    "SPIN_VARIABLE_PUBLIC_BASE_URL",
];
/// From the first answer until the gateway is ready: it migrates the store, on a machine that may be busy.
const ANSWERING: Duration = Duration::from_secs(180);
const GRACE: Duration = Duration::from_secs(10);
const LAST_LINES: usize = 20;
const POLL: Duration = Duration::from_millis(50);
/// WASI 0.3 and `spin:sqlite@3.1.0`.
const SPIN_MAJOR: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_0_becomes_a_free_port_in_the_address_that_is_shown() {
        let listen = Listen::parse("localhost:0").unwrap();
        assert!(listen.addr.is_ipv4());
        assert_ne!(listen.addr.port(), 0);
        assert_eq!(
            listen.url(),
            format!("http://localhost:{}", listen.addr.port())
        );
    }

    #[test]
    fn an_address_that_is_taken_or_is_none_is_refused_at_once() {
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = other.local_addr().unwrap().to_string();
        for text in [taken.as_str(), "3000", "127.0.0.1", "127.0.0.1:port"] {
            let error = Listen::parse(text).err().unwrap().to_string();
            assert!(error.contains(text), "{error}");
        }
    }
}
