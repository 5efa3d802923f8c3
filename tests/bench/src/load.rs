//! Everybody at once: 64 people on a connection each, with a mix of all routes of an application, and every
//! byte of every answer searched for somebody else (docs/contract/07-fhir.md and 08-userinfo.md). Meanwhile the
//! memory of the engine is watched.

mod person;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bluegate_http_tests::{Application, Consent, Flow, Stack};

use self::person::Person;
use crate::machine;
use crate::report::{Findings, Group, scaled};
use crate::{CLIENTS, start};

/// Requests of a full run.
pub const REQUESTS: usize = 20_000;
/// How much more memory the engine may have in the last quarter than in the first, both on average:
/// so many times as much,
const GROWTH: f64 = 1.10;
/// and so many MiB, which is a few pages of claims in flight.
const SLACK: f64 = 8.0;

/// Runs it: first rounds that are not counted, until the engine has had as many instances at once as it ever will
/// (it keeps the memory of each for the next), then the counted requests.
#[must_use]
pub fn run(scale: f64) -> Group {
    let stack = start();
    let mut load = Load::new(&stack);
    let mut warm_up = Findings::default();
    let requests = scaled(REQUESTS, scale);
    let rounds = load.warm_up(&mut warm_up);
    let mut notes = Vec::new();
    let mut group = Group::run("load", 1, |_, findings| {
        findings.append(&mut warm_up);
        notes = load.measured(requests, findings);
        notes.push(format!("{} to warm up", rounds * WARM_UP));
    });
    group.notes = notes;
    group
}

/// Requests of a round before the count begins,
const WARM_UP: usize = 1_000;
/// how many of them there are at most,
const MOST_ROUNDS: usize = 10;
/// and how much more memory the engine has after a round that shows no more growth.
const SETTLED: f64 = 1.01;
/// Rounds in a row that have to be so.
const SETTLED_ROUNDS: usize = 2;

struct Load<'a> {
    stack: &'a Stack,
    people: Vec<Person>,
    /// The patient ids of all, for the search.
    everybody: Vec<String>,
}

impl<'a> Load<'a> {
    /// Registers the application and signs everybody in.
    fn new(stack: &'a Stack) -> Self {
        let app = Application::confidential(stack, "Load");
        let taken = AtomicUsize::new(0);
        let people: Vec<Person> = thread::scope(|scope| {
            let walkers: Vec<_> = (0..WALKERS)
                .map(|_| {
                    scope.spawn(|| {
                        let mut people = Vec::new();
                        loop {
                            let number = taken.fetch_add(1, Ordering::Relaxed);
                            if number >= CLIENTS {
                                return people;
                            }
                            let user = format!("BBUser{:05}", 700 + number * 37);
                            let flow = Flow::new("v2");
                            let tokens = flow.tokens(stack, &app, &user, Consent::ALLOW);
                            people.push(Person::new(stack.base(), &app, tokens, number));
                        }
                    })
                })
                .collect();
            walkers
                .into_iter()
                .flat_map(|walker| walker.join().expect("everybody signs in"))
                .collect()
        });
        let everybody: Vec<_> = people.iter().map(|person| person.id().to_owned()).collect();
        assert!(
            everybody
                .iter()
                .all(|id| id.starts_with('-') && id.len() > person::LEAST_DIGITS),
            "the search for other people looks for ids of this kind"
        );
        Self {
            stack,
            people,
            everybody,
        }
    }

    fn measured(&mut self, requests: usize, findings: &mut Findings) -> Vec<String> {
        let began = Instant::now();
        let watch = MemoryWatch::start(self.stack.pid());
        let (sent, samples) = watch.during(|done| self.send_counted(requests, done, findings));
        let took = began.elapsed();
        findings.check(sent == requests, || {
            format!("only {sent} requests were sent")
        });
        let mut notes = vec![
            format!("{sent} requests, {:.0}/s", sent as f64 / took.as_secs_f64()),
            format!("{} kinds", person::KINDS),
        ];
        let quarter =
            |from: f64, to: f64| mean(&samples, requests as f64 * from, requests as f64 * to);
        match (quarter(0.0, 0.25), quarter(0.75, 1.0)) {
            (Some(first), Some(last)) => {
                findings.check(last <= first * GROWTH + SLACK, || {
                    format!("memory grew from {first:.1} to {last:.1} MiB")
                });
                let tenths: Vec<_> = (0..10)
                    .filter_map(|tenth| {
                        quarter(f64::from(tenth) / 10.0, f64::from(tenth + 1) / 10.0)
                    })
                    .map(|memory| format!("{memory:.0}"))
                    .collect();
                notes.push(format!("memory by tenths {} MiB", tenths.join(" ")));
                notes.push(format!(
                    "memory {first:.1} MiB in the first quarter, {last:.1} in the last; allowed {GROWTH} times and {SLACK} MiB more"
                ));
            }
            _ => notes.push("memory unknown".to_owned()),
        }
        notes
    }

    /// Sends rounds until memory settles, and says how many. One quiet round proves little on a busy machine: instances
    /// that the next one needs may not have been started yet.
    fn warm_up(&mut self, findings: &mut Findings) -> usize {
        let memory = |stack: &Stack| machine::memory(stack.pid()).unwrap_or_default();
        let (mut before, mut settled) = (0.0, 0);
        for round in 1..=MOST_ROUNDS {
            self.send_counted(WARM_UP, &AtomicUsize::new(0), findings);
            let after = memory(self.stack);
            settled = if after <= before * SETTLED {
                settled + 1
            } else {
                0
            };
            if settled == SETTLED_ROUNDS {
                return round;
            }
            before = after;
        }
        MOST_ROUNDS
    }

    /// Sends so many requests in all. `done` counts them.
    fn send_counted(
        &mut self,
        requests: usize,
        done: &AtomicUsize,
        findings: &mut Findings,
    ) -> usize {
        let begun = AtomicUsize::new(0);
        let everybody = &self.everybody;
        thread::scope(|scope| {
            let clients: Vec<_> = self
                .people
                .iter_mut()
                .map(|person| {
                    let begun = &begun;
                    scope.spawn(move || {
                        let mut wrong = Vec::new();
                        while begun.fetch_add(1, Ordering::Relaxed) < requests {
                            if let Err(finding) = person.next(everybody) {
                                wrong.push(finding);
                            }
                            done.fetch_add(1, Ordering::Relaxed);
                        }
                        wrong
                    })
                })
                .collect();
            for client in clients {
                match client.join() {
                    Ok(wrong) => wrong.into_iter().for_each(|finding| findings.add(finding)),
                    Err(_) => findings.add("a client panicked".to_owned()),
                }
            }
        });
        done.load(Ordering::Relaxed)
    }
}

const WALKERS: usize = 8;

/// Looks at the engine's memory again and again.
struct MemoryWatch(u32);

impl MemoryWatch {
    const fn start(pid: u32) -> Self {
        Self(pid)
    }

    /// What the work gave, and each sample with the count of requests that were done by then.
    fn during<T>(&self, work: impl FnOnce(&AtomicUsize) -> T) -> (T, Vec<(f64, f64)>) {
        let (done, over) = (AtomicUsize::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            let watcher = scope.spawn(|| {
                let mut samples = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    if let Some(memory) = machine::memory(self.0) {
                        samples.push((done.load(Ordering::Relaxed) as f64, memory));
                    }
                    thread::sleep(EVERY);
                }
                samples
            });
            let result = work(&done);
            over.store(true, Ordering::Relaxed);
            (result, watcher.join().unwrap_or_default())
        })
    }
}

const EVERY: Duration = Duration::from_millis(20);

/// The mean memory of the samples in a range of requests.
fn mean(samples: &[(f64, f64)], from: f64, to: f64) -> Option<f64> {
    let inside: Vec<_> = samples
        .iter()
        .filter(|(done, _)| (from..=to).contains(done))
        .map(|(_, memory)| memory)
        .collect();
    let count = inside.len();
    (count > 0).then(|| inside.into_iter().sum::<f64>() / count as f64)
}
