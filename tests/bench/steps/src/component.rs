//! The steps on the engine. `POST /<person>` takes a page and a Patient, each on a line of its own, times every
//! step of the answer and says its name, nanoseconds and bytes. `GET /calls/<number>/<milliseconds>` repeats a step
//! of [`CALL_STEPS`] and says how often and, in the middle, how many nanoseconds; what the host spends for it is
//! seen from outside.

use std::time::{Duration, Instant};

use bluegate_gateway::adapters::spin::SpinDatabase;
use bluegate_gateway::ports::Log;
use bluegate_gateway::store::StoreError;
use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt as _, Full};
use spin_sdk::http::{Error, Request, Result};

use crate::calls::{CALL_STEPS, Calls};
use crate::{BACKEND, Input, STEPS};

/// How long each step is repeated.
const TIME: Duration = Duration::from_millis(150);

#[spin_sdk::http_service]
async fn handle(request: Request) -> Result<Response<Full<Bytes>>> {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let answer = match path.strip_prefix("calls/") {
        Some(which) => calls(which).await?,
        None => answers(&path, request).await?,
    };
    Ok(Response::new(Full::new(answer.into())))
}

async fn answers(person: &str, request: Request) -> Result<String> {
    let body = request.into_body().collect().await?.to_bytes();
    let text = std::str::from_utf8(&body).map_err(|_| Error::other("not text"))?;
    let (page, patient) = text.split_once('\n').ok_or(Error::other("one line"))?;
    let input = Input::new(person, BACKEND, page, patient).ok_or(Error::other("not theirs"))?;
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
        answer += &format!("{}\t{}\t{bytes}\n", step.name, median(times));
    }
    Ok(answer)
}

async fn calls(which: &str) -> Result<String> {
    let (number, milliseconds) = which.split_once('/').ok_or(Error::other("no time"))?;
    let step = number.parse::<usize>().ok();
    let step = step.and_then(|index| CALL_STEPS.get(index));
    let step = *step.ok_or(Error::other("no such step"))?;
    let milliseconds: u64 = milliseconds.parse().map_err(|_| Error::other("no time"))?;
    let calls = Calls::begin(async || SpinDatabase::open().await, StandardOutput);
    let calls = calls.await.map_err(told)?;
    let mut times = Vec::new();
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(milliseconds) {
        let start = Instant::now();
        calls.run(step, times.len()).await.map_err(told)?;
        times.push(start.elapsed().as_nanos());
    }
    Ok(format!("{}\t{}", times.len(), median(times)))
}

#[allow(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn told(error: StoreError) -> Error {
    Error::other(error.to_string())
}

fn median(mut times: Vec<u128>) -> u128 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// As the gateway logs.
struct StandardOutput;

impl Log for StandardOutput {
    fn line(&self, json: &str) {
        println!("{json}");
    }
}
