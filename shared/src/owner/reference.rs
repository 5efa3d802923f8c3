//! Whose a reference is, decided on its decoded text.

use super::Person;
use super::mention::decoded;
use super::names::{Kind, is_of_people};
use crate::fhir::ids::CoverageIdParts;
use crate::id::PatientId;

/// What the text of a `reference` member refers to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Target {
    /// A resource in the same one, which is looked at where it stands.
    Contained,
    /// Another person.
    Foreign,
    /// A Coverage of another person.
    ForeignCoverage,
    /// Nobody.
    Other,
    /// The person.
    Own,
    /// A Coverage of the person.
    OwnCoverage,
    /// Somebody, perhaps, in a form that cannot be compared: a third host, a search, a version, an escape, a type that
    /// FHIR does not know, no type at all.
    Unprovable,
}

impl Person<'_> {
    /// Reads the text of a `reference` member strictly. Only `Patient/{id}` and `Coverage/{id}` say whose they are,
    /// relative or with one of the given bases; and only `{type}/{id}` of other types, a reference to a contained
    /// resource, and a word without digits say that they are nobody's.
    pub(super) fn target(&self, reference: &str) -> Target {
        if let Some(id) = reference.strip_prefix('#') {
            return if is_local_id(id) {
                Target::Contained
            } else {
                Target::Unprovable
            };
        }
        let local = self
            .bases
            .iter()
            .find_map(|base| reference.strip_prefix(base)?.strip_prefix('/'))
            .unwrap_or(reference);
        if let Some(id) = local.strip_prefix("Patient/") {
            return self.patient(id);
        }
        if let Some(id) = local.strip_prefix("Coverage/") {
            return self.coverage(id);
        }
        if self.is_alias_urn(reference) {
            return Target::Own;
        }
        match decoded(reference) {
            Some(plain) if is_nobodys(&plain) => Target::Other,
            _ => Target::Unprovable,
        }
    }

    /// How the entries of a Bundle refer to each other where they have no addresses (FHIR R4, bundle.html#references).
    fn is_alias_urn(&self, reference: &str) -> bool {
        let id = reference.strip_prefix("urn:uuid:");
        id.is_some() && id == self.alias
    }

    /// Whether the id is the person's, or what the answer calls the person.
    pub(super) fn is_id(&self, id: &str) -> bool {
        id == self.id.as_str() || Some(id) == self.alias
    }

    fn patient(&self, id: &str) -> Target {
        if self.is_id(id) {
            return Target::Own;
        }
        match PatientId::parse(id) {
            Ok(_) => Target::Foreign,
            Err(_) => Target::Unprovable,
        }
    }

    /// The id of a Coverage is made of the person's.
    fn coverage(&self, id: &str) -> Target {
        match CoverageIdParts::parse(id) {
            Some(parts) if parts.beneficiary == self.id.as_str() => Target::OwnCoverage,
            Some(_) => Target::ForeignCoverage,
            None => Target::Unprovable,
        }
    }
}

/// Whether a reference, decoded, names a resource of another type, or is a mere word.
fn is_nobodys(reference: &str) -> bool {
    if names_patient(reference) || reference.contains(['?', '#']) {
        return false;
    }
    match reference.split_once(':') {
        None if !reference.contains('/') => is_word(reference),
        None => is_path_to_nobody(reference, Host::Ours),
        Some((scheme, rest)) => {
            let is_web = ["http", "https"]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(scheme));
            is_web
                && rest
                    .strip_prefix("//")
                    .and_then(|rest| rest.split_once('/'))
                    .is_some_and(|(_, path)| is_path_to_nobody(path, Host::Any))
        }
    }
}

/// Whether text that is neither path nor address can be no id of anybody. Ids and Medicare numbers have digits.
fn is_word(text: &str) -> bool {
    !is_of_people(text) && !text.bytes().any(|byte| byte.is_ascii_digit())
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Host {
    /// A path relative to the base: type and id.
    Ours,
    /// A path that begins with somebody's base.
    Any,
}

/// `{type}/{id}`, and a version of it.
fn is_path_to_nobody(path: &str, host: Host) -> bool {
    let mut segments: Vec<_> = path.split('/').collect();
    if let [.., "_history", version] = segments[..]
        && !version.is_empty()
        && is_local_id(version)
    {
        segments.truncate(segments.len() - 2);
    }
    let [base @ .., kind, id] = &segments[..] else {
        return false;
    };
    let is_nobodys = matches!(
        Kind::of(kind),
        Kind::Free | Kind::ByPatient | Kind::BySubject
    ) && !is_of_people(kind);
    let is_base = (host == Host::Any || base.is_empty())
        && base
            .iter()
            .all(|part| !matches!(*part, "" | "." | "..") && !is_of_people(part));
    is_nobodys && is_base && !id.is_empty() && is_local_id(id)
}

/// FHIR, datatype id; and whatever else can be no path and no address.
fn is_local_id(id: &str) -> bool {
    id.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

/// Whether a part of the reference is the word Patient, in whatever case.
fn names_patient(reference: &str) -> bool {
    reference
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|part| part.eq_ignore_ascii_case("patient"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASES: &[&str] = &[
        "https://api.example.com/v2/fhir",
        "http://backend:8080/x/v2/fhir",
    ];

    fn target(reference: &str) -> Target {
        let id = PatientId::parse("-2014").unwrap();
        Person::new(&id, BASES).target(reference)
    }

    #[test]
    fn own_is_relative_or_absolute_with_a_known_base() {
        assert_eq!(target("Patient/-2014"), Target::Own);
        assert_eq!(
            target("https://api.example.com/v2/fhir/Patient/-2014"),
            Target::Own
        );
        assert_eq!(
            target("http://backend:8080/x/v2/fhir/Patient/-2014"),
            Target::Own
        );
    }

    #[test]
    fn another_number_is_foreign_however_alike() {
        for other in [
            "Patient/-20140",
            "Patient/-201",
            "Patient/2014",
            "Patient/-02014",
            "http://backend:8080/x/v2/fhir/Patient/7",
        ] {
            assert_eq!(target(other), Target::Foreign, "{other}");
        }
    }

    #[test]
    fn a_patient_in_any_other_form_is_unprovable() {
        for bad in [
            "https://third.example/v2/fhir/Patient/-2014",
            "https://api.example.com/v1/fhir/Patient/-2014",
            "Patient/-2014/_history/1",
            "Patient/-2014 ",
            " Patient/-2014",
            "Patient/-2014#x",
            "Patient/-2014|1",
            "Patient/",
            "Patient",
            "Patient?identifier=x",
            "patient/-2014",
            "PATIENT/-2014",
            "/Patient/-2014",
            "Patient%2F-2014",
            "%50atient/-2014",
            "%2550atient/-2014",
            "%25252525252550atient/1",
            "Patient/abc",
            "Patient/٣",
        ] {
            assert_eq!(target(bad), Target::Unprovable, "{bad}");
        }
    }

    #[test]
    fn a_coverage_is_its_beneficiarys() {
        for own in [
            "Coverage/part-a--2014",
            "Coverage/PART-D--2014",
            "Coverage/dual--2014",
            "Coverage/c4dic-part-b--2014",
            "Coverage/part-c--2014-H1234-003",
            "http://backend:8080/x/v2/fhir/Coverage/part-a--2014",
        ] {
            assert_eq!(target(own), Target::OwnCoverage, "{own}");
        }
        for other in [
            "Coverage/part-a-2014",
            "Coverage/part-a--20140",
            "Coverage/part-b--201",
            "Coverage/dual-7",
            "Coverage/c4dic-part-a-7",
            "Coverage/part-c-7-H1234-003",
            "https://api.example.com/v2/fhir/Coverage/part-a-7",
        ] {
            assert_eq!(target(other), Target::ForeignCoverage, "{other}");
        }
        for bad in [
            "Coverage/1",
            "Coverage/part-a",
            "Coverage/part-x--2014",
            "Coverage/part-a--2014/_history/1",
            "Coverage/part-a--2014?x",
            "Coverage/part-c--2014-H1234",
            "Coverage?beneficiary=-2014",
            "coverage/part-a--2014",
            "https://third.example/v2/fhir/Coverage/part-a--2014",
            "Coverage//part-a--2014",
            "Coverage%2Fpart-a--2014",
            "Coverage",
        ] {
            assert_eq!(target(bad), Target::Unprovable, "{bad}");
        }
    }

    #[test]
    fn what_may_name_somebody_is_unprovable() {
        for bad in [
            "RelatedPerson/1",
            "Person/1",
            "Group/1",
            "Group/50%25",
            "group/1",
            "https://third.example/Person/1",
            "urn:uuid:1f0a9c66-5f52-4be5-a7b2-9d1be8f7f1c0",
            "urn:oid:1.2.3",
            "URN:UUID:9",
            "mailto:a@example.com",
            "-2014",
            "7",
            "1S00E00AA00",
            "100%",
            "/7",
            "./7",
            "Member/7",
            "organization/1",
            "Organization//1",
            "Organization/../Person/1",
            "Organization/1/Person/2",
            "Organization/",
            "Organization?_id=1",
            "Organization/1#x",
            "Organization/1/_history/",
            "ExplanationOfBenefit?patient=7",
            "?_id=7",
            "https://third.example",
            "https://third.example/7",
            "ftp://third.example/Organization/1",
            "//third.example/Organization/1",
            "#a/b",
            "#Patient/7",
            "Organization/1 ",
        ] {
            assert_eq!(target(bad), Target::Unprovable, "{bad}");
        }
    }

    #[test]
    fn what_names_nobody_is_other() {
        for other in [
            "Organization/Patients",
            "Organization/1",
            "Practitioner/a-b.c",
            "Organization/1/_history/2",
            "https://third.example/fhir/r4/Organization/1",
            "HTTPS://third.example/Location/1/_history/2",
            // A claim is read through the guard, whosever it is.
            "Claim/1",
            "ExplanationOfBenefit/carrier--7",
            "",
            "IGNORED_FIELD",
            "%",
        ] {
            assert_eq!(target(other), Target::Other, "{other}");
        }
        for contained in [
            "#provider-org",
            "#patient",
            "#1",
            "#line-observation-6",
            "#",
        ] {
            assert_eq!(target(contained), Target::Contained, "{contained}");
        }
    }
}
