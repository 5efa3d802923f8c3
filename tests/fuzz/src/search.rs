//! Search parameters: nothing panics, what is understood can be written and read again, and no spelling
//! gets another person past the gateway. The first byte chooses resource, version and handling; the rest is
//! a query string, or a read's id behind a NUL byte.

use bluegate_gateway::base::version::Version;
use bluegate_gateway::fhir::query::{Page, check_id, encoded, only_names, to_backend};
use bluegate_shared::scope::ResourceType;
use bluegate_shared::search::{Handling, Search, Shape};

use crate::{OWN, own, resource};

/// The body of the target.
///
/// # Panics
///
/// Where a promise is broken.
pub fn run(input: &[u8]) {
    let Some((choice, text)) = input.split_first() else {
        return;
    };
    let resource = resource(choice & 3);
    let version = Version::ALL[usize::from(choice >> 2 & 3) % Version::ALL.len()];
    let handling = if choice & 0x10 == 0 {
        Handling::Lenient
    } else {
        Handling::Strict
    };
    if let Some(id) = text.strip_prefix(&[0]) {
        read(resource, &String::from_utf8_lossy(id));
        return;
    }
    let _ = Shape::parse(form_urlencoded::parse(text), handling);
    let Ok(search) = Search::parse(resource, form_urlencoded::parse(text), handling) else {
        return;
    };
    is_written_and_read_again(resource, &search);
    asks_for_nobody_else(text, version, &search);
}

fn is_written_and_read_again(resource: ResourceType, search: &Search) {
    let again = |query: &str| {
        // A canonical query has nothing in it that strict handling would refuse.
        Search::parse(
            resource,
            form_urlencoded::parse(query.as_bytes()),
            Handling::Strict,
        )
        .expect("a canonical query is understood")
    };
    let query = search.query();
    assert_eq!(again(&query), *search);
    assert_eq!(again(&query).query(), query);
    let page = again(&search.query_of_page(30));
    assert_eq!(page.start_index(), 30);
    assert_eq!(page.count(), search.count());
    assert_eq!(page.people(), search.people());
    assert_eq!(page.types(), search.types());
    assert_eq!(page.shape(), search.shape());
    assert!(page.last_updated().eq(search.last_updated()));
    assert!(page.service_date().eq(search.service_date()));
}

fn asks_for_nobody_else(text: &[u8], version: Version, search: &Search) {
    let own = own();
    let names_another = form_urlencoded::parse(text).any(|(name, value)| {
        let names = match &*name {
            "patient" | "beneficiary" => true,
            "_id" => search.resource() == ResourceType::Patient,
            _ => false,
        };
        names && value != OWN && value != format!("Patient/{OWN}")
    });
    let coverage_of_another = search.resource() == ResourceType::Coverage
        && search
            .ids()
            .iter()
            .any(|id| check_id(search.resource(), id, &own).is_err());
    let names_another = names_another || coverage_of_another;
    assert_eq!(only_names(search, &own).is_err(), names_another);
    if names_another {
        return;
    }
    for page in [Page::Wanted, Page::Total] {
        let sent = to_backend(search, &own, version, page);
        let query = encoded(&sent);
        let read: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        assert_eq!(read.len(), sent.len());
        for (index, (name, value)) in read.iter().enumerate() {
            assert!(*name == sent[index].0 && *value == sent[index].1);
            match &**name {
                "_id" | "patient" | "beneficiary" => {
                    assert_eq!(index, 0);
                    assert_eq!(value.strip_prefix("Patient/").unwrap_or(value), OWN);
                }
                "_lastUpdated" | "service-date" | "type" | "startIndex" | "_count" => {
                    let plain = |c: char| c.is_ascii_alphanumeric() || "-:.+,".contains(c);
                    assert!(value.chars().all(plain), "{value}");
                }
                // v3 is asked for no more than the owners where only the total is wanted.
                "_elements" if version == Version::V3 && page == Page::Total => {
                    assert!(matches!(&**value, "beneficiary" | "patient"));
                }
                name => panic!("{name} goes to the backend"),
            }
        }
    }
}

/// An id that may be asked for is one path segment, and no other person's number.
fn read(resource: ResourceType, id: &str) {
    if check_id(resource, id, &own()).is_err() {
        return;
    }
    assert!(!id.is_empty() && id.len() <= 64);
    assert!(
        id.chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
    );
    match resource {
        ResourceType::Patient => assert_eq!(id, OWN),
        ResourceType::Coverage => {
            let lower = id.to_ascii_lowercase();
            let lower = lower.strip_prefix("c4dic-").unwrap_or(&lower);
            for part in ["part-a-", "part-b-", "part-c-", "part-d-", "dual-"] {
                if let Some(number) = lower.strip_prefix(part) {
                    let rest = number.strip_prefix(OWN).expect("the person's number");
                    assert!(!rest.starts_with(|c: char| c.is_ascii_digit()), "{id}");
                }
            }
        }
        ResourceType::ExplanationOfBenefit => {}
    }
}
