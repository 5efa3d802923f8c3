//! Many clients refresh with one token at once (docs/contract/06-token-refresh.md): all get the same successor, and
//! whoever presents a token again whose successor was used, or any older one, ends the chain.

use std::collections::HashSet;
use std::time::Duration;

use bluegate_http_tests::{Stack, Tokens};

use crate::client::Reply;
use crate::crowd::Crowd;
use crate::machine::InstanceWatch;
use crate::race::{all_at_once, once, race};
use crate::redeem::{expect_audited, expect_ended, short, winners};
use crate::report::{Findings, Group, scaled, spread};
use crate::store::Store;
use crate::{CLIENTS, start};

/// Rounds of a full run.
pub const ROUNDS: usize = 200;

/// Runs them.
#[must_use]
pub fn run(scale: f64) -> Group {
    let stack = start();
    let crowd = Crowd::new(&stack);
    let watch = InstanceWatch::start(stack.data(), Duration::from_millis(5));
    let (mut together, mut instances) = (0, Vec::new());
    let mut group = Group::run("refresh", scaled(ROUNDS, scale), |number, findings| {
        let chains = crowd.chains(&stack, 2);
        let [first, second] = &chains[..] else {
            return findings.add("no tokens".to_owned());
        };
        let _ = watch.take();
        let round = Round {
            stack: &stack,
            crowd: &crowd,
        };
        let (at_once, successor) = round.all_agree(first, findings);
        instances.push(watch.take());
        together += usize::from(at_once);
        if number % 4 == 3 {
            round.parent_against_successor(first, &successor, findings);
        } else {
            round.parent_after_successor(first, &successor, findings);
        }
        round.ancestor(second, findings);
    });
    group.notes.push(format!(
        "all {CLIENTS} on their way before the first answer in {together} rounds; instances alive {}",
        spread(&instances)
    ));
    group
        .anomalies
        .extend(Store::open(&stack.database()).faults());
    group
}

/// Generations between a token and the ancestor that is presented again.
const GENERATIONS: usize = 5;

struct Round<'a> {
    stack: &'a Stack,
    crowd: &'a Crowd,
}

impl Round<'_> {
    /// The race itself. Gives the successor, and whether all were on their way before the first answer.
    fn all_agree(&self, tokens: &Tokens, findings: &mut Findings) -> (bool, String) {
        let base = self.stack.base();
        let replies = race(base, &vec![self.crowd.refresh(&tokens.refresh); CLIENTS]);
        for reply in &replies {
            findings.check(
                reply.as_ref().is_ok_and(|reply| reply.status == 200),
                || format!("a racer was answered {}", short(reply)),
            );
        }
        self.expect_audited(&replies, findings);
        let given = |name: &str| -> HashSet<String> {
            winners(&replies)
                .iter()
                .map(|(_, reply)| reply.text(name))
                .collect()
        };
        let (successors, accesses) = (given("refresh_token"), given("access_token"));
        findings.check(successors.len() == 1, || {
            format!("{} different successors", successors.len())
        });
        findings.check(accesses.len() == CLIENTS, || {
            format!("{} different access tokens", accesses.len())
        });
        self.expect_one_live_chain(tokens, findings);

        // The tokens from before and all that were given in the race work.
        let requests: Vec<_> = accesses
            .iter()
            .chain([&tokens.access])
            .map(|access| self.crowd.userinfo(access))
            .collect();
        for reply in race(base, &requests) {
            findings.check(
                reply.as_ref().is_ok_and(|reply| reply.status == 200),
                || format!("a token of the race: {}", short(&reply)),
            );
        }
        let successor = successors.into_iter().next().unwrap_or_default();
        (all_at_once(&replies), successor)
    }

    fn expect_one_live_chain(&self, tokens: &Tokens, findings: &mut Findings) {
        let store = Store::open(&self.stack.database());
        let Some(chain) = store.chain_of_access(&tokens.access) else {
            return findings.add("the chain is gone".to_owned());
        };
        let (live, accesses) = (
            store.live_chains_beside(&chain),
            store.access_tokens(&chain),
        );
        let as_it_must_be = chain.end_reason.is_none()
            && chain.generation == 1
            && live == 1
            && accesses == 1 + CLIENTS as i64;
        findings.check(as_it_must_be, || {
            format!("{live} live chains, {accesses} access tokens, {chain:?}")
        });
    }

    /// The successor is used, then its parent is presented again.
    fn parent_after_successor(&self, tokens: &Tokens, successor: &str, findings: &mut Findings) {
        let Some(next) = self.refreshed(successor, findings) else {
            return;
        };
        self.expect_reuse(&tokens.refresh, findings);
        self.expect_ended(&next, findings);
    }

    /// Half of the clients present the parent and half its successor, all at once.
    fn parent_against_successor(&self, tokens: &Tokens, successor: &str, findings: &mut Findings) {
        let presented = |racer: usize| match racer % 2 {
            0 => successor,
            _ => tokens.refresh.as_str(),
        };
        let requests: Vec<_> = (0..CLIENTS)
            .map(|racer| self.crowd.refresh(presented(racer)))
            .collect();
        let replies = race(self.stack.base(), &requests);
        self.expect_audited(&replies, findings);
        for reply in &replies {
            let defined = reply
                .as_ref()
                .is_ok_and(|reply| reply.status == 200 || reply.is_invalid_grant());
            findings.check(defined, || format!("a racer was answered {}", short(reply)));
        }
        let winners = winners(&replies);
        let after: HashSet<_> = winners
            .iter()
            .filter(|(racer, _)| presented(*racer) == successor)
            .map(|(_, reply)| reply.text("refresh_token"))
            .collect();
        findings.check(after.len() == 1, || {
            format!("{} different successors of the successor", after.len())
        });
        let first_use = winners
            .iter()
            .filter(|(racer, _)| presented(*racer) == successor)
            .map(|(_, reply)| reply.answered_at)
            .min();
        for (racer, reply) in &winners {
            if presented(*racer) != successor {
                findings.check(reply.text("refresh_token") == successor, || {
                    "a repeat got another successor".to_owned()
                });
                findings.check(first_use.is_none_or(|used| reply.sent_at <= used), || {
                    "a parent was accepted after its successor was used".to_owned()
                });
            }
        }
        // Now at the latest the parent ends the chain.
        let again = once(self.stack.base(), &self.crowd.refresh(&tokens.refresh));
        findings.check(again.as_ref().is_ok_and(Reply::is_invalid_grant), || {
            format!("a parent was answered {}", short(&again))
        });
        for (_, reply) in &winners {
            self.expect_ended(reply, findings);
        }
    }

    /// An ancestor five generations back ends the chain.
    fn ancestor(&self, tokens: &Tokens, findings: &mut Findings) {
        let mut last = None;
        let mut current = tokens.refresh.clone();
        for _ in 0..GENERATIONS {
            let Some(next) = self.refreshed(&current, findings) else {
                return;
            };
            current = next.text("refresh_token");
            last = Some(next);
        }
        self.expect_reuse(&tokens.refresh, findings);
        if let Some(last) = last {
            self.expect_ended(&last, findings);
        }
    }

    fn refreshed(&self, token: &str, findings: &mut Findings) -> Option<Reply> {
        let reply = once(self.stack.base(), &self.crowd.refresh(token));
        findings.check(
            reply.as_ref().is_ok_and(|reply| reply.status == 200),
            || format!("a current refresh token was answered {}", short(&reply)),
        );
        reply.ok().filter(|reply| reply.status == 200)
    }

    fn expect_reuse(&self, token: &str, findings: &mut Findings) {
        let reply = once(self.stack.base(), &self.crowd.refresh(token));
        findings.check(reply.as_ref().is_ok_and(Reply::is_invalid_grant), || {
            format!("a retired refresh token was answered {}", short(&reply))
        });
    }

    fn expect_ended(&self, tokens: &Reply, findings: &mut Findings) {
        expect_ended(self.stack, self.crowd, tokens, "refresh_reused", findings);
    }

    fn expect_audited(&self, replies: &[Result<Reply, String>], findings: &mut Findings) {
        let store = Store::open(&self.stack.database());
        for reply in replies.iter().flatten() {
            expect_audited(&store, "token.refresh", reply, findings);
        }
    }
}
