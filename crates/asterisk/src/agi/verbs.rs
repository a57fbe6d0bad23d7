//! The AGI commands that scripts use most, one method each. Everything else: [`Session::command`].

use tokio::io::{AsyncRead, AsyncWrite};

use super::command::Command;
use super::decode::Reply;
use super::error::AgiError;
use super::session::Session;

/// How a playback or a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// To its end, or by time.
    Complete,
    /// The caller pressed this key.
    Digit(char),
}

/// What GET DATA collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digits {
    /// The keys pressed, without the `#` that ends them.
    pub digits: String,
    /// True when the time ran out rather than `#` or the last allowed key ending it.
    pub timed_out: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// ANSWER. It starts billing.
    pub async fn answer(&mut self) -> Result<(), AgiError> {
        self.done(&Command::new("ANSWER")).await.map(drop)
    }

    /// HANGUP of the own channel. The session goes on; variables still work.
    pub async fn hang_up(&mut self) -> Result<(), AgiError> {
        self.done(&Command::new("HANGUP")).await.map(drop)
    }

    /// VERBOSE: a line for the Asterisk console, from level 1 (important) to 4.
    pub async fn verbose(&mut self, message: &str, level: u8) -> Result<(), AgiError> {
        let command = Command::new("VERBOSE").arg(message).arg(level.to_string());
        self.done(&command).await.map(drop)
    }

    /// NOOP.
    pub async fn noop(&mut self) -> Result<(), AgiError> {
        self.done(&Command::new("NOOP")).await.map(drop)
    }

    /// GET VARIABLE: a variable or function such as `CALLERID(num)`; `None` where it is not set. A value with line
    /// breaks comes unescaped; where a caller can set it, use [`Self::variable`].
    pub async fn get_variable(&mut self, name: &str) -> Result<Option<Vec<u8>>, AgiError> {
        self.value(&Command::new("GET VARIABLE").arg(name)).await
    }

    /// GET FULL VARIABLE: an expression such as `${CALLERID(name)} at ${EXTEN}`; `None` where it is empty.
    pub async fn get_full_variable(
        &mut self,
        expression: &str,
    ) -> Result<Option<Vec<u8>>, AgiError> {
        self.value(&Command::new("GET FULL VARIABLE").arg(expression))
            .await
    }

    /// A variable's value, percent-encoded on its way, so that nothing in it can be taken for an answer. `None` where
    /// it is not set or empty. `name` must be trusted: it is an expression to Asterisk.
    pub async fn variable(&mut self, name: &str) -> Result<Option<Vec<u8>>, AgiError> {
        let [value] = self.variables([name]).await?;
        Ok(value)
    }

    /// Several such variables by one command.
    pub async fn variables<const N: usize>(
        &mut self,
        names: [&str; N],
    ) -> Result<[Option<Vec<u8>>; N], AgiError> {
        let encoded = self.get_full_variable(&encoded(&names)).await?;
        Ok(decoded(&encoded.unwrap_or_default()))
    }

    /// SET VARIABLE.
    pub async fn set_variable(
        &mut self,
        name: &str,
        value: impl AsRef<[u8]>,
    ) -> Result<(), AgiError> {
        self.done(&Command::new("SET VARIABLE").arg(name).arg(value))
            .await
            .map(drop)
    }

    /// SET CALLERID: `Name <number>`.
    pub async fn set_caller_id(&mut self, caller_id: &str) -> Result<(), AgiError> {
        self.done(&Command::new("SET CALLERID").arg(caller_id))
            .await
            .map(drop)
    }

    /// EXEC: an application of the dialplan with its arguments, separated by commas within `options`. The result is
    /// the application's own; -2 (no such application) is an error.
    pub async fn exec(
        &mut self,
        application: &str,
        options: impl AsRef<[u8]>,
    ) -> Result<Reply, AgiError> {
        let reply = self
            .command(&Command::new("EXEC").arg(application).arg(options))
            .await?;
        match reply.result() {
            Some(result @ -2) => Err(AgiError::Failed {
                command: format!("EXEC {application}"),
                result,
            }),
            _ => Ok(reply),
        }
    }

    /// STREAM FILE: plays a sound; one of `escape_digits` ends it. A missing file, or a hang-up, is an error.
    pub async fn stream_file(
        &mut self,
        file: &str,
        escape_digits: &str,
    ) -> Result<Ended, AgiError> {
        self.until_digit(&Command::new("STREAM FILE").arg(file).arg(escape_digits))
            .await
    }

    /// WAIT FOR DIGIT.
    pub async fn wait_for_digit(&mut self, milliseconds: u32) -> Result<Ended, AgiError> {
        self.until_digit(&Command::new("WAIT FOR DIGIT").arg(milliseconds.to_string()))
            .await
    }

    /// SAY NUMBER.
    pub async fn say_number(
        &mut self,
        number: i64,
        escape_digits: &str,
    ) -> Result<Ended, AgiError> {
        self.say("SAY NUMBER", &number.to_string(), escape_digits)
            .await
    }

    /// SAY DIGITS.
    pub async fn say_digits(
        &mut self,
        digits: &str,
        escape_digits: &str,
    ) -> Result<Ended, AgiError> {
        self.say("SAY DIGITS", digits, escape_digits).await
    }

    /// SAY ALPHA.
    pub async fn say_alpha(&mut self, text: &str, escape_digits: &str) -> Result<Ended, AgiError> {
        self.say("SAY ALPHA", text, escape_digits).await
    }

    /// SAY PHONETIC.
    pub async fn say_phonetic(
        &mut self,
        text: &str,
        escape_digits: &str,
    ) -> Result<Ended, AgiError> {
        self.say("SAY PHONETIC", text, escape_digits).await
    }

    /// SAY DATETIME, in seconds since 1970 UTC.
    pub async fn say_datetime(
        &mut self,
        epoch_seconds: i64,
        escape_digits: &str,
    ) -> Result<Ended, AgiError> {
        self.say("SAY DATETIME", &epoch_seconds.to_string(), escape_digits)
            .await
    }

    /// GET DATA: plays a sound and collects keys up to `#`, `max_digits`, or the time.
    pub async fn get_data(
        &mut self,
        file: &str,
        milliseconds: u32,
        max_digits: u8,
    ) -> Result<Digits, AgiError> {
        let command = Command::new("GET DATA")
            .arg(file)
            .arg(milliseconds.to_string())
            .arg(max_digits.to_string());
        let reply = self.done(&command).await?;
        let digits = String::from_utf8_lossy(reply.result_text()).into_owned();
        Ok(Digits {
            digits,
            timed_out: reply.is_timeout(),
        })
    }

    /// CHANNEL STATUS of the own channel: 0 down, 4 ringing at the caller, 5 ringing, 6 up.
    pub async fn channel_status(&mut self) -> Result<i64, AgiError> {
        Ok(self
            .done(&Command::new("CHANNEL STATUS"))
            .await?
            .result()
            .unwrap_or_default())
    }

    /// DATABASE GET: `None` where the key is not set.
    pub async fn database_get(
        &mut self,
        family: &str,
        key: &str,
    ) -> Result<Option<Vec<u8>>, AgiError> {
        self.value(&Command::new("DATABASE GET").arg(family).arg(key))
            .await
    }

    /// DATABASE PUT.
    pub async fn database_put(
        &mut self,
        family: &str,
        key: &str,
        value: &str,
    ) -> Result<(), AgiError> {
        self.done(&Command::new("DATABASE PUT").arg(family).arg(key).arg(value))
            .await
            .map(drop)
    }

    async fn done(&mut self, command: &Command) -> Result<Reply, AgiError> {
        let reply = self.command(command).await?;
        match reply.result() {
            Some(result) if result < 0 => Err(AgiError::Failed {
                command: command.name().to_owned(),
                result,
            }),
            _ => Ok(reply),
        }
    }

    async fn value(&mut self, command: &Command) -> Result<Option<Vec<u8>>, AgiError> {
        let reply = self.done(command).await?;
        Ok(if reply.result() == Some(0) {
            None
        } else {
            reply.data().map(<[u8]>::to_vec)
        })
    }

    async fn say(
        &mut self,
        command: &str,
        what: &str,
        escape_digits: &str,
    ) -> Result<Ended, AgiError> {
        self.until_digit(&Command::new(command).arg(what).arg(escape_digits))
            .await
    }

    async fn until_digit(&mut self, command: &Command) -> Result<Ended, AgiError> {
        let reply = self.done(command).await?;
        let digit = reply
            .result()
            .and_then(|code| u8::try_from(code).ok())
            .filter(|code| *code != 0);
        Ok(digit.map_or(Ended::Complete, |code| Ended::Digit(char::from(code))))
    }
}

/// What gives the values of all of them. The `=` keeps `URIENCODE` from complaining in Asterisk's log about an empty one.
fn encoded(names: &[&str]) -> String {
    let each = |name: &&str| format!("${{URIENCODE(=${{{name}}})}}");
    names.iter().map(each).collect::<Vec<_>>().join("&")
}

/// The values, in their order; `None` for those that are empty or missing.
fn decoded<const N: usize>(text: &[u8]) -> [Option<Vec<u8>>; N] {
    let mut parts = text.split(|byte| *byte == b'&');
    std::array::from_fn(|_| {
        let value = crate::percent::decode(parts.next()?);
        let value = value.strip_prefix(b"=").unwrap_or(&value);
        (!value.is_empty()).then(|| value.to_vec())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_become_another_one() {
        let expression = "${URIENCODE(=${CAMPAIGN})}&${URIENCODE(=${AGENT})}";
        assert_eq!(encoded(&["CAMPAIGN", "AGENT"]), expression);
        let some = |text: &str| Some(text.as_bytes().to_vec());
        assert_eq!(decoded(b"%3Da%26b%0A200&%3d"), [some("a&b\n200"), None]);
        assert_eq!(decoded(b"=%3D=x&=&"), [some("==x"), None, None]);
        assert_eq!(decoded::<2>(b""), [None, None]);
    }
}
