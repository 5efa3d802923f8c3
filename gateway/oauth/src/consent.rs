//! What a person decided, and what follows from it: docs/contract/04-consent.md.

use bluegate_shared::scope::{Permissions, ScopeSet};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::application::DataAccessType;
use super::parameters::Parameters;
use bluegate_base::ports::UnixMillis;

/// The decision of a consent form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Decision {
    /// The scopes that remain after the choice about demographic information.
    Allow(ScopeSet),
    /// `access_denied`.
    Deny,
}

impl Decision {
    /// Reads the form. `asked` is what the application asked for.
    ///
    /// # Errors
    ///
    /// [`NotADecision`] where the form is not the one that was served.
    pub fn parse(form: &Parameters, asked: &ScopeSet) -> Result<Self, NotADecision> {
        let single = |name| form.single(name).map_err(|_| NotADecision);
        let share = match single("demographics")? {
            None | Some("share") => true,
            Some("withhold") => false,
            Some(_) => return Err(NotADecision),
        };
        match single("decision")? {
            Some("deny") => Ok(Self::Deny),
            Some("allow") => {
                let granted = if share {
                    asked.clone()
                } else {
                    asked.without_demographics()
                };
                Ok(if granted.grants_data() {
                    Self::Allow(granted)
                } else {
                    Self::Deny
                })
            }
            _ => Err(NotADecision),
        }
    }
}

/// What a decision is beside the one that stands for the same request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Order {
    /// None stands yet.
    First,
    /// The same: it gets the same answer.
    Same,
    /// It gives less. It holds, and ends what the earlier one gave.
    Narrower,
    /// It gives more. The earlier one stays: a request is not widened by a form that was shown before.
    Wider,
}

impl Decision {
    /// How it stands to the one that was made before (docs/contract/04-consent.md).
    #[must_use]
    pub fn after(&self, standing: Option<&Self>) -> Order {
        match (standing, self) {
            (None, _) => Order::First,
            (Some(Self::Deny), Self::Deny) => Order::Same,
            (Some(Self::Deny), Self::Allow(_)) => Order::Wider,
            (Some(Self::Allow(_)), Self::Deny) => Order::Narrower,
            (Some(Self::Allow(given)), Self::Allow(now)) => {
                let (given, now) = (given.permissions(), now.permissions());
                match (given.contains(now), now.contains(given)) {
                    (true, true) => Order::Same,
                    (true, false) => Order::Narrower,
                    (false, _) => Order::Wider,
                }
            }
        }
    }
}

/// The form has no decision.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("decision must be allow or deny, demographics share or withhold")]
pub struct NotADecision;

/// Whether the page offers the choice about demographic information.
#[must_use]
pub fn offers_choice(asked: &ScopeSet) -> bool {
    asked.permissions().intersects(Permissions::demographics())
}

/// When a grant ends that is given now. Nothing for RESEARCH_STUDY.
///
/// ONE_TIME ends with its access token; until a code is redeemed it is given the code's and the token's time.
#[must_use]
pub fn grant_end(
    kind: DataAccessType,
    now: UnixMillis,
    code_ttl_s: i64,
    access_ttl_s: i64,
) -> Option<UnixMillis> {
    match kind {
        DataAccessType::ResearchStudy => None,
        DataAccessType::OneTime => Some(now.plus_seconds(code_ttl_s + access_ttl_s)),
        DataAccessType::ThirteenMonth => Some(thirteen_months_after(now)),
    }
}

/// 13 calendar months later in UTC, at the same time of day; the last day of a shorter month where the day
/// does not exist in it.
#[must_use]
pub fn thirteen_months_after(now: UnixMillis) -> UnixMillis {
    Timestamp::from_millisecond(now.0)
        .map(|timestamp| timestamp.to_zoned(TimeZone::UTC))
        .and_then(|zoned| zoned.checked_add(13.months()))
        .map_or(now, |end| UnixMillis(end.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bluegate_base::clock::rfc3339;

    fn decide(form: &str, asked: &str) -> Result<Decision, NotADecision> {
        Decision::parse(
            &Parameters::parse(form.as_bytes()),
            &ScopeSet::parse(asked).unwrap(),
        )
    }

    fn months(from: &str) -> String {
        let start: Timestamp = from.parse().unwrap();
        rfc3339(thirteen_months_after(UnixMillis(start.as_millisecond())))
    }

    #[test]
    fn withholding_removes_patient_and_profile() {
        let asked = "openid profile patient/Patient.rs patient/Coverage.rs";
        let Ok(Decision::Allow(granted)) = decide("decision=allow&demographics=withhold", asked)
        else {
            panic!()
        };
        assert_eq!(granted.to_string(), "openid patient/Coverage.rs");
        let Ok(Decision::Allow(granted)) = decide("decision=allow&demographics=share", asked)
        else {
            panic!()
        };
        assert_eq!(granted.to_string(), asked);
    }

    #[test]
    fn nothing_left_after_withholding_is_a_denial() {
        assert_eq!(
            decide(
                "decision=allow&demographics=withhold",
                "openid profile patient/Patient.rs"
            ),
            Ok(Decision::Deny)
        );
    }

    #[test]
    fn anything_but_allow_or_deny_is_no_decision() {
        for form in [
            "",
            "decision=yes",
            "decision=allow&decision=deny",
            "decision=allow&demographics=maybe",
        ] {
            assert_eq!(decide(form, "openid profile"), Err(NotADecision), "{form}");
        }
    }

    #[test]
    fn a_later_decision_is_the_same_narrower_or_wider() {
        let allow = |scopes: &str| Decision::Allow(ScopeSet::parse(scopes).unwrap());
        let (share, withhold) = (
            allow("openid profile patient/Patient.rs patient/Coverage.rs"),
            allow("openid patient/Coverage.rs"),
        );
        let (deny, other) = (Decision::Deny, allow("patient/ExplanationOfBenefit.rs"));
        for (standing, later, order) in [
            (&share, &share, Order::Same),
            (&share, &withhold, Order::Narrower),
            (&share, &deny, Order::Narrower),
            (&withhold, &share, Order::Wider),
            (&withhold, &withhold, Order::Same),
            (&withhold, &deny, Order::Narrower),
            (&withhold, &other, Order::Wider),
            (&deny, &share, Order::Wider),
            (&deny, &withhold, Order::Wider),
            (&deny, &deny, Order::Same),
        ] {
            assert_eq!(
                later.after(Some(standing)),
                order,
                "{standing:?}, then {later:?}"
            );
        }
        assert_eq!(deny.after(None), Order::First);
        assert_eq!(share.after(None), Order::First);
    }

    #[test]
    fn thirteen_calendar_months_with_ends_of_months() {
        for (from, to) in [
            ("2026-11-21T19:30:13Z", "2027-12-21T19:30:13Z"),
            ("2026-01-31T00:00:00Z", "2027-02-28T00:00:00Z"),
            ("2027-01-31T23:59:59Z", "2028-02-29T23:59:59Z"),
            ("2028-02-29T12:00:00Z", "2029-03-29T12:00:00Z"),
            ("2026-12-31T00:00:00Z", "2028-01-31T00:00:00Z"),
            ("2026-05-31T00:00:00Z", "2027-06-30T00:00:00Z"),
        ] {
            assert_eq!(months(from), to, "{from}");
        }
    }

    #[test]
    fn the_three_access_lengths() {
        let now = UnixMillis(1_000_000);
        assert_eq!(
            grant_end(DataAccessType::ResearchStudy, now, 60, 3600),
            None
        );
        assert_eq!(
            grant_end(DataAccessType::OneTime, now, 60, 3600),
            Some(now.plus_seconds(3660))
        );
        assert_eq!(
            grant_end(DataAccessType::ThirteenMonth, now, 60, 3600),
            Some(thirteen_months_after(now))
        );
    }
}
