//! The program as it is run: exit codes, both forms of output, and what it says of files that are not what they
//! should be.

// A helper that fails is a test that fails.
#![allow(clippy::panic, clippy::unwrap_used)]

mod audit;
mod configuration;
mod support;

use support::bluegate;

#[test]
fn every_command_explains_itself_and_its_exit_codes() {
    for line in [
        "",
        "audit",
        "audit verify",
        "audit reconcile",
        "audit export",
        "check-config",
        "keys",
        "keys new",
        "operators",
        "operators add",
        "variables",
    ] {
        let help = bluegate(&format!("{line} --help")).code(0).out;
        assert!(help.contains("Usage: bluegate"), "{line}: {help}");
        assert!(help.contains("Exit codes:"), "{line}: {help}");
    }
    assert!(
        bluegate("--version")
            .code(0)
            .out
            .contains(env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_wrong_command_line_is_2() {
    for line in [
        "",
        "fly",
        "audit",
        "audit verify --output xml",
        "audit verify --public-key x",
        "audit verify --file a --database b",
        "audit export --after -1",
        "audit export --after soon",
        "keys new",
        "keys new --id sandbox",
        "keys new --id a:b",
        "keys new --id 2026a jwks",
        "operators add ann",
        "operators add ann --role king",
        "operators add a:b --role read",
        "operators add a,b --role read",
        "operators add ann:read:00,bob --role read",
        "check-config --manifest laptop",
    ] {
        let ended = bluegate(line).code(2);
        assert!(
            ended.out.is_empty() && !ended.err.is_empty(),
            "{line}: {}",
            ended.err
        );
    }
}
