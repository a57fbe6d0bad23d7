//! What can go wrong in an AGI session.

use std::time::Duration;

/// Why a command has no result, or a session cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgiError {
    /// Socket failure.
    #[error("AGI connection: {0}")]
    Io(#[from] std::io::Error),
    /// The other side closed the connection.
    #[error("AGI connection closed by the other side")]
    Closed,
    /// Bytes that are not AGI; the session cannot go on.
    #[error(transparent)]
    Decode(#[from] AgiDecodeError),
    /// The command was not sent.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// No environment, or no answer, in time. After a missing answer the session can go on; the answer is
    /// skipped when it comes.
    #[error("no {what} within {limit:?}")]
    Timeout {
        /// `environment` or `answer`.
        what: &'static str,
        /// How long was waited.
        limit: Duration,
    },
    /// 510: Asterisk does not know the command.
    #[error("Asterisk does not know the AGI command {command}")]
    UnknownCommand {
        /// The command's words before its arguments.
        command: String,
    },
    /// 511: the command needs a live channel, and the caller has hung up.
    #[error("AGI command {command} needs a live channel; the caller has hung up")]
    DeadChannel {
        /// The command's words before its arguments.
        command: String,
    },
    /// 520: wrong arguments.
    #[error("wrong use of the AGI command {command}")]
    Usage {
        /// The command's words before its arguments.
        command: String,
        /// Asterisk's own description of the right use.
        usage: String,
    },
    /// The command ran and failed: `result=-1`, or `-2` for an application that does not exist.
    #[error("AGI command {command} failed with result {result}")]
    Failed {
        /// The command's words before its arguments.
        command: String,
        /// The result.
        result: i64,
    },
}

/// Bytes that are not AGI.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AgiDecodeError {
    /// A line, or an answer of several lines, longer than the limit.
    #[error("AGI line or answer longer than {limit} bytes")]
    TooLong {
        /// [`super::MAX_REPLY`]
        limit: usize,
    },
    /// More environment variables than the limit.
    #[error("AGI environment of more than {limit} lines")]
    TooManyVariables {
        /// [`super::MAX_ENVIRONMENT_LINES`]
        limit: usize,
    },
    /// A line that is no environment variable.
    #[error("not an AGI environment line: {0:?}")]
    Environment(String),
    /// A line where an answer was expected.
    #[error("not an AGI answer: {0:?}")]
    Reply(String),
}

/// A command that must not be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// CR, LF or NUL: what follows would be a command of its own.
    #[error("argument {number} of {command} contains a line break or NUL")]
    LineBreak {
        /// The command's words before its arguments.
        command: String,
        /// Counted from 1; 0 is the command itself.
        number: usize,
    },
    /// Asterisk reads lines of at most this length, and takes the rest for another command.
    #[error("AGI command {command} of {length} bytes; Asterisk reads at most {limit}")]
    TooLong {
        /// The command's words before its arguments.
        command: String,
        /// Bytes of the line.
        length: usize,
        /// [`super::MAX_COMMAND_LINE`]
        limit: usize,
    },
}
