//! The life of the connection: open, take a snapshot, read, and again.
//!
//! The reader waits for nobody: Asterisk closes a WebSocket whose client does not read for 100 ms. Everything behind
//! it is a bounded queue, everything before it (pings, requests) is a bounded queue with a writer of its own.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::Fuse;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{FutureExt, SinkExt, StreamExt};
use serde_json::{Map, Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message, http::HeaderValue};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
};
use tracing::{debug, error, info, warn};

use crate::Backoff;
use crate::echo::{ECHO_EVENT, Echo, Limits, Step, due};

use super::asterisk::AsteriskInfo;
use super::client::{AbortOnDrop, ConnectionState};
use super::config::Transport;
use super::core::Core;
use super::event::{Event, EventKind, MAX_EVENT_BYTES};
use super::queue::Incoming;
use super::rest::{MAX_ANSWER_BYTES, Request, RestError};
use super::snapshot::Snapshot;
use super::socket::{OUTGOING_QUEUE, Socket};
use super::stats::add;

/// How often the first snapshot of a connection is tried: while Asterisk boots, the WebSocket can be up before REST.
const SNAPSHOT_ATTEMPTS: u32 = 20;

/// Between these attempts.
const SNAPSHOT_PAUSE: Duration = Duration::from_millis(250);

/// How Asterisk refuses an event for an application that nobody is.
const NO_APPLICATION: &str = "Application not found";

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Why a connection is over.
enum Ended {
    Lost(String),
    Unauthorized(String),
    Replaced,
    Closed,
}

/// Connects for ever.
pub(super) async fn run(core: Arc<Core>) {
    let mut backoff = Backoff::default();
    loop {
        let connects = core.counters.read().connects;
        let ended = connect_and_read(&core).await;
        let was_connected = core.counters.read().connects > connects;
        if was_connected {
            backoff.reset();
        }
        let pause = match ended {
            Ended::Closed => break,
            Ended::Replaced => {
                tell_replaced(&core);
                tokio::select! {
                    () = core.take_over.notified() => {}
                    () = core.closing.notified() => break,
                }
                info!(
                    application = core.config.application,
                    "taking the ARI application back"
                );
                core.state.send_replace(ConnectionState::Connecting);
                Duration::ZERO
            }
            Ended::Unauthorized(why) => {
                tell_unauthorized(&core, was_connected, &why);
                core.config.timing.unauthorized_retry
            }
            Ended::Lost(why) => {
                tell_lost(&core, was_connected, why);
                backoff.next_delay()
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = core.closing.notified() => break,
        }
    }
    core.state.send_replace(ConnectionState::Closed);
    core.queue.finish();
}

fn tell_replaced(core: &Core) {
    error!(
        application = core.config.application,
        "another client took this ARI application over; no calls arrive here until it is taken back"
    );
    core.state.send_replace(ConnectionState::Replaced);
    core.queue.push_change(Incoming::Replaced);
}

fn tell_unauthorized(core: &Core, was_connected: bool, why: &str) {
    if *core.state.borrow() != ConnectionState::Unauthorized {
        error!(
            username = core.config.username,
            url = core.addresses.rest,
            why,
            "Asterisk refuses the ARI user name or password; check the user in ari.conf"
        );
    }
    if was_connected {
        core.queue.push_change(Incoming::Disconnected {
            why: why.to_owned(),
        });
    }
    core.state.send_replace(ConnectionState::Unauthorized);
}

fn tell_lost(core: &Core, was_connected: bool, why: String) {
    let state = ConnectionState::Lost { why: why.clone() };
    if *core.state.borrow() == state {
        debug!(url = core.addresses.rest, why, "still no ARI connection");
    } else {
        warn!(
            url = core.addresses.rest,
            why, "no ARI connection; trying again"
        );
    }
    core.state.send_replace(state);
    if was_connected {
        core.queue.push_change(Incoming::Disconnected { why });
    }
}

async fn connect_and_read(core: &Arc<Core>) -> Ended {
    let opening = async {
        tokio::select! {
            opened = timeout(core.config.timing.connect_timeout, open(core)) => Some(opened),
            () = core.closing.notified() => None,
        }
    };
    let stream = match opening.await {
        None => return Ended::Closed,
        Some(Err(_)) => return Ended::Lost("no answer to the WebSocket handshake in time".into()),
        Some(Ok(Err(ended))) => return ended,
        Some(Ok(Ok(stream))) => stream,
    };
    let (sink, stream) = stream.split();
    let (outgoing, to_write) = mpsc::channel(OUTGOING_QUEUE);
    let _writer = AbortOnDrop(tokio::spawn(write_all(sink, to_write)));
    let socket = Socket::new(outgoing.clone());
    let mut reader = Reader {
        core,
        socket: socket.clone(),
        held: Some(Vec::new()),
        held_missed: 0,
        heard: Instant::now(),
        echo: Echo::off(),
    };
    let ended = reader.read(stream, outgoing).await;
    core.set_socket(None);
    socket.ended();
    ended
}

async fn open(core: &Core) -> Result<Stream, Ended> {
    let lost = |error: &dyn std::fmt::Display| Ended::Lost(error.to_string());
    let mut request = core
        .addresses
        .events
        .as_str()
        .into_client_request()
        .map_err(|error| lost(&error))?;
    let mut login =
        HeaderValue::from_str(&core.addresses.authorization).map_err(|error| lost(&error))?;
    login.set_sensitive(true);
    request.headers_mut().insert("authorization", login);
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MAX_ANSWER_BYTES))
        .max_frame_size(Some(MAX_ANSWER_BYTES));
    let connector = core
        .config
        .tls()
        .map(Connector::Rustls)
        .map_err(|error| lost(&error))?;
    match connect_async_tls_with_config(request, Some(limits), true, Some(connector)).await {
        Ok((stream, _)) => Ok(stream),
        Err(SocketError::Http(response)) => Err(match response.status().as_u16() {
            status @ (401 | 403) => Ended::Unauthorized(format!("refused with {status}")),
            503 => Ended::Lost("Asterisk is starting (503)".into()),
            404 => Ended::Lost("Asterisk is starting, or has no ARI at this address (404)".into()),
            status => Ended::Lost(format!("the WebSocket handshake was refused with {status}")),
        }),
        Err(error) => Err(lost(&error)),
    }
}

/// Writes until the connection breaks; the reader sees that too.
async fn write_all(mut sink: SplitSink<Stream, Message>, mut to_write: mpsc::Receiver<Message>) {
    while let Some(message) = to_write.recv().await {
        if sink.send(message).await.is_err() {
            break;
        }
    }
}

struct Reader<'a> {
    core: &'a Core,
    socket: Socket,
    /// Events that came before the snapshot; `None` once it was delivered.
    held: Option<Vec<Event>>,
    held_missed: u64,
    /// When something came that was no echo. Echoes are asked for beside the WebSocket, so they do not prove that it
    /// still takes requests.
    heard: Instant,
    /// Off until the snapshot is there.
    echo: Echo,
}

impl Reader<'_> {
    async fn read(
        &mut self,
        mut stream: SplitStream<Stream>,
        outgoing: mpsc::Sender<Message>,
    ) -> Ended {
        let timing = self.core.config.timing;
        let mut ping = tokio::time::interval(timing.ping_interval);
        ping.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let core = self.core;
        let establishing = establish(core);
        let asking = Fuse::terminated();
        tokio::pin!(establishing, asking);
        loop {
            tokio::select! {
                message = stream.next() => match message {
                    Some(Ok(message)) => if let Some(ended) = self.message(&message) { return ended },
                    Some(Err(error)) => return Ended::Lost(format!("the WebSocket broke: {error}")),
                    None => return Ended::Lost("Asterisk closed the WebSocket".into()),
                },
                result = &mut establishing, if self.held.is_some() => match result {
                    Ok((info, snapshot)) => self.established(info, snapshot),
                    Err(RestError::Rejected { status: 401 | 403, message }) => return Ended::Unauthorized(message),
                    Err(error) => return Ended::Lost(format!("no snapshot: {error}")),
                },
                _ = ping.tick() => {
                    if self.heard.elapsed() >= timing.ping_timeout {
                        return Ended::Lost(format!("nothing heard for {:?}", timing.ping_timeout));
                    }
                    // With a full queue Asterisk is not reading; the silence will show it.
                    let _ = outgoing.try_send(Message::Ping(Vec::new().into()));
                }
                () = due(self.echo.poll_timeout()) => match self.echo.step(Instant::now()) {
                    Step::Wait => {}
                    Step::Ask => asking.set(ask_for_echo(core).fuse()),
                    Step::Lost => return self.events_lost(&format!(
                        "requests are answered, but an event of our own did not come back within {:?}",
                        timing.echo_timeout
                    )),
                },
                asked = &mut asking => if let Some(ended) = self.echo_asked(asked) { return ended },
                () = core.closing.notified() => return Ended::Closed,
            }
        }
    }

    fn message(&mut self, message: &Message) -> Option<Ended> {
        let now = Instant::now();
        let event = match message {
            Message::Text(text) => self.text(text.as_bytes()),
            Message::Close(frame) => {
                let why = frame
                    .as_ref()
                    .map_or_else(String::new, |frame| format!(" ({})", frame.code));
                return Some(Ended::Lost(format!("Asterisk closed the WebSocket{why}")));
            }
            _ => None,
        };
        if let Some(event) = &event {
            self.echo.heard(now);
            if is_echo(event) {
                return None;
            }
        }
        self.heard = now;
        event.and_then(|event| self.event(event))
    }

    /// The event in a message, if it is one.
    fn text(&self, bytes: &[u8]) -> Option<Event> {
        let event = match serde_json::from_slice::<Map<String, Value>>(bytes) {
            Ok(members)
                if members
                    .get("type")
                    .is_some_and(|kind| kind == "RESTResponse") =>
            {
                self.socket.answered(members);
                return None;
            }
            Ok(_) if bytes.len() > MAX_EVENT_BYTES => {
                Err(format!("an event of {} bytes", bytes.len()))
            }
            Ok(members) => Event::from_members(members).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        event
            .inspect_err(|why| {
                add(&self.core.counters.malformed, 1);
                warn!(why, "an ARI message is no event");
            })
            .ok()
    }

    fn event(&mut self, event: Event) -> Option<Ended> {
        let counters = &self.core.counters;
        add(&counters.unknown_members, event.unknown_members() as u64);
        match event.kind {
            EventKind::ApplicationReplaced if event.application == self.core.config.application => {
                return Some(Ended::Replaced);
            }
            EventKind::Other { .. } => add(&counters.unknown_events, 1),
            _ => {}
        }
        match &mut self.held {
            Some(held) if held.len() < self.core.config.event_queue => held.push(event),
            Some(_) => self.held_missed += 1,
            None => self.deliver(event),
        }
        None
    }

    fn deliver(&self, event: Event) {
        let counters = &self.core.counters;
        if self.core.queue.push_event(event) {
            add(&counters.events, 1);
        } else {
            add(&counters.missed, 1);
        }
    }

    /// Not where the filter hides them: Asterisk says yes to the request all the same.
    fn begin_echoes(&mut self, snapshot: &Snapshot) {
        let timing = self.core.config.timing;
        let limits = Limits {
            after: timing.echo_after,
            answer: timing.echo_timeout,
        };
        if snapshot.application.hears("ChannelUserevent") {
            self.echo = Echo::begin(limits, Instant::now());
        } else {
            warn!(
                application = self.core.config.application,
                "this application's event filter hides ChannelUserevent, so it cannot be seen whether events still \
                 arrive; only pings are watched"
            );
        }
    }

    /// What became of the request for an echo.
    fn echo_asked(&mut self, asked: Result<(), RestError>) -> Option<Ended> {
        let now = Instant::now();
        match asked {
            Ok(()) => self.echo.asked_for(now),
            Err(RestError::Rejected {
                status: 404,
                message,
            }) if message == NO_APPLICATION => {
                return Some(self.events_lost("Asterisk no longer knows our application"));
            }
            Err(RestError::Rejected { status: 403, .. }) => {
                warn!(
                    username = self.core.config.username,
                    "this ARI user is read_only in ari.conf, so it cannot be seen whether events still arrive; only \
                     pings are watched"
                );
                self.echo.stop();
            }
            Err(error) => {
                debug!(%error, "could not ask for an event echo");
                self.echo.could_not_ask(now);
            }
        }
        None
    }

    fn events_lost(&self, why: &str) -> Ended {
        add(&self.core.counters.echoes_lost, 1);
        Ended::Lost(format!("events no longer arrive: {why}"))
    }

    fn established(&mut self, info: AsteriskInfo, snapshot: Snapshot) {
        let core = self.core;
        let over_socket = match core.config.transport {
            Transport::Http => false,
            Transport::WebSocket => true,
            Transport::Auto => info.version.has_rest_over_websocket(),
        };
        if over_socket {
            core.set_socket(Some(self.socket.clone()));
        }
        info!(
            version = info.version.text,
            application = core.config.application,
            channels = snapshot.channels.len(),
            bridges = snapshot.bridges.len(),
            rest_over_websocket = over_socket,
            "connected to ARI"
        );
        self.begin_echoes(&snapshot);
        add(&core.counters.connects, 1);
        let state = ConnectionState::Connected {
            version: info.version.clone(),
            since: SystemTime::now(),
        };
        core.state.send_replace(state);
        let snapshot = Box::new(snapshot);
        core.queue.push_change(Incoming::Connected {
            version: info.version,
            snapshot,
        });
        for event in self.held.take().unwrap_or_default() {
            self.deliver(event);
        }
        if self.held_missed > 0 {
            add(&core.counters.missed, self.held_missed);
            core.queue.add_missed(self.held_missed);
        }
    }
}

/// Over HTTP: requests on the WebSocket are served in a row, and one that hangs in front holds up no events. The nonce
/// is for whoever reads a trace; any event proves that events arrive.
async fn ask_for_echo(core: &Core) -> Result<(), RestError> {
    let nonce = format!("{:016x}", rand::random::<u64>());
    let request = Request::post(&["events", "user", ECHO_EVENT])
        .query("application", &core.config.application)
        .body(json!({ "variables": { "nonce": nonce } }));
    core.answer_over_http(request).await.map(|_| ())
}

fn is_echo(event: &Event) -> bool {
    matches!(&event.kind, EventKind::ChannelUserevent { eventname, .. } if eventname == ECHO_EVENT)
}

/// Version and snapshot. Asked for over HTTP and beside the reader, so that a slow answer holds no event up.
async fn establish(core: &Core) -> Result<(AsteriskInfo, Snapshot), RestError> {
    let mut attempt = 1;
    loop {
        let both = async {
            let info = core
                .send_for_over_http(Request::get(&["asterisk", "info"]))
                .await?;
            Ok((info, Snapshot::take(core).await?))
        };
        match both.await {
            Err(RestError::Rejected {
                status: 404 | 503,
                message,
            }) if attempt < SNAPSHOT_ATTEMPTS => {
                debug!(attempt, message, "Asterisk is not ready for a snapshot");
                attempt += 1;
                sleep(SNAPSHOT_PAUSE).await;
            }
            result => return result,
        }
    }
}
