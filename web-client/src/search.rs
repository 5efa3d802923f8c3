//! The search parameters of a claims request, built by the code that the gateway reads them with.

use bluegate_shared::scope::ResourceType;
use bluegate_shared::search::{Bound, EobType, Search, SearchError};
use wasm_bindgen::prelude::*;

/// The query string of a claims search, without `?`; empty where nothing restricts it.
///
/// `types` is a comma list, `since` the earliest change, `from` and `to` the first and last service date.
///
/// # Errors
///
/// Where a value is one that the gateway would refuse.
#[wasm_bindgen(js_name = claimsQuery)]
pub fn claims_query(
    types: Option<String>,
    since: Option<String>,
    from: Option<String>,
    to: Option<String>,
    count: Option<u32>,
) -> Result<String, JsError> {
    build(types, since, from, to, count).map_err(|error| JsError::new(&error.to_string()))
}

fn build(
    types: Option<String>,
    since: Option<String>,
    from: Option<String>,
    to: Option<String>,
    count: Option<u32>,
) -> Result<String, SearchError> {
    let mut search = Search::new(ResourceType::ExplanationOfBenefit);
    if let Some(types) = types {
        let types: Option<Vec<_>> = types.split(',').map(EobType::parse).collect();
        search = search.with_types(&types.ok_or(SearchError::Type)?)?;
    }
    if let Some(since) = since {
        search = search.with_last_updated(&bound("_lastUpdated", "ge", &since)?)?;
    }
    if let Some(from) = from {
        search = search.with_service_date(&bound("service-date", "ge", &from)?)?;
    }
    if let Some(to) = to {
        search = search.with_service_date(&bound("service-date", "le", &to)?)?;
    }
    if let Some(count) = count {
        let count = u8::try_from(count).map_err(|_| SearchError::Value("_count"))?;
        search = search.with_count(count)?;
    }
    Ok(search.query())
}

fn bound(name: &'static str, prefix: &str, date: &str) -> Result<Bound, SearchError> {
    Bound::parse(&format!("{prefix}{date}")).map_err(|error| SearchError::Date(name, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn query_is_what_the_gateway_reads() {
        let query = build(
            some("carrier,pde"),
            some("2020-01-01T00:00:00Z"),
            some("2018-01-01"),
            some("2018-12-31"),
            Some(50),
        );
        assert_eq!(
            query.as_deref(),
            Ok(
                "type=carrier%2Cpde&_lastUpdated=ge2020-01-01T00%3A00%3A00Z&service-date=ge2018-01-01\
                &service-date=le2018-12-31&_count=50"
            )
        );
        assert_eq!(build(None, None, None, None, None).as_deref(), Ok(""));
    }

    #[test]
    fn what_the_gateway_would_refuse_is_refused_here() {
        assert_eq!(
            build(some("dental"), None, None, None, None),
            Err(SearchError::Type)
        );
        assert!(build(None, some("yesterday"), None, None, None).is_err());
        assert!(build(None, None, some("2018-13-01"), None, None).is_err());
        assert!(build(None, None, None, None, Some(51)).is_err());
        assert!(build(None, None, None, None, Some(256)).is_err());
    }
}
