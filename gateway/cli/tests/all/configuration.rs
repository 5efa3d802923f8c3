//! `check-config`, `keys new`, `operators add`, `variables`.

use serde_json::json;

use super::support::{bluegate, ended, program, with};

/// What production needs beside keys.
const ADDRESSES: [(&str, &str); 5] = [
    ("public_base_url", "https://api.example.org"),
    ("claims_backend_origin", "https://claims.example.org"),
    ("idp_origin", "https://id.example.org"),
    ("idp_client_id", "bluegate"),
    ("idp_client_secret", "what the provider gave"),
];

/// New keys, by their variables.
fn keys(line: &str) -> Vec<(String, String)> {
    let lines = bluegate(line).code(0).out;
    lines
        .lines()
        .map(|line| {
            let (name, value) = line.split_once('=').unwrap();
            let name = name.strip_prefix("SPIN_VARIABLE_").unwrap();
            (name.to_lowercase(), value.to_owned())
        })
        .collect()
}

#[test]
fn new_keys_and_operators_make_a_production_configuration() {
    let keys = keys("keys new --id 2026a");
    let operators = bluegate("operators add ann --role lock").code(0).out;
    let operators = operators
        .trim()
        .strip_prefix("SPIN_VARIABLE_OPERATORS=")
        .unwrap();
    let mut variables = ADDRESSES.to_vec();
    variables.extend(keys.iter().map(|(name, value)| (&**name, &**value)));
    variables.push(("operators", operators));

    let good = with("check-config", &variables).code(0);
    assert_eq!(good.out, "the configuration is good for production\n");
    assert_eq!(good.err, "");
    let good = with("check-config --output json", &variables)
        .code(0)
        .json();
    assert_eq!(
        good,
        json!({ "good": true, "environment": "production", "unknown": [] })
    );

    for (missing, _) in &variables {
        if *missing == "operators" {
            continue;
        }
        let rest: Vec<_> = variables
            .iter()
            .filter(|(name, _)| name != missing)
            .copied()
            .collect();
        let bad = with("check-config", &rest).code(1);
        assert!(
            bad.out.contains(&format!("variable {missing}:")),
            "{}",
            bad.out
        );
        let bad = with("--output json check-config", &rest).code(1).json();
        assert_eq!(
            (&bad["good"], &bad["variable"]),
            (&json!(false), &json!(missing))
        );
        assert!(
            bad["advice"]
                .as_str()
                .is_some_and(|advice| !advice.is_empty())
        );
    }
}

#[test]
fn the_environment_decides_over_the_manifest_that_is_named() {
    let sandbox = bluegate("check-config --manifest sandbox").code(0);
    assert_eq!(sandbox.out, "the configuration is good for the sandbox\n");
    // What the gateway refuses with these variables is refused here too.
    let refused = with(
        "check-config --manifest sandbox",
        &[("environment", "production")],
    )
    .code(1);
    assert!(
        refused.out.contains("variable store_key:"),
        "{}",
        refused.out
    );
    bluegate("check-config").code(1);
}

#[test]
fn a_misspelt_variable_is_told_but_not_its_value() {
    let told = with("check-config --manifest sandbox", &[("storekey", "hush")]).code(0);
    assert!(
        told.err.contains("SPIN_VARIABLE_STOREKEY is no variable"),
        "{}",
        told.err
    );
    assert!(!told.err.contains("hush") && !told.out.contains("hush"));
    let told = with(
        "check-config --manifest sandbox --output json",
        &[("storekey", "hush")],
    )
    .code(0);
    assert_eq!(told.json()["unknown"], json!(["SPIN_VARIABLE_STOREKEY"]));
}

#[test]
fn no_secret_is_in_what_is_said_of_a_wrong_one() {
    for name in [
        "store_key",
        "alert_secret",
        "operators",
        "former_store_keys",
    ] {
        let said = with("check-config --manifest sandbox", &[(name, "hush-hush")]).code(1);
        assert!(
            said.out.contains(name) && !said.out.contains("hush"),
            "{}",
            said.out
        );
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_named() {
    use std::os::unix::ffi::OsStrExt as _;
    let line = "check-config --manifest sandbox --output json";
    let mut command = program(line);
    command.env(
        "SPIN_VARIABLE_STORE_KEY",
        std::ffi::OsStr::from_bytes(b"\xff"),
    );
    let said = ended(line, &mut command).code(3);
    let error: serde_json::Value = serde_json::from_str(&said.err).unwrap();
    assert_eq!(
        error,
        json!({ "error": "SPIN_VARIABLE_STORE_KEY is not UTF-8", "causes": [] })
    );
}

#[test]
fn keys_are_new_each_time_and_only_those_that_are_named() {
    let first = keys("keys new --id a");
    let names: Vec<_> = first.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["store_key", "token_key", "audit_key", "chain_key"]);
    let mut values: Vec<_> = first
        .into_iter()
        .chain(keys("keys new --id a"))
        .map(|(_, value)| value)
        .collect();
    values.sort();
    values.dedup();
    assert_eq!(values.len(), 8, "no key twice");

    let some = bluegate("keys new --id b chain alert --output json").code(0);
    assert_eq!(some.err, "");
    let keys = &some.json()["keys"];
    assert_eq!(keys[0]["variable"], "chain_key");
    assert!(
        keys[0]["public"]
            .as_str()
            .is_some_and(|public| public.starts_with("b:"))
    );
    assert_eq!(keys[1]["variable"], "alert_secret");
    let secret = keys[1]["value"].as_str().unwrap();
    with(
        "check-config --manifest sandbox",
        &[
            ("alert_secret", secret),
            ("alert_origin", "http://127.0.0.1:9"),
        ],
    )
    .code(0);
    assert!(keys.get(2).is_none());
}

#[test]
fn the_public_half_is_told_beside_the_keys_and_not_among_them() {
    let made = bluegate("keys new --id 2026a").code(0);
    assert!(
        made.err.contains("public half of chain_key"),
        "{}",
        made.err
    );
    assert!(
        made.out
            .lines()
            .all(|line| line.starts_with("SPIN_VARIABLE_"))
    );
}

#[test]
fn an_operator_is_added_to_those_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let line = format!(
        "operators add ann --role approve --token-file {}",
        file.display()
    );
    let first = bluegate(&line).code(0);
    let list = first
        .out
        .trim()
        .strip_prefix("SPIN_VARIABLE_OPERATORS=")
        .unwrap();
    let token = std::fs::read_to_string(&file).unwrap();
    assert_eq!(token.len(), 43);
    assert!(!first.out.contains(&token) && !first.err.contains(&token));

    let second = with(
        "operators add bob --role read --output json",
        &[("operators", list)],
    )
    .code(0)
    .json();
    let both = second["operators"].as_str().unwrap();
    assert!(both.starts_with(&format!("{list},bob:read:")), "{both}");
    assert_eq!(second["token"].as_str().map(str::len), Some(43));
    with("check-config --manifest sandbox", &[("operators", both)]).code(0);
    // The gateway finds who has the token.
    let operators = bluegate_gateway::base::config::operator::Operator::parse_list(both).unwrap();
    let found = bluegate_gateway::base::config::operator::Operator::find(&operators, &token);
    assert!(found.is_some_and(|operator| operator.name == "ann"));

    let twice = with("operators add ann --role read", &[("operators", both)]).code(3);
    assert!(twice.err.contains("`ann` already"), "{}", twice.err);
    let broken = with("operators add eve --role read", &[("operators", "x")]).code(3);
    assert!(
        broken.err.contains("cannot be read") && broken.out.is_empty(),
        "{}",
        broken.err
    );
}

#[cfg(unix)]
#[test]
fn a_token_file_is_the_owner_s_alone_and_never_written_over() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let line = format!(
        "operators add ann --role lock --token-file {}",
        file.display()
    );
    bluegate(&line).code(0);
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = std::fs::read(&file).unwrap();
    let again = bluegate(&line).code(3);
    assert!(
        again.err.contains("token cannot be written") && again.out.is_empty(),
        "{}",
        again.err
    );
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn the_variables_are_those_of_the_documentation() {
    let page = include_str!("../../../../docs/configuration.md");
    assert_eq!(bluegate("variables").code(0).out, page);
    let list = bluegate("variables --output json").code(0).json();
    let list = list["variables"].as_array().unwrap();
    assert!(
        list.iter()
            .any(|one| one["environment"] == "SPIN_VARIABLE_STORE_KEY"
                && one["secret"] == true
                && one["required_in_production"] == true)
    );
}
