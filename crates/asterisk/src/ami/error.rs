//! What can go wrong with AMI: in the bytes, in an action, in a session.

use std::time::Duration;

/// The bytes are not an AMI stream that can be followed any further; the connection has to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// No end of message within the limit.
    #[error("AMI message longer than {limit} bytes")]
    TooLong {
        /// [`Limits::message_bytes`](super::Limits::message_bytes)
        limit: usize,
    },
    /// More header lines than the limit.
    #[error("AMI message with more than {limit} headers")]
    TooManyHeaders {
        /// [`Limits::headers`](super::Limits::headers)
        limit: usize,
    },
}

/// A header that must not be sent. Its value is not repeated here, because it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// CR, LF or NUL in the value: it would end the line and inject the rest as headers of its own.
    #[error("value of header {key:?} contains a line break or NUL")]
    Value {
        /// The header's name.
        key: String,
    },
    /// The name is empty or contains CR, LF, NUL or a colon.
    #[error("{key:?} cannot be a header name")]
    Key {
        /// The refused name.
        key: String,
    },
    /// Asterisk refuses lines of 1,024 bytes and more.
    #[error("header {key:?} makes a line of {length} bytes; Asterisk reads at most {limit}")]
    LineTooLong {
        /// The header's name.
        key: String,
        /// Bytes of the line.
        length: usize,
        /// [`super::MAX_ACTION_LINE`]
        limit: usize,
    },
    /// Asterisk refuses actions with more lines than this.
    #[error("action has more than {limit} headers")]
    TooMany {
        /// [`super::MAX_ACTION_HEADERS`]
        limit: usize,
    },
}

/// Why an action has no answer, or a refusal for one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AmiError {
    /// The action was not sent: one of its headers is not allowed.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// No session at the moment. The client keeps trying; see [`super::State`].
    #[error("not connected to Asterisk's manager interface")]
    NotConnected,
    /// The connection was lost before the answer came. Whether Asterisk performed the action is unknown.
    #[error("connection to Asterisk's manager interface lost before the answer")]
    ConnectionLost,
    /// No answer, or no end of the list, in time. Whether Asterisk performed the action is unknown.
    #[error("no answer to action {action} within {timeout:?}")]
    Timeout {
        /// Name of the action.
        action: String,
        /// How long was waited.
        timeout: Duration,
    },
    /// More than [`super::MAX_PENDING_ACTIONS`] actions wait for their answers.
    #[error("too many manager actions are waiting for their answers")]
    Busy,
    /// Another action with the same `ActionID` still waits for its answer.
    #[error("ActionID {action_id} is in use")]
    DuplicateActionId {
        /// The given id.
        action_id: String,
    },
    /// Asterisk answered `Response: Error`; the text is Asterisk's own.
    #[error("Asterisk refused {action}: {message}")]
    Rejected {
        /// Name of the action.
        action: String,
        /// The `Message:` of the answer.
        message: String,
    },
    /// Asterisk answered "Permission denied": the manager user lacks a privilege class.
    #[error("manager user may not perform {action}: {} lacking in manager.conf", .needs.unwrap_or("a write= class"))]
    PermissionDenied {
        /// Name of the action.
        action: String,
        /// What manager.conf has to grant, such as `write=originate` or `write=system or write=call`, where it is known.
        needs: Option<&'static str>,
    },
    /// A list with more events, or more bytes, than the client is willing to hold.
    #[error("list answer to {action} exceeds {limit} events")]
    ListTooLong {
        /// Name of the action.
        action: String,
        /// [`super::MAX_LIST_EVENTS`]
        limit: usize,
    },
    /// The client was shut down.
    #[error("manager client is closed")]
    Closed,
}

/// Why a connection attempt failed or a session ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// Socket or TLS failure.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// Asterisk closed the connection.
    #[error("closed by Asterisk")]
    Closed,
    /// Bytes that are not AMI.
    #[error("{0}")]
    Decode(#[from] DecodeError),
    /// The peer did not greet as a manager interface does.
    #[error("the peer is not an Asterisk manager interface")]
    NoBanner,
    /// A step took too long.
    #[error("no {step} within {timeout:?}")]
    Timeout {
        /// `connection`, `banner`, `login answer` or `sign of life`.
        step: &'static str,
        /// How long was waited.
        timeout: Duration,
    },
    /// Actions are answered, but events no longer arrive.
    #[error(
        "events no longer arrive: actions are answered, but an event of our own did not come back within {timeout:?}"
    )]
    EventsLost {
        /// How long was waited.
        timeout: Duration,
    },
    /// Wrong user name, secret, or address (`permit`/`deny`); Asterisk does not say which.
    #[error("log-in refused: {message}")]
    Refused {
        /// Asterisk's own text.
        message: String,
    },
    /// The configuration holds something that cannot be sent.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// Asterisk does not read what we send.
    #[error("more than {limit} bytes wait to be sent")]
    SendBacklog {
        /// [`super::MAX_SEND_BACKLOG`]
        limit: usize,
    },
}
