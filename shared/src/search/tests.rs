//! One test for each rule of docs/contract/07-fhir.md, 7.3.

use super::*;

fn parse(resource: ResourceType, query: &str, handling: Handling) -> Result<Search, SearchError> {
    Search::parse(resource, form_urlencoded::parse(query.as_bytes()), handling)
}

fn eob(query: &str) -> Result<Search, SearchError> {
    parse(ResourceType::ExplanationOfBenefit, query, Handling::Lenient)
}

#[test]
fn count_is_0_to_50_and_10_by_default() {
    assert_eq!(eob("").unwrap().count(), 10);
    assert_eq!(eob("_count=50").unwrap().count(), 50);
    assert_eq!(eob("_count=010").unwrap().count(), 10);
    assert!(eob("_count=0").unwrap().is_count_only());
    for bad in [
        "51",
        "256",
        "-1",
        "+1",
        "1.0",
        "",
        "x",
        " 1",
        "99999999999999999999",
    ] {
        assert_eq!(
            eob(&format!("_count={}", bad.replace('+', "%2B"))),
            Err(SearchError::Value("_count")),
            "{bad}"
        );
    }
}

#[test]
fn start_index_is_not_negative() {
    assert_eq!(eob("startIndex=0").unwrap().start_index(), 0);
    assert_eq!(eob("startIndex=4460").unwrap().start_index(), 4460);
    for bad in [
        "-1",
        "x",
        "",
        "1e3",
        "18446744073709551615",
        "4503599627370496",
    ] {
        assert_eq!(
            eob(&format!("startIndex={bad}")),
            Err(SearchError::Value("startIndex")),
            "{bad}"
        );
    }
}

#[test]
fn last_updated_needs_a_prefix_and_two_make_an_interval() {
    let search = eob("_lastUpdated=ge2020-01-01&_lastUpdated=lt2021-01-01T00:00:00Z").unwrap();
    let bounds: Vec<_> = search.last_updated().map(Bound::as_str).collect();
    assert_eq!(bounds, ["ge2020-01-01", "lt2021-01-01T00:00:00Z"]);
    assert_eq!(
        eob("_lastUpdated=2020-01-01"),
        Err(SearchError::Date("_lastUpdated", DateError::Prefix))
    );
    assert_eq!(
        eob("_lastUpdated=ge2020-01-32"),
        Err(SearchError::Date("_lastUpdated", DateError::Date))
    );
    for bad in [
        "_lastUpdated=ge2020&_lastUpdated=gt2021",
        "_lastUpdated=le2020&_lastUpdated=lt2021",
    ] {
        assert_eq!(
            eob(bad),
            Err(SearchError::Interval("_lastUpdated")),
            "{bad}"
        );
    }
}

#[test]
fn service_date_is_for_claims() {
    let search = eob("service-date=le2020-12-31&service-date=ge2020-01-01").unwrap();
    assert_eq!(search.service_date().count(), 2);
    assert_eq!(
        eob("service-date=2020"),
        Err(SearchError::Date("service-date", DateError::Prefix))
    );
    let search = parse(
        ResourceType::Coverage,
        "service-date=x&type=x",
        Handling::Lenient,
    )
    .unwrap();
    assert_eq!(search, Search::new(ResourceType::Coverage));
}

#[test]
fn type_is_a_list_of_lower_case_codes_bare_or_with_system() {
    use EobType::{Carrier, Pde};

    assert_eq!(eob("type=carrier,pde").unwrap().types(), [Carrier, Pde]);
    let system = "https://bluebutton.cms.gov/resources/codesystem/eob-type";
    assert_eq!(eob(&format!("type={system}|pde")).unwrap().types(), [Pde]);
    for kind in EobType::ALL {
        assert_eq!(
            eob(&format!("type={}", kind.as_str())).unwrap().types(),
            [kind]
        );
    }
    for bad in [
        "",
        "PDE",
        "Carrier",
        "dental",
        ",",
        " , ",
        "carrier,dental",
        "car rier",
        "other|pde",
        &format!("{system}|"),
        &format!("{system}|PDE"),
    ] {
        let error = eob(&format!("type={bad}")).unwrap_err();
        assert_eq!(error, SearchError::Type, "{bad}");
        assert_eq!(error.to_string(), "not a valid value");
    }
}

#[test]
fn type_may_have_blanks_and_empty_places() {
    use EobType::{Carrier, Pde};

    for query in [
        "type=carrier,%20pde",
        "type=+carrier+,+pde+",
        "type=carrier,pde,",
        "type=,carrier,,pde",
        "type=carrier,https://bluebutton.cms.gov/resources/codesystem/eob-type|pde,+",
    ] {
        assert_eq!(eob(query).unwrap().types(), [Carrier, Pde], "{query}");
    }
}

#[test]
fn resources_are_named_by_id_and_by_nothing_else() {
    let search = eob("_id=pde-1,%20carrier--2,pde-1,&_count=5").unwrap();
    assert_eq!(search.ids(), ["pde-1", "carrier--2"]);
    assert!(search.people().is_empty());
    assert!(
        search
            .query()
            .starts_with("_id=pde-1%2C+carrier--2%2Cpde-1%2C&")
    );
    for bad in ["", ",", "a,b,c,d,e,f,g,h,i,j,k"] {
        assert_eq!(eob(&format!("_id={bad}")), Err(SearchError::Ids), "{bad}");
    }
    for bad in ["..", "a/b", "a%20b", "x,%2e"] {
        assert_eq!(
            eob(&format!("_id={bad}")),
            Err(SearchError::Value("_id")),
            "{bad}"
        );
    }
    for more in ["type=pde", "_lastUpdated=ge2020", "service-date=ge2020"] {
        assert_eq!(
            eob(&format!("_id=pde-1&{more}")),
            Err(SearchError::Combined("_id")),
            "{more}"
        );
    }
    assert_eq!(
        eob("_id=pde-1&_id=pde-2"),
        Err(SearchError::Repeated("_id"))
    );
}

#[test]
fn count_without_its_underscore_is_the_same() {
    let search = eob("count=7&_count=7").unwrap();
    assert_eq!(search.count(), 7);
    assert_eq!(search.query(), "_count=7");
    assert_eq!(
        eob("count=7&_count=8"),
        Err(SearchError::Repeated("_count"))
    );
    assert_eq!(eob("count=51"), Err(SearchError::Value("_count")));
    let strict = parse(ResourceType::Patient, "count=7", Handling::Strict);
    assert_eq!(strict.unwrap().count(), 7);
}

#[test]
fn format_takes_every_spelling_of_a_media_type() {
    for (value, format) in [
        ("application/json%2Bfhir", Format::FhirJson),
        ("application/json+fhir", Format::FhirJson),
        ("json;charset=utf-8", Format::FhirJson),
        ("Application/FHIR%2BJSON; fhirVersion=4.0", Format::FhirJson),
        ("application/json;fhirVersion=4.0", Format::Json),
        ("text/json", Format::Json),
    ] {
        let search = eob(&format!("_format={value}")).unwrap();
        assert_eq!(search.shape().format(), Some(format), "{value}");
    }
}

#[test]
fn a_person_may_be_named_bare_or_as_a_reference() {
    for query in [
        "patient=-20140",
        "patient=Patient/-20140",
        "beneficiary=Patient%2F-20140",
        "patient=-20140&beneficiary=-20140",
    ] {
        let search = eob(query).unwrap();
        assert_eq!(
            search.people(),
            [PatientId::parse("-20140").unwrap()],
            "{query}"
        );
    }
    assert_eq!(
        parse(ResourceType::Patient, "_id=7&patient=8", Handling::Lenient)
            .unwrap()
            .people()
            .len(),
        2
    );
    for bad in ["x", "", "patient/-20140", "Patient/Patient/1", "Group/1"] {
        assert_eq!(
            eob(&format!("patient={bad}")),
            Err(SearchError::Value("patient")),
            "{bad}"
        );
    }
    // On claims `_id` is the id of a claim, which is no parameter of this interface.
    assert!(eob("_id=carrier-1").unwrap().people().is_empty());
}

#[test]
fn format_is_json_only() {
    assert_eq!(
        eob("_format=json").unwrap().shape().format(),
        Some(Format::FhirJson)
    );
    assert_eq!(
        eob("_format=application%2Ffhir%2Bjson")
            .unwrap()
            .shape()
            .format(),
        Some(Format::FhirJson)
    );
    assert_eq!(
        eob("_format=application/fhir+json")
            .unwrap()
            .shape()
            .format(),
        Some(Format::FhirJson)
    );
    assert_eq!(
        eob("_format=application/json").unwrap().shape().format(),
        Some(Format::Json)
    );
    for bad in ["xml", "application/fhir+xml", "", "JSON", "ttl"] {
        assert_eq!(
            eob(&format!("_format={bad}")),
            Err(SearchError::Format),
            "{bad}"
        );
    }
}

#[test]
fn elements_is_a_list_of_names() {
    let search = eob("_elements=status,%20total,,type").unwrap();
    assert_eq!(
        search.shape().elements().unwrap(),
        ["status", "total", "type"]
    );
    for bad in ["", ",", "a\"b", "a/b", &"x".repeat(65)] {
        assert_eq!(
            eob(&format!("_elements={bad}")),
            Err(SearchError::Value("_elements")),
            "{bad}"
        );
    }
}

#[test]
fn summary_count_gives_the_total_only() {
    assert!(eob("_summary=count").unwrap().is_count_only());
    assert!(!eob("_summary=false").unwrap().is_count_only());
    assert!(!eob("_summary=true").unwrap().is_count_only());
    assert_eq!(eob("_summary=x"), Err(SearchError::Value("_summary")));
    assert_eq!(
        parse(ResourceType::Coverage, "_summary=true", Handling::Strict),
        Err(SearchError::Value("_summary"))
    );
}

#[test]
fn unknown_parameters_are_ignored_or_refused_when_handling_is_strict() {
    for query in [
        "x=1",
        "_pretty=true",
        "excludeSAMHSA=true",
        "patient:Patient=1",
        "Type=pde",
    ] {
        assert_eq!(
            eob(query).unwrap(),
            Search::new(ResourceType::ExplanationOfBenefit),
            "{query}"
        );
        assert_eq!(
            parse(ResourceType::ExplanationOfBenefit, query, Handling::Strict),
            Err(SearchError::Unknown),
            "{query}"
        );
    }
    assert!(parse(ResourceType::Coverage, "type=pde", Handling::Strict).is_err());
}

#[test]
fn identical_repeats_count_once_and_differing_ones_are_refused() {
    for query in [
        "_count=5&_count=5",
        "startIndex=5&startIndex=5",
        "type=pde&type=pde",
        "_format=json&_format=json",
        "_elements=a&_elements=a",
        "_summary=count&_summary=count",
        "_lastUpdated=ge2020&_lastUpdated=ge2020",
        "service-date=ge2020&service-date=ge2020",
        "patient=1&patient=1",
    ] {
        let once = query.split('&').next().unwrap();
        assert_eq!(eob(query).unwrap(), eob(once).unwrap(), "{query}");
    }
    for (query, name) in [
        ("_count=5&_count=6", "_count"),
        ("startIndex=5&startIndex=6", "startIndex"),
        ("type=pde&type=snf", "type"),
        ("_format=json&_format=application/json", "_format"),
        ("_elements=a&_elements=b", "_elements"),
        ("_summary=count&_summary=false", "_summary"),
    ] {
        assert_eq!(eob(query), Err(SearchError::Repeated(name)), "{query}");
    }
}

#[test]
fn links_repeat_the_clients_own_spelling() {
    let query = "type=https%3A%2F%2Fbluebutton.cms.gov%2Fresources%2Fcodesystem%2Feob-type%7Cpde\
                 &patient=Patient%2F1&_lastUpdated=ge2020&x=1&_count=5";
    let page = eob(query).unwrap().query_of_page(10);
    assert_eq!(
        page,
        "type=https%3A%2F%2Fbluebutton.cms.gov%2Fresources%2Fcodesystem%2Feob-type%7Cpde\
         &patient=Patient%2F1&_lastUpdated=ge2020&startIndex=10&_count=5"
    );
    // A pager that puts its own query on top of a link asks for the same page.
    let again = eob(&format!(
        "{page}&type=https%3A%2F%2Fbluebutton.cms.gov%2Fresources%2Fcodesystem%2Feob-type%7Cpde&_count=5"
    ));
    assert_eq!(again.unwrap(), eob(&page).unwrap());
    assert_eq!(eob("").unwrap().query_of_page(0), "startIndex=0&_count=10");
}

#[test]
fn what_the_client_builds_is_what_the_gateway_reads() {
    let built = Search::new(ResourceType::ExplanationOfBenefit)
        .with_types(&[EobType::Carrier, EobType::Pde])
        .unwrap()
        .with_last_updated(&Bound::parse("ge2020-01-01T00:00:00.000+00:00").unwrap())
        .unwrap()
        .with_service_date(&Bound::parse("lt2021").unwrap())
        .unwrap()
        .with_start_index(20)
        .with_count(20)
        .unwrap();
    assert_eq!(eob(&built.query()).unwrap(), built);
    assert_eq!(Search::new(ResourceType::Patient).query(), "");
    assert!(
        Search::new(ResourceType::Patient)
            .with_types(&[EobType::Pde])
            .is_err()
    );
    assert!(Search::new(ResourceType::Patient).with_count(51).is_err());
}

#[test]
fn a_read_knows_format_and_elements_only() {
    let shape =
        |query: &str, handling| Shape::parse(form_urlencoded::parse(query.as_bytes()), handling);
    assert!(shape("_format=json&_elements=id&_count=99", Handling::Lenient).is_ok());
    assert_eq!(
        shape("_count=5", Handling::Strict),
        Err(SearchError::Unknown)
    );
    assert_eq!(
        shape("_format=xml", Handling::Lenient),
        Err(SearchError::Format)
    );
}
