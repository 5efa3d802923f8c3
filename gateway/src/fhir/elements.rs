//! `_elements` (FHIR R4, search.html): the members that a client asked for, and those that a resource cannot
//! be without. Values are copied as they are.

use bluegate_shared::scope::ResourceType;
use serde_json::value::RawValue;

use super::members::{Members, Object};
use crate::base::version::Version;

/// Projects a resource.
pub(super) fn of_resource(
    text: &str,
    resource: ResourceType,
    version: Version,
    elements: &[String],
) -> Option<String> {
    let mut out = String::with_capacity(text.len() / 2);
    write_resource(&mut out, text, resource, version, elements)?;
    Some(out)
}

/// Projects the resource of each entry of a Bundle.
pub(super) fn of_bundle(
    text: &str,
    resource: ResourceType,
    version: Version,
    elements: &[String],
) -> Option<String> {
    let Members(members) = serde_json::from_str(text).ok()?;
    let mut out = String::with_capacity(text.len() / 2);
    let mut object = Object::begin(&mut out);
    for (name, value) in members {
        if name != "entry" {
            object.raw(&name, value.get());
            continue;
        }
        let entries: Vec<&RawValue> = serde_json::from_str(value.get()).ok()?;
        let out = object.member("entry");
        out.push('[');
        for (index, entry) in entries.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            let Members(members) = serde_json::from_str(entry.get()).ok()?;
            let mut object = Object::begin(out);
            for (name, value) in members {
                if name == "resource" {
                    let out = object.member("resource");
                    write_resource(out, value.get(), resource, version, elements)?;
                } else {
                    object.raw(&name, value.get());
                }
            }
            object.end();
        }
        out.push(']');
    }
    object.end();
    Some(out)
}

fn write_resource(
    out: &mut String,
    text: &str,
    resource: ResourceType,
    version: Version,
    elements: &[String],
) -> Option<()> {
    let Members(members) = serde_json::from_str(text).ok()?;
    let kept = |name: &str| {
        mandatory(resource, version).contains(&name)
            || elements.iter().any(|element| {
                let element = element
                    .strip_prefix(resource.name())
                    .and_then(|element| element.strip_prefix('.'))
                    .unwrap_or(element);
                let top = element.split('.').next().unwrap_or_default();
                // `_birthDate` carries the extensions of the primitive `birthDate`.
                !top.is_empty() && name.strip_prefix('_').unwrap_or(name) == top
            })
    };
    // A contained resource stays while anything that refers to one stays.
    let refers = members
        .iter()
        .any(|(name, value)| name != "contained" && kept(name) && value.get().contains("\"#"));
    let mut object = Object::begin(out);
    let mut tagged = false;
    for (name, value) in &members {
        match &**name {
            "resourceType" | "id" => object.raw(name, value.get()),
            "meta" => {
                subsetted(object.member("meta"), value.get(), version)?;
                tagged = true;
            }
            "contained" if refers => object.raw(name, value.get()),
            name if kept(name) => object.raw(name, value.get()),
            _ => {}
        }
    }
    if !tagged {
        subsetted(object.member("meta"), "{}", version)?;
    }
    object.end();
    Some(())
}

/// A projection must say that it is one: `meta.tag` SUBSETTED.
fn subsetted(out: &mut String, meta: &str, version: Version) -> Option<()> {
    let system = match version {
        Version::V1 => "http://hl7.org/fhir/v3/ObservationValue",
        Version::V2 | Version::V3 => "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    };
    let tag = format!(r#"{{"system":"{system}","code":"SUBSETTED"}}"#);
    let Members(members) = serde_json::from_str(meta).ok()?;
    let mut object = Object::begin(out);
    let mut done = false;
    for (name, value) in members {
        if name != "tag" {
            object.raw(&name, value.get());
            continue;
        }
        let inner = value.get().strip_prefix('[')?.strip_suffix(']')?;
        let comma = if inner.trim().is_empty() { "" } else { "," };
        object.raw("tag", &format!("[{inner}{comma}{tag}]"));
        done = true;
    }
    if !done {
        object.raw("tag", &format!("[{tag}]"));
    }
    object.end();
    Some(())
}

/// Members with a minimum cardinality of 1, and the owner, so that a client can prove whose it is as well.
const fn mandatory(resource: ResourceType, version: Version) -> &'static [&'static str] {
    match (resource, version) {
        (ResourceType::Patient, _) => &[],
        (ResourceType::Coverage, Version::V1) => &["beneficiary"],
        (ResourceType::Coverage, _) => &["beneficiary", "payor", "status"],
        (ResourceType::ExplanationOfBenefit, Version::V1) => &["patient"],
        (ResourceType::ExplanationOfBenefit, _) => &[
            "created",
            "insurance",
            "insurer",
            "outcome",
            "patient",
            "provider",
            "status",
            "type",
            "use",
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eob(text: &str, elements: &[&str]) -> String {
        let elements: Vec<_> = elements.iter().map(|name| (*name).to_owned()).collect();
        of_resource(
            text,
            ResourceType::ExplanationOfBenefit,
            Version::V1,
            &elements,
        )
        .unwrap()
    }

    #[test]
    fn asked_and_mandatory_members_stay_byte_for_byte() {
        let text = r#"{"resourceType":"ExplanationOfBenefit", "id":"1", "meta":{"lastUpdated":"x"}, "status":"active",
            "patient" : {"reference":"Patient/1"}, "item":[ {"a": 1.50} ], "total":{"value":1}}"#;
        assert_eq!(
            eob(text, &["item.adjudication", "ExplanationOfBenefit.status"]),
            r#"{"resourceType":"ExplanationOfBenefit","id":"1","meta":{"lastUpdated":"x","tag":[{"system":"http://hl7.org/fhir/v3/ObservationValue","code":"SUBSETTED"}]},"status":"active","patient":{"reference":"Patient/1"},"item":[ {"a": 1.50} ]}"#
        );
    }

    #[test]
    fn r4_keeps_what_r4_demands() {
        let text = r#"{"resourceType":"Coverage","id":"1","status":"active","payor":[],"beneficiary":{},"class":[]}"#;
        let out = of_resource(
            text,
            ResourceType::Coverage,
            Version::V2,
            &["id".to_owned()],
        )
        .unwrap();
        for name in ["status", "payor", "beneficiary", "SUBSETTED"] {
            assert!(out.contains(name), "{name}");
        }
        assert!(!out.contains("class"));
    }

    #[test]
    fn tags_that_are_there_stay() {
        let text = r#"{"resourceType":"ExplanationOfBenefit","meta":{"tag":[{"code":"a"}]}}"#;
        assert!(eob(text, &["x"]).contains(r#""tag":[{"code":"a"},{"system""#));
        let text = r#"{"resourceType":"ExplanationOfBenefit","meta":{"tag":[ ]}}"#;
        assert!(eob(text, &["x"]).contains(r#""tag":[ {"system""#));
    }

    #[test]
    fn contained_resources_stay_while_something_refers_to_them() {
        let text = r##"{"resourceType":"ExplanationOfBenefit","contained":[{"id":"o"}],"provider":{"reference":"#o"},"status":"a"}"##;
        assert!(eob(text, &["provider"]).contains("contained"));
        assert!(!eob(text, &["status"]).contains("contained"));
    }

    #[test]
    fn each_entry_of_a_bundle_is_projected() {
        let text = r#"{"resourceType":"Bundle","total":2,"entry":[{"fullUrl":"u","resource":{"resourceType":"Patient","id":"1","name":[],"gender":"x"}},{"resource":{"resourceType":"Patient","id":"1"}}]}"#;
        let out = of_bundle(
            text,
            ResourceType::Patient,
            Version::V2,
            &["gender".to_owned()],
        )
        .unwrap();
        let json: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(json["total"], 2);
        assert_eq!(json["entry"][0]["fullUrl"], "u");
        assert_eq!(json["entry"][0]["resource"]["gender"], "x");
        assert!(json["entry"][0]["resource"].get("name").is_none());
        assert_eq!(
            json["entry"][1]["resource"]["meta"]["tag"][0]["code"],
            "SUBSETTED"
        );
    }
}
