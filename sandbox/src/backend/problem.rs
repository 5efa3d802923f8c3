//! What can be wrong with a request, and the OperationOutcome that says so.

use http::StatusCode;

use super::FHIR_JSON;
use crate::fhir::json;
use crate::reply::Reply;

/// A refusal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Problem {
    /// The request is malformed: 400.
    Invalid(String),
    /// The thing does not exist: 404.
    Missing(String),
    /// The method is not offered: 405.
    Method(String),
    /// The method is not offered at v3: 405 in other words.
    MethodV3(String),
    /// Something the real backend fails at: 500.
    Failure(String),
    /// The same at v3, which answers text and not FHIR.
    FailureV3,
}

const UNKNOWN_FAILURE: &str = "an unknown error occurred";

impl Problem {
    /// A resource that does not exist, in the framework's words.
    pub(super) fn unknown(kind: &str, id: &str) -> Self {
        Self::Missing(format!("HAPI-0971: Resource {kind}/{id} is not known"))
    }

    pub(super) fn unknown_resource(name: &str) -> Self {
        Self::Missing(format!(
            "HAPI-0302: Unknown resource type '{name}' - Server knows how to handle: [Coverage, ExplanationOfBenefit, Patient]"
        ))
    }

    pub(super) fn unknown_path(path: &str) -> Self {
        Self::Missing(format!("HAPI-0303: Unknown path '{path}'"))
    }

    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Missing(_) => StatusCode::NOT_FOUND,
            Self::Method(_) | Self::MethodV3(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Failure(_) | Self::FailureV3 => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What is sent.
    pub(super) fn reply(&self) -> Reply {
        match self {
            Self::FailureV3 => {
                Reply::new(self.status(), "text/plain;charset=utf-8", UNKNOWN_FAILURE)
            }
            _ => Reply::new(self.status(), FHIR_JSON, self.operation_outcome()),
        }
    }

    fn operation_outcome(&self) -> Vec<u8> {
        let diagnostics = match self {
            Self::Invalid(text) | Self::Missing(text) | Self::Failure(text) => text.clone(),
            Self::Method(method) => format!("HAPI-0304: Unsupported method: {method}"),
            Self::MethodV3(method) => format!("Method not supported: {method}"),
            Self::FailureV3 => UNKNOWN_FAILURE.to_owned(),
        };
        let mut out = Vec::with_capacity(256);
        json::object(&mut out, |o| {
            o.text("resourceType", "OperationOutcome");
            o.array("issue", |a| {
                a.object(|o| {
                    o.text("severity", "error");
                    o.text("code", "processing");
                    o.text("diagnostics", &diagnostics);
                });
            });
        });
        out
    }
}
