//! Where a call goes by what was dialled: the same answer for Asterisk, which asks before each step, and for whoever wants to know
//! beforehand.
//!
//! Patterns are ordered as Asterisk orders them. Ours alone is that a rule which rings *the phone of the number dialled* is for numbers of
//! phones, and one for *our numbers* for those: others go to the next rule that fits. It must never give the same question two answers.

mod order;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use model::{
    DialplanAction, DialplanContext, DialplanRule, Did, DidId, DidTarget, HangUpCause, MAX_DIALLED,
    Menu, QueueId, Unanswered, checked_dialable,
};

pub use order::Misfit;

/// All contexts, by name.
#[derive(Debug, Clone, Default)]
pub struct Dialplan {
    /// The rules of each in the order in which they are tried.
    contexts: BTreeMap<String, Vec<DialplanRule>>,
    /// Our numbers.
    dids: BTreeMap<String, Did>,
}

/// What a dialplan has to know of the centre.
pub trait Surroundings {
    /// Whether there is a phone of this number.
    fn has_phone(&self, number: &str) -> bool;
    /// How this number is reached in the telephone network.
    fn outside(&self, number: &str) -> Outside;
}

/// How a number is reached in the telephone network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    pub reading: Reading,
    /// The first is to be tried first.
    pub ways: Vec<Way>,
}

/// What a number was taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// A number of the world.
    Number,
    /// None, and why.
    AsDialled(String),
    /// A call for help.
    Emergency,
}

/// One way to the telephone network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The trunk's name.
    pub trunk: String,
    /// The number as this trunk wants it.
    pub number: String,
}

/// What becomes of a call, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path<'a> {
    /// The contexts that it goes through, in order.
    pub steps: Vec<Step<'a>>,
    pub end: End<'a>,
}

/// One context on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step<'a> {
    pub context: &'a str,
    /// Its rules in the order in which they are tried, up to the last.
    pub tried: Vec<(&'a DialplanRule, Verdict)>,
}

/// What a rule says to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Holds,
    Misfit(Misfit),
    /// It fits, and there is no phone of this number.
    NoPhone,
    /// It fits, and the list of our numbers does not have this one.
    NoDid,
    /// It would fit, but a more specific one holds.
    Later,
}

/// Where a call ends up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End<'a> {
    Phone {
        number: String,
        ring_seconds: u16,
        unanswered: Unanswered,
        /// There is such a phone.
        exists: bool,
    },
    /// Without ways there is none to the telephone network.
    Out {
        number: String,
        /// Whoever calls for help is seen with the own number, so that help finds the place.
        present: Option<&'a str>,
        outside: Outside,
    },
    Queue(QueueId),
    /// In the queue of one of our numbers, whose own rules hold there.
    Did(&'a Did),
    Announce(&'a str),
    Menu(&'a Menu),
    HangUp(HangUpCause),
    /// No rule holds.
    NoRule,
    /// What would be dialled outside is no number.
    NoNumber(String),
    /// What was dialled is none that a dialplan looks at.
    NotDialable,
    /// There is no such context here.
    NoContext(&'a str),
}

impl Dialplan {
    /// From now on the context is so.
    pub fn set(&mut self, context: &DialplanContext) {
        let mut rules = context.rules.clone();
        // Stable: of two that are for the same the first stays the first.
        rules.sort_by(|one, other| order::compare(&one.pattern, &other.pattern));
        self.contexts.insert(context.name.clone(), rules);
    }

    pub fn remove(&mut self, context: &str) {
        self.contexts.remove(context);
    }

    pub fn has(&self, context: &str) -> bool {
        self.contexts.contains_key(context)
    }

    /// From now on the number is so.
    pub fn set_did(&mut self, did: &Did) {
        self.remove_did(did.id);
        self.dids.insert(did.number.clone(), did.clone());
    }

    pub fn remove_did(&mut self, id: DidId) {
        self.dids.retain(|_, did| did.id != id);
    }

    /// Of ours, written with a `+` or without.
    pub fn did(&self, number: &str) -> Option<&Did> {
        let other = match number.strip_prefix('+') {
            Some(digits) => digits.to_owned(),
            None => format!("+{number}"),
        };
        self.dids.get(number).or_else(|| self.dids.get(&other))
    }

    /// One of our numbers that leads to the context.
    pub fn did_into(&self, context: &str) -> Option<&Did> {
        let into =
            |did: &&Did| matches!(&did.to, DidTarget::Context { context: it, .. } if it == context);
        self.dids.values().find(into)
    }

    /// One of our numbers by which whoever calls it could get to the telephone network, and the contexts on the way.
    pub fn did_out(&self) -> Option<(&Did, Vec<&str>)> {
        self.dids.values().find_map(|did| match &did.to {
            DidTarget::Context { context, .. } => Some((did, self.way_out(context)?)),
            _ => None,
        })
    }

    /// What becomes of a call that begins in `context`.
    pub fn follow<'a>(
        &'a self,
        context: &'a str,
        dialled: &str,
        around: &impl Surroundings,
    ) -> Path<'a> {
        let mut steps = Vec::new();
        let end = if is_dialable(dialled) {
            self.walk(context, dialled, around, &mut steps)
        } else {
            End::NotDialable
        };
        Path { steps, end }
    }

    /// What becomes of a call to one of our numbers.
    pub fn follow_did<'a>(&'a self, number: &str, around: &impl Surroundings) -> Path<'a> {
        let mut steps = Vec::new();
        let end = match self.did(number).filter(|_| is_dialable(number)) {
            Some(did) => self.called(did, number, around, &mut steps),
            None => End::NotDialable,
        };
        Path { steps, end }
    }

    fn called<'a>(
        &'a self,
        did: &'a Did,
        dialled: &str,
        around: &impl Surroundings,
        steps: &mut Vec<Step<'a>>,
    ) -> End<'a> {
        match &did.to {
            DidTarget::Queue { .. } | DidTarget::Agent { .. } => End::Did(did),
            DidTarget::Phone {
                number,
                ring_seconds,
                unanswered,
            } => End::phone(number, *ring_seconds, *unanswered, around),
            DidTarget::Announce { sound } => End::Announce(sound),
            DidTarget::Context { context, number } => {
                // A list of numbers that leads back to itself ends here.
                if steps.len() > self.contexts.len() {
                    return End::NoRule;
                }
                let dialled = number.as_deref().unwrap_or(dialled);
                self.walk(context, dialled, around, steps)
            }
        }
    }

    fn walk<'a>(
        &'a self,
        from: &'a str,
        dialled: &str,
        around: &impl Surroundings,
        steps: &mut Vec<Step<'a>>,
    ) -> End<'a> {
        let mut context = from;
        loop {
            let Some((name, rules)) = self.contexts.get_key_value(context) else {
                return End::NoContext(context);
            };
            let (tried, held) = self.judge(rules, dialled, around);
            steps.push(Step {
                context: name,
                tried,
            });
            let Some(rule) = held else {
                return End::NoRule;
            };
            context = match &rule.action {
                // Circles are refused where rules are set; whatever comes, this ends.
                DialplanAction::GoTo { .. } if steps.len() > self.contexts.len() => {
                    return End::NoRule;
                }
                DialplanAction::GoTo { context } => context,
                DialplanAction::Did => {
                    return match self.did(dialled) {
                        Some(did) => self.called(did, dialled, around, steps),
                        None => End::NoRule,
                    };
                }
                action => return end(action, dialled, around),
            };
        }
    }

    /// By which contexts a call that begins in `context` could get to the telephone network: the names up to the one that lets it out.
    pub fn way_out(&self, context: &str) -> Option<Vec<&str>> {
        self.lead(context, &|rule| {
            matches!(rule.action, DialplanAction::Out { .. })
        })
    }

    /// By which contexts `context` leads to itself again.
    pub fn circle(&self, context: &str) -> Option<Vec<&str>> {
        self.lead(context, &|rule| {
            matches!(&rule.action, DialplanAction::GoTo { context: next } if next == context)
        })
    }

    /// Whether any rule sends calls into this queue.
    pub fn leads_to_queue(&self, queue: QueueId) -> Option<&str> {
        let leads = |rule: &DialplanRule| matches!(&rule.action, DialplanAction::Queue { queue: it } if *it == queue);
        self.first_with(leads)
    }

    /// A context other than `context` that sends calls there.
    pub fn leads_to(&self, context: &str) -> Option<&str> {
        let leads = |rule: &DialplanRule| match &rule.action {
            DialplanAction::GoTo { context: it }
            | DialplanAction::Menu(Menu { context: it, .. }) => it == context,
            _ => false,
        };
        self.first_with(leads)
    }

    fn first_with(&self, is_it: impl Fn(&DialplanRule) -> bool) -> Option<&str> {
        let mut all = self.contexts.iter();
        let found = all.find(|(_, rules)| rules.iter().any(&is_it));
        found.map(|(name, _)| name.as_str())
    }

    /// The contexts on the shortest way from one to a rule that is wanted.
    fn lead(&self, from: &str, is_wanted: &dyn Fn(&DialplanRule) -> bool) -> Option<Vec<&str>> {
        let (from, _) = self.contexts.get_key_value(from)?;
        let mut ways = vec![vec![from.as_str()]];
        let mut seen = vec![from.as_str()];
        let mut at = 0;
        while let Some(way) = ways.get(at).cloned() {
            at += 1;
            let rules = way.last().and_then(|last| self.contexts.get(*last))?;
            if rules.iter().any(is_wanted) {
                return Some(way);
            }
            for rule in rules {
                let (DialplanAction::GoTo { context } | DialplanAction::Menu(Menu { context, .. })) =
                    &rule.action
                else {
                    continue;
                };
                if self.has(context) && !seen.contains(&context.as_str()) {
                    seen.push(context);
                    ways.push([way.as_slice(), &[context]].concat());
                }
            }
        }
        None
    }
}

type Judged<'a> = (Vec<(&'a DialplanRule, Verdict)>, Option<&'a DialplanRule>);

impl Dialplan {
    /// What each rule says, and the one that holds.
    fn judge<'a>(
        &'a self,
        rules: &'a [DialplanRule],
        dialled: &str,
        around: &impl Surroundings,
    ) -> Judged<'a> {
        let mut held = None;
        let mut verdict = |rule: &'a DialplanRule| match order::fits(&rule.pattern, dialled) {
            Err(misfit) => Verdict::Misfit(misfit),
            Ok(()) if held.is_some() => Verdict::Later,
            Ok(()) => {
                let why_not = self.passes_on(rule, dialled, around);
                why_not.unwrap_or_else(|| {
                    held = Some(rule);
                    Verdict::Holds
                })
            }
        };
        let tried = rules.iter().map(|rule| (rule, verdict(rule))).collect();
        (tried, held)
    }

    /// Why a rule that fits is not for this number.
    fn passes_on(
        &self,
        rule: &DialplanRule,
        dialled: &str,
        around: &impl Surroundings,
    ) -> Option<Verdict> {
        match rule.action {
            DialplanAction::Phone { number: None, .. } if !around.has_phone(dialled) => {
                Some(Verdict::NoPhone)
            }
            DialplanAction::Did if self.did(dialled).is_none() => Some(Verdict::NoDid),
            _ => None,
        }
    }
}

impl End<'_> {
    fn phone(
        number: &str,
        ring_seconds: u16,
        unanswered: Unanswered,
        around: &impl Surroundings,
    ) -> Self {
        Self::Phone {
            exists: around.has_phone(number),
            number: number.to_owned(),
            ring_seconds,
            unanswered,
        }
    }
}

fn end<'a>(action: &'a DialplanAction, dialled: &str, around: &impl Surroundings) -> End<'a> {
    match action {
        DialplanAction::Phone {
            number,
            ring_seconds,
            unanswered,
        } => {
            let number = number.as_deref().unwrap_or(dialled);
            End::phone(number, *ring_seconds, *unanswered, around)
        }
        DialplanAction::Out {
            strip,
            prepend,
            present,
        } => {
            let kept = dialled.get(usize::from(*strip)..).unwrap_or_default();
            let number = format!("{prepend}{kept}");
            if checked_dialable("number", &number).is_err() {
                return End::NoNumber(number);
            }
            let outside = around.outside(&number);
            let is_for_help = outside.reading == Reading::Emergency;
            End::Out {
                present: present.as_deref().filter(|_| !is_for_help),
                outside,
                number,
            }
        }
        DialplanAction::Queue { queue } => End::Queue(*queue),
        DialplanAction::Announce { sound } => End::Announce(sound),
        DialplanAction::HangUp { cause } => End::HangUp(*cause),
        DialplanAction::Menu(menu) => End::Menu(menu),
        DialplanAction::GoTo { context } => End::NoContext(context),
        DialplanAction::Did => End::NoRule,
    }
}

fn is_dialable(dialled: &str) -> bool {
    dialled.len() <= MAX_DIALLED && checked_dialable("dialled", dialled).is_ok()
}
