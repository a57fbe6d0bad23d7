//! One logged-in session: reads and writes at once, ties answers to actions, and notices silence.
//!
//! The reading half waits for nobody: not for the consumer of events, not for the writer, not for a caller.

use std::collections::HashMap;
use std::time::Duration;

use bytes::BytesMut;
use std::sync::atomic::Ordering::Relaxed;
use tokio::io::{AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::action::Action;
use super::client::{
    Answer, Counters, List, MAX_LIST_EVENTS, MAX_PENDING_ACTIONS, MAX_SEND_BACKLOG, Order, Request,
};
use super::config::{Config, Timeouts};
use super::connect::Stream;
use super::decode::Decoder;
use super::echo::EventEcho;
use super::error::{AmiError, SessionError};
use super::handshake::LoggedIn;
use super::message::{Event, Kind, Message, Response};
use super::outbox::Outbox;
use crate::echo::due;

const PING_ID: &str = "keep-alive";
/// How long a log-off may take before the connection is cut.
const LOGOFF_LIMIT: Duration = Duration::from_secs(1);

pub(super) enum End {
    Shutdown,
    Error(SessionError),
}

pub(super) struct Session<'a> {
    reader: ReadHalf<Box<dyn Stream>>,
    writer: WriteHalf<Box<dyn Stream>>,
    decoder: Decoder,
    out: BytesMut,
    unflushed: bool,
    dispatch: Dispatch<'a>,
    liveness: Liveness,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        logged_in: LoggedIn,
        config: &Config,
        outbox: &'a mut Outbox,
        counters: &'a Counters,
    ) -> Self {
        let (reader, writer) = tokio::io::split(logged_in.stream);
        for event in logged_in.early {
            outbox.event(|| event);
        }
        Self {
            reader,
            writer,
            decoder: logged_in.decoder,
            out: BytesMut::new(),
            unflushed: false,
            dispatch: Dispatch {
                pending: HashMap::new(),
                lists: 0,
                echo: EventEcho::new(config, Instant::now()),
                outbox,
                counters,
            },
            liveness: Liveness::new(config.timeouts),
        }
    }

    pub(super) async fn run(&mut self, orders: &mut mpsc::Receiver<Order>) -> End {
        match self.run_until_end(orders).await {
            Ok(()) => End::Shutdown,
            Err(error) => End::Error(error),
        }
    }

    /// Answers every action that still waits: the connection is gone.
    pub(super) fn abandon_pending(&mut self) {
        for (_, pending) in self.dispatch.pending.drain() {
            let _ = pending.answer.send(Err(AmiError::ConnectionLost));
        }
    }

    async fn run_until_end(
        &mut self,
        orders: &mut mpsc::Receiver<Order>,
    ) -> Result<(), SessionError> {
        self.dispatch.all(&mut self.decoder)?;
        loop {
            tokio::select! {
                read = self.decoder.read_from(&mut self.reader) => {
                    if read? == 0 {
                        return Err(SessionError::Closed);
                    }
                    self.liveness.heard();
                    self.dispatch.all(&mut self.decoder)?;
                }
                written = write_some(&mut self.writer, &mut self.out, &mut self.unflushed),
                    if self.unflushed || !self.out.is_empty() => written?,
                order = orders.recv() => match order {
                    Some(Order::Send(request)) => self.dispatch.request(request, &mut self.out),
                    Some(Order::Shutdown) | None => {
                        self.log_off().await;
                        return Ok(());
                    }
                },
                () = sleep_until(self.liveness.next) => {
                    self.liveness.due()?;
                    self.dispatch.forget_abandoned();
                    self.say(&Action::new("Ping").header("ActionID", PING_ID))?;
                }
                () = due(self.dispatch.echo.poll_timeout()) => {
                    if let Some(echo) = self.dispatch.echo.step(Instant::now())? {
                        self.say(&echo)?;
                    }
                }
                () = self.dispatch.outbox.room(), if self.dispatch.outbox.has_pending() => {}
            }
        }
    }

    /// Sends an action of the session's own.
    fn say(&mut self, action: &Action) -> Result<(), SessionError> {
        if self.out.len() > MAX_SEND_BACKLOG {
            return Err(SessionError::SendBacklog {
                limit: MAX_SEND_BACKLOG,
            });
        }
        self.out.extend_from_slice(&action.encode()?);
        Ok(())
    }

    async fn log_off(&mut self) {
        if let Ok(bytes) = Action::new("Logoff").encode() {
            self.out.extend_from_slice(&bytes);
        }
        let say = async {
            self.writer.write_all_buf(&mut self.out).await?;
            self.writer.flush().await?;
            self.writer.shutdown().await
        };
        let _ = tokio::time::timeout(LOGOFF_LIMIT, say).await;
    }
}

/// One step of writing. Safe to cancel: what was not written stays in `out`.
async fn write_some(
    writer: &mut WriteHalf<Box<dyn Stream>>,
    out: &mut BytesMut,
    unflushed: &mut bool,
) -> Result<(), SessionError> {
    if out.is_empty() {
        writer.flush().await?;
        *unflushed = false;
    } else if writer.write_buf(out).await? == 0 {
        return Err(SessionError::Closed);
    } else {
        *unflushed = true;
    }
    Ok(())
}

/// When to ping, and when silence means that the connection is dead.
struct Liveness {
    timeouts: Timeouts,
    next: Instant,
    waiting: bool,
}

impl Liveness {
    fn new(timeouts: Timeouts) -> Self {
        Self {
            timeouts,
            next: Instant::now() + timeouts.ping_every,
            waiting: false,
        }
    }

    fn heard(&mut self) {
        if std::mem::take(&mut self.waiting) {
            self.next = Instant::now() + self.timeouts.ping_every;
        }
    }

    /// The time in `next` has come: either the answer is overdue, or the next Ping is due.
    fn due(&mut self) -> Result<(), SessionError> {
        if self.waiting {
            return Err(SessionError::Timeout {
                step: "sign of life",
                timeout: self.timeouts.ping_answer,
            });
        }
        self.waiting = true;
        self.next = Instant::now() + self.timeouts.ping_answer;
        Ok(())
    }
}

struct Pending {
    action: String,
    list: bool,
    answer: oneshot::Sender<Result<Answer, AmiError>>,
    response: Option<Response>,
    events: Vec<Event>,
}

struct Dispatch<'a> {
    pending: HashMap<Vec<u8>, Pending>,
    /// How many of the pending actions collect a list; without any, events need no look at their `ActionID`.
    lists: usize,
    echo: EventEcho,
    outbox: &'a mut Outbox,
    counters: &'a Counters,
}

impl Dispatch<'_> {
    fn all(&mut self, decoder: &mut Decoder) -> Result<(), SessionError> {
        let now = Instant::now();
        while let Some(message) = decoder.next_message()? {
            match message.kind() {
                Kind::Event => self.event(message, now),
                Kind::Response => self.response(message, now),
                Kind::Banner | Kind::Action | Kind::Unknown => {
                    self.counters.unrecognised.fetch_add(1, Relaxed);
                    tracing::debug!(?message, "unrecognised AMI message");
                }
            }
        }
        Ok(())
    }

    fn request(&mut self, request: Request, out: &mut BytesMut) {
        let Request {
            bytes,
            action_id,
            action,
            list,
            answer,
        } = request;
        if self.pending.len() >= MAX_PENDING_ACTIONS {
            self.forget_abandoned();
        }
        if self.pending.len() >= MAX_PENDING_ACTIONS || out.len() + bytes.len() > MAX_SEND_BACKLOG {
            let _ = answer.send(Err(AmiError::Busy));
            return;
        }
        if self.pending.contains_key(action_id.as_bytes()) || action_id == PING_ID {
            let _ = answer.send(Err(AmiError::DuplicateActionId { action_id }));
            return;
        }
        if ["Events", "Filter"]
            .iter()
            .any(|name| action.eq_ignore_ascii_case(name))
        {
            self.echo.doubt();
        }
        self.lists += usize::from(list);
        let pending = Pending {
            action,
            list,
            answer,
            response: None,
            events: Vec::new(),
        };
        self.pending.insert(action_id.into_bytes(), pending);
        out.extend_from_slice(&bytes);
    }

    fn response(&mut self, message: Message<'_>, now: Instant) {
        let id = message.action_id().unwrap_or_default();
        if id == PING_ID.as_bytes() {
            return;
        }
        if self.echo.asked_as(id) {
            self.echo.answered(&Response(message.to_owned()), now);
            return;
        }
        let Some(pending) = self.pending.get_mut(id) else {
            self.counters.unmatched.fetch_add(1, Relaxed);
            tracing::debug!(?message, "AMI answer that nobody waits for");
            return;
        };
        let response = Response(message.to_owned());
        if pending.list && response.is_success() {
            pending.response = Some(response);
        } else {
            self.finish(id, |_| Ok(Answer::Response(response)));
        }
    }

    fn event(&mut self, message: Message<'_>, now: Instant) {
        if self.lists > 0
            && let Some(id) = message.action_id()
            && let Some(pending) = self.pending.get_mut(id)
            && pending.response.is_some()
        {
            self.list_event(id, message);
            return;
        }
        if !self.echo.heard(&message, now) {
            self.outbox.event(|| Event(message.to_owned()));
        }
    }

    fn list_event(&mut self, id: &[u8], message: Message<'_>) {
        let Some(pending) = self.pending.get_mut(id) else {
            return;
        };
        let event = Event(message.to_owned());
        let mark = message.get("EventList").unwrap_or_default();
        let cancelled = mark.eq_ignore_ascii_case(b"cancelled");
        // Asterisk before version 13 does not mark the end in all lists; the name always tells.
        if mark.eq_ignore_ascii_case(b"Complete")
            || message.name().ends_with(b"Complete")
            || cancelled
        {
            self.finish(id, |pending| {
                let Pending {
                    action,
                    response,
                    events,
                    ..
                } = pending;
                let Some(response) = response.take() else {
                    return Err(AmiError::ConnectionLost);
                };
                if cancelled {
                    let message = event
                        .get_str("Message")
                        .unwrap_or("list cancelled".into())
                        .into_owned();
                    return Err(AmiError::Rejected {
                        action: action.clone(),
                        message,
                    });
                }
                Ok(Answer::List(List {
                    response,
                    events: std::mem::take(events),
                    complete: event,
                }))
            });
        } else if pending.events.len() < MAX_LIST_EVENTS {
            pending.events.push(event);
        } else {
            self.finish(id, |pending| {
                Err(AmiError::ListTooLong {
                    action: pending.action.clone(),
                    limit: MAX_LIST_EVENTS,
                })
            });
        }
    }

    fn finish(&mut self, id: &[u8], answer: impl FnOnce(&mut Pending) -> Result<Answer, AmiError>) {
        if let Some(mut pending) = self.pending.remove(id) {
            self.lists -= usize::from(pending.list);
            let answer = answer(&mut pending);
            let _ = pending.answer.send(answer);
        }
    }

    /// Drops actions whose callers gave up waiting.
    fn forget_abandoned(&mut self) {
        self.pending
            .retain(|_, pending| !pending.answer.is_closed());
        self.lists = self.pending.values().filter(|pending| pending.list).count();
    }
}
