//! AGI commands as lines: quoting that cannot be broken out of, and its reverse.

use super::error::CommandError;

/// Longest command line that Asterisk reads, with its line feed, in bytes.
pub const MAX_COMMAND_LINE: usize = 2046;

/// A command and its arguments.
///
/// ```
/// use cordboard_asterisk::agi::Command;
///
/// let command = Command::new("SET VARIABLE").arg("CRM_NAME").arg(r#"Zoe "VIP" Example"#);
/// assert_eq!(command.encode()?, b"SET VARIABLE CRM_NAME \"Zoe \\\"VIP\\\" Example\"\n");
/// assert!(Command::new("EXEC").arg("NoOp").arg("x\nHANGUP").encode().is_err());
/// # Ok::<(), cordboard_asterisk::agi::CommandError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    name: String,
    args: Vec<Vec<u8>>,
}

impl Command {
    /// A command by its words, such as `STREAM FILE`.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            args: Vec::new(),
        }
    }

    /// Adds an argument, which may be empty and may hold blanks and quotes.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<[u8]>) -> Self {
        self.args.push(arg.as_ref().to_vec());
        self
    }

    /// The command's words before its arguments.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The line to send.
    pub fn encode(&self) -> Result<Vec<u8>, CommandError> {
        let command = || self.name.clone();
        let breaks_line = |byte: &u8| matches!(byte, b'\r' | b'\n' | 0);
        let parts =
            std::iter::once(self.name.as_bytes()).chain(self.args.iter().map(Vec::as_slice));
        if let Some(number) = parts
            .into_iter()
            .position(|part| part.iter().any(breaks_line))
        {
            return Err(CommandError::LineBreak {
                command: command(),
                number,
            });
        }
        let mut line = self.name.clone().into_bytes();
        for arg in &self.args {
            line.push(b' ');
            quote(arg, &mut line);
        }
        line.push(b'\n');
        if line.len() > MAX_COMMAND_LINE {
            let (length, limit) = (line.len(), MAX_COMMAND_LINE);
            return Err(CommandError::TooLong {
                command: command(),
                length,
                limit,
            });
        }
        Ok(line)
    }
}

fn quote(arg: &[u8], line: &mut Vec<u8>) {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    if !arg.is_empty() && arg.iter().all(is_plain) {
        line.extend_from_slice(arg);
        return;
    }
    line.push(b'"');
    for byte in arg {
        if matches!(byte, b'"' | b'\\') {
            line.push(b'\\');
        }
        line.push(*byte);
    }
    line.push(b'"');
}

/// The words of a command line as Asterisk takes it apart: blanks separate, double quotes hold together, a backslash
/// takes the next byte as it is.
pub fn words(line: &[u8]) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quoted = false;
    let mut bytes = line.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            b' ' | b'\t' if !quoted => words.extend(word.take()),
            b'\\' => word.get_or_insert_default().extend(bytes.next()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_undo_quoting(args in proptest::collection::vec("[^\r\n\0]{0,40}", 0..8)) {
            let command = args.iter().fold(Command::new("EXEC"), Command::arg);
            let line = command.encode().unwrap();
            prop_assert_eq!(memchr::memchr_iter(b'\n', &line).count(), 1);
            let mut expected = vec![b"EXEC".to_vec()];
            expected.extend(args.into_iter().map(String::into_bytes));
            prop_assert_eq!(words(line.trim_suffix_lf()), expected);
        }

        #[test]
        fn any_line_has_words(line in any::<Vec<u8>>()) {
            let total: usize = words(&line).iter().map(Vec::len).sum();
            prop_assert!(total <= line.len());
        }
    }

    trait TrimLf {
        fn trim_suffix_lf(&self) -> &[u8];
    }

    impl TrimLf for Vec<u8> {
        fn trim_suffix_lf(&self) -> &[u8] {
            self.strip_suffix(b"\n").unwrap()
        }
    }

    #[test]
    fn line_breaks_and_overlong_lines_are_refused() {
        for bad in ["x\nHANGUP", "x\rHANGUP", "x\0y"] {
            let error = Command::new("EXEC")
                .arg("NoOp")
                .arg(bad)
                .encode()
                .unwrap_err();
            assert_eq!(
                error,
                CommandError::LineBreak {
                    command: "EXEC".into(),
                    number: 2
                }
            );
            assert!(Command::new(bad).encode().is_err());
        }
        let long = Command::new("VERBOSE").arg("x".repeat(3000)).encode();
        assert!(
            matches!(long, Err(CommandError::TooLong { length: 3009, .. })),
            "{long:?}"
        );
    }

    #[test]
    fn recorded_command_lines_have_their_words() {
        let recorded = br#"GET FULL VARIABLE "${CALLERID(name)} at ${EXTEN}""#;
        assert_eq!(
            words(recorded),
            [
                &b"GET"[..],
                b"FULL",
                b"VARIABLE",
                b"${CALLERID(name)} at ${EXTEN}"
            ]
        );
        assert_eq!(
            words(br#"STREAM FILE demo-congrats """#),
            [&b"STREAM"[..], b"FILE", b"demo-congrats", b""]
        );
    }
}
