//! What would become of a call, for people and programs: the path that Asterisk's questions would be answered by.

use engine::dialplan::{End, Misfit, Path, Reading, Step, Verdict};
use model::{
    DialplanAction, DialplanRule, DidTarget, HangUpCause, Invalid, MAX_DIALLED, Menu, QueueId,
    ServerId, Unanswered, checked_context, checked_dialable,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::LiveDialplan;

/// A call that is only thought of.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Who calls: the number of a phone, the name of a trunk, or a context.
    #[schema(max_length = 40)]
    pub from: String,
    /// What is dialled: digits, `*`, `#` and a leading `+`.
    #[schema(max_length = 40)]
    pub dialled: String,
    /// On which server; nothing: that of the phone or trunk, or the first.
    #[serde(default)]
    pub server: Option<ServerId>,
}

/// What would become of a call, and why.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Simulation {
    pub from: Origin,
    pub dialled: String,
    pub server: Option<ServerId>,
    /// The contexts that the call would go through.
    pub steps: Vec<SimulatedStep>,
    pub end: SimulatedEnd,
    /// The same in a sentence.
    pub summary: String,
}

/// Where a call begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Origin {
    pub kind: OriginKind,
    /// The phone's number, the trunk's name, or the context's.
    pub name: String,
    pub context: String,
    /// The context in Asterisk; nothing: it is the site's own.
    pub asterisk_context: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OriginKind {
    Phone,
    Trunk,
    Context,
}

/// One context on the way.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SimulatedStep {
    pub context: String,
    /// In the order in which they are tried.
    pub rules: Vec<SimulatedRule>,
}

/// What one rule would say.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SimulatedRule {
    pub pattern: String,
    pub action: DialplanAction,
    /// It is for numbers such as the one dialled.
    pub fits: bool,
    /// It is the one by which the call goes on.
    pub holds: bool,
    /// Why, or why not.
    pub reason: String,
}

/// Where the call would end up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum SimulatedEnd {
    Phone {
        number: String,
        ring_seconds: u16,
        unanswered: Unanswered,
        /// There is such a phone; otherwise the call ends as not answered.
        exists: bool,
    },
    /// Through the first of these trunks that takes the call. Without any: it ends with cause 34.
    Out {
        number: String,
        /// Whether it can be read as a number of the world. If not, only trunks without rules take it, as it was dialled.
        read_as: ReadAs,
        /// Why it cannot.
        why: Option<String>,
        /// The number that the called one would see; nothing: as the trunk's provider sets it.
        presented: Option<String>,
        trunks: Vec<SimulatedTrunk>,
    },
    Queue {
        queue: QueueId,
        name: Option<String>,
    },
    /// In a queue, or with one agent at first, as the list of our numbers says.
    Did {
        number: String,
        to: DidTarget,
    },
    Announce {
        sound: String,
    },
    /// Hears a choice.
    Menu(Menu),
    HangUp {
        cause: HangUpCause,
        q850: u8,
    },
    /// No rule holds: the call ends as to a number that is not there.
    NoRule,
    /// What would be dialled outside is no number.
    NoNumber {
        number: String,
    },
    /// The context is the site's own, in its `extensions.conf`.
    Elsewhere {
        context: String,
    },
}

/// What a number that leads outside is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadAs {
    Number,
    AsDialled,
    /// A call for help: every trunk is tried, and the phone's own number is presented.
    Emergency,
}

/// A trunk, and the number as it gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SimulatedTrunk {
    pub trunk: String,
    pub number: String,
}

impl LiveDialplan {
    /// Refused: `from` that is nothing here, `dialled` that nobody can dial.
    pub(in crate::realtime) fn simulate(&self, question: &Question) -> Result<Simulation, Invalid> {
        checked_dialable("dialled", &question.dialled)?;
        if question.dialled.len() > MAX_DIALLED {
            let problem = format!("has more than {MAX_DIALLED} characters");
            return Err(Invalid::new("dialled", problem));
        }
        let (from, its_server) = self.origin(&question.from)?;
        if let Some(unknown) = question
            .server
            .filter(|it| !self.applications.contains_key(it))
        {
            let problem = format!("{unknown} is no active server");
            return Err(Invalid::new("server", problem));
        }
        let server = question
            .server
            .or(its_server)
            .or_else(|| self.first_server());
        let path = self.follow(&from.context, &question.dialled, server);
        let end = self.end_of(&path, &from);
        Ok(Simulation {
            steps: path.steps.iter().map(step).collect(),
            summary: summary(&end),
            dialled: question.dialled.clone(),
            from,
            server,
            end,
        })
    }

    fn origin(&self, from: &str) -> Result<(Origin, Option<ServerId>), Invalid> {
        checked_context("from", from)?;
        let phone = self.phones.get(from).map(|line| (OriginKind::Phone, line));
        let trunk = || self.trunks.get(from).map(|line| (OriginKind::Trunk, line));
        let (kind, context, server) = match phone.or_else(trunk) {
            Some((kind, line)) => (kind, line.context.as_str(), line.server),
            None if self.rules.has(from) => (OriginKind::Context, from, None),
            None => {
                let problem = "is no active phone, no active trunk and no context of the dialplan";
                return Err(Invalid::new("from", problem));
            }
        };
        let origin = Origin {
            kind,
            name: from.to_owned(),
            asterisk_context: self.in_asterisk(context),
            context: context.to_owned(),
        };
        Ok((origin, server))
    }

    fn first_server(&self) -> Option<ServerId> {
        self.applications.keys().next().copied()
    }

    fn end_of(&self, path: &Path<'_>, from: &Origin) -> SimulatedEnd {
        match &path.end {
            End::Phone {
                number,
                ring_seconds,
                unanswered,
                exists,
            } => SimulatedEnd::Phone {
                number: number.clone(),
                ring_seconds: *ring_seconds,
                unanswered: *unanswered,
                exists: *exists,
            },
            End::Out {
                number,
                present,
                outside,
            } => {
                let own = (from.kind == OriginKind::Phone).then_some(from.name.as_str());
                let trunks = outside.ways.iter().map(|way| SimulatedTrunk {
                    trunk: way.trunk.clone(),
                    number: way.number.clone(),
                });
                let (read_as, why) = match &outside.reading {
                    Reading::Number => (ReadAs::Number, None),
                    Reading::AsDialled(why) => (ReadAs::AsDialled, Some(why.clone())),
                    Reading::Emergency => (ReadAs::Emergency, None),
                };
                SimulatedEnd::Out {
                    number: number.clone(),
                    read_as,
                    why,
                    presented: present.or(own).map(str::to_owned),
                    trunks: trunks.collect(),
                }
            }
            End::Queue(queue) => SimulatedEnd::Queue {
                queue: *queue,
                name: self.queues.get(queue).cloned(),
            },
            End::Did(did) => SimulatedEnd::Did {
                number: did.number.clone(),
                to: did.to.clone(),
            },
            End::Menu(menu) => SimulatedEnd::Menu((*menu).clone()),
            End::Announce(sound) => SimulatedEnd::Announce {
                sound: (*sound).to_owned(),
            },
            End::HangUp(cause) => SimulatedEnd::HangUp {
                cause: *cause,
                q850: cause.q850(),
            },
            End::NoRule | End::NotDialable => SimulatedEnd::NoRule,
            End::NoNumber(number) => SimulatedEnd::NoNumber {
                number: number.clone(),
            },
            End::NoContext(context) => SimulatedEnd::Elsewhere {
                context: (*context).to_owned(),
            },
        }
    }
}

fn step(step: &Step<'_>) -> SimulatedStep {
    let rule = |(rule, verdict): &(&DialplanRule, Verdict)| SimulatedRule {
        pattern: rule.pattern.to_string(),
        action: rule.action.clone(),
        fits: !matches!(verdict, Verdict::Misfit(_)),
        holds: *verdict == Verdict::Holds,
        reason: reason(*verdict),
    };
    SimulatedStep {
        context: step.context.to_owned(),
        rules: step.tried.iter().map(rule).collect(),
    }
}

fn reason(verdict: Verdict) -> String {
    match verdict {
        Verdict::Holds => "it fits, and nothing more specific does".to_owned(),
        Verdict::Misfit(Misfit::Differs(place)) => {
            format!("something else stands at place {place}")
        }
        Verdict::Misfit(Misfit::TooShort) => "the number is too short".to_owned(),
        Verdict::Misfit(Misfit::TooLong) => "the number is too long".to_owned(),
        Verdict::NoPhone => "it fits, but there is no phone of this number".to_owned(),
        Verdict::NoDid => "it fits, but this is none of our numbers (/v1/dids)".to_owned(),
        Verdict::Later => "it fits, but a more specific rule holds".to_owned(),
    }
}

fn summary(end: &SimulatedEnd) -> String {
    match end {
        SimulatedEnd::Phone {
            number,
            exists: false,
            ..
        } => {
            format!(
                "phone {number} would ring, but there is none: the call ends, not answered (19)"
            )
        }
        SimulatedEnd::Phone {
            number,
            ring_seconds,
            ..
        } => {
            format!("phone {number} rings for {ring_seconds} s")
        }
        SimulatedEnd::Out {
            number,
            read_as,
            why,
            presented,
            trunks,
        } => {
            let for_help = match read_as {
                ReadAs::Emergency => ", a call for help,",
                ReadAs::Number | ReadAs::AsDialled => "",
            };
            let as_dialled = why.as_ref().map(|why| {
                format!(
                    "; just as it was dialled and by trunks without rules alone, since it {why}"
                )
            });
            let as_dialled = as_dialled.unwrap_or_default();
            if trunks.is_empty() {
                return format!(
                    "{number}{for_help} would be called, but no trunk takes it: the call ends (34){as_dialled}"
                );
            }
            let names: Vec<_> = trunks.iter().map(|it| it.trunk.as_str()).collect();
            let (names, own) = (names.join(", then "), "what the provider sets");
            let presented = presented.as_deref().unwrap_or(own);
            format!(
                "{number}{for_help} is called through {names}, presenting {presented}{as_dialled}"
            )
        }
        SimulatedEnd::Queue { queue, name } => {
            let name = name.clone().unwrap_or_else(|| queue.to_string());
            format!("the call waits in queue {name}")
        }
        SimulatedEnd::Did { number, to } => match to {
            DidTarget::Agent { wait_seconds, .. } => format!(
                "the call waits {wait_seconds} s for one agent alone, and then in the queue, as our number {number} does"
            ),
            _ => format!("the call waits in the queue of our number {number}"),
        },
        SimulatedEnd::Menu(menu) => {
            let choices = menu.choices.iter();
            let choices = choices.map(|it| format!("{} → {}", it.key, it.dial));
            let choices: Vec<_> = choices.collect();
            let (sound, context) = (&menu.sound, &menu.context);
            format!(
                "{sound} is played, and a key chooses in context {context}: {}",
                choices.join(", ")
            )
        }
        SimulatedEnd::Announce { sound } => format!("{sound} is played, then the call ends"),
        SimulatedEnd::HangUp { q850, .. } => format!("the call is hung up with cause {q850}"),
        SimulatedEnd::NoRule => "no rule holds: the call ends, no such number (1)".to_owned(),
        SimulatedEnd::NoNumber { number } => {
            format!("{number} is no number that can be called: the call ends (28)")
        }
        SimulatedEnd::Elsewhere { context } => {
            format!(
                "context {context} is in the site's own extensions.conf: what it does is not known here"
            )
        }
    }
}
