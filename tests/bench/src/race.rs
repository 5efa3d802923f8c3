//! Many clients that let go at the same instant, each on a connection of its own.

use std::sync::Barrier;
use std::thread;

use crate::client::{Connection, Reply};

/// Sends all requests at once. The answers are in the order of the requests.
pub(crate) fn race(base: &str, requests: &[Vec<u8>]) -> Vec<Result<Reply, String>> {
    let barrier = Barrier::new(requests.len());
    thread::scope(|scope| {
        let racers: Vec<_> = requests
            .iter()
            .map(|request| {
                scope.spawn(|| {
                    let connection = Connection::open(base);
                    barrier.wait();
                    connection
                        .and_then(|mut connection| connection.send(request))
                        .map_err(|error| error.to_string())
                })
            })
            .collect();
        racers
            .into_iter()
            .map(|racer| racer.join().unwrap_or_else(|_| Err("panicked".to_owned())))
            .collect()
    })
}

/// Whether all requests were on their way before the first of them was answered.
pub(crate) fn all_at_once(replies: &[Result<Reply, String>]) -> bool {
    let replies = || replies.iter().flatten();
    let last_sent = replies().map(|reply| reply.sent_at).max();
    let first_answered = replies().map(|reply| reply.answered_at).min();
    last_sent < first_answered
}

/// One request on a connection of its own.
pub(crate) fn once(base: &str, request: &[u8]) -> Result<Reply, String> {
    Connection::open(base)
        .and_then(|mut connection| connection.send(request))
        .map_err(|error| error.to_string())
}
