//! The ids that claims and coverages carry, taken apart (docs/claims-backend.md#people). The number in
//! them may be negative, so `carrier--10000930037921` is the carrier claim -10000930037921: the first
//! hyphen separates, the second is a sign. Ids are opaque text to everyone else; nothing here becomes a
//! number.

use super::coverage::Part;
use super::value::{cut, cut_last};

/// The parts of a claim's resource id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimIdParts<'a> {
    /// v1 and v2: `<type>-<number>`.
    Typed {
        /// The claim type, in lower-case letters.
        prefix: &'a str,
        /// The claim number with its sign.
        number: &'a str,
    },
    /// v3: the claim number with its sign.
    Number(&'a str),
    /// v3 prior authorizations: a UUID.
    Uuid(&'a str),
}

impl<'a> ClaimIdParts<'a> {
    /// Takes an id apart; nothing for one of no known form.
    pub fn parse(id: &'a str) -> Option<Self> {
        if is_number(id) {
            return Some(Self::Number(id));
        }
        if is_uuid(id) {
            return Some(Self::Uuid(id));
        }
        let (prefix, number) = cut(id, b'-')?;
        let typed = !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_lowercase());
        (typed && is_number(number)).then_some(Self::Typed { prefix, number })
    }
}

/// The parts of a coverage's resource id:
/// `[c4dic-]part-a-<beneficiary>[-<contract>-<plan>]` or `dual-<beneficiary>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoverageIdParts<'a> {
    /// The part of Medicare.
    pub part: Part,
    /// The beneficiary number with its sign.
    pub beneficiary: &'a str,
    /// Contract (five characters) and plan (three digits) of a Part C or D enrolment.
    pub plan: Option<(&'a str, &'a str)>,
}

impl<'a> CoverageIdParts<'a> {
    /// Takes an id apart; nothing for one of no known form.
    pub fn parse(id: &'a str) -> Option<Self> {
        let id = id.strip_prefix("c4dic-").unwrap_or(id);
        let (part, rest) = if let Some(rest) = strip_prefix_ignore_case(id, "dual-") {
            (Part::Dual, rest)
        } else {
            let rest = strip_prefix_ignore_case(id, "part-")?;
            let (letter, rest) = cut(rest, b'-')?;
            (Part::from_letter(letter)?, rest)
        };
        let sign = usize::from(rest.starts_with('-'));
        let end = rest
            .get(sign..)?
            .bytes()
            .position(|byte| byte == b'-')
            .map_or(rest.len(), |at| at + sign);
        let (beneficiary, plan) = rest.split_at_checked(end)?;
        let plan = match plan.strip_prefix('-') {
            None => None,
            Some(plan) => Some(cut(plan, b'-').filter(|(contract, number)| {
                contract.len() == 5
                    && contract
                        .bytes()
                        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
                    && number.len() == 3
                    && number.bytes().all(|b| b.is_ascii_digit())
            })?),
        };
        is_number(beneficiary).then_some(Self {
            part,
            beneficiary,
            plan,
        })
    }
}

/// The id in a reference such as `Patient/-20140000008325`, which may be an absolute URL.
pub(crate) fn referenced<'a>(reference: &'a str, resource_type: &str) -> Option<&'a str> {
    let (rest, id) = cut_last(reference, b'/')?;
    let kind = cut_last(rest, b'/').map_or(rest, |(_, kind)| kind);
    (kind == resource_type && !id.is_empty()).then_some(id)
}

fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claim_ids_of_all_versions() {
        let typed = |prefix, number| Some(ClaimIdParts::Typed { prefix, number });
        assert_eq!(
            ClaimIdParts::parse("carrier-9991831999"),
            typed("carrier", "9991831999")
        );
        assert_eq!(
            ClaimIdParts::parse("carrier--10000930037921"),
            typed("carrier", "-10000930037921")
        );
        assert_eq!(ClaimIdParts::parse("pde-89"), typed("pde", "89"));
        assert_eq!(
            ClaimIdParts::parse("-89"),
            Some(ClaimIdParts::Number("-89"))
        );
        let uuid = "0f8fad5b-d9cb-469f-a165-70867728950e";
        assert_eq!(ClaimIdParts::parse(uuid), Some(ClaimIdParts::Uuid(uuid)));
        for id in [
            "",
            "-",
            "--1",
            "carrier",
            "carrier-",
            "Carrier-1",
            "carrier---1",
            "carrier-1x",
            "1-1",
        ] {
            assert_eq!(ClaimIdParts::parse(id), None, "{id}");
        }
    }

    #[test]
    fn coverage_ids_of_all_versions() {
        let parts = |part, beneficiary, plan| {
            Some(CoverageIdParts {
                part,
                beneficiary,
                plan,
            })
        };
        assert_eq!(
            CoverageIdParts::parse("part-a-567834"),
            parts(Part::A, "567834", None)
        );
        assert_eq!(
            CoverageIdParts::parse("part-d--20140000008325"),
            parts(Part::D, "-20140000008325", None)
        );
        assert_eq!(
            CoverageIdParts::parse("c4dic-part-b-1"),
            parts(Part::B, "1", None)
        );
        assert_eq!(
            CoverageIdParts::parse("part-c--405-H1234-003"),
            parts(Part::C, "-405", Some(("H1234", "003")))
        );
        assert_eq!(
            CoverageIdParts::parse("DUAL-405"),
            parts(Part::Dual, "405", None)
        );
        for id in [
            "",
            "part-a",
            "part-e-1",
            "part-a-",
            "part-a-x",
            "part-c-1-H123-003",
            "part-c-1-H1234",
            "part-c-1-H1234-3",
            "dual",
            "part-a-1-",
        ] {
            assert_eq!(CoverageIdParts::parse(id), None, "{id}");
        }
    }

    #[test]
    fn references_may_be_relative_or_absolute() {
        assert_eq!(referenced("Patient/-1", "Patient"), Some("-1"));
        assert_eq!(
            referenced("https://x/v2/fhir/Patient/-1", "Patient"),
            Some("-1")
        );
        assert_eq!(referenced("Group/1", "Patient"), None);
        assert_eq!(referenced("Patient/", "Patient"), None);
        assert_eq!(referenced("1", "Patient"), None);
    }
}
