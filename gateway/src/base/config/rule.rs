//! Lock-downs by rule: what the variable `lock_down_rules` asks for (docs/contract/10-audit.md).

/// What an alert of a kind locks down.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rule {
    /// Kind of the alert.
    pub kind: &'static str,
    /// What is locked.
    pub reach: Reach,
}

/// What a rule locks.
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reach {
    /// Everything.
    All,
    /// The application that the alert is about.
    Application,
}

/// Every kind of alert, and what it tells an operator.
pub const KINDS: [(&str, &str); 15] = [
    (
        "release_guard",
        "the backend answered a search with what is not provably the person's",
    ),
    (
        "identity_conflict",
        "a sign-in would have broken the rule of one subject and one patient",
    ),
    (
        "two_subjects",
        "one patient id is reached by more than one subject",
    ),
    (
        "two_patients",
        "one subject reaches more than one patient id",
    ),
    (
        "owner_changed",
        "the tokens of a flow are another person's than before",
    ),
    (
        "claims_count",
        "a person's number of claims is suddenly another",
    ),
    (
        "refresh_reuse",
        "a refresh token that was rotated away came back",
    ),
    (
        "refresh_repeated",
        "a refresh token was repeated from a second address, or again and again",
    ),
    (
        "refusals",
        "an application is refused far more often than before",
    ),
    (
        "backend_empty",
        "the backend answers 200 with no claims, where it had some",
    ),
    ("error_rate", "at least a tenth of the calls fail"),
    (
        "breaker_open",
        "the circuit breaker before the claims backend opened",
    ),
    ("chain_broken", "the chain of the audit does not hold"),
    ("lock_down", "release was stopped"),
    ("critical_event", "another event of level critical"),
];

impl Rule {
    /// Reads `kind:all` or `kind:application`, separated by commas. An application can be locked only for a kind
    /// that names one; a lock-down never for itself, nor for what anybody with a token can bring about.
    #[must_use]
    pub fn parse_list(text: &str) -> Option<Vec<Self>> {
        text.split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(|item| {
                let (kind, reach) = item.split_once(':')?;
                let (kind, _) = KINDS
                    .iter()
                    .find(|(name, _)| *name == kind && !NEVER_RULED.contains(name))?;
                let reach = match reach {
                    "all" => Reach::All,
                    "application" if NAMES_AN_APPLICATION.contains(kind) => Reach::Application,
                    _ => return None,
                };
                Some(Self { kind, reach })
            })
            .collect()
    }
}

/// Kinds that lock nothing down.
const NEVER_RULED: [&str; 2] = ["lock_down", "refresh_repeated"];
/// Kinds that are about one application.
const NAMES_AN_APPLICATION: [&str; 5] = [
    "release_guard",
    "refresh_reuse",
    "refusals",
    "owner_changed",
    "claims_count",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_name_a_kind_and_what_it_locks() {
        let rules = Rule::parse_list("release_guard:all, refusals:application").unwrap();
        assert_eq!(
            rules,
            [
                Rule {
                    kind: "release_guard",
                    reach: Reach::All
                },
                Rule {
                    kind: "refusals",
                    reach: Reach::Application
                },
            ]
        );
        assert_eq!(Rule::parse_list(""), Some(Vec::new()));
        for bad in [
            "release_guard",
            "x:all",
            "refusals:version",
            "error_rate:application",
            "lock_down:all",
            "refresh_repeated:all",
            "refresh_repeated:application",
        ] {
            assert!(Rule::parse_list(bad).is_none(), "{bad}");
        }
    }
}
