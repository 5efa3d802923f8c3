//! The suites run on Spin by an option. Spin itself is in no registry, so a script stands in for it: it takes Spin's
//! options alone and hands them to the test host.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use bluegate_engine::{ENGINE, Engine, HOST_BIN, SKIPPED};
use bluegate_http_tests::{Stack, engine};

/// What a suite does with an engine: it starts, restarts, ends and kills it, with variables and options.
#[test]
fn a_stack_is_started_and_ended() {
    let options = [
        "--max-instance-reuse-count",
        "1",
        "--max-instance-concurrent-reuse-count",
        "1",
        "--idle-instance-timeout",
        "2s",
        "--quiet",
    ];
    let mut stack = Stack::with_options(&[("access_token_ttl_s", "61")], &options);
    stack.browser().get("/health").expect(200);
    let first = stack.pid();
    assert!(Path::new(&format!("/proc/{first}")).exists());
    // The same address: nothing of the first one still listens there.
    stack.restart(&[]);
    assert_ne!(stack.pid(), first);
    stack.browser().get("/health/ready").expect(200);
    assert!(stack.database().is_file());
}

#[test]
fn what_the_engine_lacks_is_skipped() {
    let stack = Stack::with_options_of_the_host(&[], &["--libsql"]);
    assert_eq!(stack.is_some(), engine() != Engine::Spin);
}

#[test]
fn the_tests_run_on_the_spin_of_the_path() {
    let Engine::Host(host) = engine() else {
        // They do already.
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (record, skipped) = (folder.path().join("record"), folder.path().join("skipped"));
    let path = std::env::var("PATH").expect("a path");
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args([
            "a_stack_is_started_and_ended",
            "what_the_engine_lacks_is_skipped",
        ])
        .env(ENGINE, "spin")
        // Nothing but the path leads to it.
        .env(HOST_BIN, "/nowhere")
        .env("PATH", format!("{}:{path}", stand_in().display()))
        .env("STAND_IN_FOR", host.canonicalize().expect("the test host"))
        .env("STAND_IN_RECORD", &record)
        .env(SKIPPED, &skipped)
        .output()
        .expect("the tests");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("2 passed"), "{said}");

    let asked = std::fs::read_to_string(record).expect("what it was asked");
    let first = asked.lines().next().expect("a start");
    let words: Vec<_> = first.split(' ').collect();
    assert_eq!(words[0], "up");
    for (name, value) in [
        ("--from", "spin.toml"),
        ("--listen", "127.0.0.1:"),
        ("--state-dir", "/"),
        ("--max-instance-reuse-count", "1"),
        ("--max-instance-concurrent-reuse-count", "1"),
        ("--idle-instance-timeout", "2s"),
    ] {
        let at = words.iter().position(|word| *word == name);
        let given = at.and_then(|at| words.get(at + 1)).unwrap_or(&"");
        assert!(given.contains(value), "{name} {given} in {first}");
    }
    let skipped = std::fs::read_to_string(skipped).expect("what was skipped");
    assert_eq!(
        skipped,
        "what_the_engine_lacks_is_skipped: Spin has no option --libsql, which the test host has\n"
    );
}

/// An option that Spin has not would stop it, so a test that passes on the stand-in has used none.
#[test]
fn the_stand_in_refuses_what_spin_refuses() {
    let spin = stand_in().join("spin");
    let mode = spin.metadata().expect("the script").permissions().mode();
    assert_eq!(mode & 0o111, 0o111, "it can be run");
    for arguments in [
        &["up", "--libsql"][..],
        &["up", "--manifest", "x"],
        &["down"],
    ] {
        let output = Command::new(&spin).args(arguments).output().expect("sh");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

fn stand_in() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package
        .join("../engine/stand-in")
        .canonicalize()
        .expect("the stand-in")
}
