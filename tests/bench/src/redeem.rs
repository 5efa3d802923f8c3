//! Many clients redeem one code at once (docs/contract/05-token-exchange.md): one gets tokens, the others
//! `invalid_grant`, and what the one got ends. Whoever has no right to the code changes nothing.

use std::time::Duration;

use bluegate_http_tests::Stack;

use crate::client::Reply;
use crate::crowd::{Code, Crowd, Wrong};
use crate::machine::InstanceWatch;
use crate::race::{all_at_once, once, race};
use crate::report::{Findings, Group, scaled, spread};
use crate::store::Store;
use crate::{CLIENTS, start_with_small_leases};

/// Rounds of a full run.
pub const ROUNDS: usize = 200;

/// Runs them.
#[must_use]
pub fn run(scale: f64) -> Group {
    let stack = start_with_small_leases();
    let crowd = Crowd::new(&stack);
    let watch = InstanceWatch::start(stack.data(), Duration::from_millis(5));
    let (mut together, mut instances) = (0, Vec::new());
    let mut group = Group::run("redeem", scaled(ROUNDS, scale), |number, findings| {
        let mut codes = crowd.codes(&stack, 2);
        let (Some(second), Some(first)) = (codes.pop(), codes.pop()) else {
            return findings.add("no codes".to_owned());
        };
        let _ = watch.take();
        let round = Round {
            stack: &stack,
            crowd: &crowd,
        };
        let at_once = round.by_those_who_may(&first, number % 2 == 1, findings);
        instances.push(watch.take());
        together += usize::from(at_once);
        round.by_those_who_may_not(&second, findings);
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

struct Round<'a> {
    stack: &'a Stack,
    crowd: &'a Crowd,
}

impl Round<'_> {
    /// Everybody races, and with `intruders` twelve of them have no right to the code. True where all
    /// requests were on their way before the first answer.
    fn by_those_who_may(&self, code: &Code, intruders: bool, findings: &mut Findings) -> bool {
        let may = |racer: usize| !(intruders && racer.is_multiple_of(5) && racer < 60);
        let requests: Vec<_> = (0..CLIENTS)
            .map(|racer| {
                if may(racer) {
                    self.crowd.redeem(code)
                } else {
                    self.crowd
                        .redeem_wrongly(code, Wrong::ALL[racer / 5 % Wrong::ALL.len()])
                }
            })
            .collect();
        let replies = race(self.stack.base(), &requests);
        let winners: Vec<_> = winners(&replies);
        self.expect_one_winner(&replies, &winners, findings);
        let Some((racer, winner)) = winners.first() else {
            return all_at_once(&replies);
        };
        findings.check(may(*racer), || {
            format!("racer {racer} had no right and got tokens")
        });
        self.expect_ended(winner, "code_replayed", findings);
        let chain = Store::open(&self.stack.database()).chain_of_code(&code.text);
        findings.check(
            chain.is_some_and(|chain| chain.generation == 0 && chain.end_reason.is_some()),
            || "the chain of the code is not as it must be".to_owned(),
        );
        all_at_once(&replies)
    }

    /// Only those without a right race, then one who has it among them; then the code is used up.
    fn by_those_who_may_not(&self, code: &Code, findings: &mut Findings) {
        let base = self.stack.base();
        let mut requests: Vec<_> = (0..CLIENTS)
            .map(|racer| {
                self.crowd
                    .redeem_wrongly(code, Wrong::ALL[racer % Wrong::ALL.len()])
            })
            .collect();
        let replies = race(base, &requests);
        for reply in &replies {
            let refused = reply.as_ref().is_ok_and(Reply::is_invalid_grant);
            findings.check(refused, || {
                format!("an intruder was answered {}", short(reply))
            });
        }
        self.expect_audited(&replies, findings);
        let unused = Store::open(&self.stack.database()).chain_of_code(&code.text);
        findings.check(unused.is_none(), || "intruders made a chain".to_owned());

        requests[CLIENTS / 2] = self.crowd.redeem(code);
        let replies = race(base, &requests);
        let winners = winners(&replies);
        self.expect_one_winner(&replies, &winners, findings);
        let Some((_, winner)) = winners.first() else {
            return;
        };
        let works = once(base, &self.crowd.userinfo(&winner.text("access_token")));
        findings.check(
            works.as_ref().is_ok_and(|reply| reply.status == 200),
            || format!("intruders ended a chain: {}", short(&works)),
        );
        let replayed = once(base, &self.crowd.redeem(code));
        findings.check(replayed.as_ref().is_ok_and(Reply::is_invalid_grant), || {
            format!("a used code was answered {}", short(&replayed))
        });
        self.expect_ended(winner, "code_replayed", findings);
    }

    fn expect_one_winner(
        &self,
        replies: &[Result<Reply, String>],
        winners: &[(usize, &Reply)],
        findings: &mut Findings,
    ) {
        findings.check(winners.len() == 1, || {
            format!("{} of {CLIENTS} got tokens", winners.len())
        });
        for reply in replies {
            let defined = reply
                .as_ref()
                .is_ok_and(|reply| reply.status == 200 || reply.is_invalid_grant());
            findings.check(defined, || format!("a racer was answered {}", short(reply)));
        }
        self.expect_audited(replies, findings);
    }

    /// Tokens of a chain that ended for this reason do nothing any more.
    fn expect_ended(&self, tokens: &Reply, reason: &str, findings: &mut Findings) {
        expect_ended(self.stack, self.crowd, tokens, reason, findings);
    }

    fn expect_audited(&self, replies: &[Result<Reply, String>], findings: &mut Findings) {
        let store = Store::open(&self.stack.database());
        for reply in replies.iter().flatten() {
            expect_audited(&store, "token.code", reply, findings);
        }
    }
}

/// Tokens of a chain that ended for this reason do nothing any more.
pub(crate) fn expect_ended(
    stack: &Stack,
    crowd: &Crowd,
    tokens: &Reply,
    reason: &str,
    findings: &mut Findings,
) {
    let access = tokens.text("access_token");
    let answer = once(stack.base(), &crowd.userinfo(&access));
    findings.check(
        answer.as_ref().is_ok_and(|reply| reply.status == 401),
        || format!("an access token of an ended chain: {}", short(&answer)),
    );
    let answer = once(stack.base(), &crowd.refresh(&tokens.text("refresh_token")));
    findings.check(answer.as_ref().is_ok_and(Reply::is_invalid_grant), || {
        format!("a refresh token of an ended chain: {}", short(&answer))
    });
    let store = Store::open(&stack.database());
    let chain = store.chain_of_access(&access);
    let told = chain.as_ref().is_some_and(|chain| {
        chain.end_reason.as_deref() == Some(reason)
            && !store.events_with_code(&chain.flow_id, reason).is_empty()
    });
    findings.check(told, || {
        format!("store or audit do not say that {reason} ended the chain: {chain:?}")
    });
}

/// An answer has exactly one event, which says the same.
pub(crate) fn expect_audited(store: &Store, action: &str, reply: &Reply, findings: &mut Findings) {
    let events = store.events(&reply.request_id);
    let outcome = if reply.status == 200 { "ok" } else { "refused" };
    let says_so = matches!(&events[..], [event] if event.action == action
        && event.outcome == outcome
        // A refresh that comes again within its time says that it does, and when that is often.
        && matches!(event.code.as_str(), "" | "repeated" | "repeated_often") == (reply.status == 200)
        && (reply.status != 200 || !event.flow_id.is_empty()));
    findings.check(says_so, || {
        format!("{} {}: its events are {events:?}", action, reply.short())
    });
}

/// What was answered, or why nothing was.
pub(crate) fn short(reply: &Result<Reply, String>) -> String {
    match reply {
        Ok(reply) => reply.short(),
        Err(error) => error.clone(),
    }
}

/// Those who got tokens.
pub(crate) fn winners(replies: &[Result<Reply, String>]) -> Vec<(usize, &Reply)> {
    replies
        .iter()
        .enumerate()
        .filter_map(|(racer, reply)| Some((racer, reply.as_ref().ok()?)))
        .filter(|(_, reply)| reply.status == 200)
        .collect()
}
