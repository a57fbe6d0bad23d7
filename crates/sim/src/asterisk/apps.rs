//! Stasis applications: who listens, and what they are told.

use std::collections::{BTreeMap, BTreeSet};

use rand::Rng;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use super::world::{World, now};

/// Messages that may wait for one WebSocket. Asterisk too closes one whose client does not read.
pub(super) const SOCKET_QUEUE: usize = 65_536;

/// One application; it outlives its WebSocket, and so do its subscriptions.
#[derive(Default)]
pub(super) struct App {
    pub(super) socket: Option<mpsc::Sender<String>>,
    /// Which WebSocket that is.
    pub(super) socket_serial: u64,
    pub(super) subscribe_all: bool,
    /// Channel ids, counted: being in Stasis and being made with `app=` are two subscriptions.
    pub(super) channels: BTreeMap<String, usize>,
    pub(super) bridges: BTreeSet<String>,
    pub(super) endpoints: BTreeSet<String>,
    pub(super) devices: BTreeSet<String>,
    pub(super) allowed: Vec<Value>,
    pub(super) disallowed: Vec<Value>,
    /// A message that a fault lets the next one overtake.
    held: Option<String>,
    /// A fault: the WebSocket of now stays open and is told nothing more.
    muted: bool,
}

/// What an event is about: decides who gets it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct About<'a> {
    pub(super) channels: [Option<&'a str>; 2],
    pub(super) bridge: Option<&'a str>,
    pub(super) endpoint: Option<&'a str>,
    pub(super) device: Option<&'a str>,
    /// Only for applications that are subscribed to everything.
    pub(super) nobody: bool,
}

impl<'a> About<'a> {
    pub(super) fn channel(id: &'a str) -> Self {
        Self {
            channels: [Some(id), None],
            ..Self::default()
        }
    }

    pub(super) fn bridge(id: &'a str) -> Self {
        Self {
            bridge: Some(id),
            ..Self::default()
        }
    }
}

impl App {
    fn lets_through(&self, name: &str) -> bool {
        let names = |types: &[Value]| types.iter().any(|one| one["type"] == name);
        !names(&self.disallowed) && (self.allowed.is_empty() || names(&self.allowed))
    }

    fn hears(&self, name: &str, about: About<'_>) -> bool {
        if !self.lets_through(name) {
            return false;
        }
        if self.subscribe_all {
            return true;
        }
        !about.nobody
            && (about
                .channels
                .iter()
                .flatten()
                .any(|id| self.channels.contains_key(*id))
                || about.bridge.is_some_and(|id| self.bridges.contains(id))
                || about.endpoint.is_some_and(|id| self.endpoints.contains(id))
                || about.device.is_some_and(|id| self.devices.contains(id)))
    }

    pub(super) fn view(&self, name: &str) -> Value {
        json!({
            "name": name,
            "channel_ids": self.channels.keys().collect::<Vec<_>>(),
            "bridge_ids": self.bridges,
            "endpoint_ids": self.endpoints,
            "device_names": self.devices,
            "events_allowed": self.allowed,
            "events_disallowed": self.disallowed,
        })
    }

    pub(super) fn is_listening(&self) -> bool {
        self.socket
            .as_ref()
            .is_some_and(|socket| !socket.is_closed())
    }

    /// A WebSocket that is too far behind is closed by dropping its sender.
    fn send(&mut self, message: String) {
        if let Some(socket) = &self.socket
            && !self.muted
            && socket.try_send(message).is_err()
        {
            self.socket = None;
        }
    }
}

impl World {
    /// Registers a WebSocket for an application; an older one is told and goes silent.
    pub(super) fn listen(
        &mut self,
        name: &str,
        all: bool,
        socket: mpsc::Sender<String>,
        serial: u64,
    ) {
        let replaced = self.apps.get(name).is_some_and(App::is_listening);
        if replaced {
            self.emit_to(name, "ApplicationReplaced", Map::new());
        }
        let app = self.apps.entry(name.to_owned()).or_default();
        app.socket = Some(socket);
        app.socket_serial = serial;
        app.subscribe_all = all;
        app.held = None;
        app.muted = false;
    }

    /// Who listens now hears nothing more; who comes hears everything.
    pub(super) fn mute_listeners(&mut self) {
        for app in self.apps.values_mut() {
            app.muted = true;
        }
        self.manager.mute();
    }

    /// A WebSocket has ended.
    pub(super) fn stop_listening(&mut self, serial: u64) {
        for app in self
            .apps
            .values_mut()
            .filter(|app| app.socket_serial == serial)
        {
            app.socket = None;
        }
    }

    pub(super) fn subscribe(&mut self, app: &str, channel: &str) {
        let app = self.apps.entry(app.to_owned()).or_default();
        *app.channels.entry(channel.to_owned()).or_default() += 1;
    }

    pub(super) fn unsubscribe(&mut self, app: &str, channel: &str) {
        let Some(app) = self.apps.get_mut(app) else {
            return;
        };
        if let Some(count) = app.channels.get_mut(channel) {
            *count -= 1;
            if *count == 0 {
                app.channels.remove(channel);
            }
        }
    }

    /// Tells everyone who listens.
    pub(super) fn emit(&mut self, name: &str, about: About<'_>, members: &Value) {
        self.manager.channel_event(name, members);
        let hearing: Vec<String> = self
            .apps
            .iter()
            .filter(|(_, app)| app.hears(name, about))
            .map(|(app, _)| app.clone())
            .collect();
        for app in hearing {
            self.emit_to(&app, name, members.as_object().cloned().unwrap_or_default());
        }
    }

    /// Tells one application, whatever it is subscribed to.
    pub(super) fn emit_to_app(&mut self, app: &str, name: &str, members: &Value) {
        if self.apps.get(app).is_some_and(|app| app.lets_through(name)) {
            self.emit_to(app, name, members.as_object().cloned().unwrap_or_default());
        }
    }

    /// About a channel as it is now.
    pub(super) fn emit_channel(&mut self, name: &str, id: &str, mut members: Value) {
        members["channel"] = self.channel_view(id);
        self.emit(name, About::channel(id), &members);
    }

    /// The channel as this release shows it.
    pub(super) fn channel_view(&self, id: &str) -> Value {
        let Some(leg) = self.legs.get(id) else {
            return Value::Null;
        };
        let mut view = serde_json::to_value(&leg.view).unwrap_or_default();
        if self.config.is_old()
            && let Some(members) = view.as_object_mut()
        {
            members.remove("protocol_id");
        }
        view
    }

    pub(super) fn set_variable_event(&mut self, id: &str, variable: &str, value: &str) {
        self.emit_channel(
            "ChannelVarset",
            id,
            json!({ "variable": variable, "value": value }),
        );
    }

    fn emit_to(&mut self, app_name: &str, name: &str, mut members: Map<String, Value>) {
        members.insert("type".into(), name.into());
        members.insert("timestamp".into(), now().into());
        members.insert("asterisk_id".into(), self.config.asterisk_id.clone().into());
        members.insert("application".into(), app_name.into());
        let message = Value::Object(members).to_string();
        let faults = self.faults.events;
        let mut chance = |share: f64| share > 0.0 && self.rng.random_bool(share.min(1.0));
        let (lose, duplicate) = (chance(faults.lose), chance(faults.duplicate));
        let (reorder, delay) = (chance(faults.reorder), chance(faults.delay));
        if lose {
            return;
        }
        if delay {
            let (app_name, message) = (app_name.to_owned(), message);
            self.after(faults.delay_by, move |world| {
                world.deliver(&app_name, message);
            });
            return;
        }
        if duplicate {
            self.deliver(app_name, message.clone());
        }
        if reorder
            && let Some(app) = self.apps.get_mut(app_name)
            && app.held.is_none()
        {
            app.held = Some(message);
            let app_name = app_name.to_owned();
            self.after(super::faults::HELD_AT_MOST, move |world| {
                world.release(&app_name);
            });
            return;
        }
        self.deliver(app_name, message);
        self.release(app_name);
    }

    fn deliver(&mut self, app: &str, message: String) {
        if let Some(app) = self.apps.get_mut(app) {
            app.send(message);
        }
    }

    fn release(&mut self, app: &str) {
        if let Some(app) = self.apps.get_mut(app)
            && let Some(message) = app.held.take()
        {
            app.send(message);
        }
    }
}
