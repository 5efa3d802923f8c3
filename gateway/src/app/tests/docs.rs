//! `/openapi.json`, `/postman.json` and `/docs`.

use super::*;

#[test]
fn the_description_names_this_gateway() {
    let world = World::new();
    let document = world.send(Call::get("/openapi.json")).json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"][0]["url"], BASE);
}

#[test]
fn every_described_operation_is_there() {
    let world = World::new();
    let document = world.send(Call::get("/openapi.json")).json();
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 30);
    for (path, item) in paths {
        for method in item.as_object().unwrap().keys() {
            let target = path
                .replace("{version}", "v2")
                .replace("{client_id}", &"a".repeat(40))
                .replace("{id}", "-1");
            let method: Method = method.to_uppercase().parse().unwrap();
            let answer = world.send(Call::new(method.clone(), &target));
            assert_ne!(answer.status, 405, "{method} {target}");
            // A logo that is not there is the one resource that nobody has to have.
            let there = answer.status != 404 || path.contains("logo");
            assert!(there, "{method} {target}: {}", answer.text());
        }
    }
}

#[test]
fn the_postman_collection_has_every_operation_but_pages() {
    let world = World::new();
    let collection = world.send(Call::get("/postman.json")).json();
    assert_eq!(
        collection["info"]["schema"],
        "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
    );
    let document = world.send(Call::get("/openapi.json")).json();
    let described = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .filter(|operation| operation["tags"][0] != "Pages")
        .count();
    let folders = collection["item"].as_array().unwrap();
    let items: usize = folders
        .iter()
        .map(|folder| folder["item"].as_array().unwrap().len())
        .sum();
    assert_eq!(items, described);
    assert!(folders.iter().any(|folder| folder["name"] == "FHIR"));
}

#[test]
fn a_call_can_be_tried_without_any_script() {
    let world = World::new();
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    let page = world.send(Call::get("/docs")).text();
    assert!(page.contains("searchExplanationOfBenefit"), "{page}");
    let form = [
        ("operation", "searchExplanationOfBenefit"),
        ("p.version", "v2"),
        ("p._count", "3"),
        ("token", tokens.access.as_str()),
    ];
    let tried = world.send(Call::post("/docs").form(form)).text();
    for text in [
        "200 OK",
        "/v2/fhir/ExplanationOfBenefit?_count=3",
        "&#34;searchset&#34;",
        "curl &#39;",
    ] {
        assert!(tried.contains(text), "{text}: {tried}");
    }
    let form = [
        ("operation", "registerApplication"),
        (
            "body",
            "{\"client_name\":\"<Tried>\",\"redirect_uris\":[\"https://a.example/cb\"]}",
        ),
    ];
    let tried = world.send(Call::post("/docs").form(form)).text();
    assert!(
        tried.contains("201 Created") && tried.contains("&#60;Tried&#62;"),
        "{tried}"
    );
    let form = [
        ("operation", "introspect"),
        ("p.version", "v1"),
        (
            "body",
            &format!(
                "token=x\nclient_id={}\nclient_secret={}",
                client.id, client.secret
            ),
        ),
    ];
    let tried = world.send(Call::post("/docs").form(form)).text();
    assert!(tried.contains("&#34;active&#34;: false"), "{tried}");
}

#[test]
fn a_try_counts_no_cookie_and_reaches_no_page() {
    let world = World::new();
    for operation in [
        "accountAction",
        "developer",
        "decide",
        "authorize",
        "nothing",
    ] {
        let answer = world.send(Call::post("/docs").form([("operation", operation)]));
        assert_eq!(answer.location(), "/docs", "{operation}");
    }
    let form = [
        ("operation", "readPatient"),
        ("p.version", "v2"),
        ("p.id", "../../x?y#z"),
    ];
    let tried = world
        .send(Call::post("/docs").form(form).header("cookie", "bg=x"))
        .text();
    assert!(
        tried.contains("/v2/fhir/Patient/..%2F..%2Fx%3Fy%23z"),
        "{tried}"
    );
    assert!(tried.contains("401 Unauthorized"), "{tried}");
}
