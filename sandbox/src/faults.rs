//! Faults on request: the claims backend is slow, fails, breaks off, finds nothing, or answers for the wrong person,
//! so that developers see what their application does then, and tests what the gateway does.
//!
//! A fault is a text such as `fail;status=503;patient=BBUser20023`. It comes from the variable `sandbox_faults`
//! (several are separated by commas), from `POST /sandbox/faults` with an end, or from the header
//! `X-Sandbox-Fault` of a request that goes to the sandbox directly. The gateway passes no header of a client on.

use std::fmt;

use axum::extract::State;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::json;

use crate::app::Site;
use crate::idp::accounts::Account;
use crate::notes::{Note, Topic};
use crate::people::PersonNumber;
use crate::reply::Reply;

/// What goes wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// The answer breaks off in the middle.
    Cut,
    /// A search finds nothing, a read is 404: what the real backend does where it fails inside.
    Empty,
    /// This status instead of the answer.
    Fail(u16),
    /// The answer comes after this many milliseconds.
    Slow(u64),
    /// The answer is the next person's.
    WrongPerson,
}

/// A fault, and whom it meets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: Kind,
    /// For whom; everybody where nobody is named.
    pub person: Option<PersonNumber>,
    /// At which resource type; all where none is named.
    pub resource: Option<&'static str>,
}

impl Fault {
    /// Reads `kind;name=value;…`.
    ///
    /// # Errors
    ///
    /// What is wrong, in words for the developer.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let pairs = parts
            .filter(|part| !part.is_empty())
            .map(|part| {
                part.split_once('=')
                    .map(|(name, value)| (name.trim(), value.trim()))
                    .ok_or_else(|| format!("{part}: write name=value"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        Self::of(kind, &pairs)
    }

    fn of(kind: &str, pairs: &[(&str, &str)]) -> Result<Self, String> {
        for (name, _) in pairs {
            if !["ms", "patient", "resource", "status"].contains(name) {
                return Err(format!("{name}: known are ms, patient, resource, status"));
            }
        }
        let value = |wanted| {
            pairs
                .iter()
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| *value)
        };
        let number = |name, default: u64, range: std::ops::RangeInclusive<u64>| {
            value(name).map_or(Ok(default), |text| {
                text.parse()
                    .ok()
                    .filter(|number| range.contains(number))
                    .ok_or_else(|| format!("{name}: {} to {}", range.start(), range.end()))
            })
        };
        let status = number("status", 500, 400..=599)?;
        let ms = number("ms", 3_000, 0..=120_000)?;
        Ok(Self {
            kind: match kind {
                "cut" => Kind::Cut,
                "empty" => Kind::Empty,
                "fail" => Kind::Fail(u16::try_from(status).unwrap_or(500)),
                "slow" => Kind::Slow(ms),
                "wrong-person" => Kind::WrongPerson,
                _ => {
                    return Err("kind: one of slow, fail, cut, empty, wrong-person".to_owned());
                }
            },
            person: match value("patient") {
                None | Some("all") => None,
                Some(name) => Some(person(name).ok_or_else(|| {
                    "patient: an account such as BBUser20023, a patient id of any version, or all"
                        .to_owned()
                })?),
            },
            resource: match value("resource") {
                None | Some("all") => None,
                Some(name) => Some(
                    RESOURCES
                        .into_iter()
                        .find(|known| *known == name)
                        .ok_or_else(|| format!("resource: one of {}", RESOURCES.join(", ")))?,
                ),
            },
        })
    }

    /// Whether it meets a request about this person and resource type.
    #[must_use]
    pub fn meets(&self, person: Option<PersonNumber>, resource: &str) -> bool {
        (self.person.is_none() || self.person == person)
            && self.resource.is_none_or(|wanted| wanted == resource)
    }

    /// Whom and what it meets: a newer fault for the same replaces it.
    fn key(&self) -> String {
        format!("{}/{}", self.whom(), self.resource.unwrap_or("all"))
    }

    fn whom(&self) -> String {
        self.person.map_or_else(
            || "all".to_owned(),
            |person| person.patient_id().to_string(),
        )
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Cut => f.write_str("cut")?,
            Kind::Empty => f.write_str("empty")?,
            Kind::Fail(status) => write!(f, "fail;status={status}")?,
            Kind::Slow(ms) => write!(f, "slow;ms={ms}")?,
            Kind::WrongPerson => f.write_str("wrong-person")?,
        }
        if self.person.is_some() {
            write!(f, ";patient={}", self.whom())?;
        }
        if let Some(resource) = self.resource {
            write!(f, ";resource={resource}")?;
        }
        Ok(())
    }
}

/// The list of the variable.
///
/// # Errors
///
/// What is wrong with the first that cannot be read.
pub fn parse_list(text: &str) -> Result<Vec<Fault>, String> {
    text.split(',')
        .map(str::trim)
        .filter(|fault| !fault.is_empty())
        .map(Fault::parse)
        .collect()
}

/// The fault of a request: what its own header says, else what was asked for at the control route, else what
/// the variable says; of each the narrowest. A header that cannot be read is refused, in words.
pub(crate) async fn of_request(
    site: &Site,
    headers: &HeaderMap,
    person: Option<PersonNumber>,
    resource: &str,
) -> Result<Option<Kind>, Reply> {
    let of_header = match headers.get(HEADER) {
        None => Vec::new(),
        Some(value) => {
            parse_list(value.to_str().unwrap_or("?")).map_err(|reason| refused(&reason))?
        }
    };
    if let Some(fault) = narrowest(&of_header, person, resource) {
        return Ok(Some(fault.kind));
    }
    let notes = site.dependencies.notes.list(Topic::Fault, site.now()).await;
    let asked_for: Vec<_> = notes
        .iter()
        .filter_map(|note| Fault::parse(&note.text).ok())
        .collect();
    Ok(narrowest(&asked_for, person, resource)
        .or_else(|| narrowest(&site.config.faults, person, resource))
        .map(|fault| fault.kind))
}

fn narrowest<'f>(
    faults: &'f [Fault],
    person: Option<PersonNumber>,
    resource: &str,
) -> Option<&'f Fault> {
    faults
        .iter()
        .filter(|fault| fault.meets(person, resource))
        .max_by_key(|fault| (fault.person.is_some(), fault.resource.is_some()))
}

/// `/sandbox/faults`: POST asks for one, GET shows those that there are, DELETE ends them all.
pub(crate) async fn control(
    State(site): State<Site>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Reply {
    let now = site.now();
    match method {
        Method::GET | Method::HEAD => {}
        Method::DELETE => site.dependencies.notes.remove(Topic::Fault, None).await,
        Method::POST => match asked(&uri, &headers, &body) {
            Ok((fault, seconds)) => {
                let note = Note {
                    key: fault.key(),
                    text: fault.to_string(),
                    until: now + seconds,
                };
                site.dependencies.notes.put(Topic::Fault, note, now).await;
            }
            Err(reason) => return refused(&reason),
        },
        _ => {
            return told(
                StatusCode::METHOD_NOT_ALLOWED,
                &json!({ "detail": "use GET, POST or DELETE", "code": "method_not_allowed" }),
            )
            .header(http::header::ALLOW, "GET, HEAD, POST, DELETE");
        }
    }
    let notes = site.dependencies.notes.list(Topic::Fault, now).await;
    let mut faults: Vec<_> = notes
        .iter()
        .map(|note| json!({ "fault": note.text, "seconds_left": note.until - now }))
        .collect();
    faults.extend(
        site.config
            .faults
            .iter()
            .map(|fault| json!({ "fault": fault.to_string(), "from": "sandbox_faults" })),
    );
    told(StatusCode::OK, &json!({ "faults": faults }))
}

/// The fault and its seconds: parameters of the query, of a form or members of a JSON object.
fn asked(uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<(Fault, i64), String> {
    let json = headers
        .get(http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/json"));
    let mut pairs: Vec<(String, String)> =
        form_urlencoded::parse(uri.query().unwrap_or("").as_bytes())
            .into_owned()
            .collect();
    if json {
        let members: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(body).map_err(|_| "the body is not a JSON object".to_owned())?;
        pairs.extend(members.into_iter().map(|(name, value)| match value {
            serde_json::Value::String(text) => (name, text),
            other => (name, other.to_string()),
        }));
    } else {
        pairs.extend(form_urlencoded::parse(body).into_owned());
    }
    let take = |wanted: &str| {
        pairs
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.as_str())
    };
    let seconds = take("seconds").map_or(Ok(DEFAULT_S), |text| {
        text.parse()
            .ok()
            .filter(|seconds| (1..=LONGEST_S).contains(seconds))
            .ok_or_else(|| format!("seconds: 1 to {LONGEST_S}"))
    })?;
    let rest: Vec<_> = pairs
        .iter()
        .filter(|(name, _)| name != "kind" && name != "seconds")
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let fault = Fault::of(take("kind").unwrap_or_default(), &rest)?;
    Ok((fault, seconds))
}

fn refused(reason: &str) -> Reply {
    told(
        StatusCode::BAD_REQUEST,
        &json!({ "detail": reason, "code": "invalid_fault" }),
    )
}

fn told(status: StatusCode, body: &serde_json::Value) -> Reply {
    Reply::new(status, "application/json", body.to_string()).no_store()
}

/// The person with an account or a patient id of any version. Ids of v1, v2 and v3 have nothing in common.
fn person(name: &str) -> Option<PersonNumber> {
    if let Some(account) = Account::of_username(name) {
        return account.person_number();
    }
    let id: i64 = name.parse().ok()?;
    PersonNumber::of_patient_id(id).or_else(|| PersonNumber::of_v3_id(id))
}

const HEADER: &str = "x-sandbox-fault";
const RESOURCES: [&str; 3] = ["Patient", "Coverage", "ExplanationOfBenefit"];
/// How long a fault lasts where nobody says.
const DEFAULT_S: i64 = 60;
/// The longest that a fault can last, so that nobody wonders the next day.
const LONGEST_S: i64 = 3_600;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use axum::Router;
    use axum::body::Body;
    use futures_executor::block_on;
    use http::Request;
    use http_body_util::BodyExt as _;
    use tower_service::Service as _;

    use super::*;
    use crate::app::{Dependencies, router_with};
    use crate::testing::{Answer, NOW, config, posting, send};

    const PATIENT: &str = "/sandbox/claims/v2/fhir/Patient/-20140000008325";
    const CLAIMS: &str =
        "/sandbox/claims/v2/fhir/ExplanationOfBenefit?patient=-20140000008325&_count=3";

    fn site_with(faults: &str) -> Router {
        let mut config = config();
        config.faults = parse_list(faults).unwrap();
        router_with(config, Dependencies::in_memory(|| NOW))
    }

    fn get(router: &mut Router, path: &str) -> Answer {
        send(router, Request::get(path).body(Body::empty()).unwrap())
    }

    fn ask(router: &mut Router, form: &[(&str, &str)]) -> Answer {
        send(router, posting("/sandbox/faults", form))
    }

    fn owner_of_first(answer: &Answer) -> String {
        let owner = &answer.json()["entry"][0]["resource"]["patient"]["reference"];
        owner.as_str().unwrap().to_owned()
    }

    #[test]
    fn a_fault_is_read_as_it_is_written() {
        for text in [
            "cut",
            "empty",
            "fail;status=503",
            "slow;ms=10;patient=-20140000008325",
            "wrong-person;patient=-20140000008325;resource=Coverage",
        ] {
            assert_eq!(Fault::parse(text).unwrap().to_string(), text);
        }
        // Accounts and ids of v3 name the same person.
        let doe = Fault::parse("cut;patient=BBUser28324").unwrap();
        assert_eq!(Fault::parse("cut;patient=-20140000008325"), Ok(doe.clone()));
        assert_eq!(Fault::parse("cut;patient=-398429691"), Ok(doe));
        for text in [
            "",
            "burn",
            "fail;status=200",
            "fail;status",
            "slow;ms=-1",
            "slow;ms=999999",
            "cut;patient=BBUser99999",
            "cut;patient=7",
            "cut;resource=Claim",
            "cut;seconds=1",
        ] {
            assert!(Fault::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_failing_backend_answers_as_the_real_one() {
        let mut site = site_with("fail;resource=Patient");
        let answer = get(&mut site, PATIENT);
        assert_eq!(answer.status, 500);
        assert_eq!(answer.json()["resourceType"], "OperationOutcome");
        assert_eq!(get(&mut site, CLAIMS).status, 200);
        let mut site = site_with("fail;status=503");
        let answer = get(&mut site, "/sandbox/claims/v3/fhir/Patient/-398429691");
        assert_eq!(answer.status, 503);
        assert_eq!(answer.text(), "an unknown error occurred");
        let answer = get(&mut site_with("fail;status=429"), CLAIMS);
        assert_eq!(
            (answer.status.as_u16(), answer.header("retry-after")),
            (429, "5")
        );
    }

    #[test]
    fn a_slow_backend_answers_after_its_time() {
        static WAITED: AtomicU64 = AtomicU64::new(0);
        let mut config = config();
        config.faults = parse_list("slow;ms=1234").unwrap();
        let mut site = router_with(
            config,
            Dependencies {
                sleep: |ms| {
                    WAITED.fetch_add(ms, Ordering::Relaxed);
                    Box::pin(async {})
                },
                ..Dependencies::in_memory(|| NOW)
            },
        );
        assert_eq!(get(&mut site, PATIENT).status, 200);
        assert_eq!(WAITED.load(Ordering::Relaxed), 1234);
    }

    #[test]
    fn a_cut_answer_ends_with_an_error_and_not_with_an_end() {
        let mut site = site_with("cut");
        let request = Request::get(PATIENT).body(Body::empty()).unwrap();
        let response = block_on(site.call(request)).unwrap();
        assert!(response.headers().get("content-length").is_none());
        let mut body = response.into_body();
        let half = block_on(body.frame())
            .unwrap()
            .unwrap()
            .into_data()
            .unwrap();
        assert!(half.starts_with(b"{\"resourceType\":\"Patient\"") && !half.ends_with(b"}"));
        assert!(block_on(body.frame()).unwrap().is_err());
    }

    #[test]
    fn an_empty_backend_finds_nothing_in_the_form_of_each_version() {
        let mut site = site_with("empty");
        let found = get(&mut site, CLAIMS).json();
        assert_eq!((&found["total"], found.get("entry")), (&json!(0), None));
        let path = "/sandbox/claims/v3/fhir/Coverage?beneficiary=-398429691";
        let found = get(&mut site, path).json();
        assert_eq!((found.get("total"), found.get("entry")), (None, None));
        assert_eq!(found["link"][0]["relation"], "self");
        assert_eq!(get(&mut site, PATIENT).status, 404);
    }

    #[test]
    fn the_wrong_person_is_somebody_else_with_claims() {
        let own = site_with("");
        let mut wrong = site_with("wrong-person;patient=BBUser28324");
        for (path, member) in [
            (PATIENT.to_owned(), "/id"),
            (CLAIMS.to_owned(), "/entry/0/resource/patient/reference"),
            (
                "/sandbox/claims/v1/fhir/Coverage/part-a--20140000008325".to_owned(),
                "/beneficiary/reference",
            ),
            (
                "/sandbox/claims/v3/fhir/ExplanationOfBenefit?patient=Patient%2F-398429691"
                    .to_owned(),
                "/entry/0/resource/patient/reference",
            ),
        ] {
            let right = get(&mut own.clone(), &path).json();
            let other = get(&mut wrong, &path).json();
            let of = |json: &serde_json::Value| json.pointer(member).unwrap().clone();
            assert_ne!(of(&right), of(&other), "{path}");
        }
        // A claim by its id is answered with a claim of the other's.
        let claim = get(&mut own.clone(), CLAIMS).json()["entry"][0]["resource"]["id"].clone();
        let path = format!(
            "/sandbox/claims/v2/fhir/ExplanationOfBenefit/{}",
            claim.as_str().unwrap()
        );
        let answer = get(&mut wrong, &path).json();
        assert_ne!(answer["patient"]["reference"], "Patient/-20140000008325");
        // Others are not met.
        let path = CLAIMS.replace("-20140000008325", "-20140000000024");
        assert_eq!(
            owner_of_first(&get(&mut wrong, &path)),
            "Patient/-20140000000024"
        );
    }

    /// A link between an account and a patient is for good.
    #[test]
    fn nobody_is_signed_in_as_somebody_else() {
        let mut site = site_with("wrong-person");
        let mbi = crate::people::Mbi::of(PersonNumber::DOE);
        let form = [(
            "identifier",
            format!("http://hl7.org/fhir/sid/us-mbi|{mbi}"),
        )];
        let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
        let found = send(
            &mut site,
            posting("/sandbox/claims/v2/fhir/Patient/_search", &form),
        );
        assert_eq!(
            found.json()["entry"][0]["resource"]["id"],
            "-20140000008325"
        );
    }

    #[test]
    fn a_fault_can_be_asked_for_and_ends() {
        let mut site = site_with("");
        let answer = ask(
            &mut site,
            &[
                ("kind", "fail"),
                ("status", "502"),
                ("patient", "BBUser28324"),
            ],
        );
        assert_eq!(answer.status, 200);
        let fault = &answer.json()["faults"][0];
        assert_eq!(fault["fault"], "fail;status=502;patient=-20140000008325");
        assert_eq!(fault["seconds_left"], 60);
        assert_eq!(get(&mut site, PATIENT).status, 502);
        let other = "/sandbox/claims/v2/fhir/Patient/-20140000000024";
        assert_eq!(get(&mut site, other).status, 200);
        // A newer one for the same replaces it, and the narrower one counts.
        ask(
            &mut site,
            &[
                ("kind", "fail"),
                ("status", "503"),
                ("patient", "-20140000008325"),
            ],
        );
        ask(&mut site, &[("kind", "fail"), ("status", "504")]);
        assert_eq!(get(&mut site, PATIENT).status, 503);
        assert_eq!(get(&mut site, other).status, 504);
        let end = Request::delete("/sandbox/faults")
            .body(Body::empty())
            .unwrap();
        assert_eq!(send(&mut site, end).json(), json!({ "faults": [] }));
        assert_eq!(get(&mut site, PATIENT).status, 200);
    }

    #[test]
    fn an_end_comes_by_itself() {
        static NOW_S: AtomicU64 = AtomicU64::new(1_795_262_400);
        let clock = || i64::try_from(NOW_S.load(Ordering::Relaxed)).unwrap();
        let mut site = router_with(config(), Dependencies::in_memory(clock));
        ask(&mut site, &[("kind", "fail"), ("seconds", "10")]);
        NOW_S.fetch_add(9, Ordering::Relaxed);
        assert_eq!(get(&mut site, PATIENT).status, 500);
        NOW_S.fetch_add(1, Ordering::Relaxed);
        assert_eq!(get(&mut site, PATIENT).status, 200);
    }

    #[test]
    fn a_fault_may_be_a_query_or_json_and_a_wrong_one_is_explained() {
        let mut site = site_with("");
        let json = Request::post("/sandbox/faults")
            .header("content-type", "application/json")
            .body(Body::from(r#"{"kind":"fail","status":503,"seconds":5}"#))
            .unwrap();
        assert_eq!(send(&mut site, json).json()["faults"][0]["seconds_left"], 5);
        let query = Request::post("/sandbox/faults?kind=empty&resource=Patient");
        let answer = send(&mut site, query.body(Body::empty()).unwrap());
        assert_eq!(answer.json()["faults"].as_array().unwrap().len(), 2);
        for (form, word) in [
            (vec![], "kind"),
            (vec![("kind", "slow"), ("seconds", "4000")], "seconds"),
            (vec![("kind", "slow"), ("who", "me")], "who"),
        ] {
            let answer = ask(&mut site, &form);
            assert_eq!(answer.status, 400);
            let detail = answer.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.starts_with(word), "{detail}");
        }
        let put = Request::put("/sandbox/faults").body(Body::empty()).unwrap();
        assert_eq!(send(&mut site, put).status, 405);
    }

    #[test]
    fn a_request_may_bring_its_own_fault() {
        let mut site = site_with("");
        let request = Request::get(PATIENT)
            .header(HEADER, "fail;status=503")
            .body(Body::empty())
            .unwrap();
        assert_eq!(send(&mut site, request).status, 503);
        assert_eq!(get(&mut site, PATIENT).status, 200);
        let request = Request::get(PATIENT).header(HEADER, "burn");
        let answer = send(&mut site, request.body(Body::empty()).unwrap());
        assert_eq!(
            (answer.status.as_u16(), answer.json()["code"].clone()),
            (400, json!("invalid_fault"))
        );
    }
}
