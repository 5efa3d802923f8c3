//! docs/contract/07-fhir.md, 7.5: the circuit breaker, with two instances on one store.

use super::*;

/// A world, and a second instance on its store and its backend.
struct Pair {
    world: World,
    second: App,
}

impl Pair {
    fn new() -> Self {
        let world = World::with(&[("rate_limit_per_minute", "1000000")]);
        let mut second = world.app.clone();
        second.limiter = RateLimiter::default();
        second.breaker = Breaker::default();
        let pair = Self { world, second };
        pair.fails();
        pair
    }

    fn fails(&self) {
        self.world.answers_with(500, &[], "");
    }

    fn works(&self) {
        self.world.answers(resource(PATIENT, "", OWN).to_string());
    }

    /// Each call is another person's.
    fn first(&self) -> Answer {
        self.somebody_else();
        self.world.read(PATIENT, OWN)
    }

    fn somebody_else(&self) {
        self.world
            .sql("UPDATE identity SET account = randomblob(32)");
    }

    fn second(&self) -> Answer {
        self.somebody_else();
        let call = read(PATIENT, OWN);
        Answer::from(block_on(serve(
            &self.second,
            &call.request(&self.world),
            call.target.clone(),
        )))
    }

    fn first_times(&self, times: usize) {
        for _ in 0..times {
            self.first();
        }
    }

    /// The breaker opened a moment ago.
    fn opened() -> Self {
        let pair = Self::new();
        pair.first_times(20);
        assert_eq!(pair.alerts(), 1);
        pair
    }

    fn alerts(&self) -> usize {
        self.audited("breaker_open")
    }

    fn audited(&self, code: &str) -> usize {
        self.world
            .sql(&format!(
                "SELECT 1 FROM audit WHERE action = 'backend.breaker' AND code = '{code}'"
            ))
            .len()
    }

    fn asked(&self) -> usize {
        self.world.asked().len()
    }

    fn pass(&self, seconds: i64) {
        self.world.clock.advance_seconds(seconds);
    }
}

fn is_refused(answer: &Answer, wait: &str) {
    assert_eq!(answer.refusal(), (503, "backend_busy".to_owned()));
    assert_eq!(answer.json()["detail"], INTERNAL);
    assert_eq!(answer.header("retry-after"), wait);
}

#[test]
fn it_opens_at_twenty_failures_for_all_instances() {
    let pair = Pair::new();
    for _ in 0..10 {
        assert_eq!(pair.first().status, 502);
        assert_eq!(pair.second().status, 502);
    }
    assert_eq!(pair.asked(), 20);
    pair.works();
    is_refused(&pair.first(), "5");
    pair.pass(2);
    is_refused(&pair.second(), "3");
    assert_eq!(pair.asked(), 20, "the backend is left alone");
    assert_eq!(
        pair.world.audited(),
        ["fhir.read", "failed", "breaker_open", "info"]
    );
}

/// Whom the backend has no answer for stops nobody else.
#[test]
fn one_persons_failures_do_not_open_it_and_another_persons_do() {
    let pair = Pair::new();
    for _ in 0..60 {
        assert_eq!(pair.world.read(PATIENT, OWN).status, 502);
    }
    assert_eq!((pair.alerts(), pair.asked()), (0, 60));
    pair.works();
    pair.somebody_else();
    assert_eq!(pair.world.read(PATIENT, OWN).status, 200);
    assert_eq!(pair.alerts(), 0, "a call that goes well draws no failure");
    pair.fails();
    pair.world.read(PATIENT, OWN);
    assert_eq!(pair.alerts(), 1);

    // Without an account of its own, as links of before had none.
    let pair = Pair::new();
    pair.world.sql("UPDATE identity SET account = NULL");
    for _ in 0..60 {
        assert_eq!(pair.world.read(PATIENT, OWN).status, 502);
    }
    assert_eq!(pair.alerts(), 0);

    // Another person's failure of ten seconds ago is over.
    let pair = Pair::new();
    pair.first();
    pair.pass(10);
    pair.somebody_else();
    for _ in 0..60 {
        assert_eq!(pair.world.read(PATIENT, OWN).status, 502);
    }
    assert_eq!(pair.alerts(), 0);
}

#[test]
fn nineteen_failures_or_twenty_over_a_longer_time_do_not_open_it() {
    let pair = Pair::new();
    pair.first_times(19);
    assert_eq!(pair.first().status, 502);

    let pair = Pair::new();
    pair.first_times(19);
    pair.pass(10);
    pair.first_times(19);
    assert_eq!((pair.alerts(), pair.asked()), (0, 38));
    pair.first();
    assert_eq!(pair.alerts(), 1);
}

#[test]
fn failures_count_across_the_seconds_of_the_window() {
    let pair = Pair::new();
    for _ in 0..10 {
        pair.first();
        pair.second();
        pair.pass(1);
    }
    is_refused(&pair.first(), "4");
}

#[test]
fn fewer_failures_than_half_of_the_calls_do_not_open_it() {
    let pair = Pair::new();
    pair.works();
    pair.first_times(50);
    pair.fails();
    pair.first_times(49);
    assert_eq!(pair.alerts(), 0);
    pair.first();
    assert_eq!(pair.alerts(), 1, "50 of 100");
}

#[test]
fn what_goes_well_in_another_instance_counts_too() {
    let pair = Pair::new();
    pair.first();
    pair.works();
    for _ in 0..39 {
        assert_eq!(pair.second().status, 200);
    }
    pair.fails();
    pair.first_times(37);
    assert_eq!(pair.alerts(), 0, "38 of 77");
    pair.first();
    assert_eq!(pair.alerts(), 1, "39 of 78");
}

/// Every call in a new instance, as where instances live for one request.
#[test]
fn instances_that_come_and_go_count_as_one() {
    let mut pair = Pair::new();
    for number in 0..100 {
        pair.second.breaker = Breaker::default();
        if number % 5 < 2 {
            pair.fails();
        } else {
            pair.works();
        }
        pair.second();
    }
    assert_eq!((pair.alerts(), pair.asked()), (0, 100), "40 of 100");
    pair.fails();
    for _ in 0..20 {
        assert_eq!(pair.alerts(), 0);
        pair.second.breaker = Breaker::default();
        pair.second();
    }
    assert_eq!(pair.alerts(), 1, "60 of 120");
}

#[test]
fn only_no_connection_no_answer_and_5xx_are_failures() {
    type Failure = fn(&World) -> &World;
    let failures: [Failure; 4] = [
        |world| world.backend(|_| Err(UpstreamError::Connect)),
        |world| world.backend(|_| Err(UpstreamError::Timeout)),
        |world| world.answers_with(500, &[], ""),
        |world| world.answers_with(503, &[], ""),
    ];
    for failure in failures {
        let pair = Pair::new();
        failure(&pair.world);
        pair.first_times(21);
        is_refused(&pair.first(), "5");
    }
    let others: [Failure; 8] = [
        |world| world.backend(|_| Err(UpstreamError::Broken)),
        |world| world.backend(|_| Err(UpstreamError::TooLarge)),
        |world| world.answers_with(200, &[], "not JSON"),
        |world| world.answers(resource(PATIENT, "", OTHER).to_string()),
        |world| world.answers_with(302, &[], ""),
        |world| world.answers_with(401, &[], ""),
        |world| world.answers_with(404, &[], ""),
        |world| world.answers_with(429, &[], ""),
    ];
    for other in others {
        let pair = Pair::new();
        other(&pair.world);
        pair.first_times(60);
        assert_eq!((pair.alerts(), pair.asked()), (0, 60));
    }
}

#[test]
fn the_alert_is_critical_and_written_once() {
    let pair = Pair::opened();
    for _ in 0..10 {
        pair.first();
        pair.second();
    }
    let alerts: Vec<_> = pair
        .world
        .audit()
        .into_iter()
        .filter(|row| row["level"] == Value::Text("critical".to_owned()))
        .collect();
    assert_eq!(alerts.len(), 1);
    for (column, value) in [
        ("actor", "gateway"),
        ("action", "backend.breaker"),
        ("outcome", "failed"),
        ("code", "breaker_open"),
        ("request_id", "0123456789abcdef0123456789abcdef"),
    ] {
        assert_eq!(alerts[0][column], Value::Text(value.to_owned()), "{column}");
    }
    assert_eq!(alerts[0]["person"], Value::Blob(Vec::new()));
    let lines = pair.world.log.0.lock().unwrap();
    let announced = lines.iter().filter(|line| line.contains("breaker.open"));
    assert_eq!(announced.count(), 2, "once for each instance");
}

#[test]
fn after_five_seconds_one_request_tries_and_closes_it() {
    let pair = Pair::opened();
    pair.works();
    pair.pass(4);
    is_refused(&pair.first(), "1");
    pair.pass(1);
    assert_eq!(pair.second().status, 200);
    assert_eq!(pair.audited("breaker_closed"), 1);
    assert_eq!(pair.first().status, 200);
    // What failed before it closed is forgotten.
    pair.fails();
    pair.first_times(19);
    assert_eq!(pair.alerts(), 1);
    pair.first();
    assert_eq!(pair.alerts(), 2);
}

#[test]
fn a_try_that_fails_keeps_it_open_for_five_seconds_more() {
    let pair = Pair::opened();
    pair.pass(5);
    assert_eq!(pair.first().status, 502);
    is_refused(&pair.first(), "5");
    pair.pass(4);
    is_refused(&pair.second(), "1");
    assert_eq!(pair.asked(), 21);
    pair.works();
    pair.pass(1);
    assert_eq!(pair.second().status, 200);
    assert_eq!(pair.alerts(), 1);
}

/// While the backend thinks about the try of one instance, requests of both come in.
#[test]
fn while_one_tries_nobody_else_does() {
    let pair = Arc::new(Pair::opened());
    pair.pass(5);
    let inner = Mutex::new(None);
    let outer = pair.clone();
    let call = read(PATIENT, OWN);
    let request = call.request(&pair.world);
    pair.world.backend(move |_| {
        let statuses = [&outer.world.app, &outer.second].map(|app| {
            serve(app, &request, call.target.clone())
                .now_or_never()
                .unwrap()
                .status()
        });
        let first = inner.lock().unwrap().replace(statuses).is_none();
        assert!(first, "the backend was asked within the try");
        assert_eq!(statuses, [StatusCode::SERVICE_UNAVAILABLE; 2]);
        Ok(ok(Bytes::from(resource(PATIENT, "", OWN).to_string())))
    });
    pair.world.backend.requests.lock().unwrap().clear();
    assert_eq!(pair.first().status, 200);
    assert_eq!(pair.asked(), 1);
}

#[test]
fn a_try_whose_instance_dies_is_taken_over() {
    let pair = Pair::opened();
    pair.pass(5);
    // What a request does before it asks the backend; then nothing is heard of it.
    let taken = block_on(crate::base::claims_backend::statements::begin_probe(
        &*pair.world.app.database,
        pair.world.clock.now(),
        pair.world.clock.now().plus_seconds(35),
        "r",
    ));
    assert!(taken.unwrap());
    pair.works();
    pair.pass(34);
    is_refused(&pair.first(), "1");
    pair.pass(1);
    assert_eq!(pair.first().status, 200);
    assert_eq!(pair.audited("breaker_closed"), 1);
}

/// Both have read that a try is due.
#[test]
fn of_two_that_would_try_one_may() {
    use crate::base::claims_backend::statements::begin_probe;
    let pair = Pair::opened();
    pair.pass(5);
    let now = pair.world.clock.now();
    let tries = ["one", "other"].map(|id| {
        let until = now.plus_seconds(35);
        block_on(begin_probe(&*pair.world.app.database, now, until, id)).unwrap()
    });
    assert_eq!(tries, [true, false]);
}

/// The try took longer than anything waits; what it came to is of the past.
#[test]
fn a_try_that_was_taken_over_decides_nothing() {
    use crate::base::claims_backend::statements::{begin_probe, close, keep_open};
    let pair = Pair::opened();
    pair.pass(5);
    let database = &*pair.world.app.database;
    let start = pair.world.clock.now();
    let (late, current) = (start.plus_seconds(35), start.plus_seconds(70));
    assert!(block_on(begin_probe(database, start, late, "late")).unwrap());
    pair.pass(35);
    let now = pair.world.clock.now();
    assert!(block_on(begin_probe(database, now, current, "current")).unwrap());
    block_on(close(database, late, now, "late")).unwrap();
    block_on(keep_open(database, late, now, "late")).unwrap();
    is_refused(&pair.first(), "5");
    assert_eq!(pair.audited("breaker_closed"), 0);
    block_on(close(database, current, now, "current")).unwrap();
    assert_eq!(pair.audited("breaker_closed"), 1);
}

#[test]
fn a_search_that_asks_twice_needs_leave_once() {
    let pair = Pair::opened();
    pair.pass(5);
    pair.world.backend(|request| {
        if request.url.contains("startIndex=0") || !request.url.contains("startIndex") {
            return Ok(ok(Bytes::from(bundle(EOB, 7, &["carrier-1"], &[]).to_string())));
        }
        let mut response = ok(Bytes::from_static(
            br#"{"resourceType":"OperationOutcome","issue":[{"diagnostics":"startIndex too large"}]}"#,
        ));
        response.status = StatusCode::BAD_REQUEST;
        Ok(response)
    });
    assert_eq!(pair.world.search(EOB, "startIndex=9").status, 200);
    assert_eq!(pair.asked(), 22);
    assert_eq!(pair.audited("breaker_closed"), 1);
}

/// Calls that hang since before the breaker closed say nothing about the backend as it is now.
#[test]
fn what_began_before_it_closed_does_not_open_it_again() {
    let pair = Pair::opened();
    let began = pair.world.clock.now();
    pair.pass(5);
    pair.works();
    assert_eq!(pair.first().status, 200);
    pair.pass(1);
    let tally = |began_at| crate::base::claims_backend::statements::Tally {
        second: pair.world.clock.now().seconds(),
        calls: 30,
        failures: 30,
        began_at,
    };
    let report = |began_at, who: &[u8]| {
        let now = pair.world.clock.now();
        block_on(crate::base::claims_backend::statements::report(
            &*pair.world.app.database,
            &[tally(began_at)],
            who,
            now.seconds() - 9,
            now,
            now.plus_seconds(5),
            "r",
        ))
        .unwrap();
    };
    report(began, b"one");
    report(began, b"another");
    assert_eq!(pair.first().status, 200);
    report(pair.world.clock.now(), b"one");
    report(pair.world.clock.now(), b"another");
    is_refused(&pair.first(), "5");
}

#[test]
fn traffic_without_failures_writes_nothing_for_it() {
    let pair = Pair::new();
    pair.works();
    *pair.world.database.fails_on.lock().unwrap() = Some("INTO backend_report");
    for _ in 0..100 {
        assert_eq!(pair.first().status, 200);
    }
    let lines = pair.world.log.0.lock().unwrap();
    assert!(!lines.iter().any(|line| line.contains("store.error")));
}

#[test]
fn a_report_that_is_lost_refuses_nobody() {
    let pair = Pair::new();
    *pair.world.database.fails_on.lock().unwrap() = Some("INTO backend_report");
    pair.first_times(40);
    assert_eq!(pair.asked(), 40);
    let lines = pair.world.log.0.lock().unwrap();
    assert!(lines.iter().any(|line| line.contains("store.error")));
}

#[test]
fn a_store_that_does_not_say_who_may_try_lets_nobody() {
    let pair = Pair::opened();
    pair.pass(5);
    *pair.world.database.fails_on.lock().unwrap() = Some("UPDATE breaker");
    assert_eq!(
        pair.first().refusal(),
        (503, "store_unavailable".to_owned())
    );
    assert_eq!(pair.asked(), 20);
}

#[test]
fn what_was_counted_is_kept_for_ten_seconds_only() {
    let pair = Pair::new();
    for _ in 0..40 {
        pair.first();
        pair.pass(1);
    }
    assert!(pair.world.sql("SELECT 1 FROM backend_second").len() <= 10);
    assert_eq!(pair.alerts(), 0);
}

#[test]
fn what_is_refused_before_the_backend_is_refused_as_ever_while_it_is_open() {
    let pair = Pair::opened();
    for (call, status) in [
        (read(PATIENT, OWN).without_token(), 401),
        (search(EOB, "_count=99"), 400),
        (read(PATIENT, OTHER), 404),
        (search(EOB, ""), 503),
    ] {
        assert_eq!(pair.world.call(call).status, status);
    }
    assert_eq!(pair.asked(), 20);
}
