//! kill -9 of the engine while codes are redeemed and tokens refreshed. After a restart on the same store
//! nothing that a client was told is lost, no code was redeemed twice, and the audit knows every answer.
//!
//! A killed process loses nothing that the operating system has; a power cut is not tried here.

mod verify;

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bluegate_http_tests::Stack;

use crate::client::{Connection, Reply};
use crate::crowd::{Code, Crowd};
use crate::report::{Group, scaled, spread};
use crate::{VARIABLES, start};

/// Rounds of a full run.
pub const ROUNDS: usize = 50;

/// Runs them. The seed decides when the engine is killed.
#[must_use]
pub fn run(scale: f64, seed: u64) -> Group {
    let mut stack = start();
    let crowd = Crowd::new(&stack);
    let mut random = seed | 1;
    let mut seen = Seen::default();
    let mut group = Group::run("kill -9", scaled(ROUNDS, scale), |_, findings| {
        let round = Round::prepare(&stack, &crowd);
        let kill = Kill::draw(&mut random);
        let outcomes = round.race_and_kill(&mut stack, &crowd, kill);
        seen.note(&outcomes);
        let exact = verify::copy(&stack, &round, &outcomes, findings);
        verify::live(&stack, &crowd, &round, &outcomes, &exact, findings);
    });
    group.notes.push(seen.to_string());
    group
}

/// Codes that one client redeems.
const SOLO_CODES: usize = 6;
/// Codes that several clients redeem at once.
const RACED_CODES: usize = 3;
/// Chains whose token several clients refresh at once.
const RACED_CHAINS: usize = 3;
/// Chains that one client refreshes again and again.
const WALKED_CHAINS: usize = 6;
/// Clients that race for the same code or token.
const RACERS: usize = 8;
/// The engine is killed after at most so many answers. The races give about fifty, the walks go on.
const LATEST_ANSWER: u64 = 100;
/// And at most so long after that answer, in microseconds, so that any statement can be the last.
const LATEST_MOMENT_US: u64 = 5_000;
/// Where the answers do not come, it is killed all the same.
const PATIENCE: Duration = Duration::from_secs(10);

/// Codes and chains of one round, in the order solo, raced; raced, walked.
pub(crate) struct Round {
    pub(crate) codes: Vec<Code>,
    /// The first refresh token of each chain.
    pub(crate) chains: Vec<String>,
}

/// What a client did, and what it was told.
pub(crate) struct Outcome {
    pub(crate) what: What,
    pub(crate) reply: Result<Reply, String>,
}

/// A request of a round; the numbers say which code or chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum What {
    Redeem(usize),
    Refresh(usize),
}

impl Round {
    fn prepare(stack: &Stack, crowd: &Crowd) -> Self {
        let chains = crowd.chains(stack, RACED_CHAINS + WALKED_CHAINS);
        Self {
            codes: crowd.codes(stack, SOLO_CODES + RACED_CODES),
            chains: chains.into_iter().map(|tokens| tokens.refresh).collect(),
        }
    }

    /// Whether only one client had it, so that nothing could end its chain.
    pub(crate) const fn solo(what: What) -> bool {
        match what {
            What::Redeem(code) => code < SOLO_CODES,
            What::Refresh(chain) => chain >= RACED_CHAINS,
        }
    }

    fn race_and_kill(&self, stack: &mut Stack, crowd: &Crowd, kill: Kill) -> Vec<Outcome> {
        let base = stack.base().to_owned();
        let plan = self.plan();
        let barrier = Barrier::new(plan.len() + 1);
        let answers = AtomicUsize::new(0);
        thread::scope(|scope| {
            let clients: Vec<_> = plan
                .iter()
                .map(|what| {
                    let (base, barrier, answers) = (&base, &barrier, &answers);
                    scope.spawn(move || {
                        let connection = Connection::open(base);
                        barrier.wait();
                        connection.map_or_else(
                            |error| vec![Outcome::unanswered(*what, &error)],
                            |connection| self.act(connection, crowd, *what, answers),
                        )
                    })
                })
                .collect();
            barrier.wait();
            let started = Instant::now();
            while answers.load(Ordering::Relaxed) < kill.answers && started.elapsed() < PATIENCE {
                thread::sleep(Duration::from_micros(100));
            }
            thread::sleep(kill.moment);
            // The harness kills without a warning and starts on the same address and store.
            stack.restart(VARIABLES);
            clients
                .into_iter()
                .flat_map(|client| client.join().expect("a client"))
                .collect()
        })
    }

    fn plan(&self) -> Vec<What> {
        let mut plan = Vec::new();
        for code in 0..self.codes.len() {
            let clients = if code < SOLO_CODES { 1 } else { RACERS };
            plan.extend(vec![What::Redeem(code); clients]);
        }
        for chain in 0..self.chains.len() {
            let clients = if chain < RACED_CHAINS { RACERS } else { 1 };
            plan.extend(vec![What::Refresh(chain); clients]);
        }
        plan
    }

    /// One client, until it is done or the engine is gone. It never connects again.
    fn act(
        &self,
        mut connection: Connection,
        crowd: &Crowd,
        what: What,
        answers: &AtomicUsize,
    ) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        let mut request = match what {
            What::Redeem(code) => crowd.redeem(&self.codes[code]),
            What::Refresh(chain) => crowd.refresh(&self.chains[chain]),
        };
        loop {
            let reply = connection.send(&request).map_err(|error| error.to_string());
            answers.fetch_add(usize::from(reply.is_ok()), Ordering::Relaxed);
            let next = reply.as_ref().ok().map(|reply| reply.text("refresh_token"));
            outcomes.push(Outcome { what, reply });
            match (what, next) {
                (What::Refresh(_), Some(token)) if Self::solo(what) && !token.is_empty() => {
                    request = crowd.refresh(&token);
                }
                _ => return outcomes,
            }
        }
    }
}

impl Outcome {
    fn unanswered(what: What, error: &std::io::Error) -> Self {
        Self {
            what,
            reply: Err(error.to_string()),
        }
    }

    /// The tokens, where it was told some.
    pub(crate) fn tokens(&self) -> Option<&Reply> {
        self.reply.as_ref().ok().filter(|reply| reply.status == 200)
    }
}

/// When the engine is killed.
#[derive(Clone, Copy)]
struct Kill {
    /// After so many answers,
    answers: usize,
    /// and this much later.
    moment: Duration,
}

impl Kill {
    fn draw(random: &mut u64) -> Self {
        Self {
            answers: usize::try_from(1 + next(random) % LATEST_ANSWER).unwrap_or(1),
            moment: Duration::from_micros(next(random) % LATEST_MOMENT_US),
        }
    }
}

/// What all rounds together looked like.
#[derive(Default)]
struct Seen {
    answered: usize,
    unanswered: usize,
    in_the_middle: usize,
    told: Vec<usize>,
}

impl Seen {
    fn note(&mut self, outcomes: &[Outcome]) {
        let answered = outcomes.iter().filter(|o| o.reply.is_ok()).count();
        let unanswered = outcomes.len() - answered;
        self.answered += answered;
        self.unanswered += unanswered;
        self.in_the_middle += usize::from(answered > 0 && unanswered > 0);
        self.told
            .push(outcomes.iter().filter_map(Outcome::tokens).count());
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "killed between answers in {} rounds; {} requests answered, {} not; token answers before the kill {}",
            self.in_the_middle,
            self.answered,
            self.unanswered,
            spread(&self.told)
        )
    }
}

/// xorshift64: enough to spread the kills.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}
