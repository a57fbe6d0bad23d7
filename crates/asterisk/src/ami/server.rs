//! Asterisk's side of a manager session, for simulators and tests.
//!
//! It speaks as Asterisk 22 does. It decides nothing: the caller answers actions and sends events.

use std::borrow::Cow;
use std::ops::Deref;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};

use super::action::Reply;
use super::decode::{Decoder, Parser};
use super::error::SessionError;
use super::login::challenge_key;
use super::message::OwnedMessage;

/// The greeting of Asterisk 22.
pub const BANNER: &str = "Asterisk Call Manager/11.0.0\r\n";

/// An action as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedAction(OwnedMessage);

impl Deref for ReceivedAction {
    type Target = OwnedMessage;

    fn deref(&self) -> &OwnedMessage {
        &self.0
    }
}

impl ReceivedAction {
    /// The action's name as the client wrote it; empty where the `Action:` header is missing.
    pub fn action(&self) -> Cow<'_, str> {
        self.text("Action")
    }

    /// A header as text without surrounding blanks; empty where it is missing.
    pub fn text(&self, key: &str) -> Cow<'_, str> {
        match self.get(key).map(<[u8]>::trim_ascii) {
            Some(value) => String::from_utf8_lossy(value),
            None => Cow::Borrowed(""),
        }
    }

    /// True for the action of this name, in any case of letters.
    pub fn is(&self, action: &str) -> bool {
        self.action().eq_ignore_ascii_case(action)
    }

    /// A reply that carries this action's `ActionID`.
    #[must_use]
    pub fn answer(&self, reply: Reply) -> Reply {
        match self.action_id() {
            Some(id) => reply.action_id(id.trim_ascii()),
            None => reply,
        }
    }
}

/// Who logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The user's name.
    pub username: String,
    /// The `Events:` header: `on`, `off`, classes, or empty for the user's default.
    pub event_mask: String,
    /// The answered challenge came from [`ServerSession::login`]'s caller, so the secret did not travel.
    pub by_challenge: bool,
}

/// One client's session.
///
/// ```
/// use cordboard_asterisk::ami::{Reply, ServerSession};
///
/// # async fn serve(socket: tokio::net::TcpStream) -> Result<(), Box<dyn std::error::Error>> {
/// let mut session = ServerSession::greet(socket).await?;
/// let Some(login) = session.login("591775979", |user| (user == "demo").then(|| "s3cret".into())).await? else {
///     return Ok(()); // refused and told so
/// };
/// while let Some(action) = session.next_action().await? {
///     let reply = if action.is("Ping") { Reply::success().header("Ping", "Pong") } else { Reply::error("No") };
///     session.send(&action.answer(reply)).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ServerSession<S> {
    reader: ActionReader<ReadHalf<S>>,
    writer: ReplyWriter<WriteHalf<S>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> ServerSession<S> {
    /// Sends the banner.
    pub async fn greet(stream: S) -> Result<Self, SessionError> {
        let (reader, writer) = tokio::io::split(stream);
        let reader = ActionReader {
            stream: reader,
            decoder: Decoder::new(Parser::server()),
        };
        let mut session = Self {
            reader,
            writer: ReplyWriter(writer),
        };
        session.send_raw(BANNER.as_bytes()).await?;
        Ok(session)
    }

    /// Waits for the log-in, plain or by this challenge, and answers it. `None` when the client was refused or left;
    /// Asterisk closes the connection then.
    pub async fn login(
        &mut self,
        challenge: &str,
        secret_of: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Login>, SessionError> {
        let mut challenged = false;
        while let Some(action) = self.next_action().await? {
            if action.is("Challenge") && action.text("AuthType").eq_ignore_ascii_case("MD5") {
                challenged = true;
                self.send(&action.answer(Reply::success().header("Challenge", challenge)))
                    .await?;
            } else if action.is("Login") {
                let by_challenge = action.text("AuthType").eq_ignore_ascii_case("MD5");
                let secret = secret_of(&action.text("Username"));
                let proven = secret.is_some_and(|secret| {
                    if by_challenge {
                        challenged
                            && action
                                .text("Key")
                                .eq_ignore_ascii_case(&challenge_key(challenge, &secret))
                    } else {
                        action.text("Secret") == secret
                    }
                });
                return self.conclude(&action, proven, by_challenge).await;
            } else {
                let reason = if action.action().is_empty() {
                    "Missing action in request"
                } else {
                    "Permission denied"
                };
                self.send(&action.answer(Reply::error(reason))).await?;
            }
        }
        Ok(None)
    }

    async fn conclude(
        &mut self,
        action: &ReceivedAction,
        proven: bool,
        by_challenge: bool,
    ) -> Result<Option<Login>, SessionError> {
        if !proven {
            self.send(&action.answer(Reply::error("Authentication failed")))
                .await?;
            return Ok(None);
        }
        self.send(&action.answer(Reply::success().header("Message", "Authentication accepted")))
            .await?;
        let username = action.text("Username").into_owned();
        Ok(Some(Login {
            username,
            event_mask: action.text("Events").into_owned(),
            by_challenge,
        }))
    }

    /// See [`ActionReader::next_action`].
    pub async fn next_action(&mut self) -> Result<Option<ReceivedAction>, SessionError> {
        self.reader.next_action().await
    }

    /// See [`ReplyWriter::send`].
    pub async fn send(&mut self, reply: &Reply) -> Result<(), SessionError> {
        self.writer.send(reply).await
    }

    /// See [`ReplyWriter::send_raw`].
    pub async fn send_raw(&mut self, bytes: &[u8]) -> Result<(), SessionError> {
        self.writer.send_raw(bytes).await
    }

    /// Two halves, to read actions and send events at the same time.
    pub fn split(self) -> (ActionReader<ReadHalf<S>>, ReplyWriter<WriteHalf<S>>) {
        (self.reader, self.writer)
    }
}

/// The receiving half.
#[derive(Debug)]
pub struct ActionReader<R> {
    stream: R,
    decoder: Decoder,
}

impl<R: AsyncRead + Unpin> ActionReader<R> {
    /// The next action, `None` once the client has left. Safe to cancel.
    pub async fn next_action(&mut self) -> Result<Option<ReceivedAction>, SessionError> {
        loop {
            if let Some(message) = self.decoder.next_message()? {
                return Ok(Some(ReceivedAction(message.to_owned())));
            }
            if self.decoder.read_from(&mut self.stream).await? == 0 {
                return Ok(None);
            }
        }
    }
}

/// The sending half.
#[derive(Debug)]
pub struct ReplyWriter<W>(W);

impl<W: AsyncWrite + Unpin> ReplyWriter<W> {
    /// Sends an answer or an event.
    pub async fn send(&mut self, reply: &Reply) -> Result<(), SessionError> {
        self.send_raw(&reply.encode()?).await
    }

    /// Sends bytes as they are, such as a recording.
    pub async fn send_raw(&mut self, bytes: &[u8]) -> Result<(), SessionError> {
        self.0.write_all(bytes).await?;
        Ok(self.0.flush().await?)
    }

    /// Ends the session.
    pub async fn close(&mut self) -> Result<(), SessionError> {
        Ok(self.0.shutdown().await?)
    }
}
