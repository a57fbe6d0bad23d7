//! Asterisk's side of an AGI session, for simulators and tests: it sends the environment and takes commands.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::command::words;
use super::decode::Lines;
use super::environment::Environment;
use super::error::AgiError;

const READ_SIZE: usize = 4096;

/// The channel that runs a script.
///
/// ```
/// use cordboard_asterisk::agi::{Channel, Environment, Session};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (asterisk, script) = tokio::io::duplex(4096);
/// let environment = Environment::default().with("network_script", "callerid").with("callerid", "5550177");
/// let mut channel = Channel::open(asterisk, &environment).await?;
/// let mut session = Session::start(script).await?;
///
/// let asterisk_side = async {
///     let command = channel.next_command().await?.expect("a command");
///     assert_eq!(command, [&b"GET"[..], b"VARIABLE", b"CRM_NAME"]);
///     channel.reply("200 result=1 (Zoe Example)").await
/// };
/// let (value, replied) = tokio::join!(session.get_variable("CRM_NAME"), asterisk_side);
/// replied?;
/// assert_eq!(value?.as_deref(), Some(&b"Zoe Example"[..]));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Channel<S> {
    stream: S,
    lines: Lines,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Channel<S> {
    /// Sends the environment.
    pub async fn open(mut stream: S, environment: &Environment) -> Result<Self, AgiError> {
        stream.write_all(&environment.encode()).await?;
        stream.flush().await?;
        Ok(Self::open_without_environment(stream))
    }

    /// For a stream on which the environment was sent already, such as a recorded one.
    pub fn open_without_environment(stream: S) -> Self {
        Self {
            stream,
            lines: Lines::default(),
        }
    }

    /// The words of the next command, `None` once the script has closed the connection. Safe to cancel.
    pub async fn next_command(&mut self) -> Result<Option<Vec<Vec<u8>>>, AgiError> {
        loop {
            if let Some(line) = self.lines.next_line()? {
                return Ok(Some(words(&line)));
            }
            let mut bytes = [0; READ_SIZE];
            match self.stream.read(&mut bytes).await? {
                0 => return Ok(None),
                length => self.lines.extend(&bytes[..length]),
            }
        }
    }

    /// Sends an answer, without its line feed: `200 result=0`, `510 Invalid or unknown command`, or the lines of a 520.
    pub async fn reply(&mut self, reply: &str) -> Result<(), AgiError> {
        self.stream
            .write_all(format!("{reply}\n").as_bytes())
            .await?;
        Ok(self.stream.flush().await?)
    }

    /// Says that the caller has hung up.
    pub async fn hung_up(&mut self) -> Result<(), AgiError> {
        self.reply("HANGUP").await
    }
}
