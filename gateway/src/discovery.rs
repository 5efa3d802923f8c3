//! Discovery documents. They say exactly what is so (docs/contract/01-routes.md; RFC 8414; SMART App Launch
//! 2.2, section 3).

use axum::extract::State;
use bluegate_shared::scope::Scope;
use serde_json::{Map, Value, json};

use crate::base::http::reply::{Answer, document};
use crate::base::site::{Site, VersionPath};
use crate::base::version::Version;
use crate::oauth::application::AuthMethod;

/// `/.well-known/oauth-authorization-server` (RFC 8414). Root documents point to the v2 endpoints.
pub(crate) async fn authorization_server(State(site): State<Site>) -> Answer {
    document(&server(&site, Version::V2)).into()
}

/// `/.well-known/openid-configuration`.
pub(crate) async fn openid(State(site): State<Site>) -> Answer {
    document(&server(&site, Version::V2)).into()
}

/// `/vN/connect/.well-known/openid-configuration`.
pub(crate) async fn openid_of_version(
    State(site): State<Site>,
    VersionPath(version): VersionPath,
) -> Answer {
    document(&server(&site, version)).into()
}

/// `/vN/fhir/.well-known/smart-configuration`. No `issuer`: applications get no id_token.
pub(crate) async fn smart(State(site): State<Site>, VersionPath(version): VersionPath) -> Answer {
    let mut body = endpoints(&site, version);
    body.insert(
        "management_endpoint".to_owned(),
        json!(format!("{}/account/", site.app.config.public_base_url)),
    );
    body.insert(
        "capabilities".to_owned(),
        json!([
            "authorize-post",
            "client-confidential-asymmetric",
            "client-confidential-symmetric",
            "client-public",
            "context-standalone-patient",
            "launch-standalone",
            "permission-offline",
            "permission-patient",
            "permission-v1",
            "permission-v2"
        ]),
    );
    document(&body).into()
}

fn server(site: &Site, version: Version) -> Map<String, Value> {
    let base = &site.app.config.public_base_url;
    let mut body = Map::new();
    body.insert("issuer".to_owned(), json!(base));
    body.extend(endpoints(site, version));
    body.insert(
        "userinfo_endpoint".to_owned(),
        json!(format!("{base}/{}/connect/userinfo", version.segment())),
    );
    body.insert(
        "fhir_metadata_uri".to_owned(),
        json!(format!("{base}/{}/fhir/metadata", version.segment())),
    );
    body.insert("ui_locales_supported".to_owned(), json!(["en", "es"]));
    body.insert(
        "authorization_response_iss_parameter_supported".to_owned(),
        json!(true),
    );
    body
}

/// What both kinds of document have.
fn endpoints(site: &Site, version: Version) -> Map<String, Value> {
    let base = &site.app.config.public_base_url;
    let oauth = |path: &str| json!(format!("{base}/{}/o/{path}/", version.segment()));
    let secrets: Vec<_> = AuthMethod::ALL
        .into_iter()
        .filter(|method| *method != AuthMethod::None)
        .map(AuthMethod::as_str)
        .collect();
    let implicit = site.app.config.allow_implicit_flow_insecure && version == Version::V1;
    let methods = AuthMethod::ALL.map(AuthMethod::as_str);
    let scopes: Vec<_> = Scope::all().map(Scope::as_str).collect();
    [
        ("authorization_endpoint", oauth("authorize")),
        ("token_endpoint", oauth("token")),
        ("token_endpoint_auth_methods_supported", json!(methods)),
        ("registration_endpoint", json!(format!("{base}/o/register"))),
        ("scopes_supported", json!(scopes)),
        (
            "response_types_supported",
            if implicit {
                json!(["code", "token"])
            } else {
                json!(["code"])
            },
        ),
        (
            "response_modes_supported",
            if implicit {
                json!(["query", "fragment"])
            } else {
                json!(["query"])
            },
        ),
        (
            "grant_types_supported",
            if implicit {
                json!(["authorization_code", "refresh_token", "implicit"])
            } else {
                json!(["authorization_code", "refresh_token"])
            },
        ),
        ("code_challenge_methods_supported", json!(["S256"])),
        (
            "pushed_authorization_request_endpoint",
            json!(format!("{base}/{}/o/par", version.segment())),
        ),
        (
            "token_endpoint_auth_signing_alg_values_supported",
            json!(["ES256", "ES384", "RS256", "RS384"]),
        ),
        ("revocation_endpoint", oauth("revoke_token")),
        ("revocation_endpoint_auth_methods_supported", json!(methods)),
        ("introspection_endpoint", oauth("introspect")),
        (
            "introspection_endpoint_auth_methods_supported",
            json!(secrets),
        ),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}
