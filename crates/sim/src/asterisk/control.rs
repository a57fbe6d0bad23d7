//! What a test or the demo does from outside: the caller's and the phone's hand.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::calls::Ending;
use super::phones::{FarEnd, Phone};
use super::shared::Shared;
use super::world::World;

/// Where a channel is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Place {
    /// On its way through the dialplan.
    #[default]
    Arriving,
    Stasis {
        app: String,
    },
    /// `Stasis()` found nobody; the dialplan's excuse is played.
    NoApplication,
    /// The application let it go on in the dialplan.
    Dialplan {
        context: String,
        extension: String,
        priority: u32,
    },
    /// With its Q.850 cause; 0 when Asterisk itself ended.
    Ended {
        cause: u16,
    },
}

/// What a caller notices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallProgress {
    pub place: Place,
    pub answered: bool,
    /// Ringing tone, as indicated by the application.
    pub ringing: bool,
    /// The music class that plays to this channel; of music in a bridge see [`super::SimPbx::bridges`].
    pub music: Option<String>,
    /// The channel it talks with.
    pub bridged_with: Option<String>,
}

impl CallProgress {
    pub fn has_ended(&self) -> bool {
        matches!(self.place, Place::Ended { .. })
    }
}

/// A caller on an inbound channel. Dropping it hangs nothing up.
#[derive(Clone)]
pub struct CallHandle {
    pub(super) shared: Arc<Shared>,
    pub(super) id: String,
    pub(super) progress: watch::Receiver<CallProgress>,
}

impl CallHandle {
    /// The channel's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn progress(&self) -> CallProgress {
        self.progress.borrow().clone()
    }

    /// Waits until `wanted` holds; of a channel that ended before, the last progress is given.
    pub async fn wait_until(
        &mut self,
        mut wanted: impl FnMut(&CallProgress) -> bool,
    ) -> CallProgress {
        if let Ok(progress) = self.progress.wait_for(|progress| wanted(progress)).await {
            return progress.clone();
        }
        self.progress.borrow().clone()
    }

    /// The Q.850 cause, when the channel has ended.
    pub async fn ended(&mut self) -> u16 {
        match self.wait_until(CallProgress::has_ended).await.place {
            Place::Ended { cause } => cause,
            _ => 0,
        }
    }

    /// The caller hangs up (BYE, or CANCEL before the answer).
    pub fn hang_up(&self) {
        self.shared
            .with(|world| world.end(&self.id, Ending::Remote));
    }

    pub fn press(&self, digit: char) {
        self.shared.with(|world| {
            let members = serde_json::json!({ "digit": digit.to_string(), "duration_ms": 100 });
            world.emit_channel("ChannelDtmfReceived", &self.id, members);
        });
    }
}

/// A phone, or a number behind the trunk; its behaviour holds for calls that arrive from now on.
#[derive(Clone)]
pub struct PhoneHandle {
    pub(super) shared: Arc<Shared>,
    pub(super) key: String,
}

impl PhoneHandle {
    pub fn answers_after(&self, wait: Duration) -> &Self {
        self.set(|phone| phone.far_end = FarEnd::AnswersAfter(wait))
    }

    pub fn busy(&self) -> &Self {
        self.set(|phone| phone.far_end = FarEnd::Busy)
    }

    pub fn declines(&self) -> &Self {
        self.declines_after(Duration::ZERO)
    }

    pub fn declines_after(&self, wait: Duration) -> &Self {
        self.set(|phone| phone.far_end = FarEnd::DeclinesAfter(wait))
    }

    pub fn never_answers(&self) -> &Self {
        self.set(|phone| phone.far_end = FarEnd::NeverAnswers)
    }

    /// Gone without unregistering: silence.
    pub fn unreachable(&self) -> &Self {
        self.set(|phone| phone.far_end = FarEnd::Unreachable)
    }

    /// Not registered; it comes back with any other behaviour.
    pub fn unregistered(&self) -> &Self {
        self.set(|phone| phone.far_end = FarEnd::Unregistered)
    }

    /// Hangs up by itself after talking this long; `None`: never.
    pub fn hangs_up_after(&self, talk: impl Into<Option<Duration>>) -> &Self {
        let talk = talk.into();
        self.set(|phone| phone.hangs_up_after = talk)
    }

    pub fn caller_id(&self, name: &str, number: &str) -> &Self {
        self.set(|phone| (phone.name, phone.number) = (name.to_owned(), number.to_owned()))
    }

    /// Picks up what rings now; tells whether something did.
    pub fn answer(&self) -> bool {
        self.act_on_calls(|world, id| {
            let rings = world
                .legs
                .get(id)
                .is_some_and(|leg| leg.view.state.as_str() == "Ringing");
            if rings {
                world.answered(id);
            }
            rings
        })
    }

    /// Hangs up what it talks on, and declines what rings; tells whether there was something.
    pub fn hang_up(&self) -> bool {
        self.act_on_calls(|world, id| {
            let up = world
                .legs
                .get(id)
                .is_some_and(|leg| leg.view.state.as_str() == "Up");
            let declined = Ending::Refused {
                cause: 21,
                tech_cause: 603,
                dial_status: "NOANSWER",
            };
            world.end(id, if up { Ending::Remote } else { declined });
            true
        })
    }

    /// The ids of its channels.
    pub fn calls(&self) -> Vec<String> {
        self.shared.with(|world| world.calls_of(&self.key))
    }

    fn act_on_calls(&self, mut act: impl FnMut(&mut World, &str) -> bool) -> bool {
        self.shared.with(|world| {
            let calls = world.calls_of(&self.key);
            let acted = calls.iter().filter(|id| act(world, id));
            acted.count() > 0
        })
    }

    fn set(&self, change: impl FnOnce(&mut Phone)) -> &Self {
        self.shared.with(|world| {
            let before = world.phone(&self.key).is_registered();
            change(world.phone(&self.key));
            let after = world.phone(&self.key).is_registered();
            if before != after {
                world.registration_changed(&self.key, after);
            }
        });
        self
    }
}

impl World {
    /// The phone of this key; one that is called for the first time comes into being.
    pub(super) fn phone(&mut self, key: &str) -> &mut Phone {
        self.phones
            .entry(key.to_owned())
            .or_insert_with(|| Phone::named(key))
    }

    fn calls_of(&self, key: &str) -> Vec<String> {
        let of_phone = |leg: &&super::world::Leg| leg.phone.as_deref() == Some(key);
        self.legs
            .values()
            .filter(of_phone)
            .map(|leg| leg.view.id.clone())
            .collect()
    }

    fn registration_changed(&mut self, key: &str, registered: bool) {
        let device = format!("PJSIP/{key}");
        let state = if registered { "online" } else { "offline" };
        let endpoint = serde_json::json!({
            "endpoint": { "technology": "PJSIP", "resource": key, "state": state, "channel_ids": [] },
        });
        let about = super::apps::About {
            endpoint: Some(&device),
            ..Default::default()
        };
        self.emit("EndpointStateChange", about, &endpoint);
        let state = self.device_state(&device);
        let about = super::apps::About {
            device: Some(&device),
            ..Default::default()
        };
        let members = serde_json::json!({ "device_state": { "name": device, "state": state } });
        self.emit("DeviceStateChanged", about, &members);
        self.manager.device_state(&device, &state);
    }
}
