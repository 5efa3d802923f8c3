//! What is outside the gateway: the identity provider and the claims backend, as one upstream.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value as Json, json};
use sha2::Digest as _;

use super::keys::Signer;
use crate::base::adapters::native::ManualClock;
use crate::base::identity_provider::id_token::tests::{PRIVATE, public_key};
use crate::base::ports::{
    Clock as _, PortFuture, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse,
};

pub(super) const ISSUER: &str = "http://127.0.0.1:3000/sandbox/idp";
/// Where alerts go, where the variables say so.
pub(super) const WEBHOOK: &str = "https://hook.example/alerts";
const BACKEND: &str = "http://127.0.0.1:3000/sandbox/claims/";

/// Somebody with an account at the provider.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Person {
    pub(super) subject: String,
    pub(super) mbi: String,
}

impl Person {
    pub(super) fn new(subject: &str, mbi: &str) -> Self {
        Self {
            subject: subject.to_owned(),
            mbi: mbi.to_owned(),
        }
    }
}

/// Status and body, or no answer.
pub(super) type Instead = Result<(u16, &'static str), UpstreamError>;

/// Both servers, with switches for what can go wrong.
pub(super) struct Outside {
    clock: Arc<ManualClock>,
    state: Mutex<State>,
}

pub(super) struct State {
    /// The provider does not answer.
    pub(super) provider_down: bool,
    /// The backend does not answer.
    pub(super) backend_down: bool,
    /// The backend answers an internal error.
    pub(super) backend_broken: bool,
    /// The v3 part of the backend answers an internal error, in plain text.
    pub(super) v3_down: bool,
    /// What comes instead of the answers of addresses that contain the text.
    pub(super) instead: Option<(&'static str, Instead)>,
    /// Key ids in the JWKS.
    pub(super) kids: Vec<&'static str>,
    /// Key id of the next id_tokens.
    pub(super) signs_with: &'static str,
    /// Another key than the usual one.
    pub(super) signer: Option<Signer>,
    /// What the discovery document says about itself.
    pub(super) issuer: &'static str,
    /// Claims of the next id_tokens that differ.
    pub(super) claims: BTreeMap<&'static str, Json>,
    /// The provider does not look at PKCE's verifier.
    pub(super) ignores_verifiers: bool,
    /// Changes the signed id_token.
    pub(super) forge: Option<fn(String) -> String>,
    /// Which patients have a Medicare number.
    pub(super) patients: HashMap<String, Vec<String>>,
    /// The same in the id space of v3.
    pub(super) patients_v3: HashMap<String, Vec<String>>,
    /// How many claims the backend has of a patient; one where nothing is said.
    pub(super) claims_of: HashMap<String, usize>,
    /// Whose the claims are that the backend gives to everybody.
    pub(super) claims_owner: Option<&'static str>,
    /// What the webhook answers; nothing: it does not.
    pub(super) webhook: Option<u16>,
    /// What the webhook got.
    pub(super) delivered: Vec<UpstreamRequest>,
    /// What was asked, method and URL.
    pub(super) asked: Vec<String>,
    codes: HashMap<String, Code>,
    issued: u32,
}

struct Code {
    person: Person,
    nonce: String,
    challenge: String,
}

impl Outside {
    pub(super) fn new(clock: Arc<ManualClock>) -> Self {
        Self {
            clock,
            state: Mutex::new(State {
                provider_down: false,
                backend_down: false,
                backend_broken: false,
                v3_down: false,
                instead: None,
                kids: vec!["k1"],
                signs_with: "k1",
                signer: None,
                issuer: ISSUER,
                claims: BTreeMap::new(),
                ignores_verifiers: false,
                forge: None,
                patients: HashMap::new(),
                patients_v3: HashMap::new(),
                claims_of: HashMap::new(),
                claims_owner: None,
                webhook: Some(204),
                delivered: Vec::new(),
                asked: Vec::new(),
                codes: HashMap::new(),
                issued: 0,
            }),
        }
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }

    /// How often a URL that contains the text was asked for.
    pub(super) fn asked(&self, text: &str) -> usize {
        let state = self.state.lock().unwrap();
        state.asked.iter().filter(|url| url.contains(text)).count()
    }

    /// The person signs in at the address where the gateway sent the browser. Gives the way back.
    pub(super) fn sign_in(&self, location: &str, person: &Person) -> String {
        let url = url::Url::parse(location).unwrap();
        let query: HashMap<_, _> = url.query_pairs().into_owned().collect();
        assert!(location.starts_with(&format!("{ISSUER}/authorize?")));
        assert!(query["redirect_uri"].ends_with("/signin/callback"));
        let mut state = self.state.lock().unwrap();
        state.issued += 1;
        let code = format!("idp-code-{}", state.issued);
        state.codes.insert(
            code.clone(),
            Code {
                person: person.clone(),
                nonce: query["nonce"].clone(),
                challenge: query["code_challenge"].clone(),
            },
        );
        format!("/signin/callback?code={code}&state={}", query["state"])
    }

    fn answer(&self, request: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
        let mut state = self.state.lock().unwrap();
        state
            .asked
            .push(format!("{} {}", request.method, request.url));
        let form: HashMap<String, String> =
            form_urlencoded::parse(&request.body).into_owned().collect();
        if let Some((text, instead)) = state.instead
            && request.url.contains(text)
        {
            let (code, body) = instead?;
            let mut answer = status(code);
            answer.body = Bytes::from_static(body.as_bytes());
            return Ok(answer);
        }
        if let Some(path) = request.url.strip_prefix(ISSUER) {
            if state.provider_down {
                return Err(UpstreamError::Connect);
            }
            return Ok(match path {
                "/.well-known/openid-configuration" => json_answer(&json!({
                    "issuer": state.issuer,
                    "authorization_endpoint": format!("{ISSUER}/authorize"),
                    "token_endpoint": format!("{ISSUER}/token"),
                    "jwks_uri": format!("{ISSUER}/keys"),
                })),
                "/keys" => json_answer(&json!({ "keys": state.kids.iter().map(|kid| {
                    let mut key = state.signer.as_ref().map_or_else(public_key, |signer| signer.public.clone());
                    key["kid"] = json!(kid);
                    key
                }).collect::<Vec<_>>() })),
                "/token" => self.id_token(&mut state, &form),
                _ => status(404),
            });
        }
        if request.url == WEBHOOK {
            state.delivered.push(request.clone());
            return state.webhook.map(status).ok_or(UpstreamError::Timeout);
        }
        let path = request.url.strip_prefix(BACKEND).unwrap();
        let (version, path) = path.split_once("/fhir/").unwrap();
        if state.backend_down {
            return Err(UpstreamError::Connect);
        }
        if state.backend_broken {
            return Ok(status(500));
        }
        if version == "v3" && state.v3_down {
            let mut answer = status(500);
            answer.body = Bytes::from_static(b"an unknown error occurred");
            return Ok(answer);
        }
        if path == "Patient/_search" {
            let mbi = form["identifier"].strip_prefix("http://hl7.org/fhir/sid/us-mbi|");
            let patients = match version {
                "v3" => &state.patients_v3,
                _ => &state.patients,
            };
            let found = patients.get(mbi.unwrap()).cloned().unwrap_or_default();
            let mut answer = bundle(found.iter().map(|id| patient(id)).collect());
            if version == "v3" && found.is_empty() {
                answer.as_object_mut().unwrap().remove("total");
            }
            return Ok(json_answer(&answer));
        }
        let url = url::Url::parse(&request.url).unwrap();
        let query: HashMap<_, _> = url.query_pairs().into_owned().collect();
        Ok(match path.split(['?', '/']).next().unwrap() {
            "Patient" => match path.strip_prefix("Patient/") {
                Some(id) => json_answer(&patient(id)),
                None => json_answer(&bundle(vec![patient(&query["_id"])])),
            },
            "ExplanationOfBenefit" => {
                let owner = state.claims_owner.unwrap_or(&query["patient"]);
                let claims = state.claims_of.get(&query["patient"]).copied().unwrap_or(1);
                let claim = |number: usize| {
                    json!({
                        "resourceType": "ExplanationOfBenefit", "status": "active",
                        "id": if version == "v3" { (17 + number).to_string() } else { format!("carrier--{}", 1 + number) },
                        "patient": { "reference": format!("Patient/{owner}") },
                    })
                };
                json_answer(&bundle((0..claims).map(claim).collect()))
            }
            "metadata" => json_answer(&json!({ "resourceType": "CapabilityStatement" })),
            _ => status(404),
        })
    }

    /// The token endpoint: a code counts once and belongs to its PKCE verifier.
    fn id_token(&self, state: &mut State, form: &HashMap<String, String>) -> UpstreamResponse {
        let Some(code) = state.codes.remove(&form["code"]) else {
            return status(400);
        };
        let digest = sha2::Sha256::digest(form["code_verifier"].as_bytes());
        assert!(state.ignores_verifiers || URL_SAFE_NO_PAD.encode(digest) == code.challenge);
        let now = self.clock.now().seconds();
        let mut claims = json!({
            "iss": ISSUER, "sub": code.person.subject, "aud": "bluegate-sandbox", "exp": now + 300, "iat": now,
            "nonce": code.nonce, "mbi": code.person.mbi, "name": format!("Name of {}", code.person.mbi),
            "given_name": "Name", "family_name": "Of", "email": "name@example.org",
        });
        for (name, value) in &state.claims {
            claims[*name] = value.clone();
        }
        let token = match &state.signer {
            None => sign(&claims, state.signs_with),
            Some(signer) => {
                let mut header = Header::new(signer.algorithm);
                header.kid = Some(state.signs_with.to_owned());
                encode(&header, &claims, &signer.private).unwrap()
            }
        };
        let token = match state.forge {
            Some(forge) => forge(token),
            None => token,
        };
        json_answer(&json!({ "access_token": "x", "token_type": "Bearer", "id_token": token }))
    }
}

impl Upstream for Outside {
    fn send(
        &self,
        request: UpstreamRequest,
    ) -> PortFuture<'_, Result<UpstreamResponse, UpstreamError>> {
        let answer = self.answer(&request);
        Box::pin(async move { answer })
    }
}

/// Signs claims with the key of these tests, ES256.
pub(super) fn sign(claims: &Json, kid: &str) -> String {
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some(kid.to_owned());
    let key = EncodingKey::from_ec_pem(PRIVATE.as_bytes()).unwrap();
    encode(&header, claims, &key).unwrap()
}

fn patient(id: &str) -> Json {
    json!({ "resourceType": "Patient", "id": id })
}

fn bundle(resources: Vec<Json>) -> Json {
    let entries: Vec<_> = resources
        .into_iter()
        .map(|resource| json!({ "resource": resource }))
        .collect();
    json!({
        "resourceType": "Bundle", "id": "b", "type": "searchset", "total": entries.len(),
        "meta": { "lastUpdated": "2026-01-01T00:00:00Z" }, "link": [], "entry": entries,
    })
}

fn json_answer(body: &Json) -> UpstreamResponse {
    let mut answer = status(200);
    answer.headers.insert(
        "content-type",
        HeaderValue::from_static("application/fhir+json;charset=UTF-8"),
    );
    answer.body = Bytes::from(body.to_string());
    answer
}

fn status(status: u16) -> UpstreamResponse {
    UpstreamResponse {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
    }
}
