//! Names by which FHIR tells that something is about a person: resource types, and systems of identifiers
//! (docs/guard.md lists the elements that they stand in).

/// How a resource below the top is proved.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// By `id`.
    Patient,
    /// By `patient`, which must be there.
    ByPatient,
    /// By `subject`, which must be there.
    BySubject,
    /// By `beneficiary`, which must be there.
    ByBeneficiary,
    /// It is about nobody, or about the person of one of these members where it has one.
    Free,
    /// Not at all: it names people otherwise, or nothing is known of it.
    Unprovable,
}

impl Kind {
    /// By `resourceType`: what STU3 and R4 demand of the type. A reader that ignores case would take `PATIENT` for a
    /// Patient.
    pub(super) fn of(resource_type: &str) -> Self {
        match resource_type {
            "Coverage" => Self::ByBeneficiary,
            "AllergyIntolerance"
            | "BodySite"
            | "BodyStructure"
            | "Claim"
            | "ClaimResponse"
            | "Consent"
            | "CoverageEligibilityRequest"
            | "CoverageEligibilityResponse"
            | "EligibilityRequest"
            | "EpisodeOfCare"
            | "ExplanationOfBenefit"
            | "FamilyMemberHistory"
            | "ImagingManifest"
            | "Immunization"
            | "ImmunizationEvaluation"
            | "ImmunizationRecommendation"
            | "NutritionOrder"
            | "RelatedPerson"
            | "VisionPrescription" => Self::ByPatient,
            "AdverseEvent"
            | "CarePlan"
            | "ChargeItem"
            | "ClinicalImpression"
            | "Composition"
            | "Condition"
            | "DeviceRequest"
            | "DeviceUseStatement"
            | "Flag"
            | "Goal"
            | "MedicationAdministration"
            | "MedicationRequest"
            | "MedicationStatement"
            | "Procedure"
            | "ProcedureRequest"
            | "ReferralRequest"
            | "RiskAssessment"
            | "ServiceRequest" => Self::BySubject,
            name if is_free(name) => Self::Free,
            name if name.eq_ignore_ascii_case("Patient") => Self::Patient,
            _ => Self::Unprovable,
        }
    }
}

/// Types of STU3 and R4 that need not be about a person.
fn is_free(name: &str) -> bool {
    matches!(
        name,
        "Account"
            | "ActivityDefinition"
            | "Basic"
            | "Binary"
            | "BiologicallyDerivedProduct"
            | "Bundle"
            | "CareTeam"
            | "ChargeItemDefinition"
            | "Communication"
            | "CommunicationRequest"
            | "Contract"
            | "DetectedIssue"
            | "Device"
            | "DeviceComponent"
            | "DeviceDefinition"
            | "DeviceMetric"
            | "DiagnosticReport"
            | "DocumentManifest"
            | "DocumentReference"
            | "EligibilityResponse"
            | "Encounter"
            | "Endpoint"
            | "GuidanceResponse"
            | "HealthcareService"
            | "InsurancePlan"
            | "Invoice"
            | "Library"
            | "List"
            | "Location"
            | "Measure"
            | "MeasureReport"
            | "Media"
            | "Medication"
            | "MedicationDispense"
            | "MedicationKnowledge"
            | "MolecularSequence"
            | "Observation"
            | "ObservationDefinition"
            | "OperationOutcome"
            | "Organization"
            | "OrganizationAffiliation"
            | "Parameters"
            | "PaymentNotice"
            | "PaymentReconciliation"
            | "PlanDefinition"
            | "Practitioner"
            | "PractitionerRole"
            | "Questionnaire"
            | "QuestionnaireResponse"
            | "RequestGroup"
            | "ResearchStudy"
            | "Sequence"
            | "Specimen"
            | "SpecimenDefinition"
            | "Substance"
            | "SupplyDelivery"
            | "SupplyRequest"
            | "Task"
    )
}

/// Types that name people, or whose ids are made from a person's: a reference to one of them says whose it is, or
/// is not proved.
const OF_PEOPLE: [&str; 5] = ["Patient", "Coverage", "Group", "Person", "RelatedPerson"];

/// Whether it is one of these types, in whatever case.
pub(super) fn is_of_people(name: &str) -> bool {
    OF_PEOPLE
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether R4 `Reference.type` names one of these types: plainly, or by the URL of its definition, which may carry
/// a version.
pub(super) fn type_is_of_people(text: &str) -> bool {
    let name = text.split(['|', '?', '#']).next().unwrap_or_default();
    let name = name.trim_end_matches('/').rsplit(['/', ':']).next();
    name.is_some_and(|name| is_of_people(name.trim()))
}

/// Whose numbers a system of identifiers holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum System {
    /// Those that are logical ids of Patients too.
    Patients,
    /// Other numbers of people, which cannot be compared: Medicare numbers and their hashes, social security.
    People,
}

impl System {
    /// By the last part of its URI, in whatever case.
    pub(super) fn of(uri: &str) -> Option<Self> {
        let before = uri
            .bytes()
            .rposition(|byte| matches!(byte, b'/' | b'#' | b':'));
        let name = uri.get(before.map_or(0, |at| at + 1)..)?;
        SYSTEMS
            .iter()
            .find(|(known, _)| known.len() == name.len() && known.eq_ignore_ascii_case(name))
            .map(|(_, system)| *system)
    }
}

const SYSTEMS: [(&str, System); 20] = [
    ("bene_id", System::Patients),
    ("bene-id", System::Patients),
    ("bene_sk", System::Patients),
    ("bene-sk", System::Patients),
    ("mbi", System::People),
    ("us-mbi", System::People),
    ("mbi-hash", System::People),
    ("mbi_hash", System::People),
    ("mbihash", System::People),
    ("hicn", System::People),
    ("us-hicn", System::People),
    ("hicn-hash", System::People),
    ("hicn_hash", System::People),
    ("hicnhash", System::People),
    ("us-medicare", System::People),
    ("us-ssn", System::People),
    ("ssn", System::People),
    // Social security, Medicare health insurance claim and Medicare beneficiary numbers (HL7 OID registry).
    ("2.16.840.1.113883.4.1", System::People),
    ("2.16.840.1.113883.4.572", System::People),
    ("2.16.840.1.113883.4.927", System::People),
];

/// Whether text that ends in these three bytes may be a [`System`]. Systems are read often, so this is one look into a
/// table without collisions.
#[inline(always)]
pub(super) fn may_end_system(last: [u8; 3]) -> bool {
    let last = folded(last);
    ENDS[slot(last, MULTIPLIER)] == last
}

/// How the names end.
const ENDINGS: [[u8; 3]; 12] = [
    *b"_id", *b"-id", *b"_sk", *b"-sk", *b"mbi", *b"ash", *b"icn", *b"are", *b"ssn", *b"4.1",
    *b"572", *b"927",
];

const ENDS: [u32; 32] = {
    let mut ends = [0; 32];
    let mut place = 0;
    while place < ENDINGS.len() {
        let end = folded(ENDINGS[place]);
        ends[slot(end, MULTIPLIER)] = end;
        place += 1;
    }
    ends
};

/// The first odd number by which no two of the endings get the same slot.
const MULTIPLIER: u32 = {
    let mut multiplier = 0x9e37_79b1;
    while !is_free_of_collisions(multiplier) {
        multiplier += 2;
    }
    multiplier
};

const fn is_free_of_collisions(multiplier: u32) -> bool {
    let mut taken = 0_u32;
    let mut place = 0;
    while place < ENDINGS.len() {
        let bit = 1 << slot(folded(ENDINGS[place]), multiplier);
        if taken & bit != 0 {
            return false;
        }
        taken |= bit;
        place += 1;
    }
    true
}

const fn slot(end: u32, multiplier: u32) -> usize {
    (end.wrapping_mul(multiplier) >> 27) as usize
}

/// Upper and lower case alike.
const fn folded([a, b, c]: [u8; 3]) -> u32 {
    (a as u32 | (b as u32) << 8 | (c as u32) << 16) | 0x0020_2020
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_ends_as_systems_may() {
        for (name, _) in SYSTEMS {
            for name in [name.to_owned(), name.to_ascii_uppercase()] {
                assert!(
                    may_end_system(*name.as_bytes().last_chunk().unwrap()),
                    "{name}"
                );
            }
        }
        for other in ["type", "phone", "icd-10", "iso:4217", "prvdr_num"] {
            assert!(
                !may_end_system(*other.as_bytes().last_chunk().unwrap()),
                "{other}"
            );
        }
    }

    #[test]
    fn systems_are_known_by_their_last_part() {
        for (uri, wanted) in [
            (
                "https://bluebutton.cms.gov/resources/variables/bene_id",
                Some(System::Patients),
            ),
            (
                "https://bluebutton.cms.gov/resources/variables/BENE_ID",
                Some(System::Patients),
            ),
            (
                "https://bluebutton.cms.gov/resources/identifier/mbi-hash",
                Some(System::People),
            ),
            (
                "http://bluebutton.cms.hhs.gov/identifier#hicnHash",
                Some(System::People),
            ),
            ("http://hl7.org/fhir/sid/us-mbi", Some(System::People)),
            ("urn:oid:2.16.840.1.113883.4.1", Some(System::People)),
            ("mbi", Some(System::People)),
            ("http://hl7.org/fhir/sid/us-npi", None),
            ("urn:oid:2.16.840.1.113883.4.4", None),
            (
                "https://bluebutton.cms.gov/resources/variables/clm_id",
                None,
            ),
            ("", None),
        ] {
            assert_eq!(System::of(uri), wanted, "{uri}");
        }
    }

    #[test]
    fn a_type_of_people_may_be_written_in_any_way() {
        for text in [
            "Patient",
            "patient",
            " PATIENT ",
            "http://hl7.org/fhir/StructureDefinition/Patient",
            "http://hl7.org/fhir/StructureDefinition/Patient|4.0.1",
            "http://hl7.org/fhir/StructureDefinition/patient/",
            "Patient|4.0.1",
            "RelatedPerson",
            "urn:hl7:Coverage",
            "http://hl7.org/fhir/StructureDefinition/Group?x#y",
        ] {
            assert!(type_is_of_people(text), "{text}");
        }
        for text in [
            "Practitioner",
            "Inpatient",
            "patients",
            "searchset",
            "",
            "|",
            "/",
        ] {
            assert!(!type_is_of_people(text), "{text}");
        }
    }
}
