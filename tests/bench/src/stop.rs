//! Lock-downs and revocations while 64 clients read as fast as they can: no answer is released whose permit was
//! written after the stop was committed (docs/contract/06-token-refresh.md, 07-fhir.md, 7.4 and 10-audit.md).
//!
//! The permit of an answer is its row in the audit, and the event of the stop is written by the very commit
//! that stops. So the order of the rows is the order of the commits, whichever instances made them.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bluegate_http_tests::Stack;

use crate::client::{Connection, Reply, post, post_as};
use crate::crowd::Crowd;
use crate::machine::InstanceWatch;
use crate::race::once;
use crate::report::{Findings, Group, scaled, spread};
use crate::store::Store;
use crate::{CLIENTS, VARIABLES};

/// Rounds of a full run, of each kind.
pub const ROUNDS: usize = 100;

/// What stops the release of data.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stop {
    /// An operator, for everything.
    LockDown,
    /// The application, for one grant.
    Revocation,
}

impl Stop {
    const fn name(self) -> &'static str {
        match self {
            Self::LockDown => "lock-down",
            Self::Revocation => "revoke",
        }
    }

    /// The event of its commit.
    const fn action(self) -> &'static str {
        match self {
            Self::LockDown => "ops.lock_down",
            Self::Revocation => "revoke.grant",
        }
    }

    /// What the clients get from then on.
    const fn refusal(self) -> u16 {
        match self {
            Self::LockDown => 503,
            Self::Revocation => 403,
        }
    }
}

/// Runs the rounds.
#[must_use]
pub fn run(stop: Stop, scale: f64) -> Group {
    let variables: Vec<_> = VARIABLES.iter().copied().chain([OPERATORS]).collect();
    let stack = Stack::with(&variables);
    let crowd = Crowd::new(&stack);
    let watch = InstanceWatch::start(stack.data(), Duration::from_millis(5));
    let mut seen = Seen::default();
    let mut group = Group::run(stop.name(), scaled(ROUNDS, scale), |number, findings| {
        let Some(tokens) = crowd.chains(&stack, 1).pop() else {
            return findings.add("no tokens".to_owned());
        };
        let round = Round {
            stop,
            stack: &stack,
            crowd: &crowd,
            access: tokens.access,
            // Never at the same point of the load.
            answers: LEAST_ANSWERS + number * MORE_ANSWERS % CLIENTS,
        };
        let _ = watch.take();
        round.play(&mut seen, findings);
        seen.instances.push(watch.take());
    });
    group.notes.push(format!(
        "released {} before the stops, refused of those on their way {}, released later {}; instances alive {}",
        seen.released,
        seen.caught,
        seen.late,
        spread(&seen.instances)
    ));
    group
        .anomalies
        .extend(Store::open(&stack.database()).faults());
    group
}

struct Round<'a> {
    stop: Stop,
    stack: &'a Stack,
    crowd: &'a Crowd,
    access: String,
    answers: usize,
}

/// What all rounds together looked like.
#[derive(Default)]
struct Seen {
    released: usize,
    caught: usize,
    late: usize,
    instances: Vec<usize>,
}

impl Round<'_> {
    fn play(&self, seen: &mut Seen, findings: &mut Findings) {
        let store = Store::open(&self.stack.database());
        let before = store.last_event();
        let (stopped, replies) = self.read_and_stop();
        let after = store.last_event();
        self.go_on(&stopped, findings);

        findings.check((200..300).contains(&stopped.status), || {
            format!("the stop was answered {}", stopped.short())
        });
        let Some(commit) = store.event_of(&stopped.request_id, self.stop.action()) else {
            return findings.add("the stop has no event".to_owned());
        };
        let released: BTreeSet<_> = replies
            .iter()
            .filter(|reply| reply.status == 200)
            .map(|reply| reply.request_id.clone())
            .collect();
        let permitted = store.permits(before, commit);
        let late = store.permits(commit, after);
        findings.check(late.is_empty(), || {
            format!("{} permits after the stop was committed", late.len())
        });
        let unpermitted = released.difference(&permitted).count();
        findings.check(unpermitted == 0, || {
            format!("{unpermitted} answers whose permit does not come before the stop")
        });
        let sent_later = replies
            .iter()
            .filter(|reply| reply.status == 200 && reply.sent_at > stopped.answered_at)
            .count();
        findings.check(sent_later == 0, || {
            format!("{sent_later} answers to what was sent after the stop was answered")
        });
        for reply in &replies {
            findings.check([200, self.stop.refusal()].contains(&reply.status), || {
                format!("a client got {}", reply.short())
            });
        }
        seen.released += released.len();
        seen.late += late.len();
        seen.caught += replies
            .iter()
            .filter(|reply| {
                reply.status == self.stop.refusal() && reply.sent_at < stopped.answered_at
            })
            .count();
    }

    /// 64 clients read until they are refused; after some answers comes the stop.
    fn read_and_stop(&self) -> (Reply, Vec<Reply>) {
        let base = self.stack.base();
        let request = self.crowd.coverage(&self.access);
        let (barrier, answers) = (Barrier::new(CLIENTS + 1), AtomicUsize::new(0));
        thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|_| {
                    scope.spawn(|| {
                        let connection = Connection::open(base);
                        barrier.wait();
                        read(connection.expect("a connection"), &request, &answers)
                    })
                })
                .collect();
            barrier.wait();
            let started = Instant::now();
            while answers.load(Ordering::Relaxed) < self.answers && started.elapsed() < PATIENCE {
                thread::sleep(Duration::from_micros(100));
            }
            let stopped = once(base, &self.stopping()).expect("the stop is answered");
            let replies = clients
                .into_iter()
                .flat_map(|client| client.join().expect("a client"))
                .collect();
            (stopped, replies)
        })
    }

    fn stopping(&self) -> Vec<u8> {
        let base = self.stack.base();
        match self.stop {
            Stop::LockDown => {
                let form = [
                    ("scope", "all".to_owned()),
                    ("reason", "a round".to_owned()),
                ];
                post_as(base, "/ops/lock-down", OPERATOR, &form)
            }
            Stop::Revocation => {
                let mut form = vec![("token", self.access.clone())];
                form.extend(self.crowd.own.credentials());
                post(base, "/v2/o/revoke/", &form)
            }
        }
    }

    /// The next round needs data again.
    fn go_on(&self, stopped: &Reply, findings: &mut Findings) {
        if self.stop == Stop::Revocation {
            return;
        }
        let id = stopped.number("id");
        let form = [("reason", "the round is over".to_owned())];
        let path = format!("/ops/lock-down/{id}/lift");
        let base = self.stack.base();
        let lifted = once(base, &post_as(base, &path, OPERATOR, &form));
        findings.check(
            lifted.as_ref().is_ok_and(|reply| reply.status == 200),
            || format!("lifting gave {lifted:?}"),
        );
    }
}

fn read(mut connection: Connection, request: &[u8], answers: &AtomicUsize) -> Vec<Reply> {
    let started = Instant::now();
    let mut replies = Vec::new();
    while started.elapsed() < PATIENCE {
        let Ok(mut reply) = connection.send(request) else {
            break;
        };
        // Sixty-four times hundreds of answers: what they say is not needed.
        let done = reply.status != 200;
        if !done {
            reply.body = Vec::new();
        }
        answers.fetch_add(1, Ordering::Relaxed);
        replies.push(reply);
        if done {
            break;
        }
    }
    replies
}

/// The token of the operator below.
const OPERATOR: &str = "soak";
const OPERATORS: (&str, &str) = (
    "operators",
    "soak:lock:c06f543b3ea6c597516e643d22c38675a9a676ca3231e87e26276418ccb13c33",
);
/// The stop comes after so many answers,
const LEAST_ANSWERS: usize = 192;
/// and up to 63 more, another number in each round.
const MORE_ANSWERS: usize = 41;
/// Clients give up where the stop does not come.
const PATIENCE: Duration = Duration::from_secs(60);
