//! The handle that everything goes through.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::config::{Config, ConfigError};
use super::core::Core;
use super::http::Http;
use super::queue::Events;
use super::rest::RestError;
use super::snapshot::Snapshot;
use super::stats::Stats;
use super::version::Version;
use super::way::{Watcher, Way};
use super::{
    Applications, Asterisk, Bridges, Channels, DeviceStates, Endpoints, Playbacks, Recordings,
};

/// How things stand with one Asterisk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionState {
    /// The first attempt has not ended yet, or the application is being taken over.
    Connecting,
    Connected {
        version: Version,
        since: SystemTime,
    },
    /// Name or password is wrong, or the user may not do this. Tried again, slowly.
    Unauthorized,
    /// Another client took the application. Stays so until [`Client::take_over`].
    Replaced,
    /// Not connected, attempts go on.
    Lost {
        why: String,
    },
    /// [`Client::close`] was called, or the events were dropped.
    Closed,
}

impl fmt::Display for ConnectionState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connecting => formatter.write_str("connecting"),
            Self::Connected { version, .. } => write!(formatter, "connected to Asterisk {version}"),
            Self::Unauthorized => {
                formatter.write_str("Asterisk refuses the ARI user name or password")
            }
            Self::Replaced => formatter.write_str("another client took the ARI application over"),
            Self::Lost { why } => write!(formatter, "not connected: {why}"),
            Self::Closed => formatter.write_str("closed"),
        }
    }
}

/// A handle on one Asterisk; cheap to clone. The connection ends when the last clone or the [`Events`] are dropped.
///
/// ```no_run
/// use cordboard_asterisk::ari::{Client, Config, EventKind, HangupReason, Incoming};
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let config = Config::new("http://127.0.0.1:8088/ari", "acd", "secret", "acd");
/// let (client, mut events) = Client::connect(config)?;
/// while let Some(incoming) = events.recv().await {
///     let Incoming::Event(event) = incoming else { continue };
///     if let EventKind::StasisStart { channel, .. } = event.kind {
///         client.channels().play(&channel.id, "playback-1", "sound:hello-world").await?;
///         client.channels().hang_up(&channel.id, HangupReason::Normal).await?;
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    core: Way,
    _connection: Arc<AbortOnDrop>,
}

#[derive(Debug)]
pub(super) struct AbortOnDrop(pub(super) JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Client {
    /// Returns at once; the connection is made, and made again, in the background for ever. Needs a tokio runtime.
    pub fn connect(config: Config) -> Result<(Self, Events), ConfigError> {
        let addresses = config.addresses()?;
        let http = Http::new(&config, &addresses)?;
        let core = Arc::new(Core::new(config, addresses, http));
        let events = Events {
            queue: Arc::clone(&core.queue),
            closing: Arc::clone(&core.closing),
        };
        let connection = tokio::spawn(super::connection::run(Arc::clone(&core)));
        Ok((
            Self {
                core: Way {
                    core,
                    watcher: None,
                },
                _connection: Arc::new(AbortOnDrop(connection)),
            },
            events,
        ))
    }

    /// The same Asterisk by a handle whose requests are told to `watcher`.
    #[must_use]
    pub fn watched_by(&self, watcher: Arc<dyn Watcher>) -> Self {
        let mut watched = self.clone();
        watched.core.watcher = Some(watcher);
        watched
    }

    pub fn channels(&self) -> Channels<'_> {
        Channels { core: &self.core }
    }

    pub fn bridges(&self) -> Bridges<'_> {
        Bridges { core: &self.core }
    }

    pub fn playbacks(&self) -> Playbacks<'_> {
        Playbacks { core: &self.core }
    }

    pub fn recordings(&self) -> Recordings<'_> {
        Recordings { core: &self.core }
    }

    pub fn endpoints(&self) -> Endpoints<'_> {
        Endpoints { core: &self.core }
    }

    pub fn device_states(&self) -> DeviceStates<'_> {
        DeviceStates { core: &self.core }
    }

    pub fn applications(&self) -> Applications<'_> {
        Applications { core: &self.core }
    }

    pub fn asterisk(&self) -> Asterisk<'_> {
        Asterisk { core: &self.core }
    }

    /// What is up right now; to be asked for after [`Incoming::Overflowed`](super::Incoming::Overflowed).
    pub async fn snapshot(&self) -> Result<Snapshot, RestError> {
        Snapshot::take(&self.core).await
    }

    /// The application this client is.
    pub fn application(&self) -> &str {
        &self.core.config.application
    }

    pub fn connection_state(&self) -> ConnectionState {
        self.core.state.borrow().clone()
    }

    /// To wait for changes of the state.
    pub fn watch_connection(&self) -> watch::Receiver<ConnectionState> {
        self.core.state.subscribe()
    }

    pub fn stats(&self) -> Stats {
        self.core.counters.read()
    }

    /// After [`ConnectionState::Replaced`]: takes the application back from whoever has it. Otherwise does nothing.
    pub fn take_over(&self) {
        if *self.core.state.borrow() == ConnectionState::Replaced {
            self.core.take_over.notify_one();
        }
    }

    /// Ends the connection; calls stay up, and requests still go over HTTP.
    pub fn close(&self) {
        self.core.closing.notify_one();
    }
}
