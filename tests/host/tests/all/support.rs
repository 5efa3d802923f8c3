//! Starts the host with a manifest of the test's own, and speaks plain HTTP to it.
//!
//! The components are built once for each run of the tests. Every test has a host, a directory and a
//! port to itself.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Long enough for a busy machine, short enough to notice that something hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// The path of a component of `guests/`.
pub(crate) fn guest(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let directory = BUILT.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guests");
        let status = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--release",
                "--target",
                "wasm32-wasip2",
                "--target-dir",
            ])
            .arg(&target)
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("guests"))
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .status()
            .expect("cargo runs");
        assert!(
            status.success(),
            "the components of guests/ do not build (is wasm32-wasip2 installed?)"
        );
        target.join("wasm32-wasip2/release")
    });
    directory.join(format!("{}.wasm", name.replace('-', "_")))
}

/// A directory that only this test uses, empty.
pub(crate) fn directory() -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("host-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed));
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a directory");
    path
}

/// A manifest with the component `probe` on every path.
pub(crate) fn probe(extra: &str) -> String {
    manifest(
        "",
        &format!(
            "[[trigger.http]]\nroute = \"/...\"\ncomponent = \"probe\"\n\
             [component.probe]\nsource = {:?}\nsqlite_databases = [\"default\"]\n{extra}\n",
            guest("probe")
        ),
    )
}

/// A manifest with these variables and whatever else follows.
pub(crate) fn manifest(variables: &str, rest: &str) -> String {
    format!(
        "spin_manifest_version = 2\n[application]\nname = \"tests\"\n[variables]\n{variables}\n{rest}"
    )
}

/// What a start is to be like.
pub(crate) struct Start {
    directory: PathBuf,
    command: Command,
}

impl Start {
    pub(crate) fn new(manifest: &str) -> Self {
        Self::in_directory(directory(), manifest)
    }

    pub(crate) fn in_directory(directory: PathBuf, manifest: &str) -> Self {
        std::fs::write(directory.join("spin.toml"), manifest).expect("the manifest is written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_bluegate-host"));
        command
            .args(["up", "--listen", "127.0.0.1:0", "--manifest"])
            .arg(directory.join("spin.toml"))
            .arg("--data-dir")
            .arg(directory.join("data"))
            .env("RUST_BACKTRACE", "0")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self { directory, command }
    }

    pub(crate) fn option(mut self, name: &str, value: &str) -> Self {
        self.command.args([name, value]);
        self
    }

    pub(crate) fn environment(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Starts and waits until it listens.
    pub(crate) fn up(mut self) -> Host {
        let begun = Instant::now();
        // What it writes later is found in the files; a full pipe must not stop it.
        let errors = self.directory.join("host_stderr.txt");
        let file = std::fs::File::create(&errors).expect("a file");
        let mut child = self.command.stderr(file).spawn().expect("the host starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let line = lines.next().and_then(Result::ok).unwrap_or_default();
        let address = line
            .strip_prefix("listening ")
            .and_then(|url| url.split_once("://"));
        let Some((_, address)) = address else {
            let _ = child.wait();
            panic!(
                "it did not start: {line:?} {}",
                std::fs::read_to_string(errors).unwrap_or_default()
            );
        };
        let address = address.parse().expect("an address");
        std::thread::spawn(move || lines.for_each(drop));
        Host {
            address,
            child,
            directory: self.directory,
            started_in: begun.elapsed(),
        }
    }

    /// Expects that it stops at once, and returns its complaint.
    #[track_caller]
    pub(crate) fn refused(mut self) -> String {
        let output = self.command.output().expect("the host runs");
        let _ = std::fs::remove_dir_all(&self.directory);
        assert_eq!(output.status.code(), Some(1), "it was not refused");
        assert!(output.stdout.is_empty(), "it said that it listens");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

/// A host that listens.
pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    pub(crate) directory: PathBuf,
    pub(crate) started_in: Duration,
    child: Child,
}

impl Host {
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.request("GET", path, &[], b"")
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Reply {
        self.request("POST", path, &[], body.as_bytes())
    }

    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let mut stream = self.send(method, path, headers, body);
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("a reply");
        Reply::parse(&bytes)
    }

    /// Sends a request, and leaves the reply to be read.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> TcpStream {
        let mut stream = self.connect();
        stream
            .write_all(head(method, path, headers, body.len()).as_bytes())
            .expect("sent");
        stream.write_all(body).expect("sent");
        stream
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream
    }

    /// The most bytes of memory that the host ever used; `None` where the system does not tell.
    pub(crate) fn memory(&self) -> Option<usize> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
        let kilobytes: String = line.chars().filter(char::is_ascii_digit).collect();
        Some(kilobytes.parse::<usize>().expect("a number") * 1024)
    }

    /// What the host and the components wrote to standard error.
    pub(crate) fn errors(&self) -> String {
        std::fs::read_to_string(self.directory.join("host_stderr.txt")).expect("its errors")
    }

    /// Asks it to end as Ctrl-C does; tells how it ended, and how soon.
    pub(crate) fn stop(mut self) -> (Option<i32>, Duration) {
        let begun = Instant::now();
        let status = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status();
        assert!(status.expect("kill runs").success());
        let code = self.child.wait().expect("its end").code();
        (code, begun.elapsed())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}

/// The head of a request after which the connection is closed.
pub(crate) fn head(method: &str, path: &str, headers: &[(&str, &str)], length: usize) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: tests\r\nConnection: close\r\n");
    if length > 0 {
        let _ = write!(head, "Content-Length: {length}\r\n");
    }
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head + "\r\n"
}

/// A reply, its body whole.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let end = bytes
            .windows(4)
            .position(|w| w == b"\r\n\r\n")
            .expect("the head of a reply");
        let head = String::from_utf8_lossy(&bytes[..end]);
        let mut lines = head.lines();
        let status = lines
            .next()
            .and_then(|l| l.split(' ').nth(1))
            .and_then(|s| s.parse().ok());
        let headers: Vec<(String, String)> = lines
            .filter_map(|l| l.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let body = &bytes[end + 4..];
        let chunked = headers
            .iter()
            .any(|(n, v)| n == "transfer-encoding" && v == "chunked");
        let body = if chunked {
            unchunk(body)
        } else {
            body.to_vec()
        };
        Self {
            status: status.expect("a status"),
            headers,
            body: String::from_utf8(body).expect("text"),
        }
    }

    /// The part after `name=` in a body of such parts.
    #[track_caller]
    pub(crate) fn part(&self, name: &str) -> &str {
        let mut parts = self.body.split(' ').filter_map(|p| p.split_once('='));
        parts
            .find(|(n, _)| *n == name)
            .unwrap_or_else(|| panic!("no {name} in {self:?}"))
            .1
    }

    #[track_caller]
    pub(crate) fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status, self.body.as_str()), (status, body));
    }
}

fn unchunk(mut bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = bytes
            .windows(2)
            .position(|w| w == b"\r\n")
            .expect("the size of a chunk");
        let size = std::str::from_utf8(&bytes[..end])
            .ok()
            .and_then(|s| usize::from_str_radix(s, 16).ok());
        let size = size.expect("a size");
        if size == 0 {
            return whole;
        }
        whole.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[end + 4 + size..];
    }
}
