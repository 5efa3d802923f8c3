//! What the gateway does to an answer of the claims backend, one step at a time, by the very functions that
//! serve calls. The same steps run natively (for instruction counts) and as a component on the engine. What a call
//! asks of the store is in [`calls`].

pub mod calls;
#[cfg(target_arch = "wasm32")]
mod component;

use std::borrow::Cow;
use std::io::Write as _;

use bluegate_gateway::base::http::compression;
use bluegate_gateway::base::version::Version;
use bluegate_gateway::fhir::etag;
use bluegate_gateway::fhir::guard::GuardContext;
use bluegate_gateway::fhir::query::{Page, to_backend};
use bluegate_shared::id::PatientId;
use bluegate_shared::owner::{Expected, Outcome, Person, scan};
use bluegate_shared::scope::ResourceType;
use bluegate_shared::search::{Handling, Search, Shape};
use flate2::write::GzEncoder;
use flate2::{Compression, Crc};

/// What the steps work on.
pub struct Input {
    person: PatientId,
    search: Search,
    sent: Vec<(&'static str, String)>,
    /// Links on the backend's base.
    own: Vec<u8>,
    /// Links on the public base.
    public: Vec<u8>,
    /// The page, compressed by the backend.
    gzip: Vec<u8>,
    patient: Vec<u8>,
}

/// One step.
pub struct Step {
    /// Its name.
    pub name: &'static str,
    /// Runs it once; gives the bytes that came out.
    pub run: fn(&Input) -> usize,
}

/// All of them. "guard and rewrite" is the guard too: what rewriting adds is the difference; and each "deflate" has the
/// checksum of gzip in it.
pub const STEPS: &[Step] = &[
    Step {
        name: "inflate",
        run: |input| compression::inflate(&input.gzip, LIMIT).map_or(0, |body| body.len()),
    },
    Step {
        name: "guard",
        run: |input| page(input, &input.public),
    },
    Step {
        name: "guard and rewrite",
        run: |input| page(input, &input.own),
    },
    Step {
        name: "etag",
        run: |input| etag(&input.public).len(),
    },
    Step {
        name: "checksum of gzip",
        run: |input| checksum(&input.public),
    },
    Step {
        name: "deflate 1",
        run: |input| deflate(&input.public, 1),
    },
    Step {
        name: "deflate 2",
        run: |input| deflate(&input.public, 2),
    },
    Step {
        name: "deflate 3",
        run: |input| deflate(&input.public, 3),
    },
    Step {
        name: "deflate 4",
        run: |input| deflate(&input.public, 4),
    },
    Step {
        name: "deflate 5",
        run: |input| deflate(&input.public, 5),
    },
    Step {
        name: "deflate 6",
        run: |input| deflate(&input.public, 6),
    },
    Step {
        name: "owner scan, Patient",
        run: |input| {
            let bases = [PUBLIC_FHIR, BACKEND_FHIR];
            let person = Person::new(&input.person, &bases);
            let expected = Expected::Resource(ResourceType::Patient);
            match scan(&input.patient, expected, &person) {
                Outcome::Proved(proved) => proved.text().len(),
                _ => 0,
            }
        },
    },
    Step {
        name: "guard, Patient",
        run: |input| {
            let shape = Shape::parse(form_urlencoded::parse(b""), Handling::Lenient);
            let body = shape.ok().and_then(|shape| {
                let context = context(input, ResourceType::Patient);
                context.read(&shape, &input.patient).ok().map(|b| b.len())
            });
            body.unwrap_or(0)
        },
    },
    Step {
        name: "etag, Patient",
        run: |input| etag(&input.patient).len(),
    },
    Step {
        name: "checksum, Patient",
        run: |input| checksum(&input.patient),
    },
    Step {
        name: "deflate 6, Patient",
        run: |input| deflate(&input.patient, 6),
    },
];

/// The public base.
pub const PUBLIC: &str = "http://127.0.0.1:3000";
/// The base of the claims backend.
pub const BACKEND: &str = "http://127.0.0.1:81";
const PUBLIC_FHIR: &str = "http://127.0.0.1:3000/v2/fhir";
const BACKEND_FHIR: &str = "http://127.0.0.1:81/v2/fhir";
const LIMIT: usize = 64 * 1024 * 1024;

impl Input {
    /// A page of claims of a person, as the backend writes it, and the Patient. `base` is what the links of the
    /// page stand on. `None` if the page is not the person's, or cannot be such that nothing has to be rewritten.
    #[must_use]
    pub fn new(person: &str, base: &str, page: &str, patient: &str) -> Option<Self> {
        let person = PatientId::parse(person).ok()?;
        let query = form_urlencoded::parse(b"_count=8");
        let resource = ResourceType::ExplanationOfBenefit;
        let search = Search::parse(resource, query, Handling::Lenient).ok()?;
        let sent = to_backend(&search, &person, Version::V2, Page::Wanted);
        let mut input = Self {
            own: page.replace(base, BACKEND).into_bytes(),
            public: Vec::new(),
            gzip: Vec::new(),
            patient: patient.as_bytes().to_vec(),
            person,
            search,
            sent,
        };
        input.public = context(&input, resource)
            .page(&input.search, &input.sent, &input.own)
            .ok()?
            .into_owned();
        // As a backend writes links that are public already: with all that it was asked.
        let sent: Vec<_> = input
            .sent
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let asked = format!("startIndex=0&{}", sent.join("&"));
        input.public = String::from_utf8(input.public)
            .ok()?
            .replace("startIndex=0&_count=8", &asked)
            .into_bytes();
        // Else "guard" would rewrite too.
        let passed = context(&input, resource).page(&input.search, &input.sent, &input.public);
        if !matches!(passed, Ok(Cow::Borrowed(_))) {
            return None;
        }
        input.gzip = gzip(&input.public, 6);
        Some(input)
    }

    /// Bytes of the page and of the Patient.
    #[must_use]
    pub fn sizes(&self) -> [usize; 2] {
        [self.own.len(), self.patient.len()]
    }
}

fn context(input: &Input, resource: ResourceType) -> GuardContext<'_> {
    GuardContext {
        public_base: PUBLIC,
        backend_base: BACKEND,
        version: Version::V2,
        resource,
        person: &input.person,
    }
}

fn page(input: &Input, body: &[u8]) -> usize {
    context(input, ResourceType::ExplanationOfBenefit)
        .page(&input.search, &input.sent, body)
        .map_or(0, |page| page.len())
}

fn checksum(body: &[u8]) -> usize {
    let mut checksum = Crc::new();
    checksum.update(body);
    std::hint::black_box(checksum.sum());
    size_of::<u32>()
}

fn deflate(body: &[u8], level: u32) -> usize {
    gzip(body, level).len()
}

/// As the gateway does it, at any level.
fn gzip(body: &[u8], level: u32) -> Vec<u8> {
    let room = Vec::with_capacity(body.len() / 4);
    let mut encoder = GzEncoder::new(room, Compression::new(level));
    match encoder.write_all(body) {
        Ok(()) => encoder.finish().unwrap_or_default(),
        Err(_) => Vec::new(),
    }
}
