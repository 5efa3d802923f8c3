//! People and applications: codes and chains for the rounds, and the requests that use them.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use bluegate_http_tests::{Application, Consent, Flow, Stack, Tokens, verifier};

use crate::client::{get_as, post, post_with};

/// Two applications, and people who were not seen yet.
pub(crate) struct Crowd {
    base: String,
    /// The application that codes are made for.
    pub(crate) own: Application,
    /// Another one.
    foreign: Application,
    next: AtomicU32,
    strangers: AtomicU32,
}

/// A code, and what its client remembers of it.
pub(crate) struct Code {
    pub(crate) text: String,
    flow: Flow,
}

/// What is wrong with an attempt to redeem a code.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wrong {
    Client,
    Verifier,
    RedirectUri,
}

impl Wrong {
    pub(crate) const ALL: [Self; 3] = [Self::Client, Self::Verifier, Self::RedirectUri];
}

impl Crowd {
    /// Registers the applications.
    pub(crate) fn new(stack: &Stack) -> Self {
        Self {
            base: stack.base().to_owned(),
            own: Application::confidential(stack, "Soak"),
            foreign: Application::public(stack, "Soak, another"),
            next: AtomicU32::new(100),
            strangers: AtomicU32::new(1),
        }
    }

    /// Walks some people to a code each, several at a time.
    pub(crate) fn codes(&self, stack: &Stack, count: usize) -> Vec<Code> {
        let taken = AtomicUsize::new(0);
        let codes = Mutex::new(Vec::with_capacity(count));
        thread::scope(|scope| {
            for _ in 0..WALKERS.min(count) {
                scope.spawn(|| {
                    while taken.fetch_add(1, Ordering::Relaxed) < count {
                        let code = self.code(stack);
                        codes
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(code);
                    }
                });
            }
        });
        codes.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, to tokens.
    pub(crate) fn chains(&self, stack: &Stack, count: usize) -> Vec<Tokens> {
        self.codes(stack, count)
            .iter()
            .map(|code| {
                let answer = code.flow.exchange(stack, &self.own, &code.text);
                Tokens::read(&answer.expect(200))
            })
            .collect()
    }

    /// The request that redeems a code as it should be.
    pub(crate) fn redeem(&self, code: &Code) -> Vec<u8> {
        post(
            &self.base,
            TOKEN,
            &code.flow.exchange_form(&self.own, &code.text),
        )
    }

    /// The same with one thing wrong.
    pub(crate) fn redeem_wrongly(&self, code: &Code, wrong: Wrong) -> Vec<u8> {
        let app = match wrong {
            Wrong::Client => &self.foreign,
            Wrong::Verifier | Wrong::RedirectUri => &self.own,
        };
        let mut form = code.flow.exchange_form(app, &code.text);
        for (name, value) in &mut form {
            match (wrong, *name) {
                (Wrong::Verifier, "code_verifier") => *value = verifier(),
                (Wrong::RedirectUri, "redirect_uri") => value.push_str("/else"),
                _ => {}
            }
        }
        // From an address of its own, as a proxy tells it: of one that proves nothing, the audit keeps few refusals.
        let [_, b, c, d] = self.strangers.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let from = format!("X-Forwarded-For: 10.{b}.{c}.{d}\r\n");
        post_with(&self.base, TOKEN, &form, &from)
    }

    /// The request that refreshes.
    pub(crate) fn refresh(&self, token: &str) -> Vec<u8> {
        let mut form = vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", token.to_owned()),
        ];
        form.extend(self.own.credentials());
        post(&self.base, TOKEN, &form)
    }

    /// A request that any live access token may make, answered from the store alone.
    pub(crate) fn userinfo(&self, access: &str) -> Vec<u8> {
        get_as(&self.base, "/v2/connect/userinfo", access)
    }

    /// A FHIR call, which the backend has to answer.
    pub(crate) fn coverage(&self, access: &str) -> Vec<u8> {
        get_as(&self.base, "/v2/fhir/Coverage", access)
    }

    fn code(&self, stack: &Stack) -> Code {
        let number = self.next.fetch_add(1, Ordering::Relaxed) % PEOPLE;
        let flow = Flow::new("v2");
        let text = flow.code(
            stack,
            &self.own,
            &format!("BBUser{number:05}"),
            Consent::ALLOW,
        );
        Code { text, flow }
    }
}

const TOKEN: &str = "/v2/o/token/";
/// Accounts of the sandbox.
const PEOPLE: u32 = 30_000;
/// People who walk at the same time.
const WALKERS: usize = 8;
