//! docs/deployment.md from its first command to its last: an empty machine, an authority, a provider and a
//! claims backend of others, and at the end the first person's data. What the page calls `spin` is the test
//! host here, which takes the same options, unless the tests run on Spin.

mod page;
mod servers;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use bluegate_http_tests::Stack;
use page::Page;
use servers::Authority;
use tempfile::TempDir;

/// The page's shell: what a block sets, the next one has.
struct Shell {
    folder: TempDir,
    variables: BTreeMap<&'static str, String>,
}

impl Shell {
    fn command(&self, lines: &str) -> Command {
        let state = self.folder.path().join("shell");
        let script = format!(
            "[ ! -e {state:?} ] || . {state:?}\n{lines}\n{{ declare -f; export -p | grep -vE '^declare -[a-z]*r'; }} > {state:?}"
        );
        let mut command = Command::new("bash");
        command
            // With -a whatever is set is exported, so that it can be kept.
            .args(["-aeuo", "pipefail", "-c", &script])
            .current_dir(root())
            .envs(&self.variables)
            .stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            // What `cargo test` says of itself is nothing to the cargo that a block calls.
            if name
                .to_str()
                .is_some_and(|name| name.starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR")
            {
                command.env_remove(name);
            }
        }
        command
    }

    #[track_caller]
    fn run(&self, lines: &str) -> String {
        let output = self.command(lines).output().expect("bash");
        said(lines, &output)
    }
}

#[track_caller]
fn said(lines: &str, output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{lines}\n{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// What runs beside the page's shell, in a window of its own. Ends when it is dropped.
struct Window(Child);

impl Drop for Window {
    fn drop(&mut self) {
        bluegate_engine::end(self.0.id());
        let _ = self.0.wait();
    }
}

const CLIENT: &str = "bluegate-at-the-provider";
const SECRET: &str = "a secret of several words, with $HOME and \"marks\"";
/// John Doe of the sandbox.
const PATIENT: &str = "-20140000008325";

#[test]
fn the_page_leads_from_an_empty_machine_to_the_first_person() {
    let page = Page::read();
    let sandbox = Stack::start();
    let machine = Machine::new(&page, &sandbox);
    let shell = &machine.shell;
    let mut left = page.names();
    let mut block = |name: &str| {
        // In the page's order, and none left out.
        assert_eq!(left.remove(0), name);
        page.block(name)
    };

    block("names");
    shell.run(block("build"));
    shell.run(block("keys"));
    shell.run(block("certificates"));
    machine.sign();
    shell.run(block("runtime-config"));
    let good = shell.run(block("check"));
    assert!(
        good.contains("the configuration is good for production"),
        "{good}"
    );
    let _engine = machine.start(block("start"));
    let ready = shell.run(block("ready"));
    assert!(
        ready.contains(r#""backend":"ok""#),
        "the client certificate is shown: {ready}"
    );

    let _scheduler = Window(shell.command(block("tick")).spawn().expect("bash"));
    let ticked = machine.state().join("tick.json");
    wait_for("the tick", || {
        std::fs::metadata(&ticked).is_ok_and(|file| file.len() > 0)
    });
    let metrics = shell.run(block("metrics"));
    assert!(metrics.contains("# TYPE bluegate_"), "{metrics}");

    shell.run(block("register"));
    let approve = block("approve");
    let authorize = block("authorize");
    let address = shell.run(authorize);
    let waiting = shell.run(&format!(
        "curl -sS -o /dev/null -w '%{{http_code}}' '{}'",
        address.trim()
    ));
    assert_eq!(waiting, "403", "nobody can use it before it is approved");
    let approved = shell.run(approve);
    assert!(approved.contains("The first app"), "{approved}");

    let address = shell.run(authorize);
    let code = shell.run(&format!("{PERSON}\nperson '{}'", address.trim()));
    let data = shell.run(&format!("CODE='{}'\n{}", code.trim(), block("tokens")));
    assert!(data.contains(r#""resourceType":"Bundle""#), "{data}");
    assert!(data.contains(&format!("Patient/{PATIENT}")), "{data}");
    assert!(left.is_empty(), "never run: {left:?}");
}

/// The person at the browser: the provider knows them, so only the consent is theirs to give.
const PERSON: &str = r#"
person() {
  field() { sed -n "s/.*name=\"$1\" value=\"\([^\"]*\)\".*/\1/p" "$CONF/consent.html" | head -1; }
  curl -sS -L -c "$CONF/jar" -b "$CONF/jar" -o "$CONF/consent.html" "$1"
  BACK=$(curl -sS -c "$CONF/jar" -b "$CONF/jar" -o "$CONF/answer.html" -w '%{redirect_url}' "$BASE/v2/o/authorize/consent" \
    -d "transaction=$(field transaction)" -d "csrf=$(field csrf)" -d decision=allow -d demographics=share)
  case "$BACK" in https://app.example.org/callback?*) ;; *) cat "$CONF/consent.html" "$CONF/answer.html" >&2; exit 1 ;; esac
  echo "$BACK" | sed 's/.*[?&]code=\([^&]*\).*/\1/'
}"#;

/// An empty machine with the page's names for it, and what others run.
struct Machine {
    authority: Authority,
    shell: Shell,
}

impl Machine {
    fn new(page: &Page, sandbox: &Stack) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let authority = Authority::new(folder.path());
        let claims = servers::claims_backend(&authority, sandbox);
        let provider = servers::provider(&authority, CLIENT, SECRET, medicare_number(sandbox));
        let own = format!("127.0.0.1:{}", free_port());
        let path = |name: &str| folder.path().join(name).display().to_string();
        let mut variables: BTreeMap<&'static str, String> = [
            ("HOST", "localhost".to_owned()),
            ("BASE", own.replace("127.0.0.1", "https://localhost")),
            ("LISTEN", own),
            ("CLAIMS_HOST", "localhost".to_owned()),
            ("CLAIMS", format!("https://localhost:{claims}")),
            ("IDP", format!("https://127.0.0.1:{provider}")),
            ("IDP_CLIENT_ID", CLIENT.to_owned()),
            ("IDP_CLIENT_SECRET", SECRET.to_owned()),
            ("CONF", path("conf")),
            ("STATE", path("state")),
        ]
        .into();
        let names: Vec<_> = page.placeholders().iter().map(|(name, _)| *name).collect();
        assert_eq!(names.len(), variables.len(), "{names:?}");
        for name in names {
            assert!(variables.contains_key(name), "{name}");
        }
        // Of this machine: whom it trusts, and where its programs are.
        let root = authority.certificate().display().to_string();
        variables.insert("SSL_CERT_FILE", root.clone());
        variables.insert("CURL_CA_BUNDLE", root);
        variables.insert("PATH", programs(folder.path()));
        Self {
            authority,
            shell: Shell { folder, variables },
        }
    }

    fn conf(&self) -> PathBuf {
        self.shell.folder.path().join("conf")
    }

    fn state(&self) -> PathBuf {
        self.shell.folder.path().join("state")
    }

    /// What the authorities of the listener and of the claims backend do.
    fn sign(&self) {
        let conf = self.conf();
        for (request, certificate) in [
            ("request.pem", "cert.pem"),
            ("gateway-request.pem", "gateway.pem"),
        ] {
            self.authority
                .sign(&conf.join(request), &conf.join(certificate));
        }
        std::fs::copy(self.authority.certificate(), conf.join("claims-ca.pem")).expect("copied");
    }

    /// The page's start in a window of its own, until it listens.
    fn start(&self, block: &str) -> Window {
        let manifest = std::env::var_os("BLUEGATE_MANIFEST").map(PathBuf::from);
        let folder = manifest
            .as_deref()
            .and_then(Path::parent)
            .map(Path::to_owned);
        let deploy = folder.unwrap_or_else(root).join("deploy/spin.toml");
        assert!(block.contains("--from deploy/spin.toml"));
        // With another build folder the manifest is a copy that names it.
        let block = block.replace("deploy/spin.toml", &deploy.display().to_string());
        let mut child = self
            .shell
            .command(&block)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("bash");
        let output = child.stdout.take().expect("its output");
        let mut errors = child.stderr.take().expect("its complaints");
        let window = Window(child);
        let complaints = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = errors.read_to_string(&mut text);
            text
        });
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let listens = |line: &String| {
            ["listening https", "Serving https"]
                .iter()
                .any(|said| line.contains(said))
        };
        if !lines.any(|line| listens(&line)) {
            drop(window);
            panic!(
                "it did not start: {}",
                complaints.join().unwrap_or_default()
            );
        }
        std::thread::spawn(move || lines.for_each(drop));
        window
    }
}

/// The path with a folder in which `spin` is what serves the application here.
fn programs(folder: &Path) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let bin = folder.join("bin");
    std::fs::create_dir(&bin).expect("a folder");
    // Where the page's own path to it is another build folder's.
    let bluegate = target().join("host/bluegate");
    std::os::unix::fs::symlink(bluegate, bin.join("bluegate")).expect("a link");
    let engine = bluegate_http_tests::engine();
    if engine == bluegate_engine::Engine::Spin {
        return format!("{}:{path}", bin.display());
    }
    let host = engine.program().canonicalize().expect("the test host");
    std::os::unix::fs::symlink(host, bin.join("spin")).expect("a link");
    format!("{}:{path}", bin.display())
}

/// By which the provider and the claims backend know the person.
fn medicare_number(sandbox: &Stack) -> String {
    let patient = sandbox
        .browser()
        .get(&format!("/sandbox/claims/v2/fhir/Patient/{PATIENT}"))
        .expect(200)
        .json();
    let identifiers = patient["identifier"].as_array().expect("identifiers");
    let number = identifiers
        .iter()
        .find(|one| one["system"] == "http://hl7.org/fhir/sid/us-mbi")
        .and_then(|one| one["value"].as_str());
    number.expect("a Medicare number").to_owned()
}

fn wait_for(what: &str, done: impl Fn() -> bool) {
    for _ in 0..600 {
        if done() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("no end of waiting for {what}");
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").port()
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).expect("the root").to_owned()
}

/// What the units start is what the page starts.
#[test]
fn the_units_for_systemd_start_what_the_page_starts() {
    let page = Page::read();
    let mut start = page.block("start").replace("\\\n", " ");
    for (name, value) in page.placeholders() {
        start = start.replace(&format!("${name}"), value);
    }
    let start: Vec<_> = start
        .lines()
        .last()
        .expect("a command")
        .split_whitespace()
        .map(|word| word.trim_matches('"'))
        .collect();
    let unit = include_str!("../../../../deploy/systemd/bluegate.service");
    let command = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="))
        .expect("a command");
    let command: Vec<_> = command.split_whitespace().collect();
    assert_eq!(command[0], "/usr/local/bin/spin");
    assert_eq!(start[..2], ["exec", "spin"]);
    assert_eq!(start[2..], command[1..]);
    let tick = include_str!("../../../../deploy/systemd/bluegate-tick.service");
    assert!(tick.contains("$BASE/ops/tick"), "{tick}");
}
