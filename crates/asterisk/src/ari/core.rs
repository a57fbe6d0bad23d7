//! What the handles and the connection share: the way of every request.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::de::DeserializeOwned;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::timeout;

use super::client::ConnectionState;
use super::config::{Addresses, Config, Transport};
use super::http::Http;
use super::queue::EventQueue;
use super::rest::{Answer, Request, RestError};
use super::socket::Socket;
use super::stats::{Counters, add};

/// Requests that Asterisk is working on at one time.
pub const MAX_IN_FLIGHT: usize = 100;

/// Requests that may wait in line for that; one more is refused as [`RestError::Overloaded`].
pub const MAX_WAITING: usize = 2_000;

pub(super) struct Core {
    pub(super) config: Config,
    pub(super) addresses: Addresses,
    pub(super) http: Http,
    /// Set while a connection can carry requests.
    pub(super) socket: Mutex<Option<Socket>>,
    pub(super) state: watch::Sender<ConnectionState>,
    pub(super) queue: Arc<EventQueue>,
    pub(super) take_over: Notify,
    pub(super) closing: Arc<Notify>,
    pub(super) counters: Counters,
    in_flight: Semaphore,
    waiting: AtomicUsize,
}

impl fmt::Debug for Core {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Core")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Core {
    pub(super) fn new(config: Config, addresses: Addresses, http: Http) -> Self {
        let queue = EventQueue::new(config.event_queue);
        Self {
            config,
            addresses,
            http,
            socket: Mutex::default(),
            state: watch::Sender::new(ConnectionState::Connecting),
            queue,
            take_over: Notify::new(),
            closing: Arc::default(),
            counters: Counters::default(),
            in_flight: Semaphore::new(MAX_IN_FLIGHT),
            waiting: AtomicUsize::new(0),
        }
    }

    /// For what is asked before the WebSocket may be used, and for large answers, which would hold up events.
    pub(super) async fn send_for_over_http<T: DeserializeOwned>(
        &self,
        request: Request,
    ) -> Result<T, RestError> {
        self.answer_over_http(request).await?.json()
    }

    pub(super) async fn answer_over_http(&self, request: Request) -> Result<Answer, RestError> {
        self.bounded(&request, None).await
    }

    pub(super) async fn answer(&self, request: Request) -> Result<Answer, RestError> {
        let socket = match self.config.transport {
            Transport::Http => None,
            Transport::Auto if request.waits_for_channel => None,
            Transport::Auto | Transport::WebSocket => self.current_socket(),
        };
        self.bounded(&request, socket).await
    }

    pub(super) fn set_socket(&self, socket: Option<Socket>) {
        *self.socket.lock().unwrap_or_else(PoisonError::into_inner) = socket;
    }

    fn current_socket(&self) -> Option<Socket> {
        self.socket
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn bounded(
        &self,
        request: &Request,
        socket: Option<Socket>,
    ) -> Result<Answer, RestError> {
        let result = self.bounded_uncounted(request, socket).await;
        let counters = &self.counters;
        add(&counters.requests, 1);
        match &result {
            Err(RestError::Rejected { .. }) => add(&counters.rejected, 1),
            Err(RestError::Timeout) => add(&counters.timeouts, 1),
            Err(RestError::Unreachable(_)) => add(&counters.unreachable, 1),
            Err(RestError::Overloaded) => add(&counters.overloaded, 1),
            Ok(_) | Err(RestError::Malformed(_)) => {}
        }
        result
    }

    async fn bounded_uncounted(
        &self,
        request: &Request,
        socket: Option<Socket>,
    ) -> Result<Answer, RestError> {
        let _line = Line::join(&self.waiting)?;
        let mut started = false;
        let exchange = async {
            let _place = self.in_flight.acquire().await.expect("never closed");
            started = true;
            match socket {
                Some(socket) => socket.answer(request).await,
                None => self.http.answer(request).await,
            }
        };
        match timeout(self.config.timing.request_timeout, exchange).await {
            Ok(result) => result,
            Err(_) if started => Err(RestError::Timeout),
            Err(_) => Err(RestError::Overloaded),
        }
    }
}

/// One caller in line; leaves it when dropped.
struct Line<'a>(&'a AtomicUsize);

impl<'a> Line<'a> {
    fn join(waiting: &'a AtomicUsize) -> Result<Self, RestError> {
        let line = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) >= MAX_WAITING + MAX_IN_FLIGHT {
            return Err(RestError::Overloaded);
        }
        Ok(line)
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
