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

/// A key variable with these bytes.
fn key(id: &str, bytes: [u8; 32]) -> String {
    format!("{id}:{}", URL_SAFE_NO_PAD.encode(bytes))
}

fn refused(changes: &[(&'static str, &str)]) -> String {
    let mut raw = production();
    for (name, value) in changes {
        raw.insert(name, (*value).to_owned());
    }
    error(&raw)
}

#[test]
fn production_refuses_former_keys_of_the_sandbox() {
    const STORE: &str = "c2FuZGJveC1vbmx5LXN0b3JlLWtleS0zMi1ieXRlcyE";
    for name in ["former_store_keys", "former_audit_keys"] {
        for value in [
            format!("sandbox:{STORE}"),
            format!("k0:{STORE}"),
            "sandbox:QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8".to_owned(),
        ] {
            let text = refused(&[(name, &value)]);
            assert!(text.starts_with(&format!("variable {name}: ")), "{text}");
        }
    }
    let config = Config::parse(&sandbox()).ok().unwrap();
    let public = crate::base::signature::Signer::new(&config.chain_key)
        .public()
        .text();
    for value in [public.clone(), public.replace("sandbox:", "k0:")] {
        let text = refused(&[("former_chain_keys", &value)]);
        assert!(text.starts_with("variable former_chain_keys: "), "{text}");
    }
}

#[test]
fn production_refuses_weak_and_equal_keys() {
    let two = std::array::from_fn(|index| [3, 200][index % 2]);
    let seven = std::array::from_fn(|index| u8::try_from(index % 7).unwrap());
    for name in ["store_key", "token_key", "audit_key", "chain_key"] {
        for weak in [[0; 32], [255; 32], two, seven] {
            let text = refused(&[(name, &key("k9", weak))]);
            assert!(
                text.starts_with(&format!("variable {name}: this key repeats")),
                "{text}"
            );
        }
    }
    for name in ["former_store_keys", "former_audit_keys"] {
        let text = refused(&[(name, &key("k0", [7; 32]))]);
        assert!(
            text.starts_with(&format!("variable {name}: this key repeats")),
            "{text}"
        );
    }
    let good = std::array::from_fn(|index| u8::try_from(index * 8).unwrap());
    let other = std::array::from_fn(|index| u8::try_from(index * 7).unwrap());
    assert_eq!(
        refused(&[
            ("store_key", &key("k1", good)),
            ("former_store_keys", &key("k0", other))
        ]),
        ""
    );
    for same in [
        [("store_key", "k1"), ("token_key", "k2")],
        [("audit_key", "k1"), ("chain_key", "k1")],
        [("store_key", "k1"), ("former_store_keys", "k0")],
        [("token_key", "k1"), ("former_audit_keys", "k0")],
    ] {
        let changes = same.map(|(name, id)| (name, key(id, good)));
        let changes = [0, 1].map(|index| (changes[index].0, changes[index].1.as_str()));
        let text = refused(&changes);
        assert!(
            text.starts_with(&format!("variable {}: this key is another", same[1].0)),
            "{text}"
        );
    }
}

#[test]
fn production_sends_nothing_in_clear_to_another_machine() {
    let secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    for name in [
        "claims_backend_origin",
        "idp_extra_origin",
        "client_jwks_origin",
        "alert_origin",
    ] {
        let with = |value| refused(&[("alert_secret", secret), (name, value)]);
        for clear in [
            "http://other.example",
            "http://10.0.0.1:8080",
            "http://backend",
            "http://127.0.0.1.evil.example",
            "http://localhost.evil.example",
        ] {
            let text = with(clear);
            assert!(
                text.starts_with(&format!("variable {name}: production needs")),
                "{text}"
            );
        }
        for good in [
            "https://other.example",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "http://localhost:8080",
        ] {
            assert_eq!(with(good), "", "{name}={good}");
        }
    }
    for name in ["public_base_url", "idp_origin"] {
        for clear in ["http://other.example", "http://127.0.0.1:3000"] {
            let text = refused(&[(name, clear)]);
            assert!(
                text.starts_with(&format!("variable {name}: production needs")),
                "{text}"
            );
        }
    }
}

#[test]
fn the_sandbox_asks_nobody_who_has_real_people() {
    let with = |changes: &[(&'static str, &str)]| {
        let mut raw = sandbox();
        raw.insert("public_base_url", "https://sandbox.example".to_owned());
        for (name, value) in changes {
            raw.insert(name, (*value).to_owned());
        }
        error(&raw)
    };
    assert_eq!(with(&[]), "");
    for name in ["claims_backend_origin", "idp_origin", "idp_extra_origin"] {
        for real in [
            "https://claims.example.org",
            "http://10.0.0.1",
            "http://backend:8080",
            "https://sandbox.example.evil.example",
            "https://sandbox.example:8443",
        ] {
            let text = with(&[(name, real)]);
            assert!(
                text.starts_with(&format!("variable {name}: the sandbox has")),
                "{text}"
            );
            assert!(text.contains("environment to production"), "{text}");
        }
        for good in [
            "https://sandbox.example",
            "http://127.0.0.1:4000",
            "http://localhost:4000",
            "http://sandbox.spin.internal",
        ] {
            assert_eq!(with(&[(name, good)]), "", "{name}={good}");
        }
    }
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
    let written = include_str!("../../../../docs/configuration.md");
    assert_eq!(
        written,
        documentation(),
        "run `cargo run -p bluegate-cli -- variables > docs/configuration.md`"
    );
}

#[test]
fn both_manifests_declare_the_variables_of_the_table() {
    let sandbox: toml::Table = include_str!("../../../../spin.toml").parse().unwrap();
    let deploy: toml::Table = include_str!("../../../../deploy/spin.toml")
        .parse()
        .unwrap();
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
    let sandbox: toml::Table = include_str!("../../../../spin.toml").parse().unwrap();
    let deploy: toml::Table = include_str!("../../../../deploy/spin.toml")
        .parse()
        .unwrap();
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
    const FORMER: &str = "k0:NDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU";
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
