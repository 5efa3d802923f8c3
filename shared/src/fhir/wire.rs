//! The JSON of the three resource types as servers write it, and no more of it than the model needs.
//!
//! One serde pass over borrowed text; fields that nobody reads are skipped. Where the versions
//! spell a thing differently both spellings are here, and the mapping layer takes whichever came.
//! Nothing is mandatory, so any subset of a resource reads. [`Resource`] holds the fields of all
//! three types at once: the type's name may come last in the text (v3 sorts its keys), and one pass
//! must do. Numbers stay text ([`Raw`]), because money must not go through floating point.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
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

/// A search result page.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Bundle<'a> {
    #[serde(borrow)]
    pub(crate) resource_type: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) total: Raw<'a>,
    #[serde(borrow)]
    pub(crate) link: Vec<Link<'a>>,
    #[serde(borrow)]
    pub(crate) entry: Vec<Entry<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Link<'a> {
    #[serde(borrow)]
    pub(crate) relation: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) url: Option<Str<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Entry<'a> {
    #[serde(borrow)]
    pub(crate) resource: Raw<'a>,
}

/// An ExplanationOfBenefit, a Coverage or a Patient.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Resource<'a> {
    // In all three.
    #[serde(borrow)]
    pub(crate) resource_type: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) id: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) meta: Option<Meta<'a>>,
    #[serde(borrow)]
    pub(crate) extension: Vec<Extension<'a>>,
    #[serde(borrow)]
    pub(crate) identifier: Vec<Identifier<'a>>,
    #[serde(borrow)]
    pub(crate) status: Option<Str<'a>>,
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Option<Concept<'a>>,

    // ExplanationOfBenefit.
    #[serde(borrow)]
    pub(crate) contained: Vec<Contained<'a>>,
    #[serde(borrow, rename = "use")]
    pub(crate) purpose: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) outcome: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) created: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) patient: Option<Reference<'a>>,
    #[serde(borrow)]
    pub(crate) billable_period: Option<Period<'a>>,
    #[serde(borrow)]
    pub(crate) provider: Option<Reference<'a>>,
    #[serde(borrow)]
    pub(crate) organization: Option<Reference<'a>>,
    #[serde(borrow)]
    pub(crate) facility: Option<Reference<'a>>,
    #[serde(borrow)]
    pub(crate) referral: Option<Reference<'a>>,
    #[serde(borrow)]
    pub(crate) insurance: OneOrMany<Insurance<'a>>,
    #[serde(borrow)]
    pub(crate) hospitalization: Option<Period<'a>>,
    #[serde(borrow)]
    pub(crate) information: Vec<Info<'a>>,
    #[serde(borrow)]
    pub(crate) supporting_info: Vec<Info<'a>>,
    #[serde(borrow)]
    pub(crate) care_team: Vec<CareTeam<'a>>,
    #[serde(borrow)]
    pub(crate) diagnosis: Vec<Diagnosis<'a>>,
    #[serde(borrow)]
    pub(crate) procedure: Vec<Procedure<'a>>,
    #[serde(borrow)]
    pub(crate) item: Vec<Item<'a>>,
    #[serde(borrow)]
    pub(crate) adjudication: Vec<Adjudication<'a>>,
    #[serde(borrow)]
    pub(crate) total: Vec<Adjudication<'a>>,
    #[serde(borrow)]
    pub(crate) total_cost: Option<Quantity<'a>>,
    #[serde(borrow)]
    pub(crate) payment: Option<Payment<'a>>,
    #[serde(borrow)]
    pub(crate) benefit_balance: Vec<BenefitBalance<'a>>,

    // Coverage.
    #[serde(borrow)]
    pub(crate) beneficiary: Option<Reference<'a>>,
    #[serde(borrow)]
    pub(crate) subscriber_id: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) period: Option<Period<'a>>,
    #[serde(borrow)]
    pub(crate) class: Vec<Class<'a>>,
    #[serde(borrow)]
    pub(crate) grouping: Option<Grouping<'a>>,

    // Patient.
    #[serde(borrow)]
    pub(crate) name: Names<'a>,
    #[serde(borrow)]
    pub(crate) gender: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) birth_date: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) deceased_date_time: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) deceased_boolean: Raw<'a>,
    #[serde(borrow)]
    pub(crate) address: Vec<Address<'a>>,
    #[serde(borrow)]
    pub(crate) communication: Vec<Communication<'a>>,
    #[serde(borrow)]
    pub(crate) link: Vec<PatientLink<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Meta<'a> {
    #[serde(borrow)]
    pub(crate) last_updated: Option<Str<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Concept<'a> {
    #[serde(borrow)]
    pub(crate) coding: Vec<Coding<'a>>,
    #[serde(borrow)]
    pub(crate) extension: Vec<Extension<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Coding<'a> {
    #[serde(borrow)]
    pub(crate) system: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) code: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) display: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) extension: Vec<Extension<'a>>,
}

/// An extension. Codings, identifiers and quantities have no fields in common that mean different
/// things, so one struct takes all three; dates, strings and codes are all text.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Extension<'a> {
    #[serde(borrow)]
    pub(crate) url: Option<Str<'a>>,
    #[serde(
        borrow,
        alias = "valueCoding",
        alias = "valueIdentifier",
        alias = "valueQuantity"
    )]
    pub(crate) value: Option<Quantity<'a>>,
    #[serde(borrow, rename = "valueMoney")]
    pub(crate) money: Option<Quantity<'a>>,
    #[serde(
        borrow,
        alias = "valueDate",
        alias = "valueString",
        alias = "valueCode"
    )]
    pub(crate) text: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) extension: Vec<Self>,
}

/// A quantity, money (v1 has the currency in `code`, R4 in `currency`; it is never read, the
/// backend knows dollars only), or the value of an extension.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Quantity<'a> {
    #[serde(borrow)]
    pub(crate) value: Raw<'a>,
    #[serde(borrow)]
    pub(crate) unit: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) code: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) display: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) extension: Vec<Extension<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Identifier<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Option<Concept<'a>>,
    #[serde(borrow)]
    pub(crate) system: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) value: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) period: Option<Period<'a>>,
    #[serde(borrow)]
    pub(crate) extension: Vec<Extension<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Reference<'a> {
    #[serde(borrow)]
    pub(crate) reference: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) identifier: Option<Identifier<'a>>,
    #[serde(borrow)]
    pub(crate) display: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) extension: Vec<Extension<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Period<'a> {
    #[serde(borrow)]
    pub(crate) start: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) end: Option<Str<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Contained<'a> {
    #[serde(borrow)]
    pub(crate) resource_type: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) id: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) identifier: Vec<Identifier<'a>>,
    #[serde(borrow)]
    pub(crate) name: Names<'a>,
    #[serde(borrow)]
    pub(crate) requester: Option<Requester<'a>>,
}

/// Who asked for the referral (v1 ReferralRequest).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Requester<'a> {
    #[serde(borrow)]
    pub(crate) agent: Option<Reference<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Insurance<'a> {
    #[serde(borrow)]
    pub(crate) coverage: Option<Reference<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Info<'a> {
    #[serde(borrow)]
    pub(crate) sequence: Raw<'a>,
    #[serde(borrow)]
    pub(crate) category: Option<Concept<'a>>,
    #[serde(borrow)]
    pub(crate) code: Option<Concept<'a>>,
    #[serde(borrow)]
    pub(crate) timing_date: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) timing_period: Option<Period<'a>>,
    #[serde(borrow)]
    pub(crate) value_quantity: Option<Quantity<'a>>,
    #[serde(borrow)]
    pub(crate) value_string: Option<Str<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CareTeam<'a> {
    #[serde(borrow)]
    pub(crate) sequence: Raw<'a>,
    #[serde(borrow)]
    pub(crate) provider: Option<Reference<'a>>,
    #[serde(borrow)]
    pub(crate) role: Option<Concept<'a>>,
    #[serde(borrow)]
    pub(crate) qualification: Option<Concept<'a>>,
    #[serde(borrow)]
    pub(crate) extension: Vec<Extension<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Diagnosis<'a> {
    #[serde(borrow)]
    pub(crate) sequence: Raw<'a>,
    #[serde(borrow)]
    pub(crate) diagnosis_codeable_concept: Option<Concept<'a>>,
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Vec<Concept<'a>>,
    #[serde(borrow)]
    pub(crate) on_admission: Option<Concept<'a>>,
    #[serde(borrow)]
    pub(crate) package_code: Option<Concept<'a>>,
    #[serde(borrow)]
    pub(crate) extension: Vec<Extension<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Procedure<'a> {
    #[serde(borrow)]
    pub(crate) sequence: Raw<'a>,
    #[serde(borrow)]
    pub(crate) date: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) procedure_codeable_concept: Option<Concept<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Item<'a> {
    #[serde(borrow)]
    pub(crate) sequence: Raw<'a>,
    // v1 links by `*LinkId`, R4 by `*Sequence`.
    #[serde(borrow)]
    pub(crate) care_team_link_id: Vec<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) care_team_sequence: Vec<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) diagnosis_link_id: Vec<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) diagnosis_sequence: Vec<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) category: Option<Concept<'a>>,
    #[serde(borrow)]
    pub(crate) revenue: Option<Concept<'a>>,
    // v1 `service`, R4 `productOrService`.
    #[serde(borrow)]
    pub(crate) service: Option<Concept<'a>>,
    #[serde(borrow)]
    pub(crate) product_or_service: Option<Concept<'a>>,
    #[serde(borrow)]
    pub(crate) modifier: Vec<Concept<'a>>,
    #[serde(borrow)]
    pub(crate) serviced_date: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) serviced_period: Option<Period<'a>>,
    #[serde(borrow)]
    pub(crate) location_codeable_concept: Option<Concept<'a>>,
    #[serde(borrow)]
    pub(crate) location_address: Option<Address<'a>>,
    #[serde(borrow)]
    pub(crate) quantity: Option<Quantity<'a>>,
    #[serde(borrow)]
    pub(crate) adjudication: Vec<Adjudication<'a>>,
    #[serde(borrow)]
    pub(crate) detail: Vec<Detail<'a>>,
    #[serde(borrow)]
    pub(crate) extension: Vec<Extension<'a>>,
}

/// A part of a line: the compound flag (v1) or an ingredient (v3).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Detail<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Option<Concept<'a>>,
    #[serde(borrow)]
    pub(crate) product_or_service: Option<Concept<'a>>,
}

/// An adjudication of a line or a claim, or one of the claim's totals.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Adjudication<'a> {
    #[serde(borrow)]
    pub(crate) category: Option<Concept<'a>>,
    #[serde(borrow)]
    pub(crate) reason: Option<Concept<'a>>,
    #[serde(borrow)]
    pub(crate) amount: Option<Quantity<'a>>,
    #[serde(borrow)]
    pub(crate) value: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Payment<'a> {
    #[serde(borrow)]
    pub(crate) date: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) amount: Option<Quantity<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct BenefitBalance<'a> {
    #[serde(borrow)]
    pub(crate) financial: Vec<Financial<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Financial<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Option<Concept<'a>>,
    #[serde(borrow)]
    pub(crate) used_money: Option<Quantity<'a>>,
    #[serde(borrow)]
    pub(crate) used_unsigned_int: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Class<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Option<Concept<'a>>,
    #[serde(borrow)]
    pub(crate) value: Option<Str<'a>>,
}

/// The plan in v1.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Grouping<'a> {
    #[serde(borrow)]
    pub(crate) sub_plan: Option<Str<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Address<'a> {
    #[serde(borrow)]
    pub(crate) line: Vec<Str<'a>>,
    #[serde(borrow)]
    pub(crate) city: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) state: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) postal_code: Option<Str<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Communication<'a> {
    #[serde(borrow)]
    pub(crate) language: Option<Concept<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PatientLink<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) other: Option<Reference<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct HumanName<'a> {
    #[serde(borrow)]
    pub(crate) family: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) given: Vec<Str<'a>>,
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
