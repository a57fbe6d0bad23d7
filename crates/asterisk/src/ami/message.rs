//! AMI messages as they lie in a buffer ([`Message`]), and copies that can be kept ([`Event`], [`Response`]).
//!
//! Keys and values are bytes: Asterisk repeats what a phone or a dialplan gave it, UTF-8 or not. Text is made at the
//! edge only. Nothing here ever merges repeated keys or changes their order.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

/// A header line: offsets into the bytes of its message. `colon == end` where the line has no colon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    start: u32,
    colon: u32,
    end: u32,
}

impl Line {
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the scanner bounds a message below 4 GiB"
    )]
    pub(super) fn new(start: usize, colon: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            colon: colon as u32,
            end: end as u32,
        }
    }

    #[inline]
    pub(super) fn bytes(self, message: &[u8]) -> &[u8] {
        &message[self.start as usize..self.end as usize]
    }

    #[inline]
    fn has_key(self, message: &[u8], key: &[u8]) -> bool {
        let length = (self.colon - self.start) as usize;
        length == key.len() && self.key(message).eq_ignore_ascii_case(key)
    }

    #[inline]
    fn key(self, message: &[u8]) -> &[u8] {
        let end = if self.colon == self.end {
            self.start
        } else {
            self.colon
        };
        &message[self.start as usize..end as usize]
    }

    #[inline]
    fn value(self, message: &[u8]) -> &[u8] {
        if self.colon == self.end {
            return self.bytes(message);
        }
        let value = &message[self.colon as usize + 1..self.end as usize];
        value.strip_prefix(b" ").unwrap_or(value)
    }

    fn moved_back(self, by: u32) -> Self {
        Self {
            start: self.start - by,
            colon: self.colon - by,
            end: self.end - by,
        }
    }
}

/// What a message is. Its first header alone decides: the answer to Getvar repeats a variable without escaping, so
/// what follows in a response may look like an event, and the event `OriginateResponse` has a `Response:` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The greeting, `Asterisk Call Manager/11.0.0`.
    Banner,
    /// The answer to an action.
    Response,
    /// An event.
    Event,
    /// What a client sends.
    Action,
    /// Anything else, such as the rest of a variable that contained an empty line.
    Unknown,
}

/// One AMI message, borrowed from the buffer it was received into.
///
/// ```
/// use cordboard_asterisk::ami::{Kind, Parser};
///
/// let bytes = b"Event: UserEvent\r\nUserEvent: LeadResult\r\nTag: a\r\nTag: b\r\nNote: text: with: colons\r\n\r\n";
/// let mut parser = Parser::client();
/// let (message, length) = parser.parse(bytes)?.expect("a whole message");
/// assert_eq!(length, bytes.len());
/// assert_eq!(message.kind(), Kind::Event);
/// assert_eq!(message.get("userevent"), Some(&b"LeadResult"[..]));
/// assert_eq!(message.get_all("Tag").collect::<Vec<_>>(), [b"a", b"b"]);
/// assert_eq!(message.get_str("Note").unwrap(), "text: with: colons");
/// # Ok::<(), cordboard_asterisk::ami::DecodeError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Message<'a> {
    bytes: &'a [u8],
    lines: &'a [Line],
}

impl<'a> Message<'a> {
    pub(super) fn new(bytes: &'a [u8], lines: &'a [Line]) -> Self {
        Self { bytes, lines }
    }

    /// What this message is, by its first header.
    pub fn kind(&self) -> Kind {
        let Some(first) = self.lines.first() else {
            return Kind::Unknown;
        };
        let is = |key: &str| first.has_key(self.bytes, key.as_bytes());
        if is("Event") {
            Kind::Event
        } else if is("Response") {
            Kind::Response
        } else if is("Action") {
            Kind::Action
        } else if first
            .bytes(self.bytes)
            .starts_with(b"Asterisk Call Manager/")
        {
            Kind::Banner
        } else {
            Kind::Unknown
        }
    }

    /// The value of the first header: the event's or action's name, `Success` or `Error`; the whole line of a banner.
    pub fn name(&self) -> &'a [u8] {
        self.lines
            .first()
            .map_or(&[], |line| line.value(self.bytes))
    }

    /// The value of the first header of this name, in any case of letters.
    #[inline]
    pub fn get(&self, key: &str) -> Option<&'a [u8]> {
        self.get_all(key).next()
    }

    /// [`Self::get`] as text; bytes that are not UTF-8 become U+FFFD.
    pub fn get_str(&self, key: &str) -> Option<Cow<'a, str>> {
        self.get(key).map(String::from_utf8_lossy)
    }

    /// [`Self::get`] with C escapes undone; see [`unescape`] for which values have them.
    pub fn get_unescaped(&self, key: &str) -> Option<Cow<'a, [u8]>> {
        self.get(key).map(unescape)
    }

    /// The values of all headers of this name, in their order.
    pub fn get_all<'k>(&self, key: &'k str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'k> {
        let bytes = self.bytes;
        self.lines
            .iter()
            .filter(move |line| line.has_key(bytes, key.as_bytes()))
            .map(move |line| line.value(bytes))
    }

    /// All headers in their order. A line without a colon has an empty key and is all value.
    pub fn headers(&self) -> impl ExactSizeIterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let bytes = self.bytes;
        self.lines
            .iter()
            .map(move |line| (line.key(bytes), line.value(bytes)))
    }

    /// The `ActionID`, which ties an answer and the events of a list to their action.
    pub fn action_id(&self) -> Option<&'a [u8]> {
        self.get("ActionID")
    }

    /// The lines that a CLI command printed: the `Output:` headers, or for an Asterisk before version 14 the text
    /// before `--END COMMAND--`.
    pub fn output(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let follows = self.name() == b"Follows" && self.kind() == Kind::Response;
        let text = if follows { self.follows() } else { &[] };
        let old = text
            .split(|byte| *byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
            .filter(move |_| !text.is_empty());
        let bytes = self.bytes;
        let new = self
            .lines
            .iter()
            .filter(move |line| !follows && line.has_key(bytes, b"Output"));
        old.chain(new.map(move |line| line.value(bytes)))
    }

    /// The text between the headers of an old answer and its end mark, without the last line feed.
    fn follows(&self) -> &'a [u8] {
        let is_header = |line: &&Line| {
            let keys: [&[u8]; 4] = [b"Response", b"Privilege", b"ActionID", b"Message"];
            keys.iter().any(|key| line.has_key(self.bytes, key))
        };
        let headers = self.lines.iter().take_while(is_header).count();
        let (Some(first), Some(last)) = (self.lines.get(headers), self.lines.last()) else {
            return &[];
        };
        let text = &self.bytes[first.start as usize..last.end as usize];
        let text = text.strip_suffix(b"--END COMMAND--").unwrap_or(text);
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        text.strip_suffix(b"\r").unwrap_or(text)
    }

    /// The bytes of the message from its first header on, with the empty line that ends it.
    pub fn as_bytes(&self) -> &'a [u8] {
        let start = self
            .lines
            .first()
            .map_or(self.bytes.len(), |line| line.start as usize);
        &self.bytes[start..]
    }

    /// The value of the first header of this name and everything behind it, to the end of the message. The answer
    /// to Getvar ends with an unescaped value, whose lines would otherwise look like headers.
    pub fn get_to_end(&self, key: &str) -> Option<&'a [u8]> {
        let first = self
            .lines
            .iter()
            .find(|line| line.has_key(self.bytes, key.as_bytes()))?;
        let last = self.lines.last()?;
        Some(
            Line {
                end: last.end,
                ..*first
            }
            .value(self.bytes),
        )
    }

    /// A copy that can be kept: two allocations.
    pub fn to_owned(&self) -> OwnedMessage {
        let start = self.lines.first().map_or(0, |line| line.start);
        OwnedMessage {
            bytes: self.as_bytes().into(),
            lines: self
                .lines
                .iter()
                .map(|line| line.moved_back(start))
                .collect(),
        }
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers = self.headers().map(|(key, value)| {
            let secret = [&b"Secret"[..], b"Key", b"Challenge"]
                .iter()
                .any(|name| key.eq_ignore_ascii_case(name));
            (
                String::from_utf8_lossy(key),
                if secret {
                    "***".into()
                } else {
                    String::from_utf8_lossy(value)
                },
            )
        });
        f.debug_map().entries(headers).finish()
    }
}

/// A message that owns its bytes. [`Event`] and [`Response`] have all its methods.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnedMessage {
    bytes: Box<[u8]>,
    lines: Box<[Line]>,
}

impl OwnedMessage {
    /// The borrowed form, which has the full set of accessors.
    pub fn view(&self) -> Message<'_> {
        Message {
            bytes: &self.bytes,
            lines: &self.lines,
        }
    }

    /// See [`Message::kind`].
    pub fn kind(&self) -> Kind {
        self.view().kind()
    }

    /// See [`Message::name`]; as text, because Asterisk's own names are ASCII.
    pub fn name(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.view().name())
    }

    /// See [`Message::get`].
    pub fn get(&self, key: &str) -> Option<&[u8]> {
        self.view().get(key)
    }

    /// See [`Message::get_str`].
    pub fn get_str(&self, key: &str) -> Option<Cow<'_, str>> {
        self.view().get_str(key)
    }

    /// See [`Message::get_unescaped`].
    pub fn get_unescaped(&self, key: &str) -> Option<Cow<'_, [u8]>> {
        self.view().get_unescaped(key)
    }

    /// See [`Message::get_all`].
    pub fn get_all<'a, 'k>(&'a self, key: &'k str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'k> {
        self.view().get_all(key)
    }

    /// See [`Message::headers`].
    pub fn headers(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.view().headers()
    }

    /// See [`Message::action_id`].
    pub fn action_id(&self) -> Option<&[u8]> {
        self.view().action_id()
    }

    /// See [`Message::as_bytes`].
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for OwnedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}

/// Something that happened, as Asterisk told it.
#[derive(Clone, PartialEq, Eq)]
pub struct Event(pub(super) OwnedMessage);

/// Asterisk's answer to an action.
#[derive(Clone, PartialEq, Eq)]
pub struct Response(pub(super) OwnedMessage);

impl Deref for Event {
    type Target = OwnedMessage;

    fn deref(&self) -> &OwnedMessage {
        &self.0
    }
}

impl Deref for Response {
    type Target = OwnedMessage;

    fn deref(&self) -> &OwnedMessage {
        &self.0
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Response {
    /// False for `Response: Error`; true for `Success`, `Follows` and `Goodbye`.
    pub fn is_success(&self) -> bool {
        !self.view().name().eq_ignore_ascii_case(b"Error")
    }

    /// The `Message:` text, empty where there is none.
    pub fn message(&self) -> Cow<'_, str> {
        self.get_str("Message").unwrap_or_default()
    }

    /// See [`Message::output`].
    pub fn output(&self) -> impl Iterator<Item = &[u8]> {
        self.view().output()
    }
}

/// Undoes C escapes (`\r \n \t \" \\` and the like); an unknown escape stays as it is.
///
/// Asterisk escapes the names of callers and connected lines and the value of `VarSet` in *events*. It escapes nothing
/// in the answer to Getvar, in `UserEvent` bodies, and in most other headers: a backslash there is a backslash.
pub fn unescape(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', value).is_none() {
        return Cow::Borrowed(value);
    }
    let mut plain = Vec::with_capacity(value.len());
    let mut bytes = value.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            plain.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'a') => plain.push(0x07),
            Some(b'b') => plain.push(0x08),
            Some(b'f') => plain.push(0x0c),
            Some(b'n') => plain.push(b'\n'),
            Some(b'r') => plain.push(b'\r'),
            Some(b't') => plain.push(b'\t'),
            Some(b'v') => plain.push(0x0b),
            Some(same @ (b'\\' | b'"' | b'\'' | b'?')) => plain.push(same),
            Some(other) => plain.extend([b'\\', other]),
            None => plain.push(b'\\'),
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unescape_undoes_what_asterisk_escapes_and_nothing_else() {
        assert_eq!(
            &*unescape(b"line one\\r\\nEvent: Fake"),
            b"line one\r\nEvent: Fake"
        );
        assert_eq!(
            &*unescape(br#"tab\there \"quoted\" back\\slash"#),
            b"tab\there \"quoted\" back\\slash"
        );
        assert_eq!(&*unescape(br"C:\x\"), br"C:\x\");
        assert!(matches!(unescape(b"plain"), Cow::Borrowed(_)));
    }
}
