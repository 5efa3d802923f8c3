//! Prints what the claims backend answers for some people: one searchset bundle a line.
//!
//! `cargo run -p bluegate-sandbox --example dump -- v2 EOB 28324 20023`; resources: `Patient`, `Coverage`, `EOB` (on v3
//! `Card` too, which prints collections), with more of a query after a question mark (`'EOB?type=snf&_count=20'`). `--people 500` stands for 500 people drawn from
//! all, always the same; `--people 500/2:1` for those of every second one, beginning with the one after the first.

use std::io::Write as _;

use axum::body::Body;
use bluegate_sandbox::app;
use bluegate_sandbox::config::Config;
use bluegate_sandbox::people::PersonNumber;
use http::Request;
use http_body_util::BodyExt as _;
use tower_service::Service as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let version = arguments.next().ok_or("version v1, v2 or v3 is missing")?;
    let resource = arguments.next().ok_or("a resource is missing")?;
    let (resource, query) = resource.split_once('?').unwrap_or((&resource, ""));
    let (resource, parameter) = match resource {
        "Patient" => ("Patient", "_id"),
        "Coverage" => ("Coverage", "beneficiary"),
        "EOB" | "ExplanationOfBenefit" => ("ExplanationOfBenefit", "patient"),
        // An operation on the person.
        "Card" => ("Patient", ""),
        _ => return Err("the resource is not Patient, Coverage, EOB or Card".into()),
    };
    let mut people = Vec::new();
    while let Some(argument) = arguments.next() {
        if argument == "--people" {
            people.extend(drawn(&arguments.next().ok_or("how many people?")?)?);
        } else {
            people.push(argument.parse()?);
        }
    }
    let config = Config::from_variables(&[
        ("environment", "sandbox".to_owned()),
        ("public_base_url", "http://127.0.0.1:3000".to_owned()),
    ]);
    // A fixed day, so that two runs print the same bytes.
    let mut router = app::router(config, || 1_790_000_000);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for number in people {
        let person = PersonNumber::new(number).ok_or("there is no such person")?;
        let id = if version == "v3" {
            person.v3_id()
        } else {
            person.patient_id()
        };
        let asked = if parameter.is_empty() {
            format!("{resource}/{id}/$generate-insurance-card?{query}")
        } else {
            format!("{resource}?{parameter}={id}&{query}")
        };
        let uri = format!("/sandbox/claims/{version}/fhir/{asked}");
        let response =
            futures_executor::block_on(router.call(Request::get(&uri).body(Body::empty())?))?;
        if !response.status().is_success() {
            return Err(format!("{uri}: {}", response.status()).into());
        }
        let body = futures_executor::block_on(response.into_body().collect())?.to_bytes();
        out.write_all(&body)?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// `COUNT` people drawn from all, or with `/STEP:FIRST` a part of them.
fn drawn(text: &str) -> Result<Vec<u16>, Box<dyn std::error::Error>> {
    let (count, part) = text.split_once('/').unwrap_or((text, "1:0"));
    let (step, first) = part.split_once(':').ok_or("say STEP:FIRST")?;
    let all: Vec<u16> = PersonNumber::all().map(PersonNumber::get).collect();
    // A walk with a stride that has no divisor in common with the number of people visits each of them once.
    const STRIDE: usize = 7_919;
    Ok((0..count.parse::<usize>()?.min(all.len()))
        .map(|place| all[place * STRIDE % all.len()])
        .skip(first.parse()?)
        .step_by(step.parse()?)
        .collect())
}
