//! A request to the claims backend that may meet a fault (see [`crate::faults`]).

use axum::extract::State;
use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, Method, StatusCode, Uri};

use super::patient::US_MBI;
use super::problem::Problem;
use super::{Api, Params, reply};
use crate::app::Site;
use crate::claims::id::ClaimKey;
use crate::claims::index;
use crate::date::Day;
use crate::faults::{self, Kind};
use crate::people::{Mbi, PersonNumber};
use crate::reply::Reply;

/// Answers any request below `/sandbox/claims/{version}/fhir/`.
pub(crate) async fn handle(
    State(site): State<Site>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Reply {
    let about = About::of(&uri, &headers, &body);
    let fault = match &about {
        Some(about) => {
            match faults::of_request(&site, &headers, about.person, about.resource).await {
                Ok(fault) => fault,
                Err(refusal) => return refusal,
            }
        }
        None => None,
    };
    let answer = |uri: &Uri, body: &[u8], empty| reply(&site, &method, uri, &headers, body, empty);
    match (fault, about) {
        (Some(Kind::Slow(ms)), _) => {
            (site.dependencies.sleep)(ms).await;
            answer(&uri, &body, false)
        }
        (Some(Kind::Cut), _) => answer(&uri, &body, false).cut(),
        (Some(Kind::Empty), _) => answer(&uri, &body, true),
        (Some(Kind::Fail(status)), Some(about)) => failed(status, about.api),
        (Some(Kind::WrongPerson), Some(about)) => {
            match about.of_somebody_else(&site, &uri, &body) {
                Some((uri, body)) => answer(&uri, &body, false),
                None => answer(&uri, &body, false),
            }
        }
        _ => answer(&uri, &body, false),
    }
}

/// What is asked for, and about whom, as far as the request tells.
struct About<'a> {
    api: Api,
    resource: &'a str,
    person: Option<PersonNumber>,
    /// The id of a claim that is read.
    claim: Option<&'a str>,
    /// The search for a Medicare number at a sign-in.
    looks_up: bool,
}

impl<'a> About<'a> {
    fn of(uri: &'a Uri, headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let path = uri.path().strip_prefix("/sandbox/claims/")?;
        let (version, rest) = path.split_once("/fhir/")?;
        let api = Api::of_segment(version)?;
        let (resource, tail) = rest.split_once('/').unwrap_or((rest, ""));
        let mut params = Params::parse(uri.query().unwrap_or("").as_bytes());
        params.append(body);
        let looked_up = params
            .first("identifier")
            .and_then(|text| text.strip_prefix(US_MBI)?.strip_prefix('|'));
        let read = !matches!(tail, "" | "_search");
        let named = ["patient", "beneficiary", "_id"]
            .into_iter()
            .find_map(|name| params.first(name))
            .map(|text| text.strip_prefix("Patient/").unwrap_or(text));
        let claim = (read && resource == "ExplanationOfBenefit").then_some(tail);
        let named_person = match (looked_up, claim, named) {
            (Some(mbi), _, _) => Mbi::owners(mbi).first().copied(),
            (_, Some(id), _) => key(api, id).map(|key| key.person),
            (_, _, Some(id)) => person(api, id),
            _ if read => person(api, tail).or_else(|| of_coverage(api, tail)),
            _ => None,
        };
        // What the real backend is told, too.
        let told = headers
            .get("bluebutton-beneficiaryid")
            .and_then(|value| value.to_str().ok()?.strip_prefix("patientId:"))
            .and_then(|id| person(api, id));
        Some(Self {
            api,
            resource,
            person: named_person.or(told),
            claim,
            looks_up: looked_up.is_some(),
        })
    }

    /// The same request about the next person who has claims. Nobody is signed in as somebody else: the search
    /// for a Medicare number is left alone, because a link is for good.
    fn of_somebody_else(&self, site: &Site, uri: &Uri, body: &[u8]) -> Option<(Uri, Bytes)> {
        let own = self.person.filter(|_| !self.looks_up)?;
        let (other, claim) = next_with_claims(own, site.today())?;
        let (from, to) = match self.claim {
            Some(id) => (id.to_owned(), claim_id(self.api, claim)),
            None => (id(self.api, own), id(self.api, other)),
        };
        let uri = uri.to_string().replace(&from, &to).parse().ok()?;
        let body = String::from_utf8_lossy(body).replace(&from, &to);
        Some((uri, Bytes::from(body)))
    }
}

fn failed(status: u16, api: Api) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let problem = match api {
        Api::V3 if status.is_server_error() => Problem::FailureV3,
        _ => Problem::Failure("HAPI-0389: Failed to call access method".to_owned()),
    };
    let reply = problem.reply().with_status(status);
    if status == StatusCode::TOO_MANY_REQUESTS {
        reply.header(RETRY_AFTER, "5")
    } else {
        reply
    }
}

fn person(api: Api, id: &str) -> Option<PersonNumber> {
    let id = id.parse().ok()?;
    match api {
        Api::Older(_) => PersonNumber::of_patient_id(id),
        Api::V3 => PersonNumber::of_v3_id(id),
    }
}

/// The person in `part-a--20140000008325` or `part-c--398429691-Z1006-003`: the part of the id that is a number.
fn of_coverage(api: Api, id: &str) -> Option<PersonNumber> {
    let (start, _) = id.match_indices('-').find(|(at, _)| {
        let rest = &id[at + 1..];
        let digits = rest.strip_prefix('-').unwrap_or(rest);
        digits.starts_with(|first: char| first.is_ascii_digit())
    })?;
    let rest = &id[start + 1..];
    let sign = usize::from(rest.starts_with('-'));
    let end = rest[sign..].find('-').map_or(rest.len(), |end| sign + end);
    person(api, &rest[..end])
}

fn key(api: Api, id: &str) -> Option<ClaimKey> {
    match api {
        Api::Older(_) => ClaimKey::parse(id),
        Api::V3 => ClaimKey::of_v3_number(id.parse().ok()?),
    }
}

fn id(api: Api, person: PersonNumber) -> String {
    match api {
        Api::Older(_) => person.patient_id(),
        Api::V3 => person.v3_id(),
    }
    .to_string()
}

fn claim_id(api: Api, key: ClaimKey) -> String {
    match api {
        Api::Older(_) => key.to_string(),
        Api::V3 => key.v3_number().to_string(),
    }
}

fn next_with_claims(own: PersonNumber, today: Day) -> Option<(PersonNumber, ClaimKey)> {
    let (later, earlier): (Vec<_>, Vec<_>) = PersonNumber::all()
        .filter(|person| *person != own)
        .partition(|person| *person > own);
    later.into_iter().chain(earlier).find_map(|person| {
        let indexed = index::Indexed::of(person);
        let mut loaded = indexed.entries.iter();
        let entry = loaded.find(|entry| indexed.is_loaded(entry, today))?;
        Some((person, entry.key))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::Person;

    #[test]
    fn the_person_of_a_request_is_found_in_each_version() {
        let doe = PersonNumber::DOE;
        let claim = index::all(&Person::of(doe))[0].key;
        let mbi = Mbi::of(doe);
        for (uri, body) in [
            (
                format!("v2/fhir/Patient/{}", doe.patient_id()),
                String::new(),
            ),
            (
                format!("v1/fhir/Patient?_id={}", doe.patient_id()),
                String::new(),
            ),
            (
                format!("v2/fhir/Coverage/part-a-{}", doe.patient_id()),
                String::new(),
            ),
            (
                format!(
                    "v2/fhir/Coverage?beneficiary=Patient%2F{}",
                    doe.patient_id()
                ),
                String::new(),
            ),
            (
                format!(
                    "v2/fhir/ExplanationOfBenefit?patient={}&_count=5",
                    doe.patient_id()
                ),
                String::new(),
            ),
            (
                format!("v2/fhir/ExplanationOfBenefit/{claim}"),
                String::new(),
            ),
            (
                format!("v3/fhir/ExplanationOfBenefit/{}", claim.v3_number()),
                String::new(),
            ),
            (
                format!("v3/fhir/Coverage/part-c-{}-Z1006-003", doe.v3_id()),
                String::new(),
            ),
            (
                format!("v3/fhir/Patient?_id={}", doe.v3_id()),
                String::new(),
            ),
            (
                "v3/fhir/Patient/_search".to_owned(),
                format!("identifier=http://hl7.org/fhir/sid/us-mbi|{mbi}"),
            ),
        ] {
            let uri = format!("/sandbox/claims/{uri}").parse().unwrap();
            let about = About::of(&uri, &HeaderMap::new(), body.as_bytes()).unwrap();
            assert_eq!(about.person, Some(doe), "{uri}");
        }
        // An id of one space is nobody's in the other.
        let uri = format!("/sandbox/claims/v3/fhir/Patient/{}", doe.patient_id());
        let uri = uri.parse().unwrap();
        assert_eq!(
            About::of(&uri, &HeaderMap::new(), b"").unwrap().person,
            None
        );
    }
}
