//! The JSON of the three resource types as servers write it, and no more of it than the model needs.
//!
//! One pass over borrowed text; members that nobody reads are skipped. Where the versions
//! spell a thing differently both spellings are here, and the mapping layer takes whichever came.
//! Nothing is mandatory, so any subset of a resource reads. [`Resource`] holds the fields of all
//! three types at once: the type's name may come last in the text (v3 sorts its keys), and one pass
//! must do. Numbers stay text ([`Raw`]), because money must not go through floating point.

use serde_json::value::RawValue;

use super::reader::{Field, Fields, List, Slot};
pub(crate) use super::reader::{Raw, Str};

/// Declares wire structs: for each member its JSON names, the field and the field's type.
macro_rules! wire {
    ($($(#[$doc:meta])* $name:ident { $($($json:literal)|+ => $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(crate) struct $name<'a> {
            $(pub(crate) $field: $type,)*
        }

        impl<'a> Fields<'a> for $name<'a> {
            fn field(&mut self, name: &str) -> Option<Slot<'_, 'a>> {
                Some(match name {
                    $($($json)|+ => self.$field.slot(),)*
                    _ => return None,
                })
            }
        }
    )*};
}

wire! {
    /// A search result page.
    Bundle {
        "resourceType" => resource_type: Option<Str<'a>>,
        "total" => total: Raw<'a>,
        "link" => link: Vec<Link<'a>>,
        "entry" => entry: Vec<Entry<'a>>,
    }

    Link {
        "relation" => relation: Option<Str<'a>>,
        "url" => url: Option<Str<'a>>,
    }

    Entry {
        "resource" => resource: Raw<'a>,
    }

    /// An ExplanationOfBenefit, a Coverage or a Patient.
    Resource {
        // In all three.
        "resourceType" => resource_type: Option<Str<'a>>,
        "id" => id: Option<Str<'a>>,
        "meta" => meta: Option<Meta<'a>>,
        "extension" => extension: Vec<Extension<'a>>,
        "identifier" => identifier: Vec<Identifier<'a>>,
        "status" => status: Option<Str<'a>>,
        "type" => kind: Option<Concept<'a>>,

        // ExplanationOfBenefit.
        "contained" => contained: Vec<Contained<'a>>,
        "use" => purpose: Option<Str<'a>>,
        "outcome" => outcome: Option<Str<'a>>,
        "created" => created: Option<Str<'a>>,
        "patient" => patient: Option<Reference<'a>>,
        "billablePeriod" => billable_period: Option<Period<'a>>,
        "provider" => provider: Option<Reference<'a>>,
        "organization" => organization: Option<Reference<'a>>,
        "facility" => facility: Option<Reference<'a>>,
        "referral" => referral: Option<Reference<'a>>,
        "insurance" => insurance: OneOrMany<Insurance<'a>>,
        "hospitalization" => hospitalization: Option<Period<'a>>,
        "information" => information: Vec<Info<'a>>,
        "supportingInfo" => supporting_info: Vec<Info<'a>>,
        "careTeam" => care_team: Vec<CareTeam<'a>>,
        "diagnosis" => diagnosis: Vec<Diagnosis<'a>>,
        "procedure" => procedure: Vec<Procedure<'a>>,
        "item" => item: Vec<Item<'a>>,
        "adjudication" => adjudication: Vec<Adjudication<'a>>,
        "total" => total: Vec<Adjudication<'a>>,
        "totalCost" => total_cost: Option<Quantity<'a>>,
        "payment" => payment: Option<Payment<'a>>,
        "benefitBalance" => benefit_balance: Vec<BenefitBalance<'a>>,

        // Coverage.
        "beneficiary" => beneficiary: Option<Reference<'a>>,
        "subscriberId" => subscriber_id: Option<Str<'a>>,
        "period" => period: Option<Period<'a>>,
        "class" => class: Vec<Class<'a>>,
        "grouping" => grouping: Option<Grouping<'a>>,

        // Patient.
        "name" => name: Names<'a>,
        "gender" => gender: Option<Str<'a>>,
        "birthDate" => birth_date: Option<Str<'a>>,
        "deceasedDateTime" => deceased_date_time: Option<Str<'a>>,
        "deceasedBoolean" => deceased_boolean: Raw<'a>,
        "address" => address: Vec<Address<'a>>,
        "communication" => communication: Vec<Communication<'a>>,
        "link" => link: Vec<PatientLink<'a>>,
    }

    Meta {
        "lastUpdated" => last_updated: Option<Str<'a>>,
    }

    Concept {
        "coding" => coding: Vec<Coding<'a>>,
        "extension" => extension: Vec<Extension<'a>>,
    }

    Coding {
        "system" => system: Option<Str<'a>>,
        "code" => code: Option<Str<'a>>,
        "display" => display: Option<Str<'a>>,
        "extension" => extension: Vec<Extension<'a>>,
    }

    /// An extension. Codings, identifiers and quantities have no fields in common that mean different
    /// things, so one struct takes all three; dates, strings and codes are all text.
    Extension {
        "url" => url: Option<Str<'a>>,
        "valueCoding" | "valueIdentifier" | "valueQuantity" => value: Option<Quantity<'a>>,
        "valueMoney" => money: Option<Quantity<'a>>,
        "valueDate" | "valueString" | "valueCode" => text: Option<Str<'a>>,
        "extension" => extension: Vec<Extension<'a>>,
    }

    /// A quantity, money (v1 has the currency in `code`, R4 in `currency`; it is never read, the
    /// backend knows dollars only), or the value of an extension.
    Quantity {
        "value" => value: Raw<'a>,
        "unit" => unit: Option<Str<'a>>,
        "code" => code: Option<Str<'a>>,
        "display" => display: Option<Str<'a>>,
        "extension" => extension: Vec<Extension<'a>>,
    }

    Identifier {
        "type" => kind: Option<Concept<'a>>,
        "system" => system: Option<Str<'a>>,
        "value" => value: Option<Str<'a>>,
        "period" => period: Option<Period<'a>>,
        "extension" => extension: Vec<Extension<'a>>,
    }

    Reference {
        "reference" => reference: Option<Str<'a>>,
        "identifier" => identifier: Option<Identifier<'a>>,
        "display" => display: Option<Str<'a>>,
        "extension" => extension: Vec<Extension<'a>>,
    }

    Period {
        "start" => start: Option<Str<'a>>,
        "end" => end: Option<Str<'a>>,
    }

    Contained {
        "resourceType" => resource_type: Option<Str<'a>>,
        "id" => id: Option<Str<'a>>,
        "identifier" => identifier: Vec<Identifier<'a>>,
        "name" => name: Names<'a>,
        "requester" => requester: Option<Requester<'a>>,
    }

    /// Who asked for the referral (v1 ReferralRequest).
    Requester {
        "agent" => agent: Option<Reference<'a>>,
    }

    Insurance {
        "coverage" => coverage: Option<Reference<'a>>,
        "extension" => extension: Vec<Extension<'a>>,
    }

    Info {
        "sequence" => sequence: Raw<'a>,
        "category" => category: Option<Concept<'a>>,
        "code" => code: Option<Concept<'a>>,
        "timingDate" => timing_date: Option<Str<'a>>,
        "timingPeriod" => timing_period: Option<Period<'a>>,
        "valueQuantity" => value_quantity: Option<Quantity<'a>>,
        "valueString" => value_string: Option<Str<'a>>,
    }

    CareTeam {
        "sequence" => sequence: Raw<'a>,
        "provider" => provider: Option<Reference<'a>>,
        "role" => role: Option<Concept<'a>>,
        "qualification" => qualification: Option<Concept<'a>>,
        "extension" => extension: Vec<Extension<'a>>,
    }

    Diagnosis {
        "sequence" => sequence: Raw<'a>,
        "diagnosisCodeableConcept" => diagnosis_codeable_concept: Option<Concept<'a>>,
        "type" => kind: Vec<Concept<'a>>,
        "onAdmission" => on_admission: Option<Concept<'a>>,
        "packageCode" => package_code: Option<Concept<'a>>,
        "extension" => extension: Vec<Extension<'a>>,
    }

    Procedure {
        "sequence" => sequence: Raw<'a>,
        "date" => date: Option<Str<'a>>,
        "procedureCodeableConcept" => procedure_codeable_concept: Option<Concept<'a>>,
    }

    Item {
        "sequence" => sequence: Raw<'a>,
        // v1 links by `*LinkId`, R4 by `*Sequence`.
        "careTeamLinkId" => care_team_link_id: Vec<&'a RawValue>,
        "careTeamSequence" => care_team_sequence: Vec<&'a RawValue>,
        "diagnosisLinkId" => diagnosis_link_id: Vec<&'a RawValue>,
        "diagnosisSequence" => diagnosis_sequence: Vec<&'a RawValue>,
        "category" => category: Option<Concept<'a>>,
        "revenue" => revenue: Option<Concept<'a>>,
        // v1 `service`, R4 `productOrService`.
        "service" => service: Option<Concept<'a>>,
        "productOrService" => product_or_service: Option<Concept<'a>>,
        "modifier" => modifier: Vec<Concept<'a>>,
        "servicedDate" => serviced_date: Option<Str<'a>>,
        "servicedPeriod" => serviced_period: Option<Period<'a>>,
        "locationCodeableConcept" => location_codeable_concept: Option<Concept<'a>>,
        "locationAddress" => location_address: Option<Address<'a>>,
        "quantity" => quantity: Option<Quantity<'a>>,
        "adjudication" => adjudication: Vec<Adjudication<'a>>,
        "detail" => detail: Vec<Detail<'a>>,
        "extension" => extension: Vec<Extension<'a>>,
    }

    /// A part of a line: the compound flag (v1) or an ingredient (v3).
    Detail {
        "type" => kind: Option<Concept<'a>>,
        "productOrService" => product_or_service: Option<Concept<'a>>,
    }

    /// An adjudication of a line or a claim, or one of the claim's totals.
    Adjudication {
        "category" => category: Option<Concept<'a>>,
        "reason" => reason: Option<Concept<'a>>,
        "amount" => amount: Option<Quantity<'a>>,
        "value" => value: Raw<'a>,
    }

    Payment {
        "date" => date: Option<Str<'a>>,
        "amount" => amount: Option<Quantity<'a>>,
    }

    BenefitBalance {
        "financial" => financial: Vec<Financial<'a>>,
    }

    Financial {
        "type" => kind: Option<Concept<'a>>,
        "usedMoney" => used_money: Option<Quantity<'a>>,
        "usedUnsignedInt" => used_unsigned_int: Raw<'a>,
    }

    Class {
        "type" => kind: Option<Concept<'a>>,
        "value" => value: Option<Str<'a>>,
    }

    /// The plan in v1.
    Grouping {
        "subPlan" => sub_plan: Option<Str<'a>>,
    }

    Address {
        "line" => line: Vec<Str<'a>>,
        "city" => city: Option<Str<'a>>,
        "state" => state: Option<Str<'a>>,
        "postalCode" => postal_code: Option<Str<'a>>,
    }

    Communication {
        "language" => language: Option<Concept<'a>>,
    }

    PatientLink {
        "type" => kind: Option<Str<'a>>,
        "other" => other: Option<Reference<'a>>,
    }

    HumanName {
        "family" => family: Option<Str<'a>>,
        "given" => given: Vec<Str<'a>>,
    }
}

/// The names of a person, or the one name of an organization.
#[derive(Debug, Default)]
pub(crate) struct Names<'a> {
    pub(crate) people: Vec<HumanName<'a>>,
    pub(crate) organization: Option<Str<'a>>,
}

impl<'a> Field<'a> for Names<'a> {
    fn slot(&mut self) -> Slot<'_, 'a> {
        if self.organization.is_some() || !self.people.is_empty() {
            return Slot::Filled;
        }
        Slot::Loose(self)
    }
}

impl<'a> List<'a> for Names<'a> {
    fn push(&mut self) -> &mut dyn Fields<'a> {
        List::push(&mut self.people)
    }

    fn text(&mut self) -> Option<&mut Option<Str<'a>>> {
        Some(&mut self.organization)
    }
}

/// A list that STU3 writes as a single object.
#[derive(Debug)]
pub(crate) struct OneOrMany<T>(pub(crate) Vec<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'a, T: Fields<'a> + Default> Field<'a> for OneOrMany<T> {
    fn slot(&mut self) -> Slot<'_, 'a> {
        if self.0.is_empty() {
            Slot::Loose(&mut self.0)
        } else {
            Slot::Filled
        }
    }
}
