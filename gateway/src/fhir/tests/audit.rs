//! docs/contract/07-fhir.md, 7.4 and 10-audit.md: the permit, the audit row of every call, and the log lines.

use super::*;
use crate::base::secret::keyed_hash;

fn person(world: &World) -> Value {
    Value::Blob(keyed_hash(&world.app.config.audit_key, "person", &[OWN.as_bytes()]).to_vec())
}

#[test]
fn a_released_answer_has_its_audit_row() {
    let world = World::new();
    let body = resource(PATIENT, "", OWN).to_string();
    let clock = world.clock.clone();
    let bytes = Bytes::from(body.clone());
    world.backend(move |_| {
        clock.advance_seconds(2);
        Ok(ok(bytes.clone()))
    });
    world.read(PATIENT, OWN);
    let rows = world.audit();
    assert_eq!(rows.len(), 1);
    let text = |text: &str| Value::Text(text.to_owned());
    for (column, value) in [
        ("started_at", Value::Integer(world.now() - 2000)),
        ("ended_at", Value::Integer(world.now())),
        ("request_id", text("0123456789abcdef0123456789abcdef")),
        ("flow_id", text("flow-1")),
        ("actor", text("application")),
        ("client_id", text(CLIENT)),
        ("person", person(&world)),
        ("action", text("fhir.read")),
        ("outcome", text("ok")),
        ("code", text("")),
        ("backend_status", Value::Integer(200)),
        ("bytes", Value::Integer(i64::try_from(body.len()).unwrap())),
        ("level", text("info")),
    ] {
        assert_eq!(rows[0][column], value, "{column}");
    }
}

#[test]
fn every_refusal_has_its_audit_row() {
    for (call, row) in [
        (
            read(PATIENT, OWN).without_token(),
            ["fhir.read", "refused", "no_credentials", "info"],
        ),
        (
            read(PATIENT, OWN).token("unknown"),
            ["fhir.read", "refused", "invalid_token", "info"],
        ),
        (
            search(EOB, "_count=99"),
            ["fhir.search", "refused", "invalid_parameter", "info"],
        ),
        (
            search(EOB, &format!("patient={OTHER}")),
            ["fhir.search", "refused", "other_person", "warning"],
        ),
        (
            read(PATIENT, OTHER),
            ["fhir.read", "refused", "other_person", "warning"],
        ),
        (
            search(EOB, ""),
            ["fhir.search", "failed", "backend_unreachable", "info"],
        ),
        (
            read(PATIENT, OWN).version(Version::V3),
            ["fhir.read", "refused", "version_off", "info"],
        ),
    ] {
        let world = World::new();
        world.call(call);
        assert_eq!(world.audited(), row);
        assert_eq!(world.audit().len(), 1);
    }
}

#[test]
fn a_refused_token_is_audited_with_its_owner() {
    let world = World::new();
    world.sql("UPDATE consent_grant SET ended_at = 5, end_reason = 'revoked'");
    world.read(PATIENT, OWN);
    let row = &world.audit()[0];
    assert_eq!(row["client_id"], Value::Text(CLIENT.to_owned()));
    assert_eq!(row["person"], person(&world));
}

/// What is committed while the backend is thinking, and what the client gets then.
#[test]
fn nothing_is_released_after_a_revocation_or_lock_down_was_committed() {
    let lock_down = |kind: &str, target: &str| {
        format!(
            "INSERT INTO lock_down (kind, target, reason, operator, started_at, request_id)
             VALUES ('{kind}', '{target}', 'test', 'op', 1, 'r')"
        )
    };
    for (statement, status, code) in [
        (
            "UPDATE consent_grant SET ended_at = 5, end_reason = 'revoked'".to_owned(),
            403,
            "grant_revoked",
        ),
        (
            "UPDATE token_chain SET ended_at = 5, end_reason = 'revoked'".to_owned(),
            401,
            "invalid_token",
        ),
        (
            "UPDATE application SET status = 'suspended'".to_owned(),
            401,
            "application_inactive",
        ),
        (
            "UPDATE consent_grant SET expires_at = 5".to_owned(),
            401,
            "grant_expired",
        ),
        (lock_down("all", ""), 503, "locked_down"),
        (lock_down("application", CLIENT), 503, "locked_down"),
        (lock_down("version", "{version}"), 503, "locked_down"),
    ] {
        for version in Version::ALL {
            let statement = statement.replace("{version}", version.segment());
            for kind in ResourceType::ALL {
                for call in [
                    read(kind, if kind == PATIENT { OWN } else { "x" }),
                    search(kind, ""),
                    search(kind, "").form("_count=5"),
                    search(kind, "_count=0"),
                ] {
                    let world = World::with(&[("v3_enabled", "true")]);
                    world.sql(&format!("UPDATE identity SET patient_id_v3 = '{OWN}'"));
                    let (database, statement) = (world.database.clone(), statement.clone());
                    world.backend(move |request| {
                        database.run(&statement);
                        let body = if request.url.contains('?') {
                            bundle(kind, 1, &["x"], &[])
                        } else {
                            resource(kind, "x", OWN)
                        };
                        Ok(ok(Bytes::from(body.to_string())))
                    });
                    let answer = world.call(call.version(version));
                    assert_eq!(world.asked().len(), 1);
                    assert_eq!(answer.refusal(), (status, code.to_owned()));
                    answer.tells_nothing_of("Doe");
                    answer.tells_nothing_of(OWN);
                    assert_eq!(world.audit().len(), 1, "the refusal, and no permit");
                }
            }
        }
    }
}

#[test]
fn a_permit_is_only_for_the_person_that_was_proved() {
    let world = World::new();
    let database = world.database.clone();
    world.sql(&format!(
        "INSERT INTO identity (id, issuer, subject, subject_length, patient_id, created_at, request_id)
         VALUES (2, 'https://idp', x'78', 1, '{OTHER}', 1, 'r')"
    ));
    world.backend(move |_| {
        database.run("UPDATE consent_grant SET identity_id = 2");
        Ok(ok(Bytes::from(resource(PATIENT, "", OWN).to_string())))
    });
    assert_eq!(world.read(PATIENT, OWN).status, 401);
}

#[test]
fn no_audit_row_no_release() {
    let world = World::new();
    world.answers(resource(PATIENT, "", OWN).to_string());
    *world.database.fails_on.lock().unwrap() = Some("INSERT INTO audit");
    let answer = world.read(PATIENT, OWN);
    assert_eq!(answer.refusal(), (503, "store_unavailable".to_owned()));
    answer.tells_nothing_of("Doe");
    assert!(!answer.header("retry-after").is_empty());
}

#[test]
fn a_call_costs_one_read_and_one_write() {
    #[derive(Default)]
    struct Statements {
        of_limits: usize,
        others: usize,
    }
    struct Counting(Arc<dyn Database>, Mutex<Statements>);
    impl Database for Counting {
        fn execute<'a>(
            &'a self,
            durability: Durability,
            sql: &'a str,
            parameters: Vec<Value>,
        ) -> PortFuture<'a, Result<Rows, DatabaseError>> {
            let mut statements = self.1.lock().unwrap();
            if ["INTO rate_window", "DELETE FROM rate_window"]
                .iter()
                .any(|text| sql.contains(text))
            {
                statements.of_limits += 1;
            } else {
                statements.others += 1;
            }
            self.0.execute(durability, sql, parameters)
        }
    }
    let mut world = World::new();
    world.answers(resource(PATIENT, "", OWN).to_string());
    let counting = Arc::new(Counting(world.database.clone(), Mutex::default()));
    world.app.database = counting.clone();
    for calls in 1..=128 {
        assert_eq!(world.read(PATIENT, OWN).status, 200);
        assert_eq!(counting.1.lock().unwrap().others, 2 * calls);
    }
    // The leases of the rate limit come on top, and the removal of former windows.
    assert_eq!(counting.1.lock().unwrap().of_limits, 12);
}

#[test]
fn a_log_line_is_written_before_the_backend_is_asked() {
    let world = World::new();
    let log = world.log.clone();
    let body = Bytes::from(resource(PATIENT, "", OWN).to_string());
    world.backend(move |_| {
        let lines = log.0.lock().unwrap();
        assert_eq!(lines.len(), 1);
        let line: Json = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(line["event"], "backend");
        assert_eq!(line["action"], "fhir.read");
        assert_eq!(line["request_id"], "0123456789abcdef0123456789abcdef");
        Ok(ok(body.clone()))
    });
    assert_eq!(world.read(PATIENT, OWN).status, 200);
}

#[test]
fn logs_hold_no_token_no_id_and_no_content() {
    let world = World::new();
    world.answers(resource(PATIENT, "", OWN).to_string());
    world.read(PATIENT, OWN);
    world.read(PATIENT, OTHER);
    world.search(EOB, &format!("patient={OTHER}"));
    world.answers(resource(PATIENT, "", OTHER).to_string());
    world.read(PATIENT, OWN);
    let lines = world.log.0.lock().unwrap();
    assert!(lines.len() >= 5);
    for line in lines.iter() {
        assert!(serde_json::from_str::<Json>(line).unwrap().is_object());
        for secret in [TOKEN, OWN, OTHER, "Doe"] {
            assert!(!line.contains(secret), "{line}");
        }
    }
}

#[test]
fn the_capability_statement_names_every_route() {
    use crate::fhir::metadata;
    let world = World::new();
    for (version, fhir) in [(Version::V1, "3.0.2"), (Version::V2, "4.0.1")] {
        let request = read(PATIENT, OWN).without_token().request(&world);
        let answer = Answer::from(block_on(metadata(&world.app, &request, version)));
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "application/fhir+json");
        assert!(answer.header("cache-control").starts_with("public"));
        let json = answer.json();
        assert_eq!(json["fhirVersion"], fhir);
        let base = format!("https://api.example.com/{}/fhir", version.segment());
        assert_eq!(json["implementation"]["url"], base);
        let resources: Vec<_> = json["rest"][0]["resource"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["type"].clone())
            .collect();
        assert_eq!(resources, ["Patient", "Coverage", "ExplanationOfBenefit"]);
    }
    let request = read(PATIENT, OWN).request(&world);
    assert_eq!(
        block_on(metadata(&world.app, &request, Version::V3)).status(),
        404
    );
    let request = read(PATIENT, OWN).query("_format=xml").request(&world);
    assert_eq!(
        block_on(metadata(&world.app, &request, Version::V2)).status(),
        406
    );
}
