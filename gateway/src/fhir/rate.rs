//! What calls count for (docs/contract/07-fhir.md, 7.1 and 7.5): with a live token for its application and its person
//! there, FHIR and userinfo together; with none for the address.

use super::access::LiveToken;
use super::refusal::Refusal;
use crate::base::context::App;
use crate::base::failure;
use crate::base::http::Request;
use crate::base::limits::rate::{Allowance, Caller, Limited};
use crate::base::limits::{Bucket, Surface};
use crate::base::store::StoreError;

/// What came of counting a call.
pub(crate) struct Counted {
    /// What the client is told about its limit.
    pub(crate) allowance: Option<Allowance>,
    /// Whether the call may go on.
    pub(crate) result: Result<(), Refusal>,
    /// Whether a refusal of the call has a row in the audit.
    pub(crate) audited: bool,
}

/// Counts a call of the token's application and person.
pub(crate) async fn count(app: &App, request: &Request, token: &LiveToken) -> Counted {
    let caller = Caller {
        application_id: token.application_id(),
        identity_id: token.identity_id(),
    };
    let counted = app
        .limiter
        .take_call(app, caller, token.person_calls())
        .await;
    match counted {
        Ok(allowance) => Counted {
            allowance: Some(allowance),
            result: Ok(()),
            audited: true,
        },
        Err(error) => limited(app, request, error),
    }
}

/// Counts a call that was refused without a token that is known here, for its address. The refusal stands where the
/// address has not used up what it may.
pub(crate) async fn count_unproved(app: &App, request: &Request, refusal: Refusal) -> Counted {
    let bucket = Bucket::Address(Surface::Fhir, request.client_address);
    match app.limiter.take(app, &bucket).await {
        Ok(allowance) => Counted {
            allowance: None,
            result: Err(refusal),
            audited: allowance.is_audited(),
        },
        Err(error) => Counted {
            allowance: None,
            ..limited(app, request, error)
        },
    }
}

fn limited(app: &App, request: &Request, limited: Limited) -> Counted {
    let failed = |cause: &StoreError| {
        failure::note(app.log.as_ref(), &request.request_id, "rate_limit", cause);
    };
    match limited {
        Limited::Wait {
            seconds,
            limit,
            first,
        } => Counted {
            allowance: Some(Allowance::used_up(limit, seconds)),
            result: Err(Refusal::RateLimited(u32::try_from(seconds).unwrap_or(60))),
            audited: first.inspect_err(failed).unwrap_or(false),
        },
        Limited::Unavailable(cause) => {
            failed(&cause);
            Counted {
                allowance: None,
                result: Err(Refusal::StoreUnavailable),
                audited: true,
            }
        }
    }
}
