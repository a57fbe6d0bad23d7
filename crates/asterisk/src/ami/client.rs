//! The handle by which a program speaks to Asterisk's manager interface.
//!
//! It owns no socket: a task does, for as long as a handle exists. No method here waits without a bound.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::action::Action;
use super::config::Config;
use super::connect::{Connect, Tcp};
use super::driver::Driver;
use super::error::AmiError;
use super::message::{Event, Response};
use super::outbox::{Item, Outbox};
use super::privilege;

/// Actions that may wait for their answers at a time.
pub const MAX_PENDING_ACTIONS: usize = 4096;
/// Most events of one list answer; twice what 50,000 channels are.
pub const MAX_LIST_EVENTS: usize = 100_000;
/// Bytes that may wait until Asterisk reads them.
pub const MAX_SEND_BACKLOG: usize = 4 << 20;
/// Actions handed over to the connection's task that it has not looked at yet.
const MAX_HANDED_OVER: usize = 256;

/// Where the connection stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Connecting or logging in.
    Connecting,
    /// Logged in.
    Connected {
        /// Counts the sessions of this client, from 1.
        session: u64,
        /// The version in the banner: of the protocol, not of Asterisk.
        version: String,
    },
    /// The last attempt failed or the session ended; the next attempt comes.
    Waiting {
        /// Why, in words.
        reason: String,
        /// When, from the change of state on.
        retry_in: Duration,
    },
    /// Asterisk refused the log-in. It is tried again, slowly.
    Refused {
        /// Asterisk's own text, such as `Authentication failed`.
        message: String,
        /// When, from the change of state on.
        retry_in: Duration,
    },
    /// The client was shut down.
    Closed,
}

impl State {
    /// True while actions can be sent.
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Connected { .. })
    }
}

/// What happened in a client since its start, for metrics.
#[derive(Debug, Default)]
pub struct Counters {
    pub(super) events: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) unmatched: AtomicU64,
    pub(super) unrecognised: AtomicU64,
    pub(super) sessions: AtomicU64,
    pub(super) echoes_lost: AtomicU64,
}

impl Counters {
    /// Events received for the consumer, lost ones included.
    pub fn events(&self) -> u64 {
        self.events.load(Relaxed)
    }

    /// Events lost because the consumer was slow.
    pub fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }

    /// Answers that came too late or that nobody asked for.
    pub fn unmatched(&self) -> u64 {
        self.unmatched.load(Relaxed)
    }

    /// Messages that are neither event nor answer.
    pub fn unrecognised(&self) -> u64 {
        self.unrecognised.load(Relaxed)
    }

    /// Sessions given up because they brought no events any more, while actions were answered.
    pub fn echoes_lost(&self) -> u64 {
        self.echoes_lost.load(Relaxed)
    }

    /// Successful log-ins.
    pub fn sessions(&self) -> u64 {
        self.sessions.load(Relaxed)
    }
}

/// The answer to an action that lists things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// The answer before the list.
    pub response: Response,
    /// The list, without the event that ends it.
    pub events: Vec<Event>,
    /// The event that ends the list, such as `CoreShowChannelsComplete`.
    pub complete: Event,
}

#[derive(Debug)]
pub(super) enum Answer {
    Response(Response),
    List(List),
}

/// What a handle asks of the connection's task.
#[derive(Debug)]
pub(super) enum Order {
    Send(Request),
    Shutdown,
}

#[derive(Debug)]
pub(super) struct Request {
    pub(super) bytes: Vec<u8>,
    pub(super) action_id: String,
    pub(super) action: String,
    pub(super) list: bool,
    pub(super) answer: oneshot::Sender<Result<Answer, AmiError>>,
}

/// Events and session changes, in order. Dropping it costs nothing: events are then not even copied.
#[derive(Debug)]
pub struct Events(mpsc::Receiver<Item>);

impl Events {
    /// The next item; `None` once the client is gone. Safe to cancel.
    pub async fn recv(&mut self) -> Option<Item> {
        self.0.recv().await
    }

    /// The next item if there is one now.
    pub fn try_recv(&mut self) -> Option<Item> {
        self.0.try_recv().ok()
    }
}

/// A manager client. Clones share one connection; it ends when the last of them is dropped.
///
/// ```no_run
/// use cordboard_asterisk::ami::{Action, Client, Config, Item};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let mut config = Config::new("127.0.0.1:5038", "cordboard", std::env::var("AMI_SECRET")?);
/// config.event_mask = "call".into();
/// let (client, mut events) = Client::start(config);
/// client.connected().await?;
///
/// for channel in client.list(&Action::new("CoreShowChannels")).await?.events {
///     println!("{:?}", channel.get_str("Channel"));
/// }
/// while let Some(item) = events.recv().await {
///     match item {
///         Item::Event(event) if event.name() == "Hangup" => println!("{:?}", event.get_str("Cause-txt")),
///         item if item.needs_resync() => { /* take a snapshot */ }
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    orders: mpsc::Sender<Order>,
    state: watch::Receiver<State>,
    counters: Arc<Counters>,
    ids: Arc<ActionIds>,
    username: Arc<str>,
    timeout: Duration,
}

impl Client {
    /// Starts to connect, and goes on for ever. Must be called within a tokio runtime.
    pub fn start(config: Config) -> (Self, Events) {
        let tcp = Tcp::new(&config);
        Self::start_with(config, tcp)
    }

    /// [`Self::start`] over byte streams from elsewhere; `address` and `tls` of the configuration are not used.
    pub fn start_with(config: Config, connect: impl Connect) -> (Self, Events) {
        let (orders, handed_over) = mpsc::channel(MAX_HANDED_OVER);
        let (items, events) = mpsc::channel(config.event_buffer.max(1));
        let (state, seen_state) = watch::channel(State::Connecting);
        let counters = Arc::new(Counters::default());
        let client = Self {
            orders,
            state: seen_state,
            counters: Arc::clone(&counters),
            ids: Arc::new(ActionIds::new()),
            username: config.username.as_str().into(),
            timeout: config.timeouts.action,
        };
        let outbox = Outbox::new(items, Arc::clone(&counters));
        let driver = Driver::new(
            config,
            Box::new(connect),
            handed_over,
            state,
            outbox,
            counters,
        );
        tokio::spawn(driver.run());
        (client, Events(events))
    }

    /// The user's name.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The same connection with another time limit for actions.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self {
            timeout,
            ..self.clone()
        }
    }

    /// Where the connection stands, and every change of it.
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// Figures for metrics.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Waits for a session without a limit; an error only when the client was shut down.
    pub async fn connected(&self) -> Result<(), AmiError> {
        let mut state = self.state.clone();
        let state = state
            .wait_for(|state| state.is_connected() || *state == State::Closed)
            .await;
        match state {
            Ok(state) if state.is_connected() => Ok(()),
            _ => Err(AmiError::Closed),
        }
    }

    /// Sends an action; the answer whatever it is, also `Response: Error`.
    pub async fn send(&self, action: &Action) -> Result<Response, AmiError> {
        match self.exchange(action, false).await? {
            Answer::Response(response) | Answer::List(List { response, .. }) => Ok(response),
        }
    }

    /// Sends an action; an error where Asterisk refused it.
    pub async fn call(&self, action: &Action) -> Result<Response, AmiError> {
        accepted(action, self.send(action).await?)
    }

    /// Sends an action that is answered by a list of events, and collects it to its end. These events come here only.
    pub async fn list(&self, action: &Action) -> Result<List, AmiError> {
        match self.exchange(action, true).await? {
            Answer::List(list) => Ok(list),
            Answer::Response(response) => Err(match accepted(action, response) {
                Err(error) => error,
                Ok(response) => refusal(action, response.message()),
            }),
        }
    }

    /// Runs a CLI command, such as `core show version`; the lines it printed. A command that fails prints why.
    pub async fn command(&self, command: &str) -> Result<Vec<String>, AmiError> {
        let action = Action::new("Command").header("Command", command);
        let response = self.send(&action).await?;
        let output: Vec<String> = response
            .output()
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        if response.is_success() {
            return Ok(output);
        }
        if output.is_empty() {
            return accepted(&action, response).map(|_| output);
        }
        Err(refusal(&action, output.join("\n").into()))
    }

    /// Adds an event filter to this session, such as `!Event: VarSet`. It is gone after a reconnect; lasting filters
    /// belong into [`Config::filters`].
    pub async fn add_filter(&self, filter: &str) -> Result<(), AmiError> {
        let action = Action::new("Filter")
            .header("Operation", "Add")
            .header("Filter", filter);
        self.call(&action).await.map(|_| ())
    }

    /// Logs off and ends the connection, for all clones of this client. Actions without an answer get
    /// [`AmiError::ConnectionLost`].
    pub async fn shutdown(&self) {
        if self.orders.send(Order::Shutdown).await.is_ok() {
            let mut state = self.state.clone();
            let _ = state.wait_for(|state| *state == State::Closed).await;
        }
    }

    async fn exchange(&self, action: &Action, list: bool) -> Result<Answer, AmiError> {
        let (bytes, action_id) = if let Some(id) = action.action_id() {
            (action.encode()?, id.to_owned())
        } else {
            let id = self.ids.next();
            (action.clone().header("ActionID", &id).encode()?, id)
        };
        let (answer, answered) = oneshot::channel();
        let request = Request {
            bytes,
            action_id,
            action: action.name().to_owned(),
            list,
            answer,
        };
        let exchange = async {
            self.orders
                .send(Order::Send(request))
                .await
                .map_err(|_| AmiError::Closed)?;
            answered.await.unwrap_or(Err(AmiError::Closed))
        };
        tokio::time::timeout(self.timeout, exchange)
            .await
            .unwrap_or_else(|_| {
                Err(AmiError::Timeout {
                    action: action.name().into(),
                    timeout: self.timeout,
                })
            })
    }
}

fn accepted(action: &Action, response: Response) -> Result<Response, AmiError> {
    if response.is_success() {
        return Ok(response);
    }
    Err(refusal(action, response.message()))
}

fn refusal(action: &Action, message: Cow<'_, str>) -> AmiError {
    let name = action.name().to_owned();
    if message == "Permission denied" {
        let needs = privilege::needed_for(&name);
        return AmiError::PermissionDenied {
            action: name,
            needs,
        };
    }
    AmiError::Rejected {
        action: name,
        message: message.into_owned(),
    }
}

/// Makes ids that no other client of the same Asterisk makes: a `UserEvent` repeats its sender's id to everybody.
#[derive(Debug)]
struct ActionIds {
    prefix: String,
    next: AtomicU64,
}

impl ActionIds {
    fn new() -> Self {
        Self {
            prefix: format!("{:08x}", rand::random::<u32>()),
            next: AtomicU64::new(1),
        }
    }

    fn next(&self) -> String {
        format!("{}-{}", self.prefix, self.next.fetch_add(1, Relaxed))
    }
}
