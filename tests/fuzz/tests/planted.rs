//! Another person in each element that may carry one (docs/guard.md), in each spelling, on each page of ours and of the
//! backend's where they are there: none passes the guard, and the pages as they are all do.

use std::path::{Path, PathBuf};

use bluegate_shared::id::PatientId;
use bluegate_shared::owner::{Expected, Outcome, Person, scan};
use bluegate_shared::scope::ResourceType;
use serde_json::{Map, Value, json};

const BASES: &[&str] = &[
    "https://api.example.com/v2/fhir",
    "http://backend:8080/claims/v2/fhir",
];
const DOC: &str = include_str!("../../../docs/guard.md");

/// A page, whose it is and what was asked for.
struct Page {
    name: String,
    body: Value,
    expected: Expected,
    own: PatientId,
}

impl Page {
    fn is_proved(&self, body: &Value) -> bool {
        let text = body.to_string();
        let person = Person::new(&self.own, BASES);
        matches!(
            scan(text.as_bytes(), self.expected, &person),
            Outcome::Proved(_)
        )
    }

    fn kind(&self) -> ResourceType {
        let (Expected::Resource(kind) | Expected::Searchset(kind)) = self.expected;
        kind
    }

    /// The page with its last resource changed.
    fn with(&self, change: impl FnOnce(&mut Value)) -> Value {
        let mut body = self.body.clone();
        match self.expected {
            Expected::Resource(_) => change(&mut body),
            Expected::Searchset(_) => {
                let entries = body["entry"].as_array_mut().unwrap();
                change(&mut entries.last_mut().unwrap()["resource"]);
            }
        }
        body
    }
}

/// Somebody else, who is nearly the person.
fn others(own: &PatientId) -> [String; 3] {
    let own = own.as_str();
    [
        format!("{own}0"),
        own[..own.len() - 1].to_owned(),
        "7".to_owned(),
    ]
}

/// Ours are committed; `cargo run -p bluegate-sandbox --example dump` made them.
fn ours() -> Vec<Page> {
    pages(&Path::new(env!("CARGO_MANIFEST_DIR")).join("pages"))
}

/// The backend's, where they are there. Records that were merged are not proved.
fn backends() -> Vec<Page> {
    let root = std::env::var_os("BLUEGATE_FIXTURES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures"),
        PathBuf::from,
    );
    let mut all = Vec::new();
    for version in ["v1", "v2", "v3"] {
        let folder = root.join("bfd").join(version);
        if folder.is_dir() {
            all.extend(pages(&folder));
        } else {
            println!("skipped: {} is not there", folder.display());
        }
    }
    all
}

fn pages(folder: &Path) -> Vec<Page> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files.iter().filter_map(|file| page(file)).collect()
}

fn page(file: &Path) -> Option<Page> {
    let body: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let mut facts = Vec::new();
    let is_bundle = body["resourceType"] == "Bundle";
    if is_bundle {
        for entry in body["entry"].as_array()? {
            facts.push(owner(&entry["resource"])?);
        }
    } else {
        facts.push(owner(&body)?);
    }
    let (kind, own, linked) = facts.first()?.clone();
    // Rosters of several people, collections and merged records are no answers that are released.
    let is_one = facts
        .iter()
        .all(|(other, id, _)| (*other, id) == (kind, &own));
    if !is_one || linked || (is_bundle && body["type"] != "searchset") {
        return None;
    }
    let expected = if is_bundle {
        Expected::Searchset(kind)
    } else {
        Expected::Resource(kind)
    };
    // One resource is enough to plant in.
    let mut body = body;
    if let Some(entries) = body["entry"].as_array_mut().filter(|_| is_bundle) {
        entries.truncate(2);
    }
    Some(Page {
        name: file.display().to_string(),
        body,
        expected,
        own,
    })
}

fn owner(resource: &Value) -> Option<(ResourceType, PatientId, bool)> {
    let kind = ResourceType::parse(resource["resourceType"].as_str()?)?;
    let id = match kind {
        ResourceType::Patient => resource["id"].as_str()?,
        ResourceType::Coverage => resource["beneficiary"]["reference"].as_str()?,
        ResourceType::ExplanationOfBenefit => resource["patient"]["reference"].as_str()?,
    };
    let id = PatientId::parse(id.trim_start_matches("Patient/")).ok()?;
    Some((kind, id, resource.get("link").is_some()))
}

/// A row of the table of elements.
struct Element {
    /// Below the resource.
    path: Vec<&'static str>,
    kind: ResourceType,
    is_list: bool,
    is_identifier: bool,
}

fn elements() -> Vec<Element> {
    let table = DOC.split("\n| Element |").nth(1).unwrap();
    let table = table.split("\n\n").next().unwrap();
    table
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|line| {
            let mut cells = line.split(" | ");
            let path = cells.next().unwrap().trim_end_matches('`');
            let mut path = path.split('.');
            let kind = ResourceType::parse(path.next().unwrap()).unwrap();
            let targets = cells.nth(1).unwrap();
            Element {
                path: path.collect(),
                kind,
                is_list: cells.next().unwrap() == "list",
                is_identifier: targets == "Identifier",
            }
        })
        .collect()
}

/// Puts a value where an element stands: in the first of each list, beside what is there where the element itself
/// is a list.
fn plant(resource: &mut Value, path: &[&str], is_list: bool, value: Value) {
    let [name, rest @ ..] = path else {
        *resource = value;
        return;
    };
    if let Some(items) = resource.as_array_mut() {
        match items.first_mut() {
            Some(item) => plant(item, path, is_list, value),
            None => items.push(json!({})),
        }
        return;
    }
    if !resource.is_object() {
        *resource = json!({});
    }
    if !rest.is_empty() {
        plant(&mut resource[*name], rest, is_list, value);
        return;
    }
    match resource[*name].as_array_mut() {
        Some(items) if is_list => items.push(value),
        _ if is_list => resource[*name] = json!([value]),
        _ => resource[*name] = value,
    }
}

/// References to another person, in all spellings.
fn references(other: &str, own: &str) -> Vec<String> {
    let mut all = Vec::new();
    let derived = [
        format!("part-a-{other}"),
        format!("PART-B-{other}"),
        format!("c4dic-part-d-{other}"),
        format!("part-c-{other}-H1234-003"),
        format!("dual-{other}"),
    ];
    let mut paths = vec![format!("Patient/{other}")];
    paths.extend(derived.iter().map(|id| format!("Coverage/{id}")));
    for path in &paths {
        all.push(path.clone());
        for base in BASES
            .iter()
            .chain(&["https://third.example/fhir", "//third.example/fhir"])
        {
            all.push(format!("{base}/{path}"));
        }
        all.push(format!("{path}/_history/1"));
        all.push(path.replacen('/', "//", 1));
        all.push(path.replacen('/', "/./", 1));
        all.push(path.replacen('/', "%2F", 1));
        all.push(path.replacen('/', "%252f", 1));
        all.push(path.to_ascii_lowercase());
        all.push(path.to_ascii_uppercase());
        all.push(format!("%{:02x}{}", path.as_bytes()[0], &path[1..]));
        all.push(format!("/{path}"));
        all.push(format!("./{path}"));
        all.push(format!(" {path}"));
        all.push(format!("{path}#x"));
        all.push(format!("Organization/1/../../{path}"));
    }
    all.extend([
        format!("Patient?_id={other}"),
        format!("Patient/?_id={other}"),
        format!("Patient/_search?_id={other}"),
        format!(
            "Patient?identifier=https://bluebutton.cms.gov/resources/variables/bene_id|{other}"
        ),
        "Patient?identifier=http://hl7.org/fhir/sid/us-mbi|1S00E00AA00".to_owned(),
        format!("Coverage?beneficiary={other}"),
        format!("ExplanationOfBenefit?patient={other}"),
        format!("RelatedPerson/{other}"),
        format!("Person/{other}"),
        format!("Group/{other}"),
        format!("https://third.example/RelatedPerson/{other}"),
        "urn:uuid:1f0a9c66-5f52-4be5-a7b2-9d1be8f7f1c0".to_owned(),
        "urn:oid:1.2.36.146".to_owned(),
        other.to_owned(),
        format!("/{other}"),
        format!("#Patient/{other}"),
        format!("#part-a-{other}"),
        // Not the person's in a way that can be compared.
        format!("Patient/{own}/_history/1"),
        format!("https://third.example/fhir/Patient/{own}"),
    ]);
    all.extend(derived);
    all
}

/// Another person in the place of a reference.
fn referred(other: &str, own: &str) -> Vec<Value> {
    let mut all: Vec<_> = references(other, own)
        .into_iter()
        .map(|reference| json!({ "reference": reference }))
        .collect();
    for kind in [
        "Patient",
        "patient",
        "Patient|4.0.1",
        "http://hl7.org/fhir/StructureDefinition/Patient",
        "http://hl7.org/fhir/StructureDefinition/Patient|4.0.1",
        "RelatedPerson",
        "Person",
        "Group",
        "Coverage",
    ] {
        all.push(json!({ "type": kind, "identifier": { "value": other } }));
        all.push(json!({ "type": kind, "display": "Somebody Else" }));
        all.push(json!({ "type": kind, "reference": "Organization/1" }));
    }
    for identifier in identified(other) {
        all.push(json!({ "identifier": identifier }));
        all.push(json!({ "reference": "Organization/1", "identifier": identifier }));
        all.push(json!({ "extension": [{ "url": "x", "valueIdentifier": identifier }] }));
    }
    all.push(json!({ "reference": "Organization/1", "display": format!("Patient/{other}") }));
    all
}

/// Numbers of another person, as identifiers.
fn identified(other: &str) -> Vec<Value> {
    let mut all: Vec<_> = PEOPLES_NUMBERS
        .iter()
        .map(|system| json!({ "system": system, "value": "1S00E00AA00" }))
        .collect();
    all.extend(numbered(other));
    all
}

/// Those that can be compared.
fn numbered(other: &str) -> Vec<Value> {
    let system = "https://bluebutton.cms.gov/resources/variables/bene_id";
    vec![
        json!({ "system": system, "value": other }),
        json!({ "value": other, "system": system }),
        json!({ "system": system.to_uppercase(), "value": other }),
        json!({ "value": format!("part-a-{other}") }),
        json!({ "value": format!("Patient/{other}") }),
        json!({ "value": "x", "assigner": { "reference": format!("Patient/{other}") } }),
    ]
}

const PEOPLES_NUMBERS: [&str; 6] = [
    "http://hl7.org/fhir/sid/us-mbi",
    "http://hl7.org/fhir/sid/us-medicare",
    "http://hl7.org/fhir/sid/us-ssn",
    "https://bluebutton.cms.gov/resources/identifier/mbi-hash",
    "https://bluebutton.cms.gov/resources/identifier/hicn-hash",
    "http://bluebutton.cms.hhs.gov/identifier#hicnHash",
];

/// Contained resources of another person, of each type that has an owner.
fn contained(other: &str) -> Vec<Value> {
    let mut all = vec![
        json!({ "resourceType": "Patient", "id": other }),
        json!({ "resourceType": "patient", "id": other }),
        json!({ "resourceType": "Patient", "id": "1", "name": [{ "family": "Else" }] }),
        json!({ "resourceType": "Organization", "id": format!("part-a-{other}") }),
        json!({ "resourceType": "Bundle", "entry": [{ "resource": { "resourceType": "Patient", "id": other } }] }),
        json!({ "resourceType": "Parameters", "parameter": [{ "valueReference": { "reference": format!("Patient/{other}") } }] }),
    ];
    for (member, is_demanded, kinds) in types() {
        for kind in kinds {
            let named = |owner: Value| {
                let mut resource = Map::new();
                resource.insert("resourceType".to_owned(), json!(kind));
                resource.insert("id".to_owned(), json!("1"));
                resource.insert(member.to_owned(), owner);
                Value::Object(resource)
            };
            if is_demanded {
                all.push(json!({ "resourceType": kind, "id": "1" }));
            }
            all.push(named(json!({ "reference": format!("Patient/{other}") })));
            all.push(named(json!({ "identifier": { "value": "1S00E00AA00" } })));
            all.push(named(json!({ "display": "Somebody Else" })));
        }
    }
    all
}

/// The table of contained resources: the member that names the owner, whether it must be there, and the types.
fn types() -> Vec<(&'static str, bool, Vec<&'static str>)> {
    let table = DOC.split("\n| Owned by | Types |\n").nth(1).unwrap();
    table
        .lines()
        .take_while(|line| line.starts_with('|'))
        .filter_map(|line| {
            line.strip_prefix("| ")?
                .strip_suffix(" |")?
                .split_once(" | ")
        })
        .filter(|(by, _)| *by != "`id`")
        .map(|(by, kinds)| {
            let kinds = kinds
                .split(", ")
                .filter(|kind| !kind.contains(' '))
                .collect();
            if by.starts_with("nobody") {
                ("subject", false, kinds)
            } else {
                (by.trim_matches('`'), true, kinds)
            }
        })
        .collect()
}

/// Takes one of so many values, each time another one, so that all of them have their turn.
struct Turns {
    of: usize,
    next: usize,
}

impl Turns {
    fn some<T>(&mut self, values: Vec<T>) -> impl Iterator<Item = T> {
        let (of, first) = (self.of, self.next % self.of);
        self.next += 1;
        values.into_iter().skip(first).step_by(of)
    }
}

fn none_passes(pages: &[Page], of: usize) {
    let elements = elements();
    let mut turns = Turns { of, next: 0 };
    let mut planted = 0;
    for page in pages {
        assert!(page.is_proved(&page.body), "{}", page.name);
        let own = page.own.as_str();
        for other in others(&page.own) {
            let mut refuses = |body: &Value, what: &str| {
                assert!(!page.is_proved(body), "{}: {what}", page.name);
                planted += 1;
            };
            for element in elements
                .iter()
                .filter(|element| element.kind == page.kind())
            {
                let values = if !element.is_identifier {
                    referred(&other, own)
                } else if element.path == ["identifier"]
                    && element.kind != ResourceType::ExplanationOfBenefit
                {
                    numbered(&other)
                } else {
                    identified(&other)
                };
                for value in turns.some(values) {
                    let body = page.with(|resource| {
                        plant(resource, &element.path, element.is_list, value.clone());
                    });
                    refuses(&body, &format!("{:?} {value}", element.path));
                }
            }
            for resource in turns.some(contained(&other)) {
                let body = page.with(|into| plant(into, &["contained"], true, resource.clone()));
                refuses(&body, &format!("contained {resource}"));
            }
            for reference in turns.some(references(&other, own)) {
                let extension = json!({ "url": "x", "valueReference": { "reference": reference } });
                let body = page.with(|into| plant(into, &["extension"], true, extension));
                refuses(&body, &reference);
            }
        }
    }
    println!("{planted} planted on {} pages", pages.len());
}

#[test]
fn nobody_else_passes_on_pages_of_ours() {
    let pages = ours();
    assert!(pages.len() >= 9, "{} pages", pages.len());
    none_passes(&pages, 30);
}

#[test]
fn nobody_else_passes_on_the_backends_pages() {
    none_passes(&backends(), 200);
}

/// What the tables say may be there, may be there.
#[test]
fn the_person_passes_in_every_element() {
    let mut turns = Turns { of: 3, next: 0 };
    for page in ours().iter().chain(&backends()) {
        let own = page.own.as_str();
        let references = [
            format!("Patient/{own}"),
            format!("{}/Patient/{own}", BASES[0]),
            format!("{}/Patient/{own}", BASES[1]),
        ];
        for element in elements()
            .iter()
            .filter(|element| element.kind == page.kind())
        {
            if element.is_identifier {
                continue;
            }
            for reference in turns.some(references.to_vec()) {
                let body = page.with(|resource| {
                    let value = json!({ "reference": reference, "type": "Patient" });
                    plant(resource, &element.path, element.is_list, value);
                });
                assert!(
                    page.is_proved(&body),
                    "{}: {:?} {reference}",
                    page.name,
                    element.path
                );
            }
        }
        for (member, _, kinds) in types() {
            for kind in turns.some(kinds).filter(|_| member != "not proved") {
                let mut resource = json!({ "resourceType": kind, "id": "1" });
                resource[member] = json!({ "reference": format!("Patient/{own}") });
                let body = page.with(|into| plant(into, &["contained"], true, resource));
                assert!(page.is_proved(&body), "{}: contained {kind}", page.name);
            }
        }
    }
}

#[test]
fn the_tables_of_the_documentation_are_read() {
    let elements = elements();
    assert!(elements.len() > 40, "{}", elements.len());
    assert_eq!(
        elements
            .iter()
            .filter(|element| element.is_identifier)
            .count(),
        5
    );
    let types: usize = types().iter().map(|(_, _, kinds)| kinds.len()).sum();
    assert!(types > 90, "{types}");
}
