//! The life of a channel: it arrives or is dialled, rings, is answered, enters an application, ends.
//!
//! Which events come, in which order and with which causes, is as recorded from Asterisk 22.10.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use asterisk::ari::{CallerId, Channel, ChannelState, DialplanPosition};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::apps::About;
use super::control::{CallProgress, Place};
use super::devices::device_of;
use super::phones::FarEnd;
use super::world::{Leg, OnAnswer, SIGNALLING, World, now};

/// A caller whom no application takes hears this long of the dialplan's excuse.
const FALLBACK: Duration = Duration::from_secs(3);

/// The quality figures that Asterisk writes into variables when media ends.
const QUALITY: [&str; 5] = [
    "RTPAUDIOQOS",
    "RTPAUDIOQOSJITTER",
    "RTPAUDIOQOSLOSS",
    "RTPAUDIOQOSRTT",
    "RTPAUDIOQOSMES",
];

/// How a channel comes to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The far end hangs up.
    Remote,
    /// An application or the manager hangs up, with this Q.850 cause.
    Local { cause: u16 },
    /// The far end does not take the call.
    Refused {
        cause: u16,
        tech_cause: u16,
        dial_status: &'static str,
    },
    /// Nobody answered in time.
    TimedOut,
    /// The dialplan has nothing more to do.
    DialplanOver,
}

impl World {
    pub(super) fn new_leg(
        &mut self,
        view: Channel,
        inbound: bool,
    ) -> (String, watch::Receiver<CallProgress>) {
        let id = view.id.clone();
        let (progress, seen) = watch::channel(CallProgress::default());
        let leg = Leg {
            serial: self.serial(),
            view,
            inbound,
            created: false,
            app: None,
            on_answer: OnAnswer::Nothing,
            phone: None,
            bridge: None,
            variables: BTreeMap::new(),
            playbacks: VecDeque::new(),
            recordings: VecDeque::new(),
            idle: Vec::new(),
            progress,
        };
        self.legs.insert(id.clone(), leg);
        (id, seen)
    }

    /// A call from the trunk.
    pub(super) fn arrive(
        &mut self,
        did: &str,
        caller: CallerId,
        args: &[String],
    ) -> (String, watch::Receiver<CallProgress>) {
        let id = self.unique_id();
        let serial = self.serial();
        let view = Channel {
            id: id.clone(),
            name: format!("PJSIP/trunk-{serial:08x}"),
            state: ChannelState::Ring,
            protocol_id: format!("{serial}-1@127.0.0.1"),
            caller,
            dialplan: DialplanPosition {
                context: self.config.context.clone(),
                exten: did.to_owned(),
                priority: 1,
                ..DialplanPosition::default()
            },
            creationtime: now(),
            language: "en".into(),
            ..Channel::default()
        };
        let (id, progress) = self.new_leg(view, true);
        self.emit_channel("ChannelCreated", &id, json!({}));
        self.set_variable_event(&id, "SIPDOMAIN", "127.0.0.1");
        if self.config.answer_before_stasis {
            self.execute(&id, "Answer", "");
            self.set_state(&id, ChannelState::Up);
            if let Some(leg) = self.legs.get_mut(&id) {
                leg.view.dialplan.priority += 1;
            }
        }
        let app = self.config.application.clone();
        self.enter_stasis(&id, &app, &args.join(","), true);
        (id, progress)
    }

    /// The dialplan executes an application.
    fn execute(&mut self, id: &str, app: &str, data: &str) {
        if let Some(leg) = self.legs.get_mut(id) {
            app.clone_into(&mut leg.view.dialplan.app_name);
            data.clone_into(&mut leg.view.dialplan.app_data);
        }
        let members = json!({ "dialplan_app": app, "dialplan_app_data": data });
        self.emit_channel("ChannelDialplan", id, members);
    }

    pub(super) fn set_state(&mut self, id: &str, state: ChannelState) {
        let Some(leg) = self.legs.get_mut(id) else {
            return;
        };
        leg.progress
            .send_modify(|progress| progress.answered = state == ChannelState::Up);
        leg.view.state = state;
        self.emit_channel("ChannelStateChange", id, json!({}));
        self.device_changed(id);
    }

    pub(super) fn enter_stasis(&mut self, id: &str, app: &str, args: &str, by_dialplan: bool) {
        let data = if args.is_empty() {
            app.to_owned()
        } else {
            format!("{app},{args}")
        };
        if by_dialplan {
            self.execute(id, "Stasis", &data);
        } else if let Some(leg) = self.legs.get_mut(id) {
            leg.view.dialplan.app_name = "Stasis".into();
            leg.view.dialplan.app_data = data;
        }
        self.set_variable_event(id, "STASISSTATUS", "");
        if !self
            .apps
            .get(app)
            .is_some_and(super::apps::App::is_listening)
        {
            self.set_variable_event(id, "STASISSTATUS", "FAILED");
            self.set_place(id, Place::NoApplication);
            let wait = if self.legs.get(id).is_some_and(|leg| leg.inbound) {
                FALLBACK
            } else {
                Duration::ZERO
            };
            self.after_for(wait, id, |world, id| world.end(id, Ending::DialplanOver));
            return;
        }
        self.subscribe(app, id);
        if let Some(leg) = self.legs.get_mut(id) {
            leg.app = Some(app.to_owned());
        }
        self.set_place(
            id,
            Place::Stasis {
                app: app.to_owned(),
            },
        );
        let args: Vec<&str> = if args.is_empty() {
            Vec::new()
        } else {
            args.split(',').collect()
        };
        self.emit_channel("StasisStart", id, json!({ "args": args }));
    }

    /// Leaves the application and goes on where `place` says.
    pub(super) fn leave_stasis(&mut self, id: &str, place: Option<Place>) {
        self.leave_bridge(id);
        let Some(app) = self.legs.get_mut(id).and_then(|leg| leg.app.take()) else {
            return;
        };
        self.emit_channel("StasisEnd", id, json!({}));
        self.unsubscribe(&app, id);
        self.set_variable_event(id, "STASISSTATUS", "SUCCESS");
        if let Some(place) = place {
            if let (
                Place::Dialplan {
                    context,
                    extension,
                    priority,
                },
                Some(leg),
            ) = (&place, self.legs.get_mut(id))
            {
                leg.view.dialplan.context.clone_from(context);
                leg.view.dialplan.exten.clone_from(extension);
                leg.view.dialplan.priority = i64::from(*priority);
            }
            self.set_place(id, place);
            let wait = self.config.dialplan_holds;
            self.after_for(wait, id, |world, id| world.end(id, Ending::DialplanOver));
        }
    }

    pub(super) fn set_place(&mut self, id: &str, place: Place) {
        if let Some(leg) = self.legs.get(id) {
            leg.progress.send_modify(|progress| progress.place = place);
        }
    }

    /// The far end is called. `timeout` is the application's, and an application lives in real time at any speed.
    pub(super) fn dial(&mut self, id: &str, timeout: Option<Duration>) {
        self.after_for(SIGNALLING, id, Self::far_end_hears);
        if let Some(timeout) = timeout {
            let timeout = timeout.mul_f64(self.config.speed.max(0.001));
            self.after_for(timeout, id, |world, id| {
                if world
                    .legs
                    .get(id)
                    .is_some_and(|leg| leg.view.state != ChannelState::Up)
                {
                    world.end(id, Ending::TimedOut);
                }
            });
        }
    }

    fn far_end_hears(&mut self, id: &str) {
        self.dial_event(id, "");
        let Some(key) = self.legs.get(id).and_then(|leg| leg.phone.clone()) else {
            return;
        };
        let busy = Ending::Refused {
            cause: 17,
            tech_cause: 486,
            dial_status: "BUSY",
        };
        let declined = Ending::Refused {
            cause: 21,
            tech_cause: 603,
            dial_status: "NOANSWER",
        };
        match self.phone(&key).far_end {
            FarEnd::Busy => self.end(id, busy),
            FarEnd::DeclinesAfter(Duration::ZERO) => self.end(id, declined),
            FarEnd::DeclinesAfter(wait) => {
                self.rings(id);
                self.after_for(wait, id, move |world, id| world.end(id, declined));
            }
            FarEnd::AnswersAfter(wait) => {
                self.rings(id);
                self.after_for(wait, id, Self::answered);
            }
            FarEnd::NeverAnswers => self.rings(id),
            FarEnd::Unreachable | FarEnd::Unregistered => {}
        }
    }

    fn rings(&mut self, id: &str) {
        self.set_state(id, ChannelState::Ringing);
        self.dial_event(id, "RINGING");
    }

    /// The far end answers, if it is still being called.
    pub(super) fn answered(&mut self, id: &str) {
        let Some(leg) = self.legs.get(id) else { return };
        if leg.inbound || leg.view.state == ChannelState::Up {
            return;
        }
        let (on_answer, key) = (leg.on_answer.clone(), leg.phone.clone().unwrap_or_default());
        let created = leg.created;
        self.set_state(id, ChannelState::Up);
        self.dial_event(id, "ANSWER");
        if let Some(talk) = self.phone(&key).hangs_up_after {
            self.after_for(talk, id, |world, id| world.end(id, Ending::Remote));
        }
        match on_answer {
            OnAnswer::Stasis { app, args } if !created => self.enter_stasis(id, &app, &args, false),
            OnAnswer::Dialplan(place) => {
                self.set_place(id, place);
                let wait = self.config.dialplan_holds;
                self.after_for(wait, id, |world, id| world.end(id, Ending::DialplanOver));
            }
            OnAnswer::Stasis { .. } | OnAnswer::Nothing => {}
        }
    }

    fn dial_event(&mut self, id: &str, status: &str) {
        let Some(leg) = self.legs.get(id) else { return };
        let full = !leg.created || status.is_empty();
        let key = leg.phone.clone().unwrap_or_default();
        let dialstring = if full { key } else { String::new() };
        let members = json!({
            "dialstatus": status,
            "forward": "",
            "dialstring": dialstring,
            "peer": self.channel_view(id),
        });
        self.emit("Dial", About::channel(id), &members);
    }

    /// Ends a channel, with everything that Asterisk tells about it.
    pub(super) fn end(&mut self, id: &str, ending: Ending) {
        let Some(leg) = self.legs.get(id) else { return };
        let (up, created, inbound) = (leg.view.state == ChannelState::Up, leg.created, leg.inbound);
        let dialling = !inbound && !up && !created;
        if up {
            for name in QUALITY {
                self.set_variable_event(id, name, "");
            }
        }
        let request = match ending {
            Ending::Remote | Ending::DialplanOver => Some(json!({})),
            Ending::Local { .. } => Some(json!({ "cause": 32, "soft": true })),
            Ending::Refused {
                cause, tech_cause, ..
            } => Some(json!({ "cause": cause, "tech_cause": tech_cause })),
            Ending::TimedOut if created => Some(json!({ "cause": 32, "soft": true })),
            Ending::TimedOut => None,
        };
        if let Some(mut request) = request {
            self.only_if_known(&mut request, "tech_cause");
            self.emit_channel("ChannelHangupRequest", id, request);
        }
        self.stop_media(id);
        match ending {
            Ending::Refused { dial_status, .. } if dialling => self.dial_event(id, dial_status),
            Ending::Local { .. } if dialling => self.dial_event(id, "NOANSWER"),
            _ => {}
        }
        self.leave_stasis(id, None);
        if inbound && ending == Ending::Remote {
            self.emit_channel(
                "ChannelHangupRequest",
                id,
                json!({ "cause": 16, "soft": true }),
            );
        }
        self.destroy(id, ending);
    }

    /// Takes away a member that older releases do not have.
    fn only_if_known(&self, members: &mut Value, member: &str) {
        if let Some(members) = members.as_object_mut()
            && self.config.is_old()
        {
            members.remove(member);
        }
    }

    fn destroy(&mut self, id: &str, ending: Ending) {
        let Some(leg) = self.legs.get_mut(id) else {
            return;
        };
        let answered = leg.view.state == ChannelState::Up;
        if leg.created || leg.inbound {
            leg.view.dialplan.app_name.clear();
            leg.view.dialplan.app_data.clear();
        } else {
            leg.view.dialplan.app_name = "AppDial2".into();
            leg.view.dialplan.app_data = "(Outgoing Line)".into();
        }
        let (cause, tech_cause) = match ending {
            Ending::Local { cause } => (cause, None),
            Ending::Refused {
                cause, tech_cause, ..
            } => (cause, Some(tech_cause)),
            Ending::TimedOut if self.config.is_old() => (0, None),
            Ending::TimedOut => (19, Some(480)),
            Ending::Remote if !answered => (127, None),
            Ending::Remote | Ending::DialplanOver => (16, None),
        };
        let mut members = json!({ "cause": cause, "cause_txt": cause_text(cause) });
        if let Some(tech_cause) = tech_cause {
            members["tech_cause"] = tech_cause.into();
        }
        self.only_if_known(&mut members, "tech_cause");
        self.emit_channel("ChannelDestroyed", id, members);
        let Some(leg) = self.legs.remove(id) else {
            return;
        };
        for app in self.apps.values_mut() {
            app.channels.remove(id);
        }
        leg.progress
            .send_modify(|progress| progress.place = Place::Ended { cause });
        if let Some(device) = device_of(&leg.view.name) {
            self.device_event(&device);
        }
    }
}

fn cause_text(cause: u16) -> &'static str {
    match cause {
        0 => "Unknown",
        1 => "Unallocated (unassigned) number",
        16 => "Normal Clearing",
        17 => "User busy",
        18 => "No user responding",
        19 => "User alerting, no answer",
        21 => "Call Rejected",
        26 => "Answered elsewhere",
        34 => "Circuit/channel congestion",
        127 => "Interworking, unspecified",
        _ => "Normal, unspecified",
    }
}
