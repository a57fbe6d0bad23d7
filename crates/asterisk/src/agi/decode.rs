//! Lines and answers out of bytes. Bounded; never panics; never waits.

use std::fmt;

use super::error::AgiDecodeError;

/// Longest answer, all its lines together, in bytes. A variable can be long; Asterisk itself stops at 64 KiB.
pub const MAX_REPLY: usize = 128 * 1024;
/// Lines kept of a `520` usage text.
const MAX_USAGE: usize = 16 * 1024;

/// Takes whole lines out of what arrives.
#[derive(Debug, Default)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    start: usize,
    searched: usize,
}

impl Lines {
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.searched -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next line without its ending.
    pub(super) fn next_line(&mut self) -> Result<Option<Vec<u8>>, AgiDecodeError> {
        let Some(found) = memchr::memchr(b'\n', &self.buffer[self.searched..]) else {
            self.searched = self.buffer.len();
            if self.searched - self.start > MAX_REPLY {
                return Err(AgiDecodeError::TooLong { limit: MAX_REPLY });
            }
            return Ok(None);
        };
        let line = &self.buffer[self.start..self.searched + found];
        if line.len() > MAX_REPLY {
            return Err(AgiDecodeError::TooLong { limit: MAX_REPLY });
        }
        let length = line
            .iter()
            .rposition(|byte| *byte != b'\r')
            .map_or(0, |last| last + 1);
        let line = line[..length].to_vec();
        self.start = self.searched + found + 1;
        self.searched = self.start;
        Ok(Some(line))
    }
}

pub(super) fn text(line: &[u8]) -> String {
    const SHOWN: usize = 120;
    String::from_utf8_lossy(&line[..line.len().min(SHOWN)]).into_owned()
}

/// What Asterisk says to a script.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Incoming {
    /// The answer to a command.
    Reply(Reply),
    /// The caller has hung up. It comes on its own, also between a command and its answer.
    Hangup,
}

/// The answer to a command.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// 200, 510, 511 or 520.
    pub code: u16,
    /// Everything behind the code, without it: `result=1 (5550177)`; the usage text of a 520.
    pub text: Vec<u8>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Reply({} {:?})",
            self.code,
            String::from_utf8_lossy(&self.text)
        )
    }
}

impl Reply {
    /// What follows `result=` up to a blank, as a number: often a digit's ASCII code, 0 or -1. `None` where it is
    /// empty (GET DATA without digits) or not a number (`*` and `#` in GET DATA); see [`Self::result_text`].
    pub fn result(&self) -> Option<i64> {
        std::str::from_utf8(self.result_text()).ok()?.parse().ok()
    }

    /// What follows `result=` up to a blank: the digits of GET DATA.
    pub fn result_text(&self) -> &[u8] {
        let Some(rest) = self.text.strip_prefix(b"result=") else {
            return &[];
        };
        let end = rest
            .iter()
            .position(|byte| matches!(byte, b' ' | b'\n'))
            .unwrap_or(rest.len());
        &rest[..end]
    }

    /// What is in the parentheses: a variable's value, `timeout`, `dtmf`. It may hold parentheses itself.
    pub fn data(&self) -> Option<&[u8]> {
        let rest = self.after_result().strip_prefix(b"(")?;
        let end = memchr::memrchr(b')', rest)?;
        Some(&rest[..end])
    }

    /// The position in samples where a playback or recording ended.
    pub fn end_position(&self) -> Option<u64> {
        let at = memchr::memmem::rfind(&self.text, b"endpos=")?;
        std::str::from_utf8(&self.text[at + 7..])
            .ok()?
            .trim_end()
            .parse()
            .ok()
    }

    /// True for `(timeout)`.
    pub fn is_timeout(&self) -> bool {
        self.data() == Some(b"timeout")
    }

    fn after_result(&self) -> &[u8] {
        let skip = "result=".len() + self.result_text().len();
        self.text.get(skip..).unwrap_or_default().trim_ascii_start()
    }

    /// A value in parentheses that is still open continues on the next line: Asterisk escapes no line breaks.
    fn is_open(&self) -> bool {
        let data = self.after_result();
        if self.code != 200 || !data.starts_with(b"(") {
            return false;
        }
        let end = memchr::memrchr(b')', data).map(|end| &data[end + 1..]);
        let closes = |rest: &[u8]| {
            let position = rest.strip_prefix(b" endpos=");
            rest.is_empty() || position.is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
        };
        !end.is_some_and(closes)
    }
}

/// Answers out of bytes.
///
/// ```
/// use cordboard_asterisk::agi::{Decoder, Incoming};
///
/// let mut decoder = Decoder::default();
/// decoder.extend(b"HANGUP\n200 result=1 (greet");
/// assert_eq!(decoder.next_incoming()?, Some(Incoming::Hangup));
/// assert_eq!(decoder.next_incoming()?, None);
/// decoder.extend(b"ing)\n");
/// let Some(Incoming::Reply(reply)) = decoder.next_incoming()? else { panic!() };
/// assert_eq!((reply.code, reply.result(), reply.data()), (200, Some(1), Some(&b"greeting"[..])));
/// # Ok::<(), cordboard_asterisk::agi::AgiDecodeError>(())
/// ```
#[derive(Debug, Default)]
pub struct Decoder {
    pub(super) lines: Lines,
    open: Option<Reply>,
}

impl Decoder {
    /// Appends bytes.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.lines.extend(bytes);
    }

    /// The next answer or notice, `None` when more bytes are needed. An error is final.
    pub fn next_incoming(&mut self) -> Result<Option<Incoming>, AgiDecodeError> {
        while let Some(line) = self.lines.next_line()? {
            let incoming = match self.open.take() {
                None => self.first_line(&line)?,
                Some(open) if open.code == 520 => self.usage_line(open, &line),
                Some(open) => self.value_line(open, &line)?,
            };
            if incoming.is_some() {
                return Ok(incoming);
            }
        }
        Ok(None)
    }

    fn first_line(&mut self, line: &[u8]) -> Result<Option<Incoming>, AgiDecodeError> {
        if line == b"HANGUP" {
            return Ok(Some(Incoming::Hangup));
        }
        let broken = || AgiDecodeError::Reply(text(line));
        let (code, rest) = line.split_at_checked(3).ok_or_else(broken)?;
        if !code.iter().all(u8::is_ascii_digit) {
            return Err(broken());
        }
        let code = code
            .iter()
            .fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
        let rest = rest
            .strip_prefix(b" ")
            .or_else(|| rest.strip_prefix(b"-"))
            .unwrap_or(rest)
            .to_vec();
        let reply = Reply { code, text: rest };
        match code {
            // Not an answer yet: GOSUB says "100 result=0 Trying...".
            100..=199 => Ok(None),
            520 if line.get(3) == Some(&b'-') => {
                self.open = Some(Reply {
                    code,
                    text: Vec::new(),
                });
                Ok(None)
            }
            200 if reply.is_open() => {
                self.open = Some(reply);
                Ok(None)
            }
            _ => Ok(Some(Incoming::Reply(reply))),
        }
    }

    fn usage_line(&mut self, mut open: Reply, line: &[u8]) -> Option<Incoming> {
        if line.starts_with(b"520 ") {
            return Some(Incoming::Reply(open));
        }
        if open.text.len() + line.len() < MAX_USAGE {
            if !open.text.is_empty() {
                open.text.push(b'\n');
            }
            open.text.extend_from_slice(line);
        }
        self.open = Some(open);
        None
    }

    fn value_line(
        &mut self,
        mut open: Reply,
        line: &[u8],
    ) -> Result<Option<Incoming>, AgiDecodeError> {
        if open.text.len() + line.len() >= MAX_REPLY {
            return Err(AgiDecodeError::TooLong { limit: MAX_REPLY });
        }
        open.text.push(b'\n');
        open.text.extend_from_slice(line);
        if open.is_open() {
            self.open = Some(open);
            return Ok(None);
        }
        Ok(Some(Incoming::Reply(open)))
    }
}
