//! Finds the header lines of one AMI message in a byte buffer, 64 bytes at a step.
//!
//! It never copies, never allocates once its line index has grown to the size of a usual message, and never looks at
//! a byte twice: when a message is incomplete it resumes where it stopped.

use wide::u8x16;

use super::error::DecodeError;
use super::message::Line;

/// What bounds a message; beyond it decoding fails, because the rest of the stream can no longer be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest message, in bytes.
    pub message_bytes: usize,
    /// Most header lines in a message.
    pub headers: usize,
}

impl Limits {
    /// For a client: the output of a CLI command on a large system arrives as one message.
    pub const CLIENT: Self = Self {
        message_bytes: 4 << 20,
        headers: 65_536,
    };
    /// For a server: what Asterisk itself accepts in an action (128 lines of at most 1,024 bytes).
    pub const SERVER: Self = Self {
        message_bytes: 128 * 1024,
        headers: 128,
    };
}

/// What ends a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnding {
    /// CR LF only, which is what Asterisk sends; a lone CR or LF is part of the value.
    CrLf,
    /// LF with or without CR, which is what Asterisk accepts in actions.
    Any,
}

const BANNER: &[u8] = b"Asterisk Call Manager/";
const FOLLOWS: &[u8] = b"Response: Follows";
const END_COMMAND: &[u8] = b"--END COMMAND--";
const BLOCK: usize = 64;
const NO_COLON: usize = usize::MAX;

#[derive(Debug)]
pub(super) struct Scanner {
    limits: Limits,
    ending: LineEnding,
    lines: Vec<Line>,
    scanned: usize,
    line_start: usize,
    colon: usize,
    after_cr: u64,
}

impl Scanner {
    pub(super) fn new(limits: Limits, ending: LineEnding) -> Self {
        let message_bytes = limits.message_bytes.min(u32::MAX as usize - BLOCK);
        let limits = Limits {
            message_bytes,
            ..limits
        };
        Self {
            limits,
            ending,
            lines: Vec::with_capacity(64),
            scanned: 0,
            line_start: 0,
            colon: NO_COLON,
            after_cr: 0,
        }
    }

    /// The lines of the message that [`Self::scan`] completed.
    pub(super) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Forgets the message, to start the next one at offset 0.
    pub(super) fn reset(&mut self) {
        self.lines.clear();
        self.scanned = 0;
        self.line_start = 0;
        self.colon = NO_COLON;
        self.after_cr = 0;
    }

    /// Looks for the end of the message that starts at `bytes[0]`: how many bytes it takes, or `None` when more
    /// bytes are needed. After `None` the same bytes must be handed in again, with more behind them.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Result<Option<usize>, DecodeError> {
        while self.scanned < bytes.len() {
            let rest = &bytes[self.scanned..];
            let (marks, width) = if let Some(block) = rest.first_chunk::<BLOCK>() {
                (Marks::of(block), BLOCK)
            } else {
                let mut block = [0; BLOCK];
                block[..rest.len()].copy_from_slice(rest);
                (Marks::of(&block), rest.len())
            };
            if let Some(end) = self.block(bytes, marks)? {
                return self.within_limit(end).map(Some);
            }
            self.after_cr = (marks.cr >> (width - 1)) & 1;
            self.scanned += width;
        }
        self.within_limit(self.scanned).map(|_| None)
    }

    fn within_limit(&self, length: usize) -> Result<usize, DecodeError> {
        if length > self.limits.message_bytes {
            return Err(DecodeError::TooLong {
                limit: self.limits.message_bytes,
            });
        }
        Ok(length)
    }

    #[inline]
    fn block(&mut self, bytes: &[u8], marks: Marks) -> Result<Option<usize>, DecodeError> {
        let base = self.scanned;
        let mut colons = marks.colon;
        let mut ends = match self.ending {
            LineEnding::CrLf => marks.lf & ((marks.cr << 1) | self.after_cr),
            LineEnding::Any => marks.lf,
        };
        while ends != 0 {
            let bit = ends.trailing_zeros();
            let upto = ends ^ (ends - 1);
            ends &= ends - 1;
            if self.colon == NO_COLON && colons & upto != 0 {
                self.colon = base + colons.trailing_zeros() as usize;
            }
            colons &= !upto;
            if self.line(bytes, base + bit as usize)? {
                return Ok(Some(base + bit as usize + 1));
            }
        }
        if self.colon == NO_COLON && colons != 0 {
            self.colon = base + colons.trailing_zeros() as usize;
        }
        Ok(None)
    }

    /// Takes the line that ends with the LF at `lf`; true when it completes the message.
    #[inline]
    fn line(&mut self, bytes: &[u8], lf: usize) -> Result<bool, DecodeError> {
        let start = self.line_start;
        let end = match self.ending {
            LineEnding::CrLf => lf - 1,
            LineEnding::Any if lf > start && bytes[lf - 1] == b'\r' => lf - 1,
            LineEnding::Any => lf,
        };
        self.line_start = lf + 1;
        if end == start {
            self.colon = NO_COLON;
            return Ok(self.blank(bytes, start));
        }
        if self.lines.len() >= self.limits.headers {
            return Err(DecodeError::TooManyHeaders {
                limit: self.limits.headers,
            });
        }
        let colon = if self.colon == NO_COLON {
            end
        } else {
            self.colon
        };
        self.colon = NO_COLON;
        self.lines.push(Line::new(start, colon, end));
        Ok(self.lines.len() == 1 && bytes[start] == b'A' && bytes[start..end].starts_with(BANNER))
    }

    /// Whether an empty line ends the message. Empty lines before it are skipped; in the output of an old
    /// `Response: Follows` they are output.
    fn blank(&mut self, bytes: &[u8], at: usize) -> bool {
        let (Some(first), Some(last)) = (self.lines.first(), self.lines.last()) else {
            return false;
        };
        if first.bytes(bytes) != FOLLOWS || last.bytes(bytes).ends_with(END_COMMAND) {
            return true;
        }
        if self.lines.len() < self.limits.headers {
            self.lines.push(Line::new(at, at, at));
        }
        false
    }
}

/// One bit for each byte of a block: where the bytes that structure a message are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Marks {
    lf: u64,
    cr: u64,
    colon: u64,
}

impl Marks {
    #[inline]
    fn of(block: &[u8; BLOCK]) -> Self {
        let mut marks = Self {
            lf: 0,
            cr: 0,
            colon: 0,
        };
        let (parts, _) = block.as_chunks::<16>();
        for (n, part) in parts.iter().enumerate() {
            let part = u8x16::from(*part);
            let equal =
                |byte: u8| u64::from(part.simd_eq(u8x16::splat(byte)).to_bitmask()) << (n * 16);
            marks.lf |= equal(b'\n');
            marks.cr |= equal(b'\r');
            marks.colon |= equal(b':');
        }
        marks
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn marks_are_where_the_bytes_are(bytes in proptest::collection::vec(prop_oneof![
            Just(b'\r'), Just(b'\n'), Just(b':'), any::<u8>()
        ], BLOCK)) {
            let block: [u8; BLOCK] = bytes.try_into().expect("64 bytes");
            let bits = |byte| (0..BLOCK).fold(0, |bits, n| bits | u64::from(block[n] == byte) << n);
            prop_assert_eq!(Marks::of(&block), Marks { lf: bits(b'\n'), cr: bits(b'\r'), colon: bits(b':') });
        }
    }
}
