//! Why the claims backend refused a request, as far as that may be told (docs/contract/07-fhir.md, 7.5).
//!
//! What it writes may name people: it quotes ids, Medicare numbers and whatever else it was asked with or found. So
//! none of its words go on. Those that are known stand for a sentence of ours, and all others for one that says
//! nothing but what to look at.

use serde::Deserialize;

/// A reason that is known, or none.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rejection {
    /// The id of a claim.
    ClaimId,
    /// The id of a Coverage.
    CoverageId,
    /// `_count`.
    Count,
    /// A date.
    Date,
    /// How many ids were asked for.
    Ids,
    /// `outcome`.
    Outcome,
    /// The id of a Patient.
    PatientId,
    /// A parameter that there is not, or is missing.
    Parameter,
    /// `_security`.
    Security,
    /// `_source`.
    Source,
    /// `startIndex`.
    StartIndex,
    /// `_tag`.
    Tag,
    /// Anything else.
    Unknown,
}

impl Rejection {
    /// What an answer with a status of 4xx says, where it is an OperationOutcome that says anything.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let outcome: OperationOutcome = serde_json::from_slice(body).ok()?;
        if outcome.resource_type != "OperationOutcome" {
            return None;
        }
        let issues = outcome.issue.into_iter();
        let mut said = issues.filter_map(|issue| issue.diagnostics);
        said.find(|text| !text.trim().is_empty())
            .map(|text| Self::of(&text))
    }

    fn of(diagnostics: &str) -> Self {
        KNOWN
            .iter()
            .find(|(beginning, _)| diagnostics.starts_with(beginning))
            .map_or(Self::Unknown, |(_, rejection)| *rejection)
    }

    /// The sentence for the client.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::ClaimId => {
                "The id is not that of a claim: on v1 and v2 it is a claim type, a hyphen and a number, on v3 a number."
            }
            Self::CoverageId => {
                "The id is not that of a coverage: it is a part of Medicare, a hyphen and the number of the person, like part-a-12345."
            }
            Self::Count => "The claims backend does not take this _count.",
            Self::Date => "The claims backend does not take this date. Send it like ge2020-01-31.",
            Self::Ids => "Too many ids were asked for at once.",
            Self::Outcome => "The outcome is one of complete, partial, queued and error.",
            Self::Parameter => {
                "The claims backend does not know a search parameter, or misses one."
            }
            Self::PatientId => "The id of a patient is a number.",
            Self::Security => {
                "The _security is 42CFRPart2, with or without http://terminology.hl7.org/CodeSystem/v3-ActCode."
            }
            Self::Source => "The _source is one or more of DDPS, NCH, MCS, VMS, FISS and CWF.",
            Self::StartIndex => "The startIndex is past the end.",
            Self::Tag => {
                "The _tag is a system and a code that the claims backend knows, with | between them."
            }
            Self::Unknown => {
                "The claims backend refused the request. Check the id and the parameters against the documentation."
            }
        }
    }
}

/// How known diagnostics begin: before any value that they quote.
const KNOWN: [(&str, Rejection); 24] = [
    ("ExplanationOfBenefit ID pattern:", Rejection::ClaimId),
    ("ID pattern:", Rejection::ClaimId),
    ("Coverage ID pattern:", Rejection::CoverageId),
    ("Invalid Coverage ID format.", Rejection::CoverageId),
    (
        "Unrecognized or unsupported coverage part",
        Rejection::CoverageId,
    ),
    ("Value for pageSize cannot be negative", Rejection::Count),
    ("Invalid pageSize", Rejection::Count),
    (
        "Failed to parse value for _count as a number.",
        Rejection::Count,
    ),
    ("Value for startIndex", Rejection::StartIndex),
    (
        "Failed to parse value for startIndex as a number.",
        Rejection::StartIndex,
    ),
    (
        "Failed to parse value for Patient ID as a number.",
        Rejection::PatientId,
    ),
    (
        "Failed to parse value for Beneficiary ID as a number.",
        Rejection::PatientId,
    ),
    ("Patient ID must be a number", Rejection::PatientId),
    ("ID is not a valid number", Rejection::PatientId),
    ("Reference is not a valid number", Rejection::PatientId),
    ("Invalid resource type", Rejection::PatientId),
    ("Invalid date/time", Rejection::Date),
    ("Invalid request:", Rejection::Parameter),
    ("_elements tag is only supported", Rejection::Parameter),
    ("A maximum of", Rejection::Ids),
    ("Searching by tag requires a token", Rejection::Tag),
    ("Unknown outcome.", Rejection::Outcome),
    ("Unknown source.", Rejection::Source),
    ("Invalid security code", Rejection::Security),
];

#[derive(Deserialize)]
struct OperationOutcome {
    #[serde(rename = "resourceType")]
    resource_type: String,
    #[serde(default)]
    issue: Vec<Issue>,
}

#[derive(Deserialize)]
struct Issue {
    diagnostics: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(diagnostics: &str) -> Vec<u8> {
        let issue = serde_json::json!([{ "severity": "error", "diagnostics": diagnostics }]);
        serde_json::json!({ "resourceType": "OperationOutcome", "issue": issue })
            .to_string()
            .into_bytes()
    }

    #[test]
    fn known_diagnostics_become_a_sentence_of_ours() {
        for (diagnostics, wanted) in [
            (
                "ExplanationOfBenefit ID pattern: 'junk' does not match expected pattern: {alphaString}-{idNumber}",
                Rejection::ClaimId,
            ),
            (
                "Coverage ID pattern: '123-45-6789' does not match",
                Rejection::CoverageId,
            ),
            ("Invalid pageSize '0'", Rejection::Count),
            (
                "Value for startIndex (12) must be less than than result size (8)",
                Rejection::StartIndex,
            ),
            (
                "Unknown source. Supported sources are: [DDPS]",
                Rejection::Source,
            ),
            (
                "Search query by 'http://hl7.org/fhir/sid/us-mbi' is only supported in POST request",
                Rejection::Unknown,
            ),
            ("words", Rejection::Unknown),
        ] {
            assert_eq!(
                Rejection::read(&outcome(diagnostics)),
                Some(wanted),
                "{diagnostics}"
            );
        }
    }

    /// Whatever is quoted: behind known words, before them, in another issue.
    #[test]
    fn no_word_of_the_backend_goes_on() {
        let ours: String = KNOWN
            .iter()
            .map(|(_, rejection)| rejection.text())
            .chain([Rejection::Unknown.text()])
            .collect();
        for secret in [
            "1S00-E00-AA00",
            "1S00E00AA00",
            "123-45-6789",
            "Jane Doe, born 1941-02-03",
            "-20140000008325",
            "66666",
            "jane@example.com",
            "2332e5b9c1f0",
        ] {
            assert!(!ours.contains(secret));
            for beginning in KNOWN.iter().map(|(beginning, _)| *beginning).chain([""]) {
                for text in [
                    format!("{beginning} {secret}"),
                    format!("{secret} {beginning}"),
                    format!("{beginning}'{secret}' is odd"),
                ] {
                    let said = Rejection::read(&outcome(&text)).unwrap().text();
                    assert!(ours.contains(said), "{said}");
                }
            }
        }
    }

    #[test]
    fn only_an_operation_outcome_has_diagnostics() {
        let read = |text: &str| Rejection::read(text.as_bytes());
        assert_eq!(
            read(
                r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error"},{"diagnostics":"Invalid pageSize '0'"}]}"#
            ),
            Some(Rejection::Count)
        );
        for other in [
            r#"{"resourceType":"Patient","issue":[{"diagnostics":"no"}]}"#,
            r#"{"resourceType":"OperationOutcome"}"#,
            r#"{"resourceType":"OperationOutcome","issue":[{"diagnostics":" "}]}"#,
            "<html>",
            "",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
