//! A page of claims through the gateway, beside nginx, beside a bare component on the same engine, and beside
//! the origin itself (issue: compression that costs less than nginx's).
//!
//! All of them run at the same time and are asked in turn, in many short rounds, so that whatever else the
//! machine does falls on all alike; what is reported are medians with the range of the rounds. The engine uses
//! every processor and nginx has one worker: beside requests a second stands the processor time of a request.

mod load;
mod nginx;
mod origin;
pub(crate) mod page;
mod table;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bluegate_http_tests::{Application, Consent, Flow, Stack, Tokens};
use flate2::read::GzDecoder;
use serde_json::Value;

use self::load::Target;
use self::nginx::Nginx;
use self::origin::{Origin, Variant};
use self::page::{CLAIMS, Page, gzip};
use crate::machine::{self, processor_time};

pub use self::origin::{ARGUMENT as ORIGIN_ARGUMENT, serve as serve_as_origin};
pub use self::table::Results;

/// How much is measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Connections that stay open.
    pub connections: usize,
    /// Rounds of each kind.
    pub rounds: usize,
    /// How long a round takes.
    pub time: Duration,
    /// Only `page`, `Patient` or lines whose name begins with one of these; all where there is none.
    pub only: Vec<String>,
    /// The page of `bench steps`, also where the fixtures are there.
    pub from_sandbox: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            connections: 16,
            rounds: 7,
            time: Duration::from_millis(1200),
            only: Vec::new(),
            from_sandbox: false,
        }
    }
}

/// One thing that is measured.
struct Kind {
    /// As in the table.
    name: &'static str,
    /// What is asked for: `page` or `Patient`.
    what: &'static str,
    target: Target,
    variant: Variant,
    /// The process between client and origin.
    proxy: Option<u32>,
}

impl Plan {
    fn wants(&self, kind: &Kind) -> bool {
        self.only.is_empty()
            || self.only.iter().any(|only| {
                kind.name.starts_with(only.as_str())
                    || kind.what == only
                    || format!("{} {}", kind.what, kind.name).starts_with(only.as_str())
            })
    }
}

/// Measures.
///
/// # Errors
///
/// Where a part does not start.
///
/// # Panics
///
/// Where an answer is not what it must be: a rate of refusals would mean nothing.
pub fn measure(plan: &Plan) -> io::Result<Results> {
    let variables = [
        ("rate_limit_per_minute", "10000000"),
        ("person_limit_per_minute", "10000000"),
    ];
    let mut gateway = Stack::with_options(&variables, &["--quiet"]);
    let tokens = sign_in(&gateway);
    let page = if plan.from_sandbox {
        Page::of_steps(&tokens.patient, gateway.base())
    } else {
        page(&gateway, &tokens)
    };

    let origin = Origin::start()?;
    origin.put(Variant::Plain, &page.own)?;
    origin.put(Variant::OwnGzip, &gzip(&page.own))?;
    origin.put(Variant::PublicGzip, &gzip(&page.public))?;
    origin.put_patient(&page.patient)?;
    let backend = format!("http://{}", origin.address);
    gateway.restart(&[
        variables[0],
        ("claims_backend_origin", &backend),
        ("claims_backend_path", ""),
    ]);
    let folder = tempfile::tempdir()?;
    let nginx = Nginx::start(&origin.address, folder.path())?;
    let bare = bare_component(&backend, folder.path())?;

    let mut kinds = kinds(&gateway, &tokens, &origin, &nginx, &bare);
    kinds.retain(|kind| plan.wants(kind));
    let mut results = Results::new(plan, &page, &nginx.version);
    for kind in &kinds {
        origin.serve(kind.variant)?;
        results.add(
            kind.name,
            kind.what,
            check(kind, &page),
            kind.proxy.is_some(),
        );
    }
    for _ in 0..plan.rounds {
        for (index, kind) in kinds.iter().enumerate() {
            origin.serve(kind.variant)?;
            kind.target.run(plan.connections, WARM_UP)?;
            let before = [kind.proxy, Some(origin.pid())].map(|pid| pid.map(processor_time));
            let round = kind.target.run(plan.connections, plan.time)?;
            let after = [kind.proxy, Some(origin.pid())].map(|pid| pid.map(processor_time));
            let answers = round.latencies.len() as f64;
            let spent = |index: usize| Some((after[index]? - before[index]?) / answers);
            results.note(index, &round, spent(0), spent(1));
        }
    }
    results.load[1] = machine::load();
    Ok(results)
}

/// Before each round, so that connections and instances are there.
const WARM_UP: Duration = Duration::from_millis(150);
const SEARCH: &str = "/v2/fhir/ExplanationOfBenefit?_count=8";

fn sign_in(gateway: &Stack) -> Tokens {
    let application = Application::confidential(gateway, "Bench");
    Flow::new("v2").tokens(gateway, &application, "BBUser00100", Consent::ALLOW)
}

/// What the sandbox answers for the person, directly: nothing of it is rewritten yet.
fn page(gateway: &Stack, tokens: &Tokens) -> Page {
    let person = &tokens.patient;
    let mut browser = gateway.browser();
    let claims = browser
        .get(&format!(
            "/sandbox/claims/v2/fhir/ExplanationOfBenefit?patient={person}&_count=50"
        ))
        .expect(200)
        .json();
    let patient = browser
        .get(&format!("/sandbox/claims/v2/fhir/Patient/{person}"))
        .expect(200)
        .body;
    Page::new(person, gateway.base(), &claims, &patient)
}

/// The pass-through component on an engine of its own.
fn bare_component(backend: &str, folder: &std::path::Path) -> io::Result<Stack> {
    let component = std::env::var_os("BLUEGATE_PASSTHROUGH").map_or_else(
        || PathBuf::from("target/wasm32-wasip2/release/bluegate_passthrough.wasm"),
        PathBuf::from,
    );
    let component = component.canonicalize()?;
    let manifest = folder.join("passthrough.toml");
    std::fs::write(
        &manifest,
        format!(
            "spin_manifest_version = 2\n\
             [application]\nname = \"passthrough\"\nversion = \"0.1.0\"\n\
             [[trigger.http]]\nroute = \"/...\"\ncomponent = \"passthrough\"\n\
             [component.passthrough]\nsource = {component:?}\nallowed_outbound_hosts = [{backend:?}]\n\
             [component.passthrough.variables]\norigin = {backend:?}\n"
        ),
    )?;
    let manifest = manifest.to_str().ok_or(io::ErrorKind::InvalidData)?;
    Ok(Stack::of_manifest(manifest, &[]))
}

/// A line of the table, whatever is asked for.
struct Line<'a> {
    name: &'static str,
    address: &'a str,
    headers: &'a [(&'a str, &'a str)],
    proxy: Option<u32>,
}

fn kinds(
    gateway: &Stack,
    tokens: &Tokens,
    origin: &Origin,
    nginx: &Nginx,
    bare: &Stack,
) -> Vec<Kind> {
    let bearer = format!("Bearer {}", tokens.access);
    let gzip = [("Accept-Encoding", "gzip")];
    let signed = [("Authorization", bearer.as_str())];
    let signed_gzip = [signed[0], gzip[0]];
    let address = |stack: &Stack| stack.base().trim_start_matches("http://").to_owned();
    let (gateway_at, bare_at) = (address(gateway), address(bare));
    let patient = format!("/v2/fhir/Patient/{}", tokens.patient);
    let to = |name, address, headers, proxy| Line {
        name,
        address,
        headers,
        proxy,
    };
    let of_gateway = |name, headers| to(name, &*gateway_at, headers, Some(gateway.pid()));
    let plain = [
        to("a  origin", &origin.address, &[], None),
        to(
            "b1 nginx, gzip 1",
            &nginx.addresses[0],
            &gzip,
            Some(nginx.pid()),
        ),
        to(
            "b6 nginx, gzip 6",
            &nginx.addresses[1],
            &gzip,
            Some(nginx.pid()),
        ),
        to("c  pass-through", &bare_at, &[], Some(bare.pid())),
        of_gateway("d  gateway, gzip", &signed_gzip),
        of_gateway("e  gateway, plain", &signed),
    ];
    let public = [of_gateway("f1 gzip, links public", &signed_gzip)];
    let own = [of_gateway("f2 gzip, links changed", &signed_gzip)];

    let mut kinds = Vec::new();
    let mut add = |what, path: &str, variant, lines: &[Line<'_>]| {
        kinds.extend(lines.iter().map(|line| Kind {
            name: line.name,
            what,
            target: Target::get(line.address, path, line.headers),
            variant,
            proxy: line.proxy,
        }));
    };
    add("page", SEARCH, Variant::Plain, &plain);
    add("page", SEARCH, Variant::PublicGzip, &public);
    add("page", SEARCH, Variant::OwnGzip, &own);
    add("Patient", &patient, Variant::Plain, &plain);
    kinds
}

/// Asks once and looks at the answer; gives the bytes of its body.
fn check(kind: &Kind, page: &Page) -> usize {
    let (head, body) = once(&kind.target);
    let compressed = head
        .to_ascii_lowercase()
        .contains("\r\ncontent-encoding: gzip\r\n");
    let mut plain = body.clone();
    if compressed {
        plain.clear();
        io::Read::read_to_end(&mut GzDecoder::new(&*body), &mut plain).expect("gzip");
    }
    let through_gateway = matches!(kind.name.as_bytes(), [b'd'..=b'f', ..]);
    let expected = match kind.what {
        "Patient" => &page.patient,
        _ if through_gateway => &page.public,
        _ => &page.own,
    };
    if kind.what == "page" && through_gateway && kind.variant != Variant::PublicGzip {
        // The gateway writes a link as its client asked.
        let [got, wanted] = [&plain, expected].map(|body| {
            let mut bundle: Value = serde_json::from_slice(body).expect("JSON");
            let link = bundle["link"].take().to_string();
            let base = link.split("/v2/").next().unwrap_or_default().to_owned();
            (bundle, base)
        });
        assert!(
            got == wanted,
            "{}: not the page that was expected",
            kind.name
        );
        assert_eq!(got.0["entry"].as_array().map(Vec::len), Some(CLAIMS));
    } else {
        assert!(
            plain == *expected,
            "{}: not the bytes that were expected",
            kind.name
        );
    }
    if kind.variant == Variant::PublicGzip {
        assert!(body == gzip(&page.public), "not the origin's own bytes");
    }
    body.len()
}

/// One request on a connection of its own: head and body.
fn once(target: &Target) -> (String, Vec<u8>) {
    let (head, body) = target.once().expect("an answer");
    assert!(
        head.starts_with("HTTP/1.1 200 "),
        "{head}{}",
        String::from_utf8_lossy(&body)
    );
    (head, body)
}
