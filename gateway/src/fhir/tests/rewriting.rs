//! docs/contract/07-fhir.md, 7.5: whatever Bundle the backend writes, its links and full URLs come out on the public
//! base, and every byte of its resources as it was.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

use super::*;

const PUBLIC: &str = "https://api.example.com/v2/fhir/ExplanationOfBenefit";

/// A page as some backend may write it.
#[derive(Clone, Debug)]
struct Page {
    total: Option<u64>,
    links: Option<Vec<(&'static str, String)>>,
    links_last: bool,
    /// Each resource as text, with its `fullUrl`.
    entries: Vec<(String, Option<String>)>,
    /// White space between all members.
    space: &'static str,
}

impl Page {
    fn text(&self) -> String {
        let space = self.space;
        let mut members = vec![
            r#""resourceType":"Bundle""#.to_owned(),
            format!(r#""id"{space}:{space}"b-1""#),
            r#""type":"searchset""#.to_owned(),
        ];
        members.extend(self.total.map(|total| format!(r#""total":{total}"#)));
        let entries: Vec<_> = self
            .entries
            .iter()
            .map(|(resource, url)| match url {
                Some(url) => format!(
                    r#"{{{space}"fullUrl"{space}:{space}{},"resource":{space}{resource}}}"#,
                    json!(url)
                ),
                None => format!(r#"{{"resource"{space}:{space}{resource}{space}}}"#),
            })
            .collect();
        members.push(format!(
            r#""entry":{space}[{}]"#,
            entries.join(&format!("{space},"))
        ));
        if let Some(links) = &self.links {
            let links: Vec<_> = links
                .iter()
                .map(|(relation, url)| json!({ "relation": relation, "url": url }).to_string())
                .collect();
            let member = format!(r#""link"{space}:{space}[{}]"#, links.join(","));
            let at = if self.links_last { members.len() } else { 1 };
            members.insert(at, member);
        }
        format!(
            "{space}{{{space}{}{space}}}",
            members.join(&format!("{space},{space}"))
        )
    }
}

fn space() -> impl Strategy<Value = &'static str> {
    select(vec!["", " ", "\n\t ", "\r\n"])
}

/// Text that could lead a rewriter astray, or any other.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        select(vec![
            r#""link":[{"relation":"next","url":"http://backend:8080/x"}]"#,
            r#"},{"fullUrl":"http://backend:8080/x""#,
            "]}",
            "\\\"",
            "\u{2028}\u{0}é😀",
        ])
        .prop_map(str::to_owned),
    ]
}

/// A claim of the person as text: members in any order, numbers and escapes as no serializer would repeat them.
fn claim(number: usize) -> impl Strategy<Value = String> {
    let odd = select(vec![
        r#""amount":1.50"#,
        r#""amount":1e2"#,
        r#""amount":-0.0"#,
        r#""amount":12345678901234567890123"#,
        r#""note":"\u0041\/\u00e9""#,
        r#""link":[{"relation":"next","url":"http://backend:8080/x?startIndex=1"}]"#,
        r#""extension":[{"fullUrl":"http://backend:8080/y","entry":[],"link":null}]"#,
    ]);
    let members = (odd, text(), space()).prop_map(move |(odd, text, space)| {
        vec![
            r#""resourceType":"ExplanationOfBenefit""#.to_owned(),
            format!(r#""id":{space}"carrier-{number}""#),
            format!(r#""patient":{{"reference":{space}"Patient/{OWN}"}}"#),
            odd.to_owned(),
            format!(r#""status"{space}:{}"#, json!(text)),
        ]
    });
    (members.prop_shuffle(), space()).prop_map(|(members, space)| {
        format!("{{{space}{}{space}}}", members.join(&format!("{space},")))
    })
}

fn base() -> impl Strategy<Value = &'static str> {
    select(vec![
        PUBLIC,
        "http://backend:8080/claims/v2/fhir/ExplanationOfBenefit",
        "https://elsewhere.example/v2/fhir/ExplanationOfBenefit/",
        "https://api.example.com.evil.example/v2/fhir/ExplanationOfBenefit",
        "ExplanationOfBenefit",
        "",
    ])
}

fn link() -> impl Strategy<Value = (&'static str, String)> {
    let relation = select(vec![
        "first", "last", "next", "prev", "previous", "self", "odd",
    ]);
    let rest = prop_oneof![
        (-2..40_i64, 0..60_u32)
            .prop_map(|(start, count)| format!("?patient={OWN}&startIndex={start}&_count={count}")),
        (0..40_u32).prop_map(|offset| format!("?_offset={offset}")),
        Just(String::new()),
        Just("?startIndex=99999999999999999999".to_owned()),
    ];
    (relation, base(), rest).prop_map(|(relation, base, rest)| (relation, format!("{base}{rest}")))
}

fn page() -> impl Strategy<Value = Page> {
    let entries = (0..5_usize).prop_flat_map(|count| {
        (0..count)
            .map(|number| {
                let url = base().prop_map(move |base| format!("{base}/carrier-{number}"));
                (claim(number), option::of(url))
            })
            .collect::<Vec<_>>()
    });
    (
        option::of(0..60_u64),
        option::of(vec(link(), 0..6)),
        any::<bool>(),
        entries,
        space(),
    )
        .prop_map(|(total, links, links_last, entries, space)| Page {
            total,
            links,
            links_last,
            entries,
            space,
        })
}

fn query() -> impl Strategy<Value = String> {
    vec(
        prop_oneof![
            (1..=50_u32).prop_map(|count| format!("_count={count}")),
            (0..40_u32).prop_map(|start| format!("startIndex={start}")),
            Just(format!("patient=Patient%2F{OWN}")),
            Just("_lastUpdated=ge2020-01-01".to_owned()),
            Just("type=carrier,pde".to_owned()),
            Just("unknown=%22%5D%7D".to_owned()),
        ],
        0..3,
    )
    .prop_map(|mut parameters| {
        parameters.sort();
        parameters.dedup_by(|a, b| a.split('=').next() == b.split('=').next());
        parameters.join("&")
    })
}

/// The Bundle without what is rewritten.
fn rest(mut bundle: Json) -> Json {
    bundle.as_object_mut().unwrap().remove("link");
    for entry in bundle["entry"].as_array_mut().unwrap() {
        entry.as_object_mut().unwrap().remove("fullUrl");
    }
    bundle
}

fn check(world: &World, page: &Page, query: &str) {
    let text = page.text();
    let before: Json = serde_json::from_str(&text).unwrap();
    world.answers(text.clone());
    let answer = world.search(EOB, query);
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let body = std::str::from_utf8(&answer.body).unwrap();
    let after = answer.json();

    let mut left = body;
    for (resource, _) in &page.entries {
        let (_, behind) = left.split_once(resource.as_str()).unwrap();
        left = behind;
    }
    assert_eq!(rest(after.clone()), rest(before));

    let start: u64 = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "startIndex")
        .map_or(0, |(_, value)| value.parse().unwrap());
    let links = after["link"].as_array().unwrap();
    assert!(links.iter().any(|link| link["relation"] == "self"));
    for link in links {
        let url = link["url"].as_str().unwrap();
        let behind = url.strip_prefix(PUBLIC).unwrap();
        let parameters = behind
            .strip_prefix('/')
            .unwrap_or(behind)
            .strip_prefix('?')
            .unwrap_or_default();
        assert!(behind.is_empty() || !parameters.is_empty(), "{url}");
        if link["relation"] == "next" {
            let next: u64 = form_urlencoded::parse(parameters.as_bytes())
                .find(|(name, _)| name == "startIndex")
                .map(|(_, value)| value.parse().unwrap())
                .unwrap();
            assert!(next > start, "{url}");
        }
    }
    for (number, (entry, (_, url))) in after["entry"]
        .as_array()
        .unwrap()
        .iter()
        .zip(&page.entries)
        .enumerate()
    {
        let wanted = url.as_ref().map(|_| format!("{PUBLIC}/carrier-{number}"));
        assert_eq!(entry["fullUrl"].as_str(), wanted.as_deref());
    }
}

#[test]
fn links_are_public_and_resources_keep_every_byte() {
    let world = World::with(&[("rate_limit_per_minute", "1000000")]);
    let config = Config {
        failure_persistence: None,
        ..Config::with_cases(1024)
    };
    TestRunner::new(config)
        .run(&(page(), query()), |(page, query)| {
            check(&world, &page, &query);
            Ok(())
        })
        .unwrap();
}
