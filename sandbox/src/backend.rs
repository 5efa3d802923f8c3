//! The claims backend: read and search of Patient, Coverage and ExplanationOfBenefit as the real one does it.
//!
//! Request in, complete reply out; everything in between is a pure function of path, parameters, a few headers
//! and the day. Errors are OperationOutcomes with the real backend's texts.

mod base;
mod bundle;
mod coverage;
mod dates;
mod eob;
mod metadata;
mod paging;
mod params;
mod patient;
mod problem;
mod troubled;
mod v3;

use http::header::{CONTENT_LOCATION, LAST_MODIFIED};
use http::{HeaderMap, Method, StatusCode, Uri};

use self::params::Params;
use self::problem::Problem;
pub(crate) use self::troubled::handle;
use crate::app::Site;
use crate::claims::index::ClaimCache;
use crate::date::Day;
use crate::fhir::Version;
use crate::reply::Reply;

/// The media type of every answer.
const FHIR_JSON: &str = "application/fhir+json;charset=utf-8";

/// Which interface is spoken to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Api {
    /// v1 or v2, which share ids, variables and rules.
    Older(Version),
    /// v3, a server of its own.
    V3,
}

impl Api {
    fn of_segment(segment: &str) -> Option<Self> {
        match segment {
            "v3" => Some(Self::V3),
            _ => Version::of_segment(segment).map(Self::Older),
        }
    }

    const fn segment(self) -> &'static str {
        match self {
            Self::Older(version) => version.segment(),
            Self::V3 => "v3",
        }
    }
}

/// A request with what every handler needs.
struct Call<'a> {
    /// The base URL for links, up to and including `/fhir`.
    base: String,
    /// GET or POST.
    post: bool,
    params: Params,
    /// The path after the base and the query, as received: what `self` shows.
    own_url: String,
    headers: &'a HeaderMap,
    today: Day,
    claim_cache: &'a ClaimCache,
}

/// A resource or a bundle, with the Friday it was loaded on.
struct Found {
    json: Vec<u8>,
    updated: Day,
    /// The address, for a read.
    location: Option<String>,
}

/// The reply to a request. `empty` is for a fault: nothing is found.
fn reply(
    site: &Site,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
    empty: bool,
) -> Reply {
    let reply = match answer(site, method, uri, headers, body, empty) {
        Ok(found) => {
            let reply = Reply::new(StatusCode::OK, FHIR_JSON, found.json)
                .header(LAST_MODIFIED, &found.updated.http_date());
            match found.location {
                Some(location) => reply.header(CONTENT_LOCATION, &location),
                None => reply,
            }
        }
        Err(problem) => problem.reply(),
    };
    reply.compressed_for(headers)
}

fn answer(
    site: &Site,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
    empty: bool,
) -> Result<Found, Problem> {
    let path = uri.path().strip_prefix("/sandbox/claims/").unwrap_or("");
    let (version, rest) = path
        .split_once("/fhir/")
        .ok_or_else(|| Problem::unknown_path(path))?;
    let api = Api::of_segment(version).ok_or_else(|| Problem::unknown_path(path))?;
    let post = match *method {
        Method::GET | Method::HEAD => false,
        Method::POST => true,
        _ if api == Api::V3 => return Err(Problem::MethodV3(method.to_string())),
        _ => return Err(Problem::Method(method.to_string())),
    };
    let mut params = Params::parse(uri.query().unwrap_or("").as_bytes());
    if post {
        params.append(body);
    }
    let mut call = Call {
        base: base::url(&site.config, headers, api.segment()),
        post,
        params,
        own_url: String::new(),
        headers,
        today: site.today(),
        claim_cache: &site.claim_cache,
    };
    call.own_url = match uri.query() {
        Some(query) if !post => format!("{}/{rest}?{query}", call.base),
        _ => format!("{}/{rest}", call.base),
    };
    route(&call, api, rest, empty)
}

fn route(call: &Call<'_>, api: Api, rest: &str, empty: bool) -> Result<Found, Problem> {
    let (resource, tail) = rest.split_once('/').unwrap_or((rest, ""));
    if resource == "metadata" && tail.is_empty() && !call.post {
        return Ok(metadata::document(call, api));
    }
    let search = match (tail, call.post) {
        ("_search", _) => true,
        ("", false) => true,
        ("", true) => return Err(Problem::Method("POST".to_owned())),
        (_, true) => return Err(Problem::Method("POST".to_owned())),
        (_, false) => false,
    };
    if empty && !search {
        return Err(Problem::unknown(resource, tail));
    }
    if empty {
        let total = (api != Api::V3).then_some(0);
        let page = paging::page(call, resource, 0)?;
        return Ok(bundle::write(
            call,
            total,
            &page,
            None,
            &[(); 0],
            |_, ()| {},
        ));
    }
    let Api::Older(version) = api else {
        return v3::route(call, resource, (!search).then_some(tail));
    };
    match (resource, search) {
        ("Patient", true) => patient::search(call, version),
        ("Patient", false) => patient::read(call, version, tail),
        ("Coverage", true) => coverage::search(call, version),
        ("Coverage", false) => coverage::read(call, version, tail),
        ("ExplanationOfBenefit", true) => eob::search(call, version),
        ("ExplanationOfBenefit", false) => eob::read(call, version, tail),
        _ => Err(Problem::unknown_resource(resource)),
    }
}

impl Call<'_> {
    /// A request header that says `true` or `false`; anything else is refused with the header's name.
    fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self
            .headers
            .get(name)
            .map(|value| value.to_str().unwrap_or("?"))
        {
            None => Ok(false),
            Some(value) if value.eq_ignore_ascii_case("true") => Ok(true),
            Some(value) if value.eq_ignore_ascii_case("false") => Ok(false),
            Some(value) => Err(Problem::Invalid(format!(
                "Unsupported {name} header value: [{value}]"
            ))),
        }
    }

    /// The method, as error texts name it.
    const fn method(&self) -> &'static str {
        if self.post { "POST" } else { "GET" }
    }
}

#[cfg(test)]
mod tests;
