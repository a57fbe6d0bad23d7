//! A small manager interface beside the simulated ARI: log-in, liveness, channels, device states.
//!
//! Not a second call control: what cannot be done here is refused in Asterisk's words.

use std::sync::Arc;

use asterisk::ami::{
    ActionReader, ReceivedAction, Reply, ReplyWriter, ServerSession, SessionError,
};
use asterisk::ari::CallerId;
use serde_json::Value;
use tokio::io::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::calls::Ending;
use super::control::Place;
use super::outbound::{Outbound, endpoint_key};
use super::server::Plugged;
use super::shared::Shared;
use super::world::World;

/// Events that may wait for one manager session; then it is closed, as by Asterisk.
const SESSION_QUEUE: usize = 20_000;

type Stream = Plugged<TcpStream>;

/// Who is told of events.
#[derive(Debug, Default)]
pub(super) struct Listeners(Vec<Listener>);

#[derive(Debug)]
struct Listener {
    events: mpsc::Sender<Reply>,
    /// A fault: the session stays open and is told nothing more.
    muted: bool,
}

impl Listeners {
    fn add(&mut self, events: mpsc::Sender<Reply>) {
        self.0.push(Listener {
            events,
            muted: false,
        });
    }

    fn tell(&mut self, event: &Reply) {
        self.0
            .retain(|one| one.muted || one.events.try_send(event.clone()).is_ok());
    }

    pub(super) fn mute(&mut self) {
        for one in &mut self.0 {
            one.muted = true;
        }
    }

    pub(super) fn device_state(&mut self, device: &str, state: &str) {
        if !self.0.is_empty() {
            self.tell(
                &Reply::event("DeviceStateChange")
                    .header("Device", device)
                    .header("State", state),
            );
        }
    }

    /// The manager's name for an ARI event about a channel.
    pub(super) fn channel_event(&mut self, name: &str, members: &Value) {
        if self.0.is_empty() {
            return;
        }
        let event = match name {
            "ChannelCreated" => "Newchannel",
            "ChannelStateChange" => "Newstate",
            "ChannelDestroyed" => "Hangup",
            _ => return,
        };
        let mut event = describe(Reply::event(event), &members["channel"]);
        if let Some(cause) = members["cause"].as_u64() {
            let text = members["cause_txt"].as_str().unwrap_or_default();
            event = event
                .header("Cause", cause.to_string())
                .header("Cause-txt", text);
        }
        self.tell(&event);
    }
}

/// A channel's headers.
fn describe(event: Reply, channel: &Value) -> Reply {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let id = text(&channel["id"]);
    event
        .header("Channel", text(&channel["name"]))
        .header("ChannelStateDesc", text(&channel["state"]))
        .header("CallerIDNum", text(&channel["caller"]["number"]))
        .header("CallerIDName", text(&channel["caller"]["name"]))
        .header("ConnectedLineNum", text(&channel["connected"]["number"]))
        .header("ConnectedLineName", text(&channel["connected"]["name"]))
        .header("Context", text(&channel["dialplan"]["context"]))
        .header("Exten", text(&channel["dialplan"]["exten"]))
        .header("Priority", channel["dialplan"]["priority"].to_string())
        .header("Uniqueid", &id)
        .header("Linkedid", &id)
}

/// Accepts sessions until the power goes.
pub(super) async fn serve(shared: Arc<Shared>, listener: TcpListener, power: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = power.cancelled() => return,
        };
        if let Ok((stream, _)) = accepted {
            let stream = Plugged::new(stream, &power);
            // A session that breaks has nobody left to be told.
            let session = session(Arc::clone(&shared), stream);
            tokio::spawn(async move { session.await.ok() });
        }
    }
}

async fn session(shared: Arc<Shared>, stream: Stream) -> Result<(), SessionError> {
    let mut session = ServerSession::greet(stream).await?;
    let (user, secret) =
        shared.with(|world| (world.config.username.clone(), world.config.password.clone()));
    let login = session
        .login("591775979", |name| (name == user).then(|| secret.clone()))
        .await?;
    if login.is_none() {
        return Ok(());
    }
    let (events, told) = mpsc::channel(SESSION_QUEUE);
    shared.with(|world| world.manager.add(events));
    let (actions, mut replies) = session.split();
    replies
        .send(&Reply::event("FullyBooted").header("Status", "Fully Booted"))
        .await?;
    converse(&shared, actions, replies, told).await
}

async fn converse(
    shared: &Arc<Shared>,
    mut actions: ActionReader<ReadHalf<Stream>>,
    mut replies: ReplyWriter<WriteHalf<Stream>>,
    mut told: mpsc::Receiver<Reply>,
) -> Result<(), SessionError> {
    loop {
        tokio::select! {
            action = actions.next_action() => {
                let Some(action) = action? else { return Ok(()) };
                for reply in shared.with(|world| world.manager_action(&action)) {
                    replies.send(&reply).await?;
                }
                if action.is("Logoff") {
                    return replies.close().await;
                }
            }
            event = told.recv() => match event {
                Some(event) => replies.send(&event).await?,
                None => return Ok(()),
            },
        }
    }
}

impl World {
    fn manager_action(&mut self, action: &ReceivedAction) -> Vec<Reply> {
        let name = action.action().to_ascii_lowercase();
        match name.as_str() {
            "ping" => vec![action.answer(Reply::success().header("Ping", "Pong"))],
            "logoff" => {
                vec![action.answer(
                    Reply::response("Goodbye").header("Message", "Thanks for all the fish."),
                )]
            }
            "events" | "filter" => vec![action.answer(Reply::success())],
            "coresettings" => {
                let reply = Reply::success()
                    .header("AMIversion", "11.0.0")
                    .header("AsteriskVersion", &self.config.version);
                vec![action.answer(reply)]
            }
            "coreshowchannels" => self.list_channels(action),
            "devicestatelist" => self.list_device_states(action),
            "getvar" | "setvar" => vec![self.channel_variable(action, name == "setvar")],
            "hangup" => vec![self.manager_hangup(action)],
            "originate" => vec![self.manager_originate(action)],
            "userevent" => vec![self.manager_user_event(action)],
            "" => vec![action.answer(Reply::error("Missing action in request"))],
            _ => vec![action.answer(Reply::error("Invalid/unknown command"))],
        }
    }

    fn list_channels(&self, action: &ReceivedAction) -> Vec<Reply> {
        let describe =
            |id: &String| describe(Reply::event("CoreShowChannel"), &self.channel_view(id));
        list(
            action,
            "CoreShowChannelsComplete",
            self.legs.keys().map(describe).collect(),
        )
    }

    fn list_device_states(&self, action: &ReceivedAction) -> Vec<Reply> {
        let devices = self
            .phones
            .keys()
            .filter(|key| !key.contains('@'))
            .map(|key| format!("PJSIP/{key}"));
        let event = |device: String| {
            let state = self.device_state(&device);
            Reply::event("DeviceStateChange")
                .header("Device", device)
                .header("State", state)
        };
        list(
            action,
            "DeviceStateListComplete",
            devices.map(event).collect(),
        )
    }

    /// The id of the channel that an action names by id or name.
    fn named_channel(&self, action: &ReceivedAction) -> Option<String> {
        let wanted = action.text("Channel");
        self.legs
            .values()
            .find(|leg| leg.view.name == wanted || leg.view.id == wanted)
            .map(|leg| leg.view.id.clone())
    }

    fn channel_variable(&mut self, action: &ReceivedAction, set: bool) -> Reply {
        let name = action.text("Variable").into_owned();
        if name.is_empty() {
            return action.answer(Reply::error("No variable specified"));
        }
        let value = action.text("Value").into_owned();
        let channel = self.named_channel(action);
        if channel.is_none() && !action.text("Channel").is_empty() {
            return action.answer(Reply::error("No such channel"));
        }
        match (channel, set) {
            (Some(id), true) => self.set_variable(&id, &name, &value, true),
            (None, true) => drop(self.globals.insert(name, value)),
            (channel, false) => {
                let variables = match channel.and_then(|id| self.legs.get(&id)) {
                    Some(leg) => &leg.variables,
                    None => &self.globals,
                };
                let value = variables.get(&name).cloned().unwrap_or_default();
                return action.answer(
                    Reply::success()
                        .header("Variable", name)
                        .header("Value", value),
                );
            }
        }
        action.answer(Reply::success().header("Message", "Variable Set"))
    }

    fn manager_hangup(&mut self, action: &ReceivedAction) -> Reply {
        let Some(id) = self.named_channel(action) else {
            return action.answer(Reply::error("No such channel"));
        };
        let cause = action.text("Cause").parse().unwrap_or(16);
        self.end(&id, Ending::Local { cause });
        action.answer(Reply::success().header("Message", "Channel Hungup"))
    }

    /// To every session, with the sender's headers and its `ActionID`; the answer comes first.
    fn manager_user_event(&mut self, action: &ReceivedAction) -> Reply {
        let event = Reply::event("UserEvent")
            .header("Privilege", "user,all")
            .header("UserEvent", action.text("UserEvent").as_bytes());
        let repeated = |key: &[u8]| {
            !key.eq_ignore_ascii_case(b"Action") && !key.eq_ignore_ascii_case(b"UserEvent")
        };
        let event = action
            .headers()
            .filter(|(key, _)| repeated(key))
            .fold(event, |event, (key, value)| event.header(key, value));
        self.manager.tell(&event);
        action.answer(Reply::success().header("Message", "Event Sent"))
    }

    fn manager_originate(&mut self, action: &ReceivedAction) -> Reply {
        let endpoint = action.text("Channel").into_owned();
        let key = endpoint_key(&endpoint);
        let known = key
            .as_ref()
            .is_some_and(|key| key.contains('@') || self.phones.contains_key(key));
        let exten = action.text("Exten").into_owned();
        if !known || exten.is_empty() {
            return action.answer(Reply::error("Originate failed"));
        }
        let id = action.text("ChannelId").into_owned();
        let id = if id.is_empty() { self.unique_id() } else { id };
        let place = Place::Dialplan {
            context: action.text("Context").into_owned(),
            extension: exten,
            priority: action.text("Priority").parse().unwrap_or(1),
        };
        let number = action.text("CallerID").into_owned();
        let caller_id = (!number.is_empty()).then(|| CallerId {
            name: String::new(),
            number,
        });
        self.make_outbound(&Outbound {
            id: id.clone(),
            endpoint,
            place: Some(place),
            caller_id,
            ..Outbound::default()
        });
        let millis = action.text("Timeout").parse().unwrap_or(30_000);
        self.dial(&id, Some(std::time::Duration::from_millis(millis)));
        action.answer(Reply::success().header("Message", "Originate successfully queued"))
    }
}

/// An answer, its events, and the event that ends them.
fn list(action: &ReceivedAction, complete: &str, events: Vec<Reply>) -> Vec<Reply> {
    let start = Reply::success()
        .header("EventList", "start")
        .header("Message", "List will follow");
    let count = events.len().to_string();
    let end = Reply::event(complete)
        .header("EventList", "Complete")
        .header("ListItems", count);
    std::iter::once(start)
        .chain(events)
        .chain(std::iter::once(end))
        .map(|reply| action.answer(reply))
        .collect()
}
