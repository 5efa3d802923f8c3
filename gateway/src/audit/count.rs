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
    /// those after it leave nothing.
    pub(crate) async fn count(
        &self,
        request: &Request,
        bucket: &Bucket<'_>,
        action: Action<'_>,
    ) -> Result<Allowance, Limited> {
        let counted = self.app.limiter.take(&self.app, bucket).await;
        if let Err(Limited::Wait { first: true, .. }) = counted {
            let refused = action.refuse(RATE_LIMITED);
            // It changed nothing: it is told even where its event cannot be written.
            if let Err(error) = refused.record(self, request).await {
                self.failed(request, refused.action, &error);
            }
        }
        counted
    }
}
