//! From a fresh byte stream to a session that is logged in: banner, challenge, log-in, filters, event mask.
//!
//! No event gets past before its filter is in place.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::action::Action;
use super::config::{Auth, Config};
use super::connect::Stream;
use super::decode::{Decoder, Parser};
use super::error::SessionError;
use super::login::challenge_key;
use super::message::{Event, Kind, OwnedMessage, Response};

pub(super) struct LoggedIn {
    pub(super) stream: Box<dyn Stream>,
    pub(super) decoder: Decoder,
    pub(super) version: String,
    /// Events that came between the answers of the log-in.
    pub(super) early: Vec<Event>,
}

/// Events kept while the log-in is under way; there are two in practice, and filters are few.
const MAX_EARLY_EVENTS: usize = 1024;

pub(super) async fn log_in(
    stream: Box<dyn Stream>,
    config: &Config,
) -> Result<LoggedIn, SessionError> {
    let mut handshake = Handshake {
        logged_in: LoggedIn {
            stream,
            decoder: Decoder::new(Parser::client()),
            version: String::new(),
            early: Vec::new(),
        },
        limit: config.timeouts.login,
        sent: 0,
    };
    handshake.banner().await?;
    let masked = if config.filters.is_empty() {
        config.event_mask.as_str()
    } else {
        "off"
    };
    handshake.authenticate(config, masked).await?;
    for filter in &config.filters {
        let add = Action::new("Filter")
            .header("Operation", "Add")
            .header("Filter", filter);
        let answer = handshake.exchange(add).await?;
        if !answer.is_success() {
            let message = answer.message().into_owned();
            tracing::warn!(%filter, %message, "AMI event filter refused; it needs write=system, or write=all");
        }
    }
    if !config.filters.is_empty() {
        handshake
            .exchange(Action::new("Events").header("EventMask", &config.event_mask))
            .await?;
    }
    Ok(handshake.logged_in)
}

struct Handshake {
    logged_in: LoggedIn,
    limit: Duration,
    sent: u32,
}

impl Handshake {
    async fn banner(&mut self) -> Result<(), SessionError> {
        let greeting = self.next("banner").await?;
        if greeting.kind() != Kind::Banner {
            return Err(SessionError::NoBanner);
        }
        let version = greeting.name();
        self.logged_in.version = version.trim_start_matches("Asterisk Call Manager/").into();
        Ok(())
    }

    async fn authenticate(&mut self, config: &Config, mask: &str) -> Result<(), SessionError> {
        let login = Action::new("Login")
            .header("Username", &config.username)
            .header("Events", mask);
        let login = match config.auth {
            Auth::Plain => login.header("Secret", &config.secret),
            Auth::Md5 => {
                let answer = self
                    .exchange(Action::new("Challenge").header("AuthType", "MD5"))
                    .await?;
                let Some(challenge) = answer.get_str("Challenge") else {
                    return Err(SessionError::Refused {
                        message: answer.message().into_owned(),
                    });
                };
                login
                    .header("AuthType", "MD5")
                    .header("Key", challenge_key(&challenge, &config.secret))
            }
        };
        let answer = self.exchange(login).await?;
        if answer.is_success() {
            return Ok(());
        }
        Err(SessionError::Refused {
            message: answer.message().into_owned(),
        })
    }

    async fn exchange(&mut self, action: Action) -> Result<Response, SessionError> {
        self.sent += 1;
        let action_id = format!("login-{}", self.sent);
        let bytes = action.header("ActionID", &action_id).encode()?;
        let limit = self.limit;
        let write = async {
            self.logged_in.stream.write_all(&bytes).await?;
            self.logged_in.stream.flush().await
        };
        timeout(limit, write)
            .await
            .map_err(|_| SessionError::Timeout {
                step: "log-in",
                timeout: limit,
            })??;
        loop {
            let message = self.next("login answer").await?;
            let answers = message
                .action_id()
                .is_none_or(|id| id == action_id.as_bytes());
            match message.kind() {
                Kind::Response if answers => return Ok(Response(message)),
                Kind::Event if self.logged_in.early.len() < MAX_EARLY_EVENTS => {
                    self.logged_in.early.push(Event(message));
                }
                _ => {}
            }
        }
    }

    async fn next(&mut self, step: &'static str) -> Result<OwnedMessage, SessionError> {
        let limit = self.limit;
        let LoggedIn {
            stream, decoder, ..
        } = &mut self.logged_in;
        let receive = async {
            loop {
                if let Some(message) = decoder.next_message()? {
                    return Ok(message.to_owned());
                }
                if decoder.read_from(stream).await? == 0 {
                    return Err(SessionError::Closed);
                }
            }
        };
        timeout(limit, receive)
            .await
            .map_err(|_| SessionError::Timeout {
                step,
                timeout: limit,
            })?
    }
}
