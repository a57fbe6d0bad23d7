//! A script's side of one AGI session, over a socket (FastAGI) or over stdin and stdout.
//!
//! Commands run one after the other. A hang-up is remembered, not an error: variables still work after it.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::command::Command;
use super::decode::{Decoder, Incoming, Reply};
use super::environment::Environment;
use super::error::AgiError;

/// How long the environment may take to arrive.
pub const ENVIRONMENT_LIMIT: Duration = Duration::from_secs(5);
/// How long an answer may take unless told otherwise: EXEC Dial lasts as long as the call.
pub const DEFAULT_REPLY_LIMIT: Duration = Duration::from_hours(4);

const READ_SIZE: usize = 4096;

/// An AGI session.
///
/// ```
/// use cordboard_asterisk::agi::{AgiError, Session};
/// use tokio::io::{AsyncRead, AsyncWrite};
///
/// # async fn look_up<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> Result<(), AgiError> {
/// let mut session = Session::start(stream).await?;
/// let caller = session.environment().get_str("callerid").unwrap_or_default().into_owned();
/// if session.environment().script() == "callerid" && !session.is_hung_up() {
///     session.verbose(&format!("call from {caller}"), 3).await?;
///     session.set_variable("CRM_NAME", "Zoe Example").await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Session<S> {
    stream: S,
    decoder: Decoder,
    environment: Environment,
    hung_up: bool,
    /// Answers that are still to come, of commands whose callers stopped waiting.
    owed: usize,
    /// A command was cut off while it was written; nothing sensible can follow it.
    torn: bool,
    reply_limit: Duration,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Reads the environment, within [`ENVIRONMENT_LIMIT`].
    pub async fn start(stream: S) -> Result<Self, AgiError> {
        let mut session = Self {
            stream,
            decoder: Decoder::default(),
            environment: Environment::default(),
            hung_up: false,
            owed: 0,
            torn: false,
            reply_limit: DEFAULT_REPLY_LIMIT,
        };
        timeout(ENVIRONMENT_LIMIT, session.read_environment())
            .await
            .map_err(|_| AgiError::Timeout {
                what: "environment",
                limit: ENVIRONMENT_LIMIT,
            })??;
        session.hung_up = session.environment.is_after_hangup();
        Ok(session)
    }

    /// What Asterisk told at the start.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// True once Asterisk said that the caller has hung up, and from the start in the `h` extension.
    pub fn is_hung_up(&self) -> bool {
        self.hung_up
    }

    /// How long each further answer may take.
    pub fn set_reply_limit(&mut self, limit: Duration) {
        self.reply_limit = limit;
    }

    /// Sends a command; its answer with code 200, whatever its result is. Other codes are errors.
    pub async fn command(&mut self, command: &Command) -> Result<Reply, AgiError> {
        let line = command.encode()?;
        let reply = timeout(self.reply_limit, self.exchange(&line))
            .await
            .map_err(|_| AgiError::Timeout {
                what: "answer",
                limit: self.reply_limit,
            })??;
        let command = command.name().to_owned();
        match reply.code {
            200 => Ok(reply),
            510 => Err(AgiError::UnknownCommand { command }),
            511 => {
                self.hung_up = true;
                Err(AgiError::DeadChannel { command })
            }
            _ => Err(AgiError::Usage {
                command,
                usage: String::from_utf8_lossy(&reply.text).into_owned(),
            }),
        }
    }

    /// Waits until the caller hangs up or Asterisk ends the session. For scripts that have nothing to say.
    pub async fn wait_for_hangup(&mut self) -> Result<(), AgiError> {
        while !self.hung_up {
            match self.incoming().await {
                Ok(Incoming::Hangup) => {}
                Ok(Incoming::Reply(_)) => self.owed = self.owed.saturating_sub(1),
                Err(AgiError::Closed) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Gives the call back to the dialplan: closes the stream.
    pub async fn finish(mut self) -> Result<(), AgiError> {
        Ok(self.stream.shutdown().await?)
    }

    async fn read_environment(&mut self) -> Result<(), AgiError> {
        loop {
            while let Some(line) = self.decoder.lines.next_line()? {
                if !self.environment.line(&line)? {
                    return Ok(());
                }
            }
            self.read().await?;
        }
    }

    async fn exchange(&mut self, line: &[u8]) -> Result<Reply, AgiError> {
        if std::mem::replace(&mut self.torn, true) {
            return Err(AgiError::Closed);
        }
        self.stream.write_all(line).await?;
        self.stream.flush().await?;
        self.torn = false;
        self.owed += 1;
        loop {
            if let Incoming::Reply(reply) = self.incoming().await? {
                self.owed -= 1;
                if self.owed == 0 {
                    return Ok(reply);
                }
            }
        }
    }

    async fn incoming(&mut self) -> Result<Incoming, AgiError> {
        loop {
            if let Some(incoming) = self.decoder.next_incoming()? {
                self.hung_up |= incoming == Incoming::Hangup;
                return Ok(incoming);
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<(), AgiError> {
        let mut bytes = [0; READ_SIZE];
        match self.stream.read(&mut bytes).await? {
            0 => Err(AgiError::Closed),
            length => {
                self.decoder.extend(&bytes[..length]);
                Ok(())
            }
        }
    }
}
