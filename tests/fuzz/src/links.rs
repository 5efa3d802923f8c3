//! The link rewriter: whatever Bundle the backend writes, what is released is JSON, has the same entries,
//! and its links and full URLs stand on the public base. Three bytes choose the search, the rest is the
//! backend's answer.

use bluegate_gateway::base::version::Version;
use bluegate_gateway::fhir::guard::GuardContext;
use bluegate_gateway::fhir::query::{Page, to_backend};
use bluegate_shared::owner::Expected;
use bluegate_shared::scope::ResourceType;
use bluegate_shared::search::{Handling, MAX_COUNT, Search};

use crate::guard::scanned;
use crate::oracle::Verdict;
use crate::tree::Tree;
use crate::{BACKEND, PUBLIC, own, resource};

/// What clients ask for beside the page: the links repeat it.
const QUERIES: [&str; 8] = [
    "",
    "patient=-20140",
    "beneficiary=Patient/-20140&_format=json",
    "_lastUpdated=ge2020-01-01&_lastUpdated=lt2021-01-01T00:00:00%2B01:00",
    "_elements=status,Patient.name,link",
    "_summary=count",
    "type=carrier,pde&service-date=le2020-12-31",
    "unknown=%22%5D%7D&_elements=entry",
];

/// The body of the target.
///
/// # Panics
///
/// Where a released page breaks a promise.
pub fn run(input: &[u8]) {
    let [choice, start, count, body @ ..] = input else {
        return;
    };
    let resource = resource(choice & 3);
    let version = Version::ALL[usize::from(choice >> 2 & 3) % Version::ALL.len()];
    let query = QUERIES[usize::from(choice >> 4) % QUERIES.len()];
    let mut text = query.to_owned();
    if start & 0x80 == 0 {
        text += &format!("&startIndex={start}");
    }
    if *count <= MAX_COUNT {
        text += &format!("&_count={count}");
    }
    let parameters = form_urlencoded::parse(text.as_bytes());
    let search = Search::parse(resource, parameters, Handling::Lenient).expect("a search");

    let own = own();
    let context = GuardContext {
        public_base: PUBLIC,
        backend_base: BACKEND,
        version,
        resource,
        person: &own,
    };
    let address = format!("{PUBLIC}/{}/fhir/{}", version.segment(), resource.name());
    let sent = to_backend(&search, &own, version, Page::Wanted);
    let subset = search.shape().elements().is_some();
    if search.is_count_only() {
        if let Ok(page) = context.total_only(&search, body) {
            check_empty(&page, &address, resource, version);
        }
        return;
    }
    if let Ok(page) = context.page(&search, &sent, body) {
        check_page(body, &page, &address, &search, subset);
        let is_still_ours = scanned(&page, Expected::Searchset(resource), version);
        assert_eq!(
            is_still_ours,
            Verdict::Proved,
            "what is released is the person's"
        );
        let again = context.page(&search, &sent, &page).expect("is proved");
        let links = |page: &[u8]| Tree::parse(page).and_then(|tree| tree.get("link").cloned());
        assert_eq!(links(&page), links(&again), "links of links are the same");
    }
    if let Ok(Some(page)) = context.past_the_end(&search, body) {
        check_empty(&page, &address, resource, version);
    }
}

fn check_empty(page: &[u8], address: &str, resource: ResourceType, version: Version) {
    let tree = Tree::parse(page).expect("JSON");
    assert!(tree.get("entry").is_none() && tree.get("total").is_some());
    check_links(&tree, address, None);
    let is_still_ours = scanned(page, Expected::Searchset(resource), version);
    assert_eq!(
        is_still_ours,
        Verdict::Proved,
        "what is released is the person's"
    );
}

fn check_page(before: &[u8], after: &[u8], address: &str, search: &Search, subset: bool) {
    let (before, after) = (
        Tree::parse(before).expect("was proved"),
        Tree::parse(after).expect("what is released is JSON"),
    );
    check_links(&after, address, Some(search.start_index()));
    let (old, new) = (entries(&before), entries(&after));
    assert_eq!(old.len(), new.len(), "no entry is lost or added");
    for (old, new) in old.into_iter().zip(new) {
        let (old, new) = (old.members(), new.members());
        assert_eq!(old.len(), new.len(), "members of an entry stay");
        for ((name, old), (same, new)) in old.iter().zip(new) {
            assert_eq!(name, same);
            match name.as_str() {
                "fullUrl" => {}
                "resource" if subset => check_subset(old, new),
                _ => assert_eq!(old, new, "an entry stays as it was"),
            }
        }
        for (_, url) in new.iter().filter(|(name, _)| name == "fullUrl") {
            let id = new.iter().find(|(name, _)| name == "resource");
            let id = id.and_then(|(_, resource)| resource.get("id")?.text());
            let wanted = format!("{address}/{}", id.expect("an id"));
            assert_eq!(url.text(), Some(wanted.as_str()));
        }
    }
    // Everything beside links and entries is the backend's.
    let rest = |tree: &Tree| -> Vec<_> {
        let members = tree.members().iter();
        members
            .filter(|(name, _)| name != "link" && name != "entry")
            .cloned()
            .collect()
    };
    assert_eq!(rest(&before), rest(&after));
}

/// A projection has no member that was not there, and no value that is not as it was.
fn check_subset(old: &Tree, new: &Tree) {
    for (name, value) in new.members().iter().filter(|(name, _)| name != "meta") {
        assert!(
            old.all(name).any(|known| known == value),
            "{name} is not as it was"
        );
    }
}

fn check_links(page: &Tree, address: &str, start: Option<u64>) {
    let links = page.get("link").expect("links").items();
    let mut own = 0;
    for link in links {
        let url = link.get("url").and_then(Tree::text).expect("a url");
        let rest = url.strip_prefix(address).expect("the public base");
        assert!(
            rest.is_empty() || rest.starts_with('?') || rest.starts_with("/?"),
            "{url}"
        );
        let next = form_urlencoded::parse(
            rest.split_once('?')
                .map_or(&[], |(_, query)| query.as_bytes()),
        )
        .find(|(name, _)| name == "startIndex")
        .and_then(|(_, value)| value.parse::<u64>().ok());
        match link.get("relation").and_then(Tree::text) {
            Some("self") => own += 1,
            Some("next") => assert!(next > start, "a pager comes to an end"),
            Some("first" | "last" | "previous" | "prev") => {}
            relation => panic!("{relation:?}"),
        }
    }
    assert!(own > 0, "a page says what it is");
}

fn entries(page: &Tree) -> Vec<&Tree> {
    page.get("entry")
        .map_or(Vec::new(), |entries| entries.items().iter().collect())
}
