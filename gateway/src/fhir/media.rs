//! Which JSON media type an answer has (docs/contract/05-token-exchange.md, 5.1).

use bluegate_shared::search::Format;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue};

use super::refusal::Refusal;
use crate::base::weights::weighted;

/// `_format` decides where it is given, else `Accept`. FHIR JSON unless plain JSON is named and FHIR JSON
/// is not wanted more.
pub(super) fn negotiate(headers: &HeaderMap, format: Option<Format>) -> Result<Format, Refusal> {
    if let Some(format) = format {
        return Ok(format);
    }
    let mut any = false;
    let mut fhir = None;
    let mut json = None;
    let mut wildcard = 0.0_f32;
    for value in headers.get_all(ACCEPT) {
        let Ok(value) = value.to_str() else { continue };
        for (media, weight) in weighted(value) {
            any = true;
            match Format::parse(media) {
                Some(Format::FhirJson) => raise(&mut fhir, weight),
                Some(Format::Json) => raise(&mut json, weight),
                None if media == "*/*" || media.eq_ignore_ascii_case("application/*") => {
                    wildcard = wildcard.max(weight);
                }
                None => {}
            }
        }
    }
    if !any {
        return Ok(Format::FhirJson);
    }
    // A type that is named with weight 0 is refused even where a wildcard allows the rest.
    let json_weight = json.unwrap_or(0.0);
    let fhir_weight = match fhir {
        Some(weight) => weight,
        None if json_weight > 0.0 => 0.0,
        None => wildcard,
    };
    if json_weight > fhir_weight {
        Ok(Format::Json)
    } else if fhir_weight > 0.0 {
        Ok(Format::FhirJson)
    } else if json.is_none() && wildcard > 0.0 {
        Ok(Format::Json)
    } else {
        Err(Refusal::NotAcceptable)
    }
}

/// The value of `Content-Type`.
pub(super) const fn content_type(format: Format) -> HeaderValue {
    HeaderValue::from_static(match format {
        Format::FhirJson => "application/fhir+json",
        Format::Json => "application/json",
    })
}

fn raise(slot: &mut Option<f32>, weight: f32) {
    *slot = Some(slot.unwrap_or(0.0).max(weight));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(value: &str) -> Option<Format> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, value.parse().unwrap());
        negotiate(&headers, None).ok()
    }

    #[test]
    fn fhir_json_is_the_default() {
        assert_eq!(negotiate(&HeaderMap::new(), None), Ok(Format::FhirJson));
        for value in [
            "*/*",
            "application/*",
            "",
            "application/fhir+json",
            "text/html, */*;q=0.1",
            "application/json, application/fhir+json",
            "application/fhir+json;fhirVersion=4.0",
            "application/json;q=0, */*",
        ] {
            assert_eq!(accept(value), Some(Format::FhirJson), "{value}");
        }
    }

    #[test]
    fn plain_json_is_honoured_where_it_is_named() {
        for value in [
            "application/json",
            "application/json, text/plain, */*",
            "application/fhir+json;q=0.5, application/json",
            "APPLICATION/JSON; charset=utf-8",
            "application/fhir+json;q=0, */*",
        ] {
            assert_eq!(accept(value), Some(Format::Json), "{value}");
        }
    }

    #[test]
    fn no_json_type_and_no_wildcard_is_not_acceptable() {
        for value in [
            "application/fhir+xml",
            "text/html",
            "text/*",
            "*/*;q=0",
            "application/json;q=0",
            "application/xml, application/fhir+json;q=0.0",
        ] {
            assert_eq!(accept(value), None, "{value}");
        }
    }

    /// What `Accept` takes, `_format` takes, and the other way round.
    #[test]
    fn one_table_serves_accept_and_format() {
        for value in [
            "application/fhir+json",
            "application/json+fhir",
            "application/json",
            "text/json",
            "json",
            "json;charset=utf-8",
            "APPLICATION/JSON;fhirVersion=4.0",
        ] {
            assert!(accept(value).is_some(), "{value}");
            assert_eq!(accept(value), Format::parse(value), "{value}");
        }
        for value in ["application/fhir+xml", "xml", "html", "ndjson"] {
            assert_eq!(
                (accept(value), Format::parse(value)),
                (None, None),
                "{value}"
            );
        }
    }

    #[test]
    fn format_decides_over_accept() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, "text/html".parse().unwrap());
        assert_eq!(negotiate(&headers, Some(Format::Json)), Ok(Format::Json));
    }
}
