//! Between the desk and one Asterisk: the commands that wait.
//!
//! The desk never waits. A command that finds no place is dropped, and the link is told, so that it compares.

use std::sync::Arc;

use engine::{acd, control, dial};
use tokio::sync::{
    Notify,
    mpsc::{self, error::TrySendError},
};

/// Commands that may wait for one Asterisk.
pub(super) const COMMANDS_PER_SERVER: usize = 65_536;

/// What one Asterisk is to do.
#[derive(Debug)]
pub(super) enum Command {
    /// For a call that came in.
    Acd(acd::Command),
    /// For a call that we place.
    Dial(dial::Command),
    /// For a call that talks.
    Control(control::Command),
}

/// The desk's end.
pub(super) struct Outbox {
    commands: mpsc::Sender<Command>,
    dropped: Arc<Notify>,
}

/// The link's end: the commands in order, and that some are missing.
pub(super) struct Inbox {
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) dropped: Arc<Notify>,
}

/// For at most `limit` commands.
pub(super) fn outbox(limit: usize) -> (Outbox, Inbox) {
    let (sender, commands) = mpsc::channel(limit);
    let dropped = Arc::<Notify>::default();
    let outbox = Outbox {
        commands: sender,
        dropped: dropped.clone(),
    };
    (outbox, Inbox { commands, dropped })
}

impl Outbox {
    pub(super) fn send(&self, command: Command) {
        match self.commands.try_send(command) {
            Ok(()) => {}
            Err(TrySendError::Closed(command)) => {
                tracing::debug!(?command, "the connection for this command has ended");
            }
            Err(TrySendError::Full(command)) => {
                let limit = self.commands.max_capacity();
                tracing::error!(
                    ?command,
                    "over {limit} commands wait for one Asterisk; one is dropped, and what is there will be compared"
                );
                metrics::counter!("cordboard_commands_dropped_total").increment(1);
                self.dropped.notify_one();
            }
        }
    }
}
