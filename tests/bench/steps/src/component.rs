//! The steps on the engine. `POST /<person>` takes a page and a Patient, each on a line of its own, times every
//! step of the answer and says its name, nanoseconds and bytes. `POST /<person>/<number>/<milliseconds>` repeats a
//! step of [`CALL_STEPS`] and says how often and, in the middle, how many nanoseconds; what the host spends for it
//! is seen from outside.

use std::time::{Duration, Instant};

use bluegate_gateway::app::spin::app;
use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt as _, Full};
use spin_sdk::http::{Error, Request, Result};

use crate::calls::{CALL_STEPS, CallStep, Calls};
use crate::{BACKEND, Input, STEPS};

/// How long each step is repeated.
const TIME: Duration = Duration::from_millis(150);

#[spin_sdk::http_service]
async fn handle(request: Request) -> Result<Response<Full<Bytes>>> {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let mut path = path.split('/');
    let person = path.next().unwrap_or_default();
    let body = request.into_body().collect().await?.to_bytes();
    let text = std::str::from_utf8(&body).map_err(|_| Error::other("not text"))?;
    let (page, patient) = text.split_once('\n').ok_or(Error::other("one line"))?;
    let input = Input::new(person, BACKEND, page, patient);
    let input = input.ok_or(Error::other("not what the steps need"))?;
    let answer = match (path.next(), path.next()) {
        (Some(number), Some(milliseconds)) => {
            let step = number.parse::<usize>().ok();
            let step = step.and_then(|index| CALL_STEPS.get(index));
            let time = milliseconds.parse().map(Duration::from_millis).ok();
            let (step, time) = step.zip(time).ok_or(Error::other("no such step"))?;
            calls(*step, time, &input).await.map_err(Error::other)?
        }
        _ => answers(&input),
    };
    Ok(Response::new(Full::new(answer.into())))
}

fn answers(input: &Input) -> String {
    let mut answer = String::new();
    for step in STEPS {
        let mut bytes = (step.run)(input);
        let mut times = Vec::new();
        let begin = Instant::now();
        while begin.elapsed() < TIME {
            let start = Instant::now();
            bytes = (step.run)(input);
            times.push(start.elapsed().as_nanos());
        }
        answer += &format!("{}\t{}\t{bytes}\n", step.name, median(times));
    }
    answer
}

async fn calls(step: CallStep, time: Duration, input: &Input) -> Result<String, String> {
    let calls = Calls::begin(async || app().await, input).await?;
    let mut times = Vec::new();
    let begin = Instant::now();
    if time.is_zero() {
        // Nothing is timed yet: what the steps before this one left to be watched and chained is done now.
        calls.catch_up().await;
    }
    while begin.elapsed() < time {
        let start = Instant::now();
        calls.run(step, times.len()).await?;
        times.push(start.elapsed().as_nanos());
    }
    Ok(format!("{}\t{}", times.len(), median(times)))
}

fn median(mut times: Vec<u128>) -> u128 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
