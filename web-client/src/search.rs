//! The search parameters of a claims request, built by the code that the gateway reads them with.

use bluegate_shared::fhir::write::to_json;
use bluegate_shared::search::{Bound, EobType, MAX_COUNT, SearchError};
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
    build(types, since, from, to, count).map_err(|error| JsError::new(&text(error)))
}

/// What the error's `Display` says, which a test compares; formatting would weigh 2 KB in the module.
fn text(error: SearchError) -> String {
    let (name, why) = match error {
        SearchError::Date(name, why) => (name, why.as_str()),
        SearchError::Value(name) => (name, "has a value that is not supported"),
        _ => return "not a valid value".to_owned(),
    };
    ["the parameter ", name, " ", why].concat()
}

/// Writes what `Search` of the same crate writes, which a test compares; a search in full would be a tenth of the module.
fn build(
    types: Option<String>,
    since: Option<String>,
    from: Option<String>,
    to: Option<String>,
    count: Option<u32>,
) -> Result<String, SearchError> {
    let mut query = String::new();
    if let Some(types) = types {
        let mut name = "type";
        for known in types.split(',') {
            let known = EobType::parse(known).ok_or(SearchError::Type)?;
            add(&mut query, name, known.as_str());
            name = "";
        }
    }
    for (name, prefix, date) in [
        ("_lastUpdated", "ge", since),
        ("service-date", "ge", from),
        ("service-date", "le", to),
    ] {
        let Some(date) = date else { continue };
        let bound = Bound::parse(&[prefix, &date].concat());
        let bound = bound.map_err(|error| SearchError::Date(name, error))?;
        add(&mut query, name, bound.as_str());
    }
    if let Some(count) = count {
        if count > u32::from(MAX_COUNT) {
            return Err(SearchError::Value("_count"));
        }
        add(&mut query, "_count", &to_json(&count).unwrap_or_default());
    }
    Ok(query)
}

/// Adds a parameter, or another value to the last one where the name is empty. Of what is checked only colons
/// and plus signs have to be escaped.
fn add(query: &mut String, name: &str, value: &str) {
    if name.is_empty() {
        query.push_str("%2C");
    } else {
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(name);
        query.push('=');
    }
    for character in value.chars() {
        match character {
            ':' => query.push_str("%3A"),
            '+' => query.push_str("%2B"),
            plain => query.push(plain),
        }
    }
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
    fn query_is_what_the_gateway_writes() {
        use bluegate_shared::scope::ResourceType;
        use bluegate_shared::search::Search;
        for since in [
            "2020",
            "2020-01-31T10:00:00+02:00",
            "2020-01-31T10:00:00.25-11:00",
        ] {
            let bound = |prefix: &str| Bound::parse(&[prefix, since].concat()).unwrap();
            let search = Search::new(ResourceType::ExplanationOfBenefit);
            let search = search.with_types(&[EobType::Snf, EobType::Carrier, EobType::Pde]);
            let search = search.unwrap().with_last_updated(&bound("ge")).unwrap();
            let search = search.with_service_date(&bound("ge")).unwrap();
            let search = search.with_service_date(&bound("le")).unwrap();
            let search = search.with_count(7).unwrap();
            let built = build(
                some("snf,carrier,pde"),
                some(since),
                some(since),
                some(since),
                Some(7),
            );
            assert_eq!(built, Ok(search.query()));
        }
    }

    #[test]
    fn errors_say_what_the_gateway_says() {
        for error in [
            build(some("dental"), None, None, None, None),
            build(None, some("yesterday"), None, None, None),
            build(None, some("2018-01-01T10:00:00 01:00"), None, None, None),
            build(None, None, None, None, Some(51)),
        ] {
            let error = error.unwrap_err();
            assert_eq!(text(error), error.to_string());
        }
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
