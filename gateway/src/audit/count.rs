//! Requests that are counted, and the row of the first one that is too many.

use crate::audit::action::Action;
use crate::base::http::Request;
use crate::base::http::reply::RATE_LIMITED;
use crate::base::limits::rate::{Allowance, Limited};
use crate::base::limits::{Bucket, Surface};
use crate::base::site::Site;

impl Site {
    /// Counts a request that proves nothing.
    pub(crate) async fn count_address(
        &self,
        request: &Request,
        surface: Surface,
        action: &str,
    ) -> Result<Allowance, Limited> {
        let bucket = Bucket::Address(surface, request.client_address);
        self.count(request, &bucket, Action::unproved(action)).await
    }

    /// Counts a request. The first one of a minute that is too many has its row in the audit, as a refused `action`;
    /// those after it leave nothing. Where the store cannot be asked, its cause is written down here.
    pub(crate) async fn count(
        &self,
        request: &Request,
        bucket: &Bucket<'_>,
        action: Action<'_>,
    ) -> Result<Allowance, Limited> {
        let counted = self.app.limiter.take(&self.app, bucket).await;
        match &counted {
            // It changed nothing: it is told even where its event cannot be written.
            Err(Limited::Wait {
                first: Ok(true), ..
            }) => {
                action
                    .refuse(RATE_LIMITED)
                    .record_or_log(self, request)
                    .await
            }
            Err(
                Limited::Unavailable(cause)
                | Limited::Wait {
                    first: Err(cause), ..
                },
            ) => self.failed(request, action.action, cause),
            Ok(_) | Err(Limited::Wait { .. }) => {}
        }
        counted
    }
}
