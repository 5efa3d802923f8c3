//! The steps on the engine: takes a page and a Patient, each on a line of its own, times every step and answers
//! its name, nanoseconds and bytes.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt as _, Full};
use spin_sdk::http::{Error, Request, Result};

use crate::{BACKEND, Input, STEPS};

/// How long each step is repeated.
const TIME: Duration = Duration::from_millis(150);

#[spin_sdk::http_service]
async fn handle(request: Request) -> Result<Response<Full<Bytes>>> {
    let person = request.uri().path().trim_start_matches('/').to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let text = std::str::from_utf8(&body).map_err(|_| Error::other("not text"))?;
    let (page, patient) = text.split_once('\n').ok_or(Error::other("one line"))?;
    let input = Input::new(&person, BACKEND, page, patient).ok_or(Error::other("not theirs"))?;
    let mut answer = String::new();
    for step in STEPS {
        let mut bytes = (step.run)(&input);
        let mut times = Vec::new();
        let begin = Instant::now();
        while begin.elapsed() < TIME {
            let start = Instant::now();
            bytes = (step.run)(&input);
            times.push(start.elapsed().as_nanos());
        }
        times.sort_unstable();
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        answer += &format!("{}\t{median}\t{bytes}\n", step.name);
    }
    Ok(Response::new(Full::new(answer.into())))
}
