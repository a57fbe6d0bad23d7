//! Channels that are made here: to a phone, to a number behind the trunk, Local.

use asterisk::ari::{CallerId, Channel, ChannelState, DialplanPosition};
use serde_json::json;

use super::apps::About;
use super::control::Place;
use super::world::{OnAnswer, World, now};

/// An outbound channel to be made.
#[derive(Debug, Clone, Default)]
pub(super) struct Outbound {
    pub(super) id: String,
    pub(super) endpoint: String,
    pub(super) app: Option<String>,
    pub(super) app_args: String,
    pub(super) place: Option<Place>,
    pub(super) caller_id: Option<CallerId>,
    pub(super) variables: Vec<(String, String)>,
    /// By `create`: dialled later.
    pub(super) created: bool,
}

impl World {
    /// Makes an outbound channel; the endpoint was found to exist.
    pub(super) fn make_outbound(&mut self, what: &Outbound) -> String {
        let key = endpoint_key(&what.endpoint).unwrap_or_default();
        let phone = self.phone(&key).clone();
        let serial = self.serial();
        let given = what.caller_id.clone().unwrap_or_default();
        let own = |given: &str, own: &str| {
            if given.is_empty() {
                own.to_owned()
            } else {
                given.to_owned()
            }
        };
        let view = Channel {
            id: what.id.clone(),
            name: channel_name(&what.endpoint, serial),
            state: ChannelState::Down,
            protocol_id: format!("{serial}-2@127.0.0.1"),
            caller: CallerId {
                name: own(&given.name, &phone.name),
                number: own(&given.number, &phone.number),
            },
            connected: given,
            dialplan: DialplanPosition {
                context: "internal".into(),
                exten: "s".into(),
                priority: 1,
                ..DialplanPosition::default()
            },
            creationtime: now(),
            language: "en".into(),
            ..Channel::default()
        };
        let (id, _) = self.new_leg(view, false);
        let about = About {
            nobody: true,
            ..About::channel(&id)
        };
        let members = json!({ "channel": self.channel_view(&id) });
        self.emit("ChannelCreated", about, &members);
        if let Some(app) = &what.app {
            self.subscribe(app, &id);
        }
        let on_answer = match (&what.app, &what.place) {
            (Some(app), _) => OnAnswer::Stasis {
                app: app.clone(),
                args: what.app_args.clone(),
            },
            (None, Some(place)) => OnAnswer::Dialplan(place.clone()),
            (None, None) => OnAnswer::Nothing,
        };
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.phone = Some(key);
            leg.created = what.created;
            leg.on_answer = on_answer;
            if !what.created {
                leg.view.dialplan.app_name = "AppDial2".into();
                leg.view.dialplan.app_data = "(Outgoing Line)".into();
            }
        }
        self.first_variables(&id, &what.variables, what.created);
        id
    }

    /// What a request for a channel brings along: the identity is told after everything else, and complete.
    fn first_variables(&mut self, id: &str, variables: &[(String, String)], told: bool) {
        for (name, value) in variables.iter().filter(|(name, _)| !is_identity(name)) {
            self.set_variable(id, name, value, told);
        }
        let identity: Vec<_> = variables
            .iter()
            .filter(|(name, _)| is_identity(name))
            .collect();
        for (name, value) in &identity {
            self.set_identity(id, name, value);
        }
        for _ in identity {
            self.identity_event(id);
        }
    }

    /// Sets a channel variable or one of the functions that change the caller's identity.
    pub(super) fn set_variable(&mut self, id: &str, name: &str, value: &str, told: bool) {
        if is_identity(name) {
            self.set_identity(id, name, value);
            self.identity_event(id);
            return;
        }
        if let Some(leg) = self.legs.get_mut(id) {
            leg.variables.insert(name.to_owned(), value.to_owned());
        }
        if told && !name.contains('(') {
            self.set_variable_event(id, name, value);
        }
    }

    fn set_identity(&mut self, id: &str, name: &str, value: &str) {
        let Some(leg) = self.legs.get_mut(id) else {
            return;
        };
        let caller = &mut leg.view.caller;
        let part = if name == "CALLERID(num)" {
            &mut caller.number
        } else {
            &mut caller.name
        };
        value.clone_into(part);
    }

    fn identity_event(&mut self, id: &str) {
        let presentation = "Presentation Allowed, Not Screened";
        let members = json!({ "caller_presentation": 0, "caller_presentation_txt": presentation });
        self.emit_channel("ChannelCallerId", id, members);
    }
}

fn is_identity(variable: &str) -> bool {
    matches!(variable, "CALLERID(num)" | "CALLERID(name)")
}

/// `101` of `PJSIP/101`, `5550177@trunk` of `PJSIP/5550177@trunk` or `PJSIP/trunk/sip:5550177@…`.
pub(super) fn endpoint_key(endpoint: &str) -> Option<String> {
    let (technology, rest) = endpoint.split_once('/')?;
    match (technology, rest) {
        (_, "") => None,
        ("PJSIP", rest) => match rest.split_once("/sip:") {
            Some((trunk, uri)) => Some(format!("{}@{trunk}", uri.split('@').next().unwrap_or(uri))),
            None => Some(rest.to_owned()),
        },
        ("Local", rest) => Some(format!("{rest}@local")),
        _ => None,
    }
}

fn channel_name(endpoint: &str, serial: u64) -> String {
    if endpoint.starts_with("Local/") {
        return format!("{endpoint}-{serial:08x};1");
    }
    let resource = endpoint_key(endpoint).unwrap_or_default();
    let resource = resource.rsplit('@').next().unwrap_or(&resource);
    format!("PJSIP/{resource}-{serial:08x}")
}
