//! Messages out of bytes: [`Parser`] over a buffer of yours, [`Decoder`] with one of its own.

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::error::DecodeError;
use super::message::Message;
use super::scan::{Limits, LineEnding, Scanner};

/// Bytes asked of the socket at a time.
const READ_SIZE: usize = 64 * 1024;

/// Parses messages without copying them. It keeps one index of header lines and reuses it, so that parsing does not
/// allocate.
///
/// ```
/// # use cordboard_asterisk::ami::{DecodeError, Parser};
/// let mut rest: &[u8] = b"Asterisk Call Manager/11.0.0\r\nResponse: Success\r\n\r\nEvent: FullyBooted\r\n\r\nEv";
/// let mut parser = Parser::client();
/// let mut names = Vec::new();
/// while let Some((message, length)) = parser.parse(rest)? {
///     names.push(message.get_str("Event").unwrap_or_default().into_owned());
///     rest = &rest[length..];
/// }
/// assert_eq!(names, ["", "", "FullyBooted"]);
/// assert_eq!(rest, b"Ev");
/// # Ok::<(), DecodeError>(())
/// ```
#[derive(Debug)]
pub struct Parser {
    scanner: Scanner,
    complete: bool,
}

impl Parser {
    /// Any limits and line ending.
    pub fn new(limits: Limits, ending: LineEnding) -> Self {
        Self {
            scanner: Scanner::new(limits, ending),
            complete: false,
        }
    }

    /// For what Asterisk sends.
    pub fn client() -> Self {
        Self::new(Limits::CLIENT, LineEnding::CrLf)
    }

    /// For what Asterisk receives.
    pub fn server() -> Self {
        Self::new(Limits::SERVER, LineEnding::Any)
    }

    /// The message at the start of `bytes` and its length, or `None` when its end is not there yet. After `None`
    /// hand in the same bytes with more behind them: nothing is read twice. After a message hand in what follows it.
    pub fn parse<'a>(
        &'a mut self,
        bytes: &'a [u8],
    ) -> Result<Option<(Message<'a>, usize)>, DecodeError> {
        if std::mem::take(&mut self.complete) {
            self.scanner.reset();
        }
        let Some(length) = self.scanner.scan(bytes)? else {
            return Ok(None);
        };
        self.complete = true;
        Ok(Some((
            Message::new(&bytes[..length], self.scanner.lines()),
            length,
        )))
    }
}

/// A [`Parser`] with a receive buffer, which never grows beyond one message and one read.
#[derive(Debug)]
pub struct Decoder {
    parser: Parser,
    buffer: BytesMut,
    taken: usize,
}

impl Decoder {
    /// An empty buffer before this parser.
    pub fn new(parser: Parser) -> Self {
        Self {
            parser,
            buffer: BytesMut::new(),
            taken: 0,
        }
    }

    /// Appends bytes.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Appends what the stream has; 0 at its end. Safe to cancel.
    pub async fn read_from<R: AsyncRead + Unpin>(
        &mut self,
        stream: &mut R,
    ) -> std::io::Result<usize> {
        self.drop_taken();
        self.buffer.reserve(READ_SIZE);
        stream.read_buf(&mut self.buffer).await
    }

    /// The next whole message in the buffer. An error is final: close the connection.
    pub fn next_message(&mut self) -> Result<Option<Message<'_>>, DecodeError> {
        self.drop_taken();
        let Some((message, length)) = self.parser.parse(&self.buffer)? else {
            return Ok(None);
        };
        self.taken = length;
        Ok(Some(message))
    }

    fn drop_taken(&mut self) {
        self.buffer.advance(std::mem::take(&mut self.taken));
    }
}
