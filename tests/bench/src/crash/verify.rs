//! What must hold after a kill: in the store as it lay there, and for the clients of the restarted engine.

use std::collections::HashSet;

use bluegate_http_tests::Stack;

use super::{Outcome, Round, What};
use crate::client::Reply;
use crate::crowd::Crowd;
use crate::race::{once, race};
use crate::redeem::{expect_audited, short};
use crate::report::Findings;
use crate::store::{Chain, Store};

/// What the store held when the engine was killed.
#[derive(Default)]
pub(super) struct Exact {
    /// Codes that were used.
    used: HashSet<usize>,
    /// Access tokens whose chain had ended.
    ended: HashSet<String>,
}

/// Looks at a copy, before the restarted engine touches the store.
pub(super) fn copy(
    stack: &Stack,
    round: &Round,
    outcomes: &[Outcome],
    findings: &mut Findings,
) -> Exact {
    let store = Store::of_copy(&stack.database(), &stack.data().join("copy"));
    for fault in store.faults() {
        findings.add(fault);
    }
    let mut exact = Exact::default();
    for (number, code) in round.codes.iter().enumerate() {
        if store.chain_of_code(&code.text).is_some() {
            exact.used.insert(number);
        }
        let told = outcomes
            .iter()
            .filter(|outcome| outcome.what == What::Redeem(number))
            .filter_map(Outcome::tokens)
            .count();
        findings.check(told <= 1, || {
            format!("code {number} gave tokens {told} times")
        });
    }
    for outcome in outcomes {
        let Ok(reply) = &outcome.reply else {
            continue;
        };
        let (action, defined) = match outcome.what {
            What::Redeem(_) => (
                "token.code",
                reply.status == 200 || reply.is_invalid_grant(),
            ),
            What::Refresh(_) => ("token.refresh", reply.status == 200),
        };
        findings.check(defined, || {
            format!("{:?} was answered {}", outcome.what, reply.short())
        });
        expect_audited(&store, action, reply, findings);
        let Some(tokens) = outcome.tokens() else {
            continue;
        };
        let access = tokens.text("access_token");
        let Some(chain) = store.chain_of_access(&access) else {
            findings.add(format!(
                "{:?}: the token that was told is lost",
                outcome.what
            ));
            continue;
        };
        if chain.end_reason.is_none() {
            continue;
        }
        exact.ended.insert(access);
        let explained = explain(&store, &chain, outcome.what);
        findings.check(explained, || {
            format!("{:?}: nothing explains why {chain:?} ended", outcome.what)
        });
    }
    exact
}

/// Whether the audit tells why a chain ended: the change and its event are one commit, so that a kill leaves both
/// or neither.
fn explain(store: &Store, chain: &Chain, what: What) -> bool {
    // One client alone gave no reason to end anything, and repeats of a refresh neither.
    let (What::Redeem(_), false, Some("code_replayed")) =
        (what, Round::solo(what), chain.end_reason.as_deref())
    else {
        return false;
    };
    !store.events(&chain.request_id).is_empty()
        && !store
            .events_with_code(&chain.flow_id, "code_replayed")
            .is_empty()
}

/// Asks the restarted engine.
pub(super) fn live(
    stack: &Stack,
    crowd: &Crowd,
    round: &Round,
    outcomes: &[Outcome],
    exact: &Exact,
    findings: &mut Findings,
) {
    let asking = Asking {
        stack,
        crowd,
        outcomes,
        exact,
    };
    asking.told_tokens(findings);
    for (number, code) in round.codes.iter().enumerate() {
        let told = asking.told(What::Redeem(number));
        if let (Some(tokens), true) = (told.first(), Round::solo(What::Redeem(number))) {
            asking.refreshes(
                &tokens.text("refresh_token"),
                What::Redeem(number),
                findings,
            );
        }
        // A code that the kill left unused is still good; a used one is not, and ends what it gave.
        let again = asking.send(&crowd.redeem(code));
        let as_it_must_be = again.as_ref().is_ok_and(|reply| {
            if exact.used.contains(&number) {
                reply.is_invalid_grant()
            } else {
                reply.status == 200
            }
        });
        findings.check(as_it_must_be, || {
            format!(
                "code {number}, used: {}, was answered {}",
                exact.used.contains(&number),
                short(&again)
            )
        });
        for tokens in told {
            asking.is_ended(tokens, What::Redeem(number), findings);
        }
    }
    for (number, first) in round.chains.iter().enumerate() {
        let what = What::Refresh(number);
        let told = asking.told(what);
        if Round::solo(what) {
            let last = told.last().map(|tokens| tokens.text("refresh_token"));
            asking.refreshes(last.as_deref().unwrap_or(first), what, findings);
        } else {
            asking.still_agrees(first, &told, what, findings);
        }
    }
    for fault in Store::open(&stack.database()).faults() {
        findings.add(fault);
    }
}

struct Asking<'a> {
    stack: &'a Stack,
    crowd: &'a Crowd,
    outcomes: &'a [Outcome],
    exact: &'a Exact,
}

impl Asking<'_> {
    fn send(&self, request: &[u8]) -> Result<Reply, String> {
        once(self.stack.base(), request)
    }

    fn told(&self, what: What) -> Vec<&Reply> {
        self.outcomes
            .iter()
            .filter(|outcome| outcome.what == what)
            .filter_map(Outcome::tokens)
            .collect()
    }

    /// Each access token that was told works, but for those of ended chains.
    fn told_tokens(&self, findings: &mut Findings) {
        let told: Vec<_> = self.outcomes.iter().filter_map(Outcome::tokens).collect();
        for some in told.chunks(crate::CLIENTS) {
            let requests: Vec<_> = some
                .iter()
                .map(|tokens| self.crowd.userinfo(&tokens.text("access_token")))
                .collect();
            for (tokens, reply) in some.iter().zip(race(self.stack.base(), &requests)) {
                let ended = self.exact.ended.contains(&tokens.text("access_token"));
                let wanted = if ended { 401 } else { 200 };
                findings.check(
                    reply.as_ref().is_ok_and(|reply| reply.status == wanted),
                    || {
                        format!(
                            "a told token, ended: {ended}, was answered {}",
                            short(&reply)
                        )
                    },
                );
            }
        }
    }

    /// The last refresh token that a client knows goes on: current, or its answer was lost in the kill.
    fn refreshes(&self, token: &str, what: What, findings: &mut Findings) {
        let reply = self.send(&self.crowd.refresh(token));
        findings.check(
            reply.as_ref().is_ok_and(|reply| reply.status == 200),
            || format!("{what:?} is stranded: {}", short(&reply)),
        );
        if let Ok(reply) = reply {
            let next = self.send(&self.crowd.refresh(&reply.text("refresh_token")));
            findings.check(next.as_ref().is_ok_and(|next| next.status == 200), || {
                format!("{what:?} is stranded after one step: {}", short(&next))
            });
        }
    }

    /// A token that many refreshed gives the same successor after the restart; once that is used, it is reuse.
    fn still_agrees(&self, first: &str, told: &[&Reply], what: What, findings: &mut Findings) {
        let again = self.send(&self.crowd.refresh(first));
        let successors: HashSet<_> = told
            .iter()
            .copied()
            .chain(again.as_ref().ok())
            .map(|reply| reply.text("refresh_token"))
            .collect();
        let agreed = again.as_ref().is_ok_and(|reply| reply.status == 200) && successors.len() == 1;
        findings.check(agreed, || {
            format!(
                "{what:?} has {} successors, last answer {}",
                successors.len(),
                short(&again)
            )
        });
        if let Ok(tokens) = again {
            self.refreshes(&tokens.text("refresh_token"), what, findings);
            let reused = self.send(&self.crowd.refresh(first));
            findings.check(reused.as_ref().is_ok_and(Reply::is_invalid_grant), || {
                format!("{what:?} reused: {}", short(&reused))
            });
            self.is_ended(&tokens, what, findings);
        }
    }

    fn is_ended(&self, tokens: &Reply, what: What, findings: &mut Findings) {
        let reply = self.send(&self.crowd.userinfo(&tokens.text("access_token")));
        findings.check(
            reply.as_ref().is_ok_and(|reply| reply.status == 401),
            || format!("{what:?} must have ended: {}", short(&reply)),
        );
    }
}
