//! The scan against the slow, obvious implementation, on generated answers.

use bluegate_fuzz::{BACKEND, PUBLIC, guard, oracle};
use bluegate_gateway::base::version::Version;
use bluegate_shared::owner::Expected;
use bluegate_shared::scope::ResourceType;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn reference() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => Just("Patient/-20140".to_owned()),
        2 => Just("https://api.example.com/v2/fhir/Patient/-20140".to_owned()),
        1 => Just("Patient/7".to_owned()),
        1 => Just("http://backend:8080/claims/v2/fhir/Patient/-2014".to_owned()),
        1 => Just("https://third.example/Patient/-20140".to_owned()),
        4 => Just("#provider-org".to_owned()),
        2 => Just("Coverage/part-a--20140".to_owned()),
        1 => Just("Coverage/part-b-7".to_owned()),
        1 => Just("Organization/1".to_owned()),
        1 => Just("Patient?_id=7".to_owned()),
        1 => Just("part-a-7".to_owned()),
        1 => Just("urn:uuid:9".to_owned()),
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
        prop::sample::select(&SYSTEMS[..]).prop_map(Value::from),
        prop::sample::select(&["-20140", "7", "Patient", "patient|4.0.1", "Organization"][..])
            .prop_map(Value::from),
    ];
    let key = prop_oneof![
        4 => "[a-z]{1,6}",
        1 => Just("reference".to_owned()),
        1 => Just("id".to_owned()),
        1 => Just("type".to_owned()),
        1 => Just("system".to_owned()),
        1 => Just("value".to_owned()),
        1 => prop::sample::select(&["patient", "subject", "beneficiary"][..]).prop_map(str::to_owned),
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
    prop_oneof![
        16 => Just(None),
        6 => Just(Some("Organization")),
        1 => Just(Some("Patient")),
        1 => Just(Some("Coverage")),
        1 => Just(Some("Claim")),
        1 => Just(Some("Condition")),
        1 => Just(Some("Person")),
    ]
}

const SYSTEMS: [&str; 4] = [
    "https://bluebutton.cms.gov/resources/variables/bene_id",
    "http://hl7.org/fhir/sid/us-mbi",
    "https://bluebutton.cms.gov/resources/identifier/mbi-hash",
    "http://hl7.org/fhir/sid/us-npi",
];

fn resource(kind: ResourceType) -> impl Strategy<Value = Value> {
    (
        prop_oneof![40 => Just(kind.name()), 1 => Just("OperationOutcome")],
        prop_oneof![40 => Just("-20140"), 1 => Just("7"), 1 => Just("x")],
        owner(),
        prop::option::weighted(0.5, content()),
        prop::option::weighted(0.5, content()),
        prop::option::weighted(0.2, content()),
    )
        .prop_map(|(name, id, owner, contained, extension, more)| {
            let mut resource =
                json!({"resourceType": name, "id": id, "patient": owner, "beneficiary": owner});
            if let Some(contained) = contained {
                resource["contained"] = contained;
            }
            if let Some(extension) = extension {
                resource["extension"] = extension;
            }
            if let Some(more) = more {
                resource["identifier"] = Value::from(vec![more.clone()]);
                resource["subscriber"] = more;
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
        let bases = [PUBLIC, BACKEND].map(|base| format!("{base}/v2/fhir"));
        let bases = bases.each_ref().map(String::as_str);
        prop_assert_eq!(
            guard::scanned(text.as_bytes(), expected, Version::V2),
            oracle::verdict(text.as_bytes(), expected, bluegate_fuzz::OWN, &bases),
            "{}", text
        );
    }
}
