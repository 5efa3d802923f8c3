//! Doing the steps of a set-up: two at a time, each when what it needs is done. A build keeps all cores
//! busy until its last crates, which wait for one another; then the other lane's fills them.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use crate::parts::Step;
use crate::process;
use crate::say::{Progress, Steps};

/// What came of a step.
pub(crate) struct Outcome {
    pub(crate) result: Result<()>,
    pub(crate) step: Step,
    pub(crate) time: Duration,
}

/// Whether the others are done when one has failed.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Failing {
    /// Those that do not need it are.
    GoOn,
    /// Those that are under way are ended.
    Stop,
}

/// Does all of them with `work`; the outcomes are in the order in which they came.
pub(crate) fn run(
    steps: &BTreeSet<Step>,
    say: &Steps,
    failing: Failing,
    work: &(dyn Fn(Step, &Progress) -> Result<()> + Sync),
) -> Vec<Outcome> {
    let plan = Plan {
        changed: Condvar::new(),
        failing,
        state: Mutex::new(State {
            outcomes: Vec::new(),
            waiting: steps.iter().copied().collect(),
        }),
        steps,
    };
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                while let Some(step) = plan.next() {
                    let begin = Instant::now();
                    let result = match plan.broken(step) {
                        Some(needed) => Err(anyhow!("not done: {} failed", needed.label())),
                        None => say.step(step.label(), |progress| work(step, progress)),
                    };
                    plan.done(Outcome {
                        result,
                        step,
                        time: begin.elapsed(),
                    });
                }
            });
        }
    });
    plan.state
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .outcomes
}

struct Plan<'a> {
    changed: Condvar,
    failing: Failing,
    state: Mutex<State>,
    steps: &'a BTreeSet<Step>,
}

struct State {
    outcomes: Vec<Outcome>,
    waiting: Vec<Step>,
}

impl State {
    fn has(&self, step: Step, good: bool) -> bool {
        self.outcomes
            .iter()
            .any(|outcome| outcome.step == step && outcome.result.is_ok() == good)
    }

    fn is_over(&self, step: Step) -> bool {
        self.has(step, true) || self.has(step, false)
    }
}

impl Plan<'_> {
    /// The next step that can be done, once there is one; `None` when there will be none.
    fn next(&self) -> Option<Step> {
        let mut state = self.state();
        loop {
            let failed = state.outcomes.iter().any(|outcome| outcome.result.is_err());
            if process::stop_asked() || (failed && self.failing == Failing::Stop) {
                state.waiting.clear();
            }
            if state.waiting.is_empty() {
                return None;
            }
            let can = |step: &Step| {
                let mut needed = step.after().iter();
                needed.all(|needed| !self.steps.contains(needed) || state.is_over(*needed))
            };
            if let Some(place) = state.waiting.iter().position(can) {
                return Some(state.waiting.remove(place));
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// What a step needs and did not come about.
    fn broken(&self, step: Step) -> Option<Step> {
        let state = self.state();
        let mut needed = step.after().iter().copied();
        needed.find(|needed| state.has(*needed, false))
    }

    fn done(&self, outcome: Outcome) {
        if outcome.result.is_err() && self.failing == Failing::Stop {
            process::end_children();
        }
        self.state().outcomes.push(outcome);
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Two: with more, a laptop's memory and a user's patience with mixed lines would be the limit.
const LANES: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn order(steps: &BTreeSet<Step>, failing: Failing, fails: Option<Step>) -> Vec<(Step, bool)> {
        let say = Steps::new(steps.len());
        run(steps, &say, failing, &|step, _| match fails {
            Some(failing) if failing == step => Err(anyhow!("on purpose")),
            _ => Ok(()),
        })
        .into_iter()
        .map(|outcome| (outcome.step, outcome.result.is_ok()))
        .collect()
    }

    #[test]
    fn a_step_is_done_after_what_it_needs() {
        let steps: BTreeSet<_> = Step::needed_for(crate::args::Part::ALL);
        let order = order(&steps, Failing::Stop, None);
        assert_eq!(order.len(), steps.len());
        let place = |step| order.iter().position(|(other, _)| *other == step);
        for step in &steps {
            for needed in step.after().iter().filter(|needed| steps.contains(needed)) {
                assert!(place(*needed) < place(*step), "{needed:?} before {step:?}");
            }
        }
    }

    #[test]
    fn what_needs_a_failed_step_is_not_done_and_the_others_are() {
        let steps: BTreeSet<_> = Step::needed_for(crate::args::Part::ALL);
        let order = order(&steps, Failing::GoOn, Some(Step::Node));
        assert_eq!(order.len(), steps.len());
        for (step, good) in order {
            let needs_node = [Step::Node, Step::Web, Step::Demo].contains(&step);
            assert_eq!(good, !needs_node, "{step:?}");
        }
    }

    #[test]
    fn nothing_is_begun_after_a_failure_that_stops() {
        let steps: BTreeSet<_> = Step::needed_for([crate::args::Part::Gateway]);
        let order = order(&steps, Failing::Stop, Some(Step::WasmTargets));
        assert_eq!(order, [(Step::WasmTargets, false)]);
    }
}
