//! The scan against a slow, obvious implementation over `serde_json::Value`, on generated answers.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

/// What the contract says, written down once more without any regard to speed.
fn oracle(body: &Value, expected: Expected) -> &'static str {
    let (kind, resources): (_, Vec<&Value>) = match expected {
        Expected::Resource(kind) => (kind, vec![body]),
        Expected::Searchset(kind) => {
            if body["resourceType"] != "Bundle" {
                return "not proved";
            }
            let entries = body["entry"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            (
                kind,
                entries.iter().map(|entry| &entry["resource"]).collect(),
            )
        }
    };
    let mut foreign_owner = false;
    for resource in &resources {
        if resource["resourceType"] != kind.name() {
            return "not proved";
        }
        let owner = match kind {
            ResourceType::Patient => resource["id"].as_str().map(str::to_owned),
            ResourceType::Coverage => local(&resource["beneficiary"]["reference"]),
            ResourceType::ExplanationOfBenefit => local(&resource["patient"]["reference"]),
        };
        match owner.map(|owner| PatientId::parse(&owner)) {
            Some(Ok(owner)) if owner.as_str() == "-20140" => {}
            Some(Ok(_)) => foreign_owner = true,
            _ => return "not proved",
        }
    }
    if foreign_owner {
        return "foreign owner";
    }
    if everything(body).all(is_harmless) {
        "proved"
    } else {
        "not proved"
    }
}

fn local(reference: &Value) -> Option<String> {
    let reference = reference.as_str()?;
    std::iter::once("".to_owned())
        .chain(BASES.iter().map(|base| format!("{base}/")))
        .find_map(|base| reference.strip_prefix(&format!("{base}Patient/")))
        .map(str::to_owned)
}

fn everything(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    let below: Box<dyn Iterator<Item = &Value>> = match value {
        Value::Array(items) => Box::new(items.iter().flat_map(everything)),
        Value::Object(members) => Box::new(members.values().flat_map(everything)),
        _ => Box::new(std::iter::empty()),
    };
    Box::new(std::iter::once(value).chain(below))
}

fn is_harmless(value: &Value) -> bool {
    match value {
        Value::String(text) => !names_another(text),
        Value::Object(members) => {
            let patient = members.get("resourceType").and_then(Value::as_str) == Some("Patient");
            let id = members.get("id").and_then(Value::as_str);
            let reference = members.get("reference").and_then(Value::as_str);
            (!patient || id == Some("-20140"))
                && reference.is_none_or(|text| {
                    !text.to_lowercase().contains("patient")
                        || local(&Value::from(text)).as_deref() == Some("-20140")
                })
        }
        _ => true,
    }
}

fn names_another(text: &str) -> bool {
    text.match_indices("Patient/").any(|(at, word)| {
        let id: String = text[at + word.len()..]
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == '-')
            .collect();
        !id.is_empty() && id != "-20140"
    })
}

fn reference() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => Just("Patient/-20140".to_owned()),
        2 => Just("https://api.example.com/v2/fhir/Patient/-20140".to_owned()),
        1 => Just("Patient/7".to_owned()),
        1 => Just("http://backend:8080/fhir/v2/fhir/Patient/-2014".to_owned()),
        1 => Just("https://third.example/Patient/-20140".to_owned()),
        4 => Just("#provider-org".to_owned()),
        2 => Just("Coverage/part-a--20140".to_owned()),
    ]
}

fn owner() -> impl Strategy<Value = Value> {
    prop_oneof![
        60 => Just(json!({"reference": "Patient/-20140"})),
        2 => reference().prop_map(|reference| json!({"reference": reference, "display": "x"})),
        1 => Just(json!({"reference": "Patient/7"})),
        1 => Just(json!({})),
        1 => Just(Value::Null),
    ]
}

fn content() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[ -~äé/\"\\\\]{0,12}".prop_map(Value::from),
        reference().prop_map(Value::from),
    ];
    let key = prop_oneof![
        4 => "[a-z]{1,6}".prop_filter("members with a meaning come from elsewhere", |key| key != "id" && key != "type"),
        1 => Just("reference".to_owned()),
        1 => Just("id".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            (
                prop::collection::vec((key.clone(), inner), 0..4),
                contained_type()
            )
                .prop_map(|(members, kind)| {
                    let mut object: Map<_, _> = members.into_iter().collect();
                    object.extend(kind.map(|kind| ("resourceType".to_owned(), Value::from(kind))));
                    Value::from(object)
                }),
        ]
    })
}

fn contained_type() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![8 => Just(None), 3 => Just(Some("Organization")), 1 => Just(Some("Patient"))]
}

fn resource(kind: ResourceType) -> impl Strategy<Value = Value> {
    (
        prop_oneof![40 => Just(kind.name()), 1 => Just("OperationOutcome")],
        prop_oneof![40 => Just("-20140"), 1 => Just("7"), 1 => Just("x")],
        owner(),
        prop::option::weighted(0.5, content()),
        prop::option::weighted(0.5, content()),
    )
        .prop_map(|(name, id, owner, contained, extension)| {
            let mut resource =
                json!({"resourceType": name, "id": id, "patient": owner, "beneficiary": owner});
            if let Some(contained) = contained {
                resource["contained"] = contained;
            }
            if let Some(extension) = extension {
                resource["extension"] = extension;
            }
            resource
        })
}

fn answer() -> impl Strategy<Value = (Expected, Value)> {
    prop::sample::select(&ResourceType::ALL[..]).prop_flat_map(|kind| {
        prop_oneof![
            resource(kind).prop_map(move |resource| (Expected::Resource(kind), resource)),
            prop::collection::vec(resource(kind), 0..5).prop_map(move |resources| {
                let entries: Vec<_> = resources
                    .into_iter()
                    .map(|resource| json!({"fullUrl": "http://b/1", "resource": resource}))
                    .collect();
                (
                    Expected::Searchset(kind),
                    json!({"resourceType": "Bundle", "type": "searchset", "total": entries.len(), "entry": entries}),
                )
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_scan_agrees_with_the_obvious_implementation((expected, body) in answer()) {
        let text = body.to_string();
        let scanned = match verdict(&text, expected) {
            Verdict::Proved => "proved",
            Verdict::Foreign => "foreign owner",
            Verdict::No(_) => "not proved",
        };
        prop_assert_eq!(scanned, oracle(&body, expected), "{}", text);
    }
}
