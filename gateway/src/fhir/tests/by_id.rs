//! Searches by `_id` of Coverage and ExplanationOfBenefit (docs/contract/07-fhir.md, 7.3).

use super::*;

/// A backend that has some of the person's claims, and somebody else's.
fn world() -> World {
    let world = World::new();
    world.backend(|request| {
        let id = request.url.rsplit('/').next().unwrap_or_default();
        let body = match id {
            "pde-1" | "pde-2" | "carrier--3" => resource(EOB, id, OWN),
            "pde-9" => resource(EOB, id, OTHER),
            _ if id == format!("part-a-{OWN}") => resource(COVERAGE, id, OWN),
            _ => {
                let mut unknown = ok(Bytes::from_static(b"{}"));
                unknown.status = StatusCode::NOT_FOUND;
                return Ok(unknown);
            }
        };
        Ok(ok(Bytes::from(body.to_string())))
    });
    world
}

fn ids(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.json());
    let json = answer.json();
    assert_eq!(json["resourceType"], "Bundle");
    let entries = json["entry"].as_array().cloned().unwrap_or_default();
    entries
        .iter()
        .map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned())
        .collect()
}

fn link(answer: &Answer, relation: &str) -> Option<String> {
    let json = answer.json();
    let mut links = json["link"].as_array()?.iter();
    let link = links.find(|link| link["relation"] == relation)?;
    Some(link["url"].as_str().unwrap().to_owned())
}

#[test]
fn what_is_named_is_found_one_by_one() {
    let world = world();
    let answer = world.search(EOB, "_id=pde-2,unknown,pde-1");
    assert_eq!(ids(&answer), ["pde-2", "pde-1"]);
    assert_eq!(answer.json()["total"], 2);
    let base = "https://api.example.com/v2/fhir/ExplanationOfBenefit";
    let own = link(&answer, "self").unwrap();
    assert!(
        own.starts_with(&format!("{base}?_id=pde-2%2Cunknown%2Cpde-1")),
        "{own}"
    );
    let asked = world.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked[0].ends_with("/v2/fhir/ExplanationOfBenefit/pde-2"));
    assert_eq!(world.audited(), ["fhir.search", "ok", "", "info"]);

    let coverage = format!("part-a-{OWN}");
    let found = world.search(
        COVERAGE,
        &format!("_id={coverage}&beneficiary=Patient/{OWN}"),
    );
    assert_eq!(ids(&found), [coverage]);
    assert!(ids(&world.search(EOB, "_id=unknown")).is_empty());
}

#[test]
fn what_is_somebody_elses_looks_unknown_and_is_noted_as_a_warning() {
    let world = world();
    let unknown = world.search(EOB, "_id=pde-1,pde-8");
    let foreign = world.search(EOB, "_id=pde-1,pde-9");
    assert_eq!(ids(&foreign), ["pde-1"]);
    let mut same = foreign.json();
    same["link"] = unknown.json()["link"].clone();
    assert_eq!(same, unknown.json());
    assert!(!String::from_utf8_lossy(&foreign.body).contains(OTHER));
    let warned: Vec<_> = world
        .audit()
        .into_iter()
        .filter(|row| row["level"] == Value::Text("warning".to_owned()))
        .collect();
    assert_eq!(warned.len(), 1);
    assert_eq!(
        warned[0]["code"],
        Value::Text("release_guard_foreign".to_owned())
    );
}

#[test]
fn pages_and_counts_are_of_what_was_found() {
    let world = world();
    let named = "_id=pde-1,pde-2,pde-9,carrier--3";
    let first = world.search(EOB, &format!("{named}&_count=2"));
    assert_eq!(ids(&first), ["pde-1", "pde-2"]);
    assert_eq!(first.json()["total"], 3);
    let next = link(&first, "next").unwrap();
    let second = world.search(EOB, next.split_once('?').unwrap().1);
    assert_eq!(ids(&second), ["carrier--3"]);
    assert_eq!(link(&second, "next"), None);
    let previous = link(&second, "previous").unwrap();
    assert!(previous.contains("startIndex=0"), "{previous}");
    let counted = world.search(EOB, &format!("{named}&_summary=count"));
    assert_eq!(
        (ids(&counted).len(), counted.json()["total"].as_u64()),
        (0, Some(3))
    );
    let small = world.search(EOB, "_id=pde-1&_elements=status");
    assert_eq!(small.json()["entry"][0]["resource"]["status"], "active");
}

#[test]
fn naming_another_person_or_too_much_asks_nobody() {
    let world = world();
    for (resource, query, status, code) in [
        (COVERAGE, format!("_id=part-a-{OTHER}"), 403, "other_person"),
        (COVERAGE, format!("_id=x,dual-{OTHER}"), 403, "other_person"),
        (EOB, "_id=..".to_owned(), 400, "invalid_parameter"),
        (
            EOB,
            "_id=a,b,c,d,e,f,g,h,i,j,k".to_owned(),
            400,
            "invalid_parameter",
        ),
        (
            EOB,
            "_id=pde-1&type=pde".to_owned(),
            400,
            "invalid_parameter",
        ),
    ] {
        let answer = world.search(resource, &query);
        assert_eq!(answer.refusal(), (status, code.to_owned()), "{query}");
    }
    assert!(world.asked().is_empty());
}

#[test]
fn a_backend_that_fails_at_one_of_them_fails_the_search() {
    let world = world();
    world.backend(|request| {
        if request.url.ends_with("pde-2") {
            return Err(UpstreamError::Broken);
        }
        Ok(ok(Bytes::from(resource(EOB, "pde-1", OWN).to_string())))
    });
    let answer = world.search(EOB, "_id=pde-1,pde-2");
    assert_eq!(answer.refusal(), (502, "backend_error".to_owned()));
    // Without an owner nothing is proved.
    world.answers(r#"{"resourceType":"ExplanationOfBenefit","id":"pde-1"}"#);
    let answer = world.search(EOB, "_id=pde-1");
    assert_eq!(answer.refusal(), (502, "release_guard".to_owned()));
    assert_eq!(world.audited()[3], "critical");
}
