//! The engine's invariants, watched in the running server.

use std::sync::{Arc, Mutex};

use engine::{
    acd::{Command, Input},
    invariants::{Checker, Violation},
};
use model::Now;
use server::telephony::Witness;

/// What was broken, over all restarts.
#[derive(Clone, Default)]
pub(super) struct Breaches(Arc<Mutex<Vec<Violation>>>);

impl Breaches {
    /// Watches an engine that has just been made.
    pub(super) fn watch(&self) -> Box<dyn Witness> {
        Box::new(Watch {
            checker: Checker::default(),
            breaches: self.clone(),
        })
    }

    pub(super) fn none(&self) {
        let found = self.0.lock().unwrap().clone();
        assert_eq!(found, []);
    }
}

struct Watch {
    checker: Checker,
    breaches: Breaches,
}

impl Witness for Watch {
    fn input(&mut self, now: Now, input: &Input) {
        self.checker.input(now, input);
    }

    fn command(&mut self, command: &Command) {
        self.checker.command(command);
    }

    fn settled(&mut self) {
        let found = self.checker.settled();
        self.breaches.0.lock().unwrap().extend(found);
    }
}
