//! Names by which FHIR tells that something is about a person, as lists.

use super::Key;

/// How a resource inside of another is owned.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Owned {
    /// By its own id: a Patient.
    ById,
    /// By the person in this member, which must be there.
    By(Key),
    /// By nobody, or by the person in one of those members.
    ByNobody,
    /// Nobody knows.
    Unknown,
}

const BY_PATIENT: &str = "AllergyIntolerance BodySite BodyStructure Claim ClaimResponse Consent \
    CoverageEligibilityRequest CoverageEligibilityResponse EligibilityRequest EpisodeOfCare ExplanationOfBenefit \
    FamilyMemberHistory ImagingManifest Immunization ImmunizationEvaluation ImmunizationRecommendation NutritionOrder \
    RelatedPerson VisionPrescription";

const BY_SUBJECT: &str = "AdverseEvent CarePlan ChargeItem ClinicalImpression Composition Condition DeviceRequest \
    DeviceUseStatement Flag Goal MedicationAdministration MedicationRequest MedicationStatement Procedure \
    ProcedureRequest ReferralRequest RiskAssessment ServiceRequest";

const BY_NOBODY: &str = "Account ActivityDefinition Basic Binary BiologicallyDerivedProduct Bundle CareTeam \
    ChargeItemDefinition Communication CommunicationRequest Contract DetectedIssue Device DeviceComponent \
    DeviceDefinition DeviceMetric DiagnosticReport DocumentManifest DocumentReference EligibilityResponse Encounter \
    Endpoint GuidanceResponse HealthcareService InsurancePlan Invoice Library List Location Measure MeasureReport Media \
    Medication MedicationDispense MedicationKnowledge MolecularSequence Observation ObservationDefinition \
    OperationOutcome Organization OrganizationAffiliation Parameters PaymentNotice PaymentReconciliation PlanDefinition \
    Practitioner PractitionerRole Questionnaire QuestionnaireResponse RequestGroup ResearchStudy Sequence Specimen \
    SpecimenDefinition Substance SupplyDelivery SupplyRequest Task";

const PEOPLE: &str = "patient coverage group person relatedperson";

fn is_in(list: &str, name: &str) -> bool {
    list.split_whitespace().any(|known| known == name)
}

pub(super) fn owned(kind: &str) -> Owned {
    if kind.eq_ignore_ascii_case("patient") {
        Owned::ById
    } else if kind == "Coverage" {
        Owned::By(Key::Beneficiary)
    } else if is_in(BY_PATIENT, kind) {
        Owned::By(Key::Patient)
    } else if is_in(BY_SUBJECT, kind) {
        Owned::By(Key::Subject)
    } else if is_in(BY_NOBODY, kind) {
        Owned::ByNobody
    } else {
        Owned::Unknown
    }
}

/// Whether a reference to such a type may name somebody.
pub(super) fn names_people(kind: &str) -> bool {
    is_in(PEOPLE, &kind.to_ascii_lowercase())
}

/// R4 `Reference.type`: a type or the address of its definition.
pub(super) fn type_names_people(kind: &str) -> bool {
    let end = kind.find(['|', '?', '#']).unwrap_or(kind.len());
    let mut name = &kind[..end];
    while let Some(shorter) = name.strip_suffix('/') {
        name = shorter;
    }
    let begin = name.rfind(['/', ':']).map_or(0, |at| at + 1);
    names_people(name[begin..].trim())
}

/// Whose numbers a system holds: those of Patients, which are ids of resources, or others of people.
pub(super) fn numbers_of(uri: &str) -> Option<Owned> {
    let begin = uri.rfind(['/', '#', ':']).map_or(0, |at| at + 1);
    match &*uri[begin..].to_ascii_lowercase() {
        "bene_id" | "bene-id" | "bene_sk" | "bene-sk" => Some(Owned::ById),
        "mbi"
        | "us-mbi"
        | "mbi-hash"
        | "mbi_hash"
        | "mbihash"
        | "hicn"
        | "us-hicn"
        | "hicn-hash"
        | "hicn_hash"
        | "hicnhash"
        | "us-medicare"
        | "us-ssn"
        | "ssn"
        | "2.16.840.1.113883.4.1"
        | "2.16.840.1.113883.4.572"
        | "2.16.840.1.113883.4.927" => Some(Owned::Unknown),
        _ => None,
    }
}
