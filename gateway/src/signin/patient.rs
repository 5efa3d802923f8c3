//! The patient behind a Medicare number: docs/contract/03-sign-in.md.

use bluegate_shared::id::PatientId;
use bytes::Bytes;
use futures::future::join;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::base::claims_backend::breaker::BreakerPermit;
use crate::base::claims_backend::exchange::{self, BackendRequest};
use crate::base::claims_backend::statements as breaker;
use crate::base::context::App;
use crate::base::failure::{Cause, Error};
use crate::base::identity_provider::SignInError;
use crate::base::jwks::FetchError;
use crate::base::version::{PatientIds, Version};

/// Looks the patient up at the claims backend, in each id space that is on. Somebody who is not in v3 signs in
/// all the same; the v3 routes then have nothing to give. The number goes in the body, never in a URL.
/// Time limit, retry and circuit breaker are those of every call of the backend (docs/contract/07-fhir.md, 7.5):
/// while it fails, nobody who signs in waits for it. `account` is what the audit calls the account that signs in.
///
/// # Errors
///
/// [`SignInError::NotFound`] for none, [`SignInError::IdentityConflict`] for more than one,
/// [`SignInError::BackendUnavailable`] where there is no answer, or none that can be read, and why.
pub(crate) async fn by_medicare_number(
    app: &App,
    mbi: &str,
    account: &[u8],
    request_id: &str,
) -> Result<PatientIds, Error<SignInError>> {
    let state = breaker::state(&*app.database).await?;
    let mut breaker_permit = BreakerPermit::ask(app, &app.breaker, request_id, &state)
        .await
        .map_err(unusable)?;
    let began_at = app.clock.now();
    let shared = look_up(app, Version::V2, mbi, request_id);
    if !app.config.v3_enabled {
        let (failed, shared) = shared.await?;
        breaker_permit
            .ended(app, &app.breaker, request_id, account, began_at, failed)
            .await;
        return Ok(PatientIds::new(shared?, None));
    }
    let (shared, v3) = join(shared, look_up(app, Version::V3, mbi, request_id)).await;
    let ((failed, shared), (v3_failed, v3)) = (shared?, v3?);
    breaker_permit
        .ended(app, &app.breaker, request_id, account, began_at, failed)
        .await;
    breaker_permit
        .ended(app, &app.breaker, request_id, account, began_at, v3_failed)
        .await;
    let shared = shared?;
    let v3 = match v3 {
        Ok(id) => Some(id),
        Err(Error::Refused(SignInError::NotFound)) => None,
        Err(error) => return Err(error),
    };
    Ok(PatientIds::new(shared, v3))
}

/// Asks, and says whether the circuit breaker counts it as a failure. Nothing is asked where our own
/// configuration does not allow it.
async fn look_up(
    app: &App,
    version: Version,
    mbi: &str,
    request_id: &str,
) -> Result<(bool, Result<PatientId, Error<SignInError>>), Error<SignInError>> {
    let body = Zeroizing::new(
        form_urlencoded::Serializer::new(String::new())
            .append_pair(
                "identifier",
                &format!("http://hl7.org/fhir/sid/us-mbi|{mbi}"),
            )
            .finish(),
    );
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/fhir+json"));
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert("x-request-id", value);
    }
    if let Some(authorization) = &app.config.claims_backend_authorization {
        let value = HeaderValue::from_str(authorization.expose()).map_err(unusable)?;
        headers.insert(AUTHORIZATION, value);
    }
    let backend_request = BackendRequest {
        method: Method::POST,
        url: format!(
            "{}/{}/fhir/Patient/_search",
            app.config.claims_backend_base,
            version.segment()
        ),
        headers,
        body: Bytes::copy_from_slice(body.as_bytes()),
        body_limit: 4 * 1024 * 1024,
    };
    let sent = exchange::send(app, request_id, &backend_request).await;
    let failed = exchange::is_failure(&sent);
    let found = match sent {
        Ok(answer) if answer.status == StatusCode::OK => read(&answer.body),
        Ok(answer) => Err(unusable(FetchError::Status(answer.status))),
        Err(cause) => Err(unusable(FetchError::Unanswered(cause))),
    };
    Ok((failed, found))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    resource_type: String,
    #[serde(default)]
    entry: Vec<Entry>,
    total: Option<u64>,
}

#[derive(Deserialize)]
struct Entry {
    resource: Resource,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    resource_type: String,
    id: String,
    #[serde(default)]
    link: Vec<Link>,
}

#[derive(Deserialize)]
struct Link {
    r#type: String,
}

impl Resource {
    /// A v3 record whose person is kept under another id since records were merged. It is nobody's current
    /// record, and a link is for good: nobody is linked to it.
    fn is_replaced(&self) -> bool {
        self.link.iter().any(|link| link.r#type == "replaced-by")
    }
}

/// An answer of the claims backend in which nobody can be looked up.
#[derive(Debug, thiserror::Error)]
#[error("the claims backend's answer to the lookup is {0}")]
struct NoLookup(&'static str);

fn unusable(cause: impl Into<Cause>) -> Error<SignInError> {
    Error::because(SignInError::BackendUnavailable, cause)
}

fn read(body: &[u8]) -> Result<PatientId, Error<SignInError>> {
    let bundle: Bundle = serde_json::from_slice(body)
        .map_err(|cause| unusable(FetchError::Unreadable(cause.into())))?;
    if bundle.resource_type != "Bundle" {
        return Err(unusable(NoLookup("no Bundle")));
    }
    match bundle.entry.as_slice() {
        // A page that shows one of several is several.
        [only] if bundle.total.unwrap_or(1) == 1 => {
            if only.resource.resource_type != "Patient" {
                return Err(unusable(NoLookup("no Patient")));
            }
            if only.resource.is_replaced() {
                return Err(SignInError::NotFound.into());
            }
            PatientId::parse(&only.resource.id).map_err(unusable)
        }
        [] if bundle.total.unwrap_or(0) == 0 => Err(SignInError::NotFound.into()),
        _ => Err(SignInError::IdentityConflict.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8]) -> Result<PatientId, SignInError> {
        super::read(body).map_err(|error| match error {
            Error::Refused(reason) | Error::Caused(reason, _) => reason,
            Error::Internal(cause) => panic!("{cause}"),
        })
    }

    fn patient(id: &str) -> String {
        format!(r#"{{"resource":{{"resourceType":"Patient","id":"{id}"}}}}"#)
    }

    #[test]
    fn exactly_one_match_is_the_patient() {
        let one = format!(
            r#"{{"resourceType":"Bundle","total":1,"entry":[{}]}}"#,
            patient("-20140000008325")
        );
        assert_eq!(read(one.as_bytes()).unwrap().as_str(), "-20140000008325");
    }

    #[test]
    fn none_is_not_found_and_more_is_a_conflict() {
        assert_eq!(
            read(br#"{"resourceType":"Bundle","total":0}"#),
            Err(SignInError::NotFound)
        );
        let two = format!(
            r#"{{"resourceType":"Bundle","total":2,"entry":[{},{}]}}"#,
            patient("1"),
            patient("2")
        );
        assert_eq!(read(two.as_bytes()), Err(SignInError::IdentityConflict));
        let page_of_two = format!(
            r#"{{"resourceType":"Bundle","total":2,"entry":[{}]}}"#,
            patient("1")
        );
        assert_eq!(
            read(page_of_two.as_bytes()),
            Err(SignInError::IdentityConflict)
        );
    }

    /// v3 tells no total of nothing, and a record that was merged into another is nobody's any more.
    #[test]
    fn a_replaced_record_is_no_match_and_a_replacing_one_is() {
        let linked = |kind: &str| {
            format!(
                r#"{{"resourceType":"Bundle","entry":[{{"resource":{{"resourceType":"Patient","id":"7","link":[{{"other":{{"reference":"Patient/8"}},"type":"{kind}"}}]}}}}]}}"#
            )
        };
        assert_eq!(
            read(linked("replaced-by").as_bytes()),
            Err(SignInError::NotFound)
        );
        assert_eq!(read(linked("replaces").as_bytes()).unwrap().as_str(), "7");
        assert_eq!(
            read(br#"{"resourceType":"Bundle","meta":{},"type":"searchset","link":[]}"#),
            Err(SignInError::NotFound)
        );
    }

    #[test]
    fn anything_else_is_no_answer() {
        for body in [
            "",
            "{}",
            r#"{"resourceType":"OperationOutcome"}"#,
            r#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Coverage","id":"1"}}]}"#,
            r#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","id":"x"}}]}"#,
        ] {
            assert_eq!(
                read(body.as_bytes()),
                Err(SignInError::BackendUnavailable),
                "{body}"
            );
        }
    }
}
