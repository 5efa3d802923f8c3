//! One running application with a store of its own.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use bluegate_engine::{Engine, Patience, Start};
use tempfile::TempDir;

use crate::Browser;

/// A running application. Ends when it is dropped.
pub struct Stack {
    base: String,
    listen: String,
    manifest: PathBuf,
    options: Vec<String>,
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
        Self::with_options(variables, &[])
    }

    /// The same with options of the engine, which are Spin's: how many requests an instance serves, for example.
    pub fn with_options(variables: &[(&str, &str)], options: &[&str]) -> Self {
        let manifest = variable("BLUEGATE_MANIFEST").unwrap_or_else(|| root().join("spin.toml"));
        Self::launch(manifest, variables, options)
    }

    /// The same, or `None` if the engine lacks one of the options: then the test is skipped, and counted so.
    pub fn with_options_of_the_host(variables: &[(&str, &str)], options: &[&str]) -> Option<Self> {
        match engine().lacks(options) {
            None => Some(Self::with_options(variables, options)),
            Some(why) => {
                bluegate_engine::skipped(&why);
                None
            }
        }
    }

    /// Starts another manifest, such as `deploy/spin.toml`, whose path is relative to the first one's folder.
    pub fn of_manifest(manifest: &str, variables: &[(&str, &str)]) -> Self {
        let first = variable("BLUEGATE_MANIFEST");
        let folder = first.as_deref().and_then(Path::parent);
        Self::launch(
            folder.map_or_else(root, Path::to_owned).join(manifest),
            variables,
            &[],
        )
    }

    /// Starts the first manifest as a test changes it.
    pub fn of_changed_manifest(
        change: impl Fn(String) -> String,
        variables: &[(&str, &str)],
    ) -> Self {
        let first = variable("BLUEGATE_MANIFEST").unwrap_or_else(|| root().join("spin.toml"));
        let folder = first.parent().expect("its folder");
        let folder = folder.canonicalize().expect("its path");
        let text = std::fs::read_to_string(&first).expect("the manifest");
        // The changed one lies elsewhere, so paths to the components become absolute.
        let text = text.replace("source = \"", &format!("source = \"{}/", folder.display()));
        let place = tempfile::tempdir().expect("a temporary folder");
        let manifest = place.path().join("spin.toml");
        std::fs::write(&manifest, change(text)).expect("the changed manifest");
        // The host reads it once, at the start.
        Self::launch(manifest, variables, &[])
    }

    /// What the host prints where it does not start with another manifest, such as `deploy/spin.toml`.
    pub fn refusal_of_manifest(manifest: &str, variables: &[(&str, &str)]) -> String {
        let first = variable("BLUEGATE_MANIFEST");
        let folder = first.as_deref().and_then(Path::parent);
        let manifest = folder.map_or_else(root, Path::to_owned).join(manifest);
        let data = tempfile::tempdir().expect("a temporary folder");
        share_compiled_components(data.path());
        let log = Arc::new(Mutex::new(String::new()));
        if let Some(child) = spawn(
            &manifest,
            &free_address(),
            data.path(),
            variables,
            &[],
            &log,
        ) {
            end(child);
            panic!("it started");
        }
        log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One application with the sandbox's defaults for all tests that run at the same time. It ends with the
    /// last of them, and a later test starts a new one.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Stack>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let stack = Arc::new(Self::start());
            *shared = Arc::downgrade(&stack);
            stack
        })
    }

    /// Ends it and starts it again with other variables: same address, same store.
    pub fn restart(&mut self, variables: &[(&str, &str)]) {
        self.stop();
        // Another program may take the address for a moment.
        for _ in 0..50 {
            if let Some(child) = spawn(
                &self.manifest,
                &self.listen,
                self.data.path(),
                variables,
                &self.options,
                &self.log,
            ) {
                self.child = child;
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("{} did not start again:\n{}", engine().name(), self.log());
    }

    /// Its address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A browser without cookies for it.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.base)
    }

    /// The process that answers. (Spin starts another one for it.)
    pub fn pid(&self) -> u32 {
        bluegate_engine::worker(self.child.id())
    }

    /// The file of its store.
    pub fn database(&self) -> PathBuf {
        self.data.path().join("sqlite_db.db")
    }

    /// The folder with all that it wrote: store and logs.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// All that it printed so far.
    pub fn log(&self) -> String {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn launch(manifest: PathBuf, variables: &[(&str, &str)], options: &[&str]) -> Self {
        let options: Vec<_> = options.iter().map(|&option| option.to_owned()).collect();
        let data = tempfile::tempdir().expect("a temporary folder");
        share_compiled_components(data.path());
        let log = Arc::new(Mutex::new(String::new()));
        // A free port can be taken by somebody else before the host has it.
        for _ in 0..5 {
            let listen = free_address();
            if let Some(child) = spawn(&manifest, &listen, data.path(), variables, &options, &log) {
                return Self {
                    base: format!("http://{listen}"),
                    listen,
                    manifest,
                    options,
                    child,
                    data,
                    log,
                };
            }
        }
        let log = log.lock().unwrap_or_else(PoisonError::into_inner).clone();
        panic!("{} did not start:\n{log}", engine().name());
    }

    /// Ends it. What it wrote stays until it is dropped.
    pub fn stop(&mut self) {
        bluegate_engine::end(self.child.id());
        let _ = self.child.wait();
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.stop();
        // Of every test: nothing secret in store, log or answers, but where it belongs.
        let findings = crate::witness::testify(&self.base, self.data.path(), &self.log());
        if !thread::panicking() {
            assert!(findings.is_empty(), "{findings:#?}");
        }
        if thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().collect();
            let end = lines.len().saturating_sub(12);
            eprintln!(
                "the last that the application printed:\n{}",
                lines[end..].join("\n")
            );
        }
    }
}

/// Starts the engine and waits until it listens. `None` if it ended instead.
fn spawn(
    manifest: &Path,
    listen: &str,
    data: &Path,
    variables: &[(&str, &str)],
    options: &[String],
    log: &Arc<Mutex<String>>,
) -> Option<Child> {
    let base = format!("http://{listen}");
    let engine = engine();
    let start = Start {
        options,
        ..Start::new(manifest, listen, data)
    };
    let mut command = Command::new(engine.program());
    command
        .args(start.arguments())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for name in ["PUBLIC_BASE_URL", "CLAIMS_BACKEND_ORIGIN", "IDP_ORIGIN"] {
        command.env(bluegate_engine::variable(name), &base);
    }
    for (name, value) in variables {
        command.env(
            bluegate_engine::variable(name),
            value.replace("{base}", &base),
        );
    }
    let mut child = command
        .spawn()
        .expect("the engine; run `cargo xtask test`, which builds the test host");
    let (ready, listening) = channel();
    keep(
        child.stdout.take().expect("its output"),
        &engine,
        log,
        ready.clone(),
    );
    keep(
        child.stderr.take().expect("its complaints"),
        &engine,
        log,
        ready,
    );
    let mut patience = Patience::new(child.id());
    loop {
        match listening.recv_timeout(Duration::from_secs(1)) {
            Ok(()) => return Some(child),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => match patience.ask() {
                Ok(_) => {}
                Err(why) => {
                    add(log, &why);
                    break;
                }
            },
        }
    }
    end(child);
    None
}

/// Ends the engine with whatever it started.
fn end(mut child: Child) {
    bluegate_engine::end(child.id());
    let _ = child.wait();
}

/// Copies what the host prints into the log. When both of its streams end, nobody can send any more.
fn keep(
    stream: impl std::io::Read + Send + 'static,
    engine: &Engine,
    log: &Arc<Mutex<String>>,
    ready: Sender<()>,
) {
    let (engine, log) = (engine.clone(), log.clone());
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            add(&log, &line);
            if engine.listens(&line) {
                let _ = ready.send(());
            }
        }
    });
}

fn add(log: &Mutex<String>, line: &str) {
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    log.push_str(line);
    log.push('\n');
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    // Where the test runs, not where it was built: a build folder that was copied still tests what is beside it.
    variable("CARGO_MANIFEST_DIR")
        .unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into())
        .ancestors()
        .nth(2)
        .expect("the root of the repository")
        .to_owned()
}

/// The program that serves the application here.
pub fn engine() -> Engine {
    Engine::of_environment(|| target().join("host/bluegate-host")).expect("the name of an engine")
}

fn target() -> PathBuf {
    variable("CARGO_TARGET_DIR").unwrap_or_else(|| root().join("target"))
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}

/// Each test has a data folder of its own, but the test host needs to compile the components only once. (Spin keeps
/// them for the user.)
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
