//! The checks of the configuration, and what is written from its table.

use super::*;

/// The defaults of the sandbox manifest.
pub(crate) fn sandbox() -> BTreeMap<&'static str, String> {
    VARIABLES
        .iter()
        .map(|variable| (variable.name, variable.sandbox_default.to_owned()))
        .collect()
}

/// What production needs instead.
pub(crate) const PRODUCTION: &[(&str, &str)] = &[
    ("environment", "production"),
    ("public_base_url", "https://api.example.org"),
    ("claims_backend_origin", "https://claims.example.org"),
    ("claims_backend_path", ""),
    ("idp_origin", "https://id.example.org"),
    ("idp_path", ""),
    ("idp_client_secret", "a-real-secret"),
    (
        "store_key",
        "k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE",
    ),
    (
        "token_key",
        "k1:MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI",
    ),
    (
        "audit_key",
        "k1:MjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM",
    ),
    (
        "chain_key",
        "k1:MzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ",
    ),
];

fn production() -> BTreeMap<&'static str, String> {
    let mut raw = sandbox();
    for (name, value) in PRODUCTION {
        raw.insert(name, (*value).to_owned());
    }
    raw
}

fn error(raw: &BTreeMap<&'static str, String>) -> String {
    Config::parse(raw)
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default()
}

#[test]
fn sandbox_defaults_run_as_they_are() {
    let config = Config::parse(&sandbox()).ok().unwrap();
    assert_eq!(
        config.idp_issuer.as_str(),
        "http://127.0.0.1:3000/sandbox/idp"
    );
    assert_eq!(
        config.claims_backend_base,
        "http://127.0.0.1:3000/sandbox/claims"
    );
    assert_eq!(config.idp_origins.len(), 1);
}

#[test]
fn production_with_its_own_values_runs() {
    assert_eq!(error(&production()), "");
}

#[test]
fn production_refuses_every_sandbox_value() {
    for name in [
        "public_base_url",
        "claims_backend_path",
        "idp_client_secret",
        "store_key",
        "token_key",
        "audit_key",
        "chain_key",
    ] {
        let mut raw = production();
        raw.insert(name, sandbox()[name].clone());
        assert!(
            error(&raw).starts_with(&format!("variable {name}: ")),
            "{name}: {}",
            error(&raw)
        );
    }
    let mut raw = production();
    raw.insert("idp_path", "/sandbox/idp".to_owned());
    assert!(error(&raw).starts_with("variable idp_path"));
    raw = production();
    raw.insert("clock_offset_s", "5".to_owned());
    assert!(error(&raw).starts_with("variable clock_offset_s"));
}

#[test]
fn production_refuses_a_sandbox_key_under_another_id() {
    let mut raw = production();
    raw.insert(
        "store_key",
        "k9:c2FuZGJveC1vbmx5LXN0b3JlLWtleS0zMi1ieXRlcyE".to_owned(),
    );
    assert!(error(&raw).starts_with("variable store_key"));
}

#[test]
fn a_wrong_variable_is_named_with_advice() {
    for (name, value) in [
        ("environment", "staging"),
        ("public_base_url", "http://127.0.0.1:3000/path"),
        ("claims_backend_path", "no-slash"),
        ("store_key", "no-colon"),
        ("access_token_ttl_s", "abc"),
        ("v3_enabled", "yes"),
        ("idp_subject_form", "guid"),
    ] {
        let mut raw = sandbox();
        raw.insert(name, value.to_owned());
        let text = error(&raw);
        assert!(text.starts_with(&format!("variable {name}: ")), "{text}");
        assert!(
            text.contains(&format!("SPIN_VARIABLE_{}", name.to_uppercase())),
            "{text}"
        );
    }
    for variable in VARIABLES.iter() {
        let mut raw = sandbox();
        raw.remove(variable.name);
        assert!(
            error(&raw).starts_with(&format!("variable {}: ", variable.name)),
            "{}",
            variable.name
        );
    }
}

#[test]
fn the_documentation_is_written_from_the_table() {
    let written = include_str!("../../../docs/configuration.md");
    assert_eq!(
        written,
        documentation(),
        "run `cargo run -p bluegate-gateway --example config docs > docs/configuration.md`"
    );
}

#[test]
fn both_manifests_declare_the_variables_of_the_table() {
    let sandbox: toml::Table = include_str!("../../../spin.toml").parse().unwrap();
    let deploy: toml::Table = include_str!("../../../deploy/spin.toml").parse().unwrap();
    for (manifest, of) in [
        (
            &sandbox,
            (|variable: &Variable| Some(variable.sandbox_default))
                as fn(&Variable) -> Option<&'static str>,
        ),
        (&deploy, |variable| variable.production_default),
    ] {
        let declared = manifest["variables"].as_table().unwrap();
        let passed = manifest["component"]["gateway"]["variables"]
            .as_table()
            .unwrap();
        // The sandbox has variables of its own in its own manifest.
        let others = declared.keys().filter(|name| name.starts_with("sandbox_"));
        assert_eq!(declared.len() - others.count(), VARIABLES.len());
        assert_eq!(passed.len(), VARIABLES.len());
        for variable in &VARIABLES {
            let entry = &declared[variable.name];
            assert_eq!(
                entry.get("default").and_then(toml::Value::as_str),
                of(variable),
                "{}",
                variable.name
            );
            assert_eq!(
                entry.get("required").is_some(),
                of(variable).is_none(),
                "{}",
                variable.name
            );
            assert_eq!(
                entry.get("secret").is_some(),
                variable.secret,
                "{}",
                variable.name
            );
            assert_eq!(
                passed[variable.name].as_str().unwrap(),
                format!("{{{{ {} }}}}", variable.name)
            );
        }
    }
}

#[test]
fn the_variables_of_the_sandbox_are_declared_there_and_passed_to_it_alone() {
    let sandbox: toml::Table = include_str!("../../../spin.toml").parse().unwrap();
    let deploy: toml::Table = include_str!("../../../deploy/spin.toml").parse().unwrap();
    for variable in &SANDBOX_VARIABLES {
        let declared = &sandbox["variables"][variable.name];
        assert_eq!(declared["default"].as_str(), Some(variable.sandbox_default));
        let component = |name: &str| sandbox["component"][name]["variables"].clone();
        assert!(component("sandbox").get(variable.name).is_some());
        assert!(component("gateway").get(variable.name).is_none());
        assert!(deploy["variables"].get(variable.name).is_none());
    }
}

#[test]
fn no_secret_is_in_an_error() {
    let mut raw = production();
    raw.insert("store_key", "very-secret".to_owned());
    assert!(!error(&raw).contains("very-secret"));
}

#[test]
fn the_audit_is_kept_for_six_years_at_least() {
    for (days, good) in [("2191", false), ("2192", true), ("0", false)] {
        let mut raw = production();
        raw.insert("retention_audit_d", days.to_owned());
        assert_eq!(error(&raw).is_empty(), good, "{days}: {}", error(&raw));
    }
}

#[test]
fn former_keys_have_ids_of_their_own() {
    const FORMER: &str = "k0:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";
    let with = |former: &str| {
        let mut raw = production();
        raw.insert("former_audit_keys", former.to_owned());
        raw
    };
    let config = Config::parse(&with(FORMER)).ok().unwrap();
    let ids: Vec<_> = config.audit_key.all().map(Key::id).collect();
    assert_eq!((config.audit_key.id(), ids), ("k1", vec!["k1", "k0"]));
    for bad in [
        "k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE",
        &format!("{FORMER},{FORMER}"),
        "k0",
        "k0:short",
    ] {
        assert!(error(&with(bad)).contains("former_audit_keys"), "{bad}");
    }
}
