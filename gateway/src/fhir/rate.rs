//! The limit of an application on calls with an access token (wire contract, sections 7.1 and 7.5). FHIR and
//! userinfo count together.

use super::access::LiveToken;
use super::refusal::Refusal;
use crate::app::App;
use crate::rate::{Allowance, Limited};

/// What came of counting a call: what the client is told about its limit, and whether the call may go on.
pub(crate) struct Counted {
    pub(crate) allowance: Option<Allowance>,
    pub(crate) result: Result<(), Refusal>,
}

/// Counts a call of the token's application.
pub(crate) async fn count(app: &App, token: &LiveToken) -> Counted {
    let who = format!("fhir:{}", token.application_id());
    match app.limiter.take(app, &who).await {
        Ok(allowance) => Counted {
            allowance: Some(allowance),
            result: Ok(()),
        },
        Err(Limited::Wait(seconds)) => Counted {
            allowance: Some(Allowance::used_up(
                app.config.rate_limit_per_minute,
                seconds,
            )),
            result: Err(Refusal::RateLimited(u32::try_from(seconds).unwrap_or(60))),
        },
        Err(Limited::Unavailable) => Counted {
            allowance: None,
            result: Err(Refusal::StoreUnavailable),
        },
    }
}
