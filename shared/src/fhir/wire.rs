//! The JSON of the three resource types as servers write it, and no more of it than the model needs.
//!
//! One serde pass over borrowed text; fields that nobody reads are skipped. Where the versions
//! spell a thing differently both spellings are here, and the mapping layer takes whichever came.
//! Nothing is mandatory, so any subset of a resource reads. [`Resource`] holds the fields of all
//! three types at once: the type's name may come last in the text (v3 sorts its keys), and one pass
//! must do. Numbers stay text ([`Raw`]), because money must not go through floating point.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The untouched text of a JSON value.
pub(crate) type Raw<'a> = Option<&'a RawValue>;

/// A string, borrowed from the input unless it has escapes.
#[derive(Debug, Clone)]
pub(crate) struct Str<'a>(pub(crate) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Str<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Text).map(Self)
    }
}

/// Declares wire structs: for each member the JSON names, the field and its type. This is what
/// `derive(Deserialize)` would write, but smaller when compiled, and it takes objects only: derived
/// structs also accept arrays. A member that comes twice is an error, and so a matter for `salvage`.
macro_rules! wire {
    ($($(#[$doc:meta])* $name:ident { $($($json:literal)|+ => $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(crate) struct $name<'a> {
            $(pub(crate) $field: $type,)*
        }

        impl<'de: 'a, 'a> Deserialize<'de> for $name<'a> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Object<'a>(PhantomData<&'a ()>);

                impl<'de: 'a, 'a> Visitor<'de> for Object<'a> {
                    type Value = $name<'a>;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                        let mut out = Self::Value::default();
                        while let Some(Str(key)) = map.next_key()? {
                            match &*key {
                                $($($json)|+ => read(&mut map, &mut out.$field)?,)*
                                _ => {
                                    map.next_value::<IgnoredAny>()?;
                                }
                            }
                        }
                        Ok(out)
                    }
                }

                deserializer.deserialize_map(Object(PhantomData))
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

/// Reads a member's value into its field, which must have none yet. Not inlined: the many fields of
/// one type share this code, or the browser module would be twice the size.
#[inline(never)]
fn read<'de, T, M>(map: &mut M, slot: &mut T) -> Result<(), M::Error>
where
    T: Deserialize<'de> + Slot,
    M: MapAccess<'de>,
{
    if slot.is_filled() {
        return Err(de::Error::custom("duplicate member"));
    }
    *slot = map.next_value()?;
    Ok(())
}

/// A field that may have been read before.
trait Slot {
    fn is_filled(&self) -> bool;
}

impl<T> Slot for Option<T> {
    fn is_filled(&self) -> bool {
        self.is_some()
    }
}

impl<T> Slot for Vec<T> {
    fn is_filled(&self) -> bool {
        !self.is_empty()
    }
}

impl<T> Slot for OneOrMany<T> {
    fn is_filled(&self) -> bool {
        !self.0.is_empty()
    }
}

impl Slot for Names<'_> {
    fn is_filled(&self) -> bool {
        !matches!(self, Self::Person(names) if names.is_empty())
    }
}

/// The names of a person, or the one name of an organization.
#[derive(Debug)]
pub(crate) enum Names<'a> {
    Person(Vec<HumanName<'a>>),
    Organization(Str<'a>),
}

impl Default for Names<'_> {
    fn default() -> Self {
        Self::Person(Vec::new())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Names<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        if raw.starts_with('"') {
            serde_json::from_str(raw).map(Self::Organization)
        } else {
            serde_json::from_str(raw).map(Self::Person)
        }
        .map_err(de::Error::custom)
    }
}

/// A list that some versions write as a single object: `insurance` in STU3.
#[derive(Debug)]
pub(crate) struct OneOrMany<T>(pub(crate) Vec<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        if raw.starts_with('{') {
            serde_json::from_str(raw).map(|one| Self(vec![one]))
        } else {
            serde_json::from_str(raw).map(Self)
        }
        .map_err(de::Error::custom)
    }
}

/// The members of a JSON object in their order, each value untouched.
#[derive(Debug)]
pub(crate) struct Members<'a>(pub(crate) Vec<(Str<'a>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Vec<(Str<'de>, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Object).map(Self)
    }
}
