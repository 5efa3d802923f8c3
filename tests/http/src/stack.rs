//! One running application with a store of its own.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use tempfile::TempDir;

/// A running application. Ends when it is dropped.
pub struct Stack {
    base: String,
    child: Child,
    data: TempDir,
    log: Arc<Mutex<String>>,
}

impl Stack {
    /// Starts the application with the sandbox's defaults.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts it with some variables set; `{base}` in a value stands for its own address.
    pub fn with(variables: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        Self::launch(data, &root().join("spin.toml"), variables)
    }

    /// Starts another manifest of the repository.
    pub fn of_manifest(manifest: &str, variables: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        Self::launch(data, &root().join(manifest), variables)
    }

    fn launch(data: TempDir, manifest: &Path, variables: &[(&str, &str)]) -> Self {
        share_compiled_components(data.path());
        let listen = free_address();
        let base = format!("http://{listen}");
        let mut command = Command::new(host());
        command
            .args(["up", "--manifest"])
            .arg(
                if manifest.ends_with("spin.toml")
                    && variable("BLUEGATE_MANIFEST").is_some()
                    && manifest.parent() == Some(&root())
                {
                    variable("BLUEGATE_MANIFEST").unwrap_or_else(|| manifest.to_owned())
                } else {
                    manifest.to_owned()
                },
            )
            .args(["--listen", &listen, "--data-dir"])
            .arg(data.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        for name in ["PUBLIC_BASE_URL", "CLAIMS_BACKEND_ORIGIN", "IDP_ORIGIN"] {
            command.env(format!("SPIN_VARIABLE_{name}"), &base);
        }
        for (name, value) in variables {
            command.env(
                format!("SPIN_VARIABLE_{}", name.to_uppercase()),
                value.replace("{base}", &base),
            );
        }
        let mut child = command
            .spawn()
            .expect("the test host; run `cargo xtask test`, which builds it");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let log = Arc::new(Mutex::new(String::new()));
        let (ready, listening) = std::sync::mpsc::channel();
        let kept = log.clone();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if line.starts_with("listening ") {
                    let _ = ready.send(());
                }
                let mut kept = kept.lock().expect("the log");
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        let stack = Self {
            base,
            child,
            data,
            log,
        };
        listening
            .recv_timeout(std::time::Duration::from_secs(120))
            .unwrap_or_else(|_| panic!("the test host did not start:\n{}", stack.log()));
        stack
    }

    /// Its address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The file of its store.
    pub fn database(&self) -> PathBuf {
        self.data.path().join("sqlite_db.db")
    }

    /// All that it printed so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("the log").clone()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("the root of the repository")
        .to_owned()
}

fn host() -> PathBuf {
    variable("BLUEGATE_HOST_BIN").unwrap_or_else(|| target().join("host/bluegate-host"))
}

fn target() -> PathBuf {
    variable("CARGO_TARGET_DIR").unwrap_or_else(|| root().join("target"))
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}

/// Each test has a data folder of its own, but the components need compiling only once.
fn share_compiled_components(data: &Path) {
    let cache = target().join("http-tests-cache");
    std::fs::create_dir_all(&cache).expect("the folder of compiled components");
    let cache = cache.canonicalize().expect("its path");
    std::os::unix::fs::symlink(cache, data.join("cache")).expect("a link to it");
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").to_string()
}
