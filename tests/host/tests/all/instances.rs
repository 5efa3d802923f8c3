//! The life of instances: how many requests, how many at once, how they end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

use crate::support::{Host, Reply, Start, probe};

/// Requests of one instance that come one after the other, so that each finds the instance waiting.
const STAGGER: Duration = Duration::from_millis(40);

fn up(options: &[(&str, &str)]) -> Arc<Host> {
    let start = options
        .iter()
        .fold(Start::new(&probe("")), |start, (name, value)| {
            start.option(name, value)
        });
    Arc::new(start.up())
}

fn later(host: &Arc<Host>, path: &str) -> JoinHandle<Reply> {
    let (host, path) = (host.clone(), path.to_owned());
    let request = spawn(move || host.get(&path));
    sleep(STAGGER);
    request
}

#[test]
fn an_instance_serves_128_requests_and_no_more() {
    let host = up(&[("--idle-instance-timeout", "60s")]);
    let first = host.get("/count");
    assert_eq!(first.part("served"), "1");
    for served in 2..=128 {
        let reply = host.get("/count");
        assert_eq!(
            reply.part("instance"),
            first.part("instance"),
            "request {served}"
        );
        assert_eq!(reply.part("served"), served.to_string());
    }
    let next = host.get("/count");
    assert_ne!(next.part("instance"), first.part("instance"));
    assert_eq!(next.part("served"), "1");
}

#[test]
fn an_instance_serves_16_requests_at_once_and_no_more() {
    let host = up(&[]);
    let waiting: Vec<_> = (0..17).map(|_| later(&host, "/wait/2000")).collect();
    let replies: Vec<Reply> = waiting
        .into_iter()
        .map(|w| w.join().expect("a reply"))
        .collect();
    let instances: BTreeSet<&str> = replies[..16].iter().map(|r| r.part("instance")).collect();
    assert_eq!(
        instances.len(),
        1,
        "the first 16 share an instance: {replies:?}"
    );
    assert_eq!(replies[15].part("most"), "16");
    assert!(
        !instances.contains(replies[16].part("instance")),
        "the 17th has another"
    );
}

#[test]
fn the_counts_are_options_as_on_spin() {
    let host = up(&[
        ("--max-instance-reuse-count", "2"),
        ("--max-instance-concurrent-reuse-count", "1"),
        ("--idle-instance-timeout", "60s"),
    ]);
    let served: Vec<String> = (0..4)
        .map(|_| host.get("/count").part("served").to_owned())
        .collect();
    assert_eq!(served, ["1", "2", "1", "2"]);
    let (one, two) = (later(&host, "/wait/500"), later(&host, "/wait/500"));
    let (one, two) = (one.join().expect("a reply"), two.join().expect("a reply"));
    assert_ne!(one.part("instance"), two.part("instance"));
}

#[test]
fn an_idle_instance_ends() {
    let host = up(&[("--idle-instance-timeout", "200ms")]);
    let first = host.get("/count");
    sleep(Duration::from_millis(800));
    assert_ne!(host.get("/count").part("instance"), first.part("instance"));
}

#[test]
fn a_trap_ends_the_instance_with_its_other_requests_and_nothing_else() {
    let host = up(&[]);
    let waiting: Vec<_> = (0..3).map(|_| later(&host, "/wait/5000")).collect();
    let trapped = later(&host, "/panic/100").join().expect("a reply");
    trapped.is(500, "");
    for request in waiting {
        request.join().expect("a reply").is(500, "");
    }
    let after = host.get("/count");
    assert_eq!(
        (after.status, after.part("served")),
        (200, "1"),
        "a new instance"
    );
    assert!(
        host.errors().contains("asked to"),
        "the panic is told: {}",
        host.errors()
    );
    assert!(
        host.errors()
            .contains("component \"probe\": instance failed"),
        "{}",
        host.errors()
    );
}

#[test]
fn a_request_that_takes_too_long_is_given_up() {
    let host = up(&[("--request-timeout", "300ms")]);
    host.get("/wait/60000").is(500, "");
    host.get("/hello").is(200, "hello");
}

#[test]
fn a_client_that_goes_away_does_not_stop_the_component() {
    let host = up(&[]);
    host.post("/sql", "CREATE TABLE done (what)").is(200, "");
    let stream = host.send("GET", "/slow-write/500", &[], b"");
    sleep(Duration::from_millis(150));
    drop(stream);
    let written = || host.post("/sql", "SELECT count(*) FROM done").body;
    assert_eq!(written(), "0\n", "the client was gone before");
    let soon = (0..100).any(|_| {
        sleep(Duration::from_millis(100));
        written() == "1\n"
    });
    assert!(soon, "the component came to its end");
}

#[test]
fn a_client_that_goes_away_within_a_body_ends_the_body() {
    let host = up(&[]);
    let before = host.get("/count");
    let mut stream = host.send("GET", "/make/1000000000", &[], b"");
    std::io::Read::read_exact(&mut stream, &mut [0; 1 << 16]).expect("a part of it");
    drop(stream);
    sleep(Duration::from_millis(100));
    let after = host.get("/count");
    assert_eq!(
        after.part("instance"),
        before.part("instance"),
        "the instance lives on"
    );
}
