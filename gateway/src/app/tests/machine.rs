//! Many steps in any order, checked against a small model: two people, three applications of the three access
//! lengths, and everything that a client, a person, an operator and the clock can do to a grant.
//!
//! `BLUEGATE_PROPTEST_CASES` and `BLUEGATE_PROPTEST_STEPS` (on average) raise the defaults.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestCaseResult, TestRunner};

use super::*;
use crate::base::secret::SecretHash;

use model::{Model, Outcome, Refresh};

mod model;

/// One step. Numbers pick among what there is at that moment.
#[derive(Clone, Debug)]
enum Step {
    /// The three steps of a whole flow.
    Connect {
        person: usize,
        app: usize,
        scope: usize,
    },
    Authorize {
        person: usize,
        app: usize,
        scope: usize,
    },
    Allow {
        request: usize,
        withhold: bool,
    },
    Deny {
        request: usize,
    },
    Exchange {
        code: usize,
        foreign: bool,
        wrong_verifier: bool,
    },
    Refresh {
        chain: usize,
        back: usize,
        narrow: bool,
    },
    RefreshForeign {
        chain: usize,
    },
    Revoke {
        chain: usize,
        back: usize,
        refresh: bool,
        whole_grant: bool,
    },
    Introspect {
        chain: usize,
        back: usize,
        refresh: bool,
    },
    Read {
        chain: usize,
        back: usize,
    },
    Wait {
        seconds: i64,
    },
    Suspend {
        app: usize,
        suspended: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    // Mostly the newest, sometimes an older one.
    let which = || prop_oneof![5 => Just(0_usize), 3 => Just(1), 2 => 2..8_usize];
    let app =
        || prop_oneof![3 => Just(0_usize), 1 => Just(model::RESEARCH), 1 => Just(model::ONE_TIME)];
    let whom = move || (0..2_usize, app(), 0..model::SCOPES.len());
    let rarely = || prop::bool::weighted(0.15);
    prop_oneof![
        6 => whom().prop_map(|(person, app, scope)| Step::Connect { person, app, scope }),
        4 => whom().prop_map(|(person, app, scope)| Step::Authorize { person, app, scope }),
        4 => (which(), rarely()).prop_map(|(request, withhold)| Step::Allow { request, withhold }),
        1 => which().prop_map(|request| Step::Deny { request }),
        5 => (which(), rarely(), rarely())
            .prop_map(|(code, foreign, wrong_verifier)| Step::Exchange { code, foreign, wrong_verifier }),
        9 => (which(), which(), rarely())
            .prop_map(|(chain, back, narrow)| Step::Refresh { chain, back, narrow }),
        1 => which().prop_map(|chain| Step::RefreshForeign { chain }),
        1 => (which(), which(), any::<bool>(), any::<bool>())
            .prop_map(|(chain, back, refresh, whole_grant)| Step::Revoke { chain, back, refresh, whole_grant }),
        2 => (which(), which(), any::<bool>())
            .prop_map(|(chain, back, refresh)| Step::Introspect { chain, back, refresh }),
        4 => (which(), which()).prop_map(|(chain, back)| Step::Read { chain, back }),
        6 => prop_oneof![
            5 => 1..70_i64,
            2 => Just(600_i64),
            1 => Just(3_600_i64),
            1 => Just(NEARLY_S),
            1 => Just(LONG_S),
        ].prop_map(|seconds| Step::Wait { seconds }),
        1 => (app(), prop::bool::weighted(0.4))
            .prop_map(|(app, suspended)| Step::Suspend { app, suspended }),
    ]
}

/// More than 12 months, less than 13.
const NEARLY_S: i64 = 380 * 86_400;
/// More than 13 months.
const LONG_S: i64 = 400 * 86_400;

/// The world and the model side by side.
struct Run<'a> {
    world: &'a World,
    clients: &'a [Client],
    browser: Browser,
    model: Model,
    /// What the model only counts: forms of requests, codes and tokens as they came over the wire.
    forms: Vec<ConsentForm>,
    codes: Vec<String>,
    chains: Vec<Wire>,
}

#[derive(Default)]
struct Wire {
    refresh: Vec<String>,
    access: Vec<String>,
}

/// The element that is `back` before the last.
fn newest(length: usize, back: usize) -> Option<usize> {
    (length > 0).then(|| length - 1 - back.min(length - 1))
}

fn agree<T: PartialEq + std::fmt::Debug>(actual: &T, expected: &T, what: &str) -> TestCaseResult {
    if actual == expected {
        return Ok(());
    }
    Err(TestCaseError::fail(format!(
        "{what}: the gateway said {actual:?}, the model {expected:?}"
    )))
}

impl Run<'_> {
    fn take(&mut self, step: &Step) -> TestCaseResult {
        match *step {
            Step::Connect { person, app, scope } => {
                let before = self.codes.len();
                self.authorize(person, app, scope)?;
                if !self.model.suspended[app] {
                    self.decide(0, "allow", false)?;
                }
                if self.codes.len() == before {
                    return Ok(());
                }
                self.exchange(0, false, false)
            }
            Step::Authorize { person, app, scope } => self.authorize(person, app, scope),
            Step::Allow { request, withhold } => self.decide(request, "allow", withhold),
            Step::Deny { request } => self.decide(request, "deny", false),
            Step::Exchange {
                code,
                foreign,
                wrong_verifier,
            } => self.exchange(code, foreign, wrong_verifier),
            Step::Refresh {
                chain,
                back,
                narrow,
            } => self.refresh(chain, back, narrow),
            Step::RefreshForeign { chain } => self.refresh_foreign(chain),
            Step::Revoke {
                chain,
                back,
                refresh,
                whole_grant,
            } => self.revoke(chain, back, refresh, whole_grant),
            Step::Introspect {
                chain,
                back,
                refresh,
            } => self.introspect(chain, back, refresh),
            Step::Read { chain, back } => match self.pick(chain) {
                Some(chain) => {
                    let access = newest(self.chains[chain].access.len(), back);
                    self.read(chain, access.unwrap_or_default())
                }
                None => Ok(()),
            },
            Step::Wait { seconds } => {
                self.world.advance(seconds);
                self.model.now += seconds;
                Ok(())
            }
            Step::Suspend { app, suspended } => {
                let status = if suspended { "suspended" } else { "active" };
                self.world.set_status(&self.clients[app], status);
                self.model.suspended[app] = suspended;
                Ok(())
            }
        }?;
        let live = self.world.count("token_chain WHERE ended_at IS NULL");
        agree(&live, &self.model.live_chains(), "live chains")
    }

    fn pick(&self, back: usize) -> Option<usize> {
        newest(self.chains.len(), back)
    }

    fn authorize(&mut self, person: usize, app: usize, scope: usize) -> TestCaseResult {
        let changes = [("scope", model::SCOPES[scope].0)];
        let answer = self
            .world
            .authorize(&self.browser, &self.clients[app], &changes);
        if self.model.suspended[app] {
            return agree(&answer.status, &403, "authorize");
        }
        let state = between(&format!("{}&", answer.location()), "&state=", "&");
        // The sign-in itself has its own tests; here the person is noted as the callback does it.
        let parameters = vec![
            Value::from(i64::try_from(person + 1).unwrap()),
            Value::from(SecretHash::of(&state)),
        ];
        let sql = "UPDATE authorization_request SET identity_id = ?, signed_in_at = created_at WHERE id_hash = ?";
        self.world.database.sql(sql, parameters);
        let path = format!("/v2/o/authorize/consent?transaction={state}");
        self.forms
            .push(ConsentForm::of(&self.browser.get(self.world, &path)));
        self.model.authorize(person, app, model::SCOPES[scope].1);
        Ok(())
    }

    fn decide(&mut self, back: usize, decision: &str, withhold: bool) -> TestCaseResult {
        let Some(request) = newest(self.forms.len(), back) else {
            return Ok(());
        };
        let demographics = if withhold { "withhold" } else { "share" };
        let answer = self
            .world
            .decide(&self.browser, &self.forms[request], decision, demographics);
        let back = answer.location().starts_with(REDIRECT);
        let actual = match (back, back.then(|| answer.back("error"))) {
            (false, _) => Outcome::Nothing,
            (true, Some(error)) if error == "access_denied" => Outcome::Denied,
            (true, _) => {
                let code = answer.code();
                let known = self.codes.iter().position(|known| *known == code);
                Outcome::Code(known.unwrap_or_else(|| {
                    self.codes.push(code);
                    self.codes.len() - 1
                }))
            }
        };
        let expected = self.model.decide(request, decision == "allow", withhold);
        agree(&actual, &expected, "decision")
    }

    fn exchange(&mut self, back: usize, foreign: bool, wrong: bool) -> TestCaseResult {
        let Some(code) = newest(self.codes.len(), back) else {
            return Ok(());
        };
        let own = self.model.app_of_code(code);
        let app = if foreign { (own + 1) % 3 } else { own };
        let mut fields = exchange_form(&self.codes[code]);
        if wrong {
            fields[2].1 = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
        }
        let answer = self.world.token(&self.clients[app], &fields);
        let expected = self.model.exchange(code, app, !wrong);
        agree(&answer.status, &expected, "exchange")?;
        if expected == 200 {
            let tokens = answer.tokens();
            let mut wire = Wire {
                refresh: Vec::new(),
                access: vec![tokens.access],
            };
            if !tokens.refresh.is_empty() {
                wire.refresh.push(tokens.refresh);
            }
            agree(
                &wire.refresh.is_empty(),
                &(app == model::ONE_TIME),
                "refresh token",
            )?;
            self.chains.push(wire);
        }
        Ok(())
    }

    fn refresh(&mut self, number: usize, back: usize, narrow: bool) -> TestCaseResult {
        let Some(chain) = self.pick(number) else {
            return Ok(());
        };
        let app = self.model.app_of_chain(chain);
        let Some(token) = newest(self.chains[chain].refresh.len(), back) else {
            // ONE_TIME: whatever it presents.
            let answer = self.world.refresh(&self.clients[app], "none");
            return agree(&answer.status, &403, "refresh of ONE_TIME");
        };
        let narrow = narrow && self.model.may_narrow(chain);
        let mut fields = refresh_form(&self.chains[chain].refresh[token]).to_vec();
        if narrow {
            fields.push(("scope", model::NARROW.0));
        }
        let answer = self.world.token(&self.clients[app], &fields);
        let current = self.chains[chain].refresh.len() - 1;
        match self.model.refresh(chain, token, current, narrow) {
            Refresh::Refused(status) => agree(&answer.status, &status, "refresh"),
            Refresh::Rotated => {
                agree(&answer.status, &200, "refresh")?;
                let tokens = answer.tokens();
                let wire = &mut self.chains[chain];
                agree(
                    &wire.refresh.contains(&tokens.refresh),
                    &false,
                    "an old successor",
                )?;
                wire.refresh.push(tokens.refresh);
                wire.access.push(tokens.access);
                Ok(())
            }
            Refresh::Repeated => {
                agree(&answer.status, &200, "repeated refresh")?;
                let tokens = answer.tokens();
                let wire = &mut self.chains[chain];
                agree(
                    &tokens.refresh,
                    &wire.refresh[current],
                    "successor of a repeat",
                )?;
                wire.access.push(tokens.access);
                Ok(())
            }
        }
    }

    fn refresh_foreign(&mut self, number: usize) -> TestCaseResult {
        let Some(chain) = self.pick(number) else {
            return Ok(());
        };
        // THIRTEEN_MONTH and RESEARCH_STUDY try each other's tokens.
        let app = (self.model.app_of_chain(chain) + 1) % 2;
        let Some(token) = self.chains[chain].refresh.first() else {
            return Ok(());
        };
        let answer = self.world.refresh(&self.clients[app], token);
        let expected = if self.model.suspended[app] { 403 } else { 400 };
        agree(&answer.status, &expected, "refresh with a foreign token")
    }

    /// The token that is `back` before the newest, refresh token or access token.
    fn token(&self, chain: usize, back: usize, refresh: bool) -> (usize, &str, bool) {
        let wire = &self.chains[chain];
        let refresh = refresh && !wire.refresh.is_empty();
        let tokens = if refresh { &wire.refresh } else { &wire.access };
        let index = newest(tokens.len(), back).unwrap_or_default();
        (index, &tokens[index], refresh)
    }

    fn revoke(
        &mut self,
        number: usize,
        back: usize,
        refresh: bool,
        whole_grant: bool,
    ) -> TestCaseResult {
        let Some(chain) = self.pick(number) else {
            return Ok(());
        };
        let app = self.model.app_of_chain(chain);
        let endpoint = if whole_grant {
            "revoke"
        } else {
            "revoke_token"
        };
        let (_, token, _) = self.token(chain, back, refresh);
        let answer = self.world.about_token(endpoint, &self.clients[app], token);
        let expected = self.model.revoke(chain, whole_grant);
        agree(&answer.status, &expected, endpoint)
    }

    fn introspect(&mut self, number: usize, back: usize, refresh: bool) -> TestCaseResult {
        let Some(chain) = self.pick(number) else {
            return Ok(());
        };
        let app = self.model.app_of_chain(chain);
        let (index, token, refresh) = self.token(chain, back, refresh);
        let answer = self
            .world
            .about_token("introspect", &self.clients[app], token);
        if self.model.suspended[app] {
            return agree(&answer.status, &403, "introspect");
        }
        let active = if refresh {
            index + 1 == self.chains[chain].refresh.len() && self.model.is_live(chain)
        } else {
            self.model.is_live(chain) && self.model.runs(chain, index)
        };
        agree(&answer.json()["active"], &json!(active), "introspect")
    }

    /// Both id spaces, each with its own id. The second person is not in v3.
    fn read(&self, chain: usize, access: usize) -> TestCaseResult {
        let token = &self.chains[chain].access[access];
        let person = self.model.person_of_chain(chain);
        for version in ["v2", "v3"] {
            let call = Call::get(&format!("/{version}/fhir/ExplanationOfBenefit"));
            let answer = self.world.send(call.bearer(token));
            let (status, code) = match self.model.read(chain, access) {
                (200, _) if version == "v3" && person == 1 => (403, "no_patient_in_version"),
                expected => expected,
            };
            if status != 200 {
                agree(&answer.refusal(), &(status, code.to_owned()), version)?;
                continue;
            }
            agree(&answer.status, &200, version)?;
            let owner = answer.json()["entry"][0]["resource"]["patient"]["reference"].clone();
            let own = match version {
                "v3" => "Patient/700".to_owned(),
                _ => format!("Patient/-{}", person + 1),
            };
            agree(&owner, &json!(own), "whose claims")?;
        }
        Ok(())
    }
}

fn number(name: &str, default: u32) -> u32 {
    let given = std::env::var(name).ok();
    given.map_or(default, |text| text.parse().unwrap())
}

#[test]
fn any_sequence_of_steps_agrees_with_the_model() {
    let world = World::with(&[("v3_enabled", "true")]);
    world.patient_v3(&anne().mbi, &["700"]);
    let clients = ["THIRTEEN_MONTH", "RESEARCH_STUDY", "ONE_TIME"]
        .map(|kind| world.register(kind, json!({ "data_access_type": kind })));
    // Row ids 1 and 2.
    for person in [anne(), bert()] {
        let browser = Browser::default();
        let started = world.authorize(&browser, &clients[0], &[]);
        assert_eq!(world.sign_in(&browser, &started, &person).status, 303);
    }
    let started = world.clock.now().seconds();
    let steps = number("BLUEGATE_PROPTEST_STEPS", 30) as usize;
    let mut runner = TestRunner::new(Config {
        cases: number("BLUEGATE_PROPTEST_CASES", 200),
        failure_persistence: None,
        max_shrink_iters: 1000,
        ..Config::default()
    });
    let result = runner.run(&prop::collection::vec(step(), 1..2 * steps), |steps| {
        world.restart();
        world.sql("SAVEPOINT run");
        let mut run = Run {
            world: &world,
            clients: &clients,
            browser: Browser::default(),
            model: Model::new(started),
            forms: Vec::new(),
            codes: Vec::new(),
            chains: Vec::new(),
        };
        let mut result = Ok(());
        for step in &steps {
            result = run.take(step);
            if result.is_err() {
                break;
            }
        }
        // Whatever was ever issued does at the end what the model says.
        for chain in 0..run.chains.len() {
            if result.is_ok() {
                result = (0..run.chains[chain].access.len())
                    .try_for_each(|access| run.read(chain, access));
            }
        }
        let elapsed = run.model.now - started;
        drop(run);
        world.sql("ROLLBACK TO run");
        world.sql("RELEASE run");
        world.advance(-elapsed);
        result
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}
