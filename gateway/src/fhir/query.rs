//! A client's request read into what it means, and written again for the backend
//! (docs/contract/07-fhir.md, 7.3). The person's own id always comes from the grant.

use std::borrow::Cow;

use bluegate_shared::id::PatientId;
use bluegate_shared::scope::ResourceType;
use bluegate_shared::search::{Handling, Search, SearchError, is_fhir_id};
use http::{HeaderMap, HeaderName, Method};

use super::refusal::Refusal;
use crate::base::http::Request;
use crate::base::version::Version;
use crate::oauth::parameters::{is_form, pairs};

/// Query and form body of a search together, read.
pub(super) fn search(
    request: &Request,
    resource: ResourceType,
    version: Version,
) -> Result<Search, Refusal> {
    let form = if request.method != Method::POST || request.body.is_empty() {
        &[][..]
    } else if is_form(&request.headers) {
        &request.body[..]
    } else {
        return Err(Refusal::UnsupportedMediaType);
    };
    let query = request.query.as_deref().unwrap_or_default().as_bytes();
    let parameters = pairs(query)
        .chain(pairs(form))
        .map(|(name, value)| match (version, &*name) {
            // What v3 calls it; an application that counts pages on its own would go round in circles.
            (Version::V3, "_offset") => (Cow::Borrowed("startIndex"), value),
            _ => (name, value),
        });
    let handling = handling(&request.headers);
    match version {
        Version::V1 | Version::V2 => Search::parse(resource, parameters, handling),
        Version::V3 => Search::parse_v3(resource, parameters, handling),
    }
    .map_err(Refusal::InvalidParameter)
}

/// How unknown parameters are taken (`Prefer: handling=strict`, RFC 7240).
pub(super) fn handling(headers: &HeaderMap) -> Handling {
    let strict = headers
        .get_all(HeaderName::from_static("prefer"))
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']))
        .filter_map(|preference| preference.split_once('='))
        .any(|(name, value)| {
            name.trim().eq_ignore_ascii_case("handling")
                && value
                    .trim()
                    .trim_matches('"')
                    .eq_ignore_ascii_case("strict")
        });
    if strict {
        Handling::Strict
    } else {
        Handling::Lenient
    }
}

/// Naming another person on a search is refused before anybody is asked.
///
/// # Errors
///
/// [`Refusal::OtherPerson`].
pub fn only_names(search: &Search, own: &PatientId) -> Result<(), Refusal> {
    let foreign = |id: &String| {
        search.resource() == ResourceType::Coverage
            && coverage_owner(id).is_some_and(|owner| owner != own.as_str())
    };
    if search.people().iter().all(|person| person == own) && !search.ids().iter().any(foreign) {
        Ok(())
    } else {
        Err(Refusal::OtherPerson)
    }
}

/// Whether an id that is asked for can be the person's at all, as far as ids tell. `id` is percent-decoded.
///
/// # Errors
///
/// [`Refusal::NotFound`] or [`Refusal::OtherPersonRead`].
pub fn check_id(resource: ResourceType, id: &str, own: &PatientId) -> Result<(), Refusal> {
    if !is_fhir_id(id) {
        return Err(Refusal::NotFound);
    }
    let owner = match resource {
        ResourceType::Patient => Some(id),
        ResourceType::Coverage => coverage_owner(id),
        ResourceType::ExplanationOfBenefit => None,
    };
    match owner {
        Some(owner) if owner != own.as_str() => Err(Refusal::OtherPersonRead),
        _ => Ok(()),
    }
}

/// The number in `part-a--20140000008325`, `dual-7`, `c4dic-part-b-7` or `part-c-7-H1234-003`.
fn coverage_owner(id: &str) -> Option<&str> {
    let id = without(id, "c4dic-").unwrap_or(id);
    let rest = ["part-a-", "part-b-", "part-c-", "part-d-", "dual-"]
        .into_iter()
        .find_map(|part| without(id, part))?;
    let sign = usize::from(rest.starts_with('-'));
    let digits = rest[sign..].bytes().take_while(u8::is_ascii_digit).count();
    Some(&rest[..sign + digits])
}

/// What follows a prefix, in whatever case the prefix is written.
fn without<'a>(id: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = id.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// Which page of a search the backend is asked for.
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Page {
    /// As the client wants it.
    Wanted,
    /// The smallest from which the total can be told.
    Total,
}

/// The parameters of a backend search.
#[must_use]
pub fn to_backend(
    search: &Search,
    own: &PatientId,
    version: Version,
    page: Page,
) -> Vec<(&'static str, String)> {
    let own = own.as_str();
    let mut parameters = vec![match search.resource() {
        ResourceType::Patient => ("_id", own.to_owned()),
        ResourceType::Coverage => ("beneficiary", format!("Patient/{own}")),
        ResourceType::ExplanationOfBenefit => ("patient", own.to_owned()),
    }];
    for bound in search.last_updated() {
        parameters.push(("_lastUpdated", bound.complete().into_owned()));
    }
    for bound in search.service_date() {
        parameters.push(("service-date", bound.complete().into_owned()));
    }
    if !search.types().is_empty() {
        let types: Vec<_> = search.types().iter().map(|kind| kind.as_str()).collect();
        parameters.push(("type", types.join(",")));
    }
    if version == Version::V3 {
        parameters.extend(search.filters().iter().cloned());
    }
    match page {
        Page::Wanted => {
            // On v3 only claims know an offset; everything else comes on one page.
            let paged =
                version != Version::V3 || search.resource() == ResourceType::ExplanationOfBenefit;
            if search.start_index() > 0 && paged {
                parameters.push(("startIndex", search.start_index().to_string()));
            }
            parameters.push(("_count", search.count().to_string()));
        }
        // v1 and v2 refuse a page of none; v3 tells the total only where there is no further page. Then every
        // claim comes, with no more of it than the guard needs.
        Page::Total if version == Version::V3 => {
            if let Some(owner) = owner(search.resource()) {
                parameters.push(("_elements", owner.to_owned()));
            }
        }
        Page::Total => parameters.push(("_count", "1".to_owned())),
    }
    parameters
}

/// The element that names the owner, where it is not the id.
const fn owner(resource: ResourceType) -> Option<&'static str> {
    match resource {
        ResourceType::Patient => None,
        ResourceType::Coverage => Some("beneficiary"),
        ResourceType::ExplanationOfBenefit => Some("patient"),
    }
}

/// As a query string.
#[must_use]
pub fn encoded(parameters: &[(&'static str, String)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish()
}

impl From<SearchError> for Refusal {
    fn from(error: SearchError) -> Self {
        Self::InvalidParameter(error)
    }
}

/// Whether a search asks for all claims of the person: the watch compares what the backend counts for it.
pub(super) fn asks_for_all_claims(search: &Search) -> bool {
    search.resource() == ResourceType::ExplanationOfBenefit
        && search.types().is_empty()
        && search.ids().is_empty()
        && search.filters().is_empty()
        && search.last_updated().next().is_none()
        && search.service_date().next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> PatientId {
        PatientId::parse("-20140").unwrap()
    }

    fn eob(query: &str) -> Search {
        Search::parse(
            ResourceType::ExplanationOfBenefit,
            form_urlencoded::parse(query.as_bytes()),
            Handling::Lenient,
        )
        .unwrap()
    }

    #[test]
    fn the_persons_own_id_comes_from_the_grant() {
        for (resource, query) in [
            (ResourceType::Patient, "_id=-20140&_count=10"),
            (
                ResourceType::Coverage,
                "beneficiary=Patient%2F-20140&_count=10",
            ),
            (
                ResourceType::ExplanationOfBenefit,
                "patient=-20140&_count=10",
            ),
        ] {
            let parameters = to_backend(&Search::new(resource), &own(), Version::V2, Page::Wanted);
            assert_eq!(encoded(&parameters), query);
        }
    }

    #[test]
    fn every_parameter_goes_to_the_backend_in_its_form() {
        let search = eob(
            "service-date=ge2020&_lastUpdated=lt2021-01-01T00:00:00%2B01:00&_count=5&startIndex=10\
             &type=https://bluebutton.cms.gov/resources/codesystem/eob-type|pde,snf&x=y&_elements=id&patient=-20140",
        );
        assert_eq!(
            encoded(&to_backend(&search, &own(), Version::V1, Page::Wanted)),
            "patient=-20140&_lastUpdated=lt2021-01-01T00%3A00%3A00%2B01%3A00&service-date=ge2020\
             &type=pde%2Csnf&startIndex=10&_count=5"
        );
    }

    #[test]
    fn a_coverage_of_somebody_else_is_refused_before_any_call() {
        let coverage = |query: &str| {
            let parameters = form_urlencoded::parse(query.as_bytes());
            let search = Search::parse(ResourceType::Coverage, parameters, Handling::Lenient);
            only_names(&search.unwrap(), &own())
        };
        assert_eq!(coverage("_id=part-a--20140,x"), Ok(()));
        for foreign in ["_id=part-a-7", "_id=part-a--20140,dual-20140"] {
            assert_eq!(coverage(foreign), Err(Refusal::OtherPerson), "{foreign}");
        }
    }

    #[test]
    fn tags_and_sources_go_to_the_backend_of_v3_alone() {
        let query = "_tag=https://x|NationalClaimsHistory&_source=NCH,MCS&_tag=y|z";
        let parameters = || form_urlencoded::parse(query.as_bytes());
        let resource = ResourceType::ExplanationOfBenefit;
        let search = Search::parse_v3(resource, parameters(), Handling::Strict).unwrap();
        assert_eq!(
            encoded(&to_backend(&search, &own(), Version::V3, Page::Wanted)),
            "patient=-20140&_tag=https%3A%2F%2Fx%7CNationalClaimsHistory&_source=NCH%2CMCS\
             &_tag=y%7Cz&_count=10"
        );
        assert!(!asks_for_all_claims(&search));
        let older = Search::parse(resource, parameters(), Handling::Lenient).unwrap();
        assert_eq!(older, Search::new(resource));
        let strict = Search::parse(resource, parameters(), Handling::Strict);
        assert_eq!(strict, Err(SearchError::Unknown));
    }

    #[test]
    fn the_backend_gets_times_with_seconds_and_zone() {
        let search = eob("_lastUpdated=gt2020-01-01T10:00:00&service-date=ge2020-01-01T10:00Z");
        assert_eq!(
            encoded(&to_backend(&search, &own(), Version::V2, Page::Wanted)),
            "patient=-20140&_lastUpdated=gt2020-01-01T10%3A00%3A00Z\
             &service-date=ge2020-01-01T10%3A00%3A00Z&_count=10"
        );
        // Links repeat what the client wrote.
        assert!(
            search
                .query()
                .contains("_lastUpdated=gt2020-01-01T10%3A00%3A00&")
        );
    }

    #[test]
    fn a_total_is_asked_for_with_a_page_of_one() {
        let search = eob("_count=0&startIndex=7");
        assert_eq!(
            encoded(&to_backend(&search, &own(), Version::V2, Page::Total)),
            "patient=-20140&_count=1"
        );
    }

    #[test]
    fn ids_of_other_people_are_refused_before_any_call() {
        for id in ["7", "-2014", "-201400", "20140", "x"] {
            assert_eq!(
                check_id(ResourceType::Patient, id, &own()),
                Err(Refusal::OtherPersonRead),
                "{id}"
            );
        }
        for id in [
            "part-a-7",
            "part-b--2014",
            "PART-C-20140",
            "dual-7",
            "c4dic-part-a-7",
            "C4DIC-PART-A-7",
            "part-c-7-H1234-003",
            "part-d-",
            "part-d-x",
        ] {
            assert_eq!(
                check_id(ResourceType::Coverage, id, &own()),
                Err(Refusal::OtherPersonRead),
                "{id}"
            );
        }
        for (resource, id) in [
            (ResourceType::Patient, "-20140"),
            (ResourceType::Coverage, "part-a--20140"),
            (ResourceType::Coverage, "dual--20140"),
            (ResourceType::Coverage, "c4dic-part-a--20140"),
            (ResourceType::Coverage, "part-c--20140-H1234-003"),
            (
                ResourceType::ExplanationOfBenefit,
                "carrier--10000930037921",
            ),
            (ResourceType::ExplanationOfBenefit, "7"),
        ] {
            assert_eq!(check_id(resource, id, &own()), Ok(()), "{id}");
        }
    }

    #[test]
    fn what_is_no_fhir_id_is_not_found() {
        for id in [
            "",
            ".",
            "..",
            "a/b",
            "a b",
            "..%2F",
            "$generate",
            "ä",
            &"x".repeat(65),
        ] {
            for resource in ResourceType::ALL {
                assert_eq!(
                    check_id(resource, id, &own()),
                    Err(Refusal::NotFound),
                    "{id}"
                );
            }
        }
    }

    #[test]
    fn handling_is_strict_only_where_preferred() {
        for (value, wanted) in [
            ("handling=strict", Handling::Strict),
            ("respond-async, Handling=\"strict\"", Handling::Strict),
            ("handling=lenient", Handling::Lenient),
            ("return=minimal", Handling::Lenient),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("prefer", value.parse().unwrap());
            assert_eq!(handling(&headers), wanted, "{value}");
        }
    }
}
