//! Prints what the claims backend answers for some people: one searchset bundle a line.
//!
//! `cargo run -p bluegate-sandbox --example dump -- v2 EOB 28324 20023`; resources: `Patient`, `Coverage`, `EOB`.

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
    let (resource, parameter) = match arguments.next().as_deref() {
        Some("Patient") => ("Patient", "_id"),
        Some("Coverage") => ("Coverage", "beneficiary"),
        Some("EOB" | "ExplanationOfBenefit") => ("ExplanationOfBenefit", "patient"),
        _ => return Err("resource Patient, Coverage or EOB is missing".into()),
    };
    let config = Config::from_variables(&[
        ("environment", "sandbox".to_owned()),
        ("public_base_url", "http://127.0.0.1:3000".to_owned()),
    ]);
    // A fixed day, so that two runs print the same bytes.
    let mut router = app::router(config, || 1_790_000_000);
    for number in arguments {
        let person = PersonNumber::new(number.parse()?).ok_or("there is no such person")?;
        let uri = format!(
            "/sandbox/claims/{version}/fhir/{resource}?{parameter}={}",
            if version == "v3" {
                person.v3_id()
            } else {
                person.patient_id()
            }
        );
        let response =
            futures_executor::block_on(router.call(Request::get(uri).body(Body::empty())?))?;
        let body = futures_executor::block_on(response.into_body().collect())?.to_bytes();
        println!("{}", std::str::from_utf8(&body)?);
    }
    Ok(())
}
