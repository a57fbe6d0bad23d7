//! The task that keeps a client connected: connect, log in, run the session, wait, again, for ever.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};

use super::client::{Counters, Order, State};
use super::config::Config;
use super::connect::Connect;
use super::error::{AmiError, SessionError};
use super::handshake::{self, LoggedIn};
use super::outbox::Outbox;
use super::session::{End, Session};
use crate::Backoff;

/// A session that lived this long has proven the server; after it the delays start small again.
const PROVEN_AFTER: Duration = Duration::from_secs(10);

pub(super) struct Driver {
    config: Config,
    connect: Box<dyn Connect>,
    orders: mpsc::Receiver<Order>,
    state: watch::Sender<State>,
    outbox: Outbox,
    counters: Arc<Counters>,
}

impl Driver {
    pub(super) fn new(
        config: Config,
        connect: Box<dyn Connect>,
        orders: mpsc::Receiver<Order>,
        state: watch::Sender<State>,
        outbox: Outbox,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            config,
            connect,
            orders,
            state,
            outbox,
            counters,
        }
    }

    pub(super) async fn run(mut self) {
        let mut backoff = Backoff::default();
        let mut sessions = 0;
        let mut told = None;
        loop {
            self.state.send_replace(State::Connecting);
            let attempt = open(&*self.connect, &self.config);
            let Some(opened) = refusing_orders(&mut self.orders, &mut self.outbox, attempt).await
            else {
                break;
            };
            let error = match opened {
                Ok(logged_in) => {
                    sessions += 1;
                    told = None;
                    let began = Instant::now();
                    let Some(error) = self.session(logged_in, sessions).await else {
                        break;
                    };
                    if began.elapsed() >= PROVEN_AFTER {
                        backoff.reset();
                    }
                    error
                }
                Err(error) => error,
            };
            let delay = self.wait_state(&error, &mut backoff);
            self.tell_once(&mut told, &error.to_string());
            if refusing_orders(&mut self.orders, &mut self.outbox, sleep(delay))
                .await
                .is_none()
            {
                break;
            }
        }
        self.state.send_replace(State::Closed);
    }

    async fn session(&mut self, logged_in: LoggedIn, number: u64) -> Option<SessionError> {
        self.counters.sessions.fetch_add(1, Relaxed);
        tracing::info!(address = %self.config.address, session = number, "AMI session opened");
        self.outbox.connected(number);
        self.state.send_replace(State::Connected {
            session: number,
            version: logged_in.version.clone(),
        });
        let mut session = Session::new(logged_in, &self.config, &mut self.outbox, &self.counters);
        let end = session.run(&mut self.orders).await;
        session.abandon_pending();
        self.outbox.disconnected();
        match end {
            End::Shutdown => None,
            End::Error(error) => {
                if matches!(error, SessionError::EventsLost { .. }) {
                    self.counters.echoes_lost.fetch_add(1, Relaxed);
                }
                Some(error)
            }
        }
    }

    /// Publishes why there is no session, and says how long to wait.
    fn wait_state(&self, error: &SessionError, backoff: &mut Backoff) -> Duration {
        let retry_in = match error {
            SessionError::Refused { .. } => self.config.timeouts.refused_retry,
            _ => backoff.next_delay(),
        };
        self.state.send_replace(match error {
            SessionError::Refused { message } => State::Refused {
                message: message.clone(),
                retry_in,
            },
            other => State::Waiting {
                reason: other.to_string(),
                retry_in,
            },
        });
        retry_in
    }

    /// The same trouble is told once, not at every attempt.
    fn tell_once(&self, told: &mut Option<String>, error: &str) {
        if told.as_deref() == Some(error) {
            tracing::debug!(address = %self.config.address, error, "still no AMI session");
            return;
        }
        tracing::error!(address = %self.config.address, username = %self.config.username, error, "no AMI session");
        *told = Some(error.to_owned());
    }
}

async fn open(connect: &dyn Connect, config: &Config) -> Result<LoggedIn, SessionError> {
    let limit = config.timeouts.connect;
    let stream = timeout(limit, connect.connect())
        .await
        .map_err(|_| SessionError::Timeout {
            step: "connection",
            timeout: limit,
        })??;
    handshake::log_in(stream, config).await
}

/// Runs a future while no session exists: actions are answered at once with [`AmiError::NotConnected`]. `None` when
/// the client was shut down or dropped.
async fn refusing_orders<T>(
    orders: &mut mpsc::Receiver<Order>,
    outbox: &mut Outbox,
    future: impl Future<Output = T>,
) -> Option<T> {
    tokio::pin!(future);
    loop {
        tokio::select! {
            done = &mut future => return Some(done),
            order = orders.recv() => match order? {
                Order::Send(request) => { let _ = request.answer.send(Err(AmiError::NotConnected)); }
                Order::Shutdown => return None,
            },
            () = outbox.room(), if outbox.has_pending() => {}
        }
    }
}
