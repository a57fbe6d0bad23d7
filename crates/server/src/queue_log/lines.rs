//! The lines of a file, from pieces of it as they come. Holds one line at a time, and never a long one.

/// The longest line, in bytes.
pub(super) const MAX_LINE: usize = 8 * 1024;
const BOM: &[u8] = b"\xef\xbb\xbf";

#[derive(Default)]
pub(super) struct Lines {
    /// The beginning of the line that goes on in the next piece.
    held: Vec<u8>,
    /// The line at hand is longer than [`MAX_LINE`]: its rest is passed over.
    too_long: bool,
    /// The last line that was given; the first is 1.
    number: u64,
}

/// A line without its end, or nothing where it is longer than [`MAX_LINE`].
pub(super) type Line<'a> = Option<&'a [u8]>;

impl Lines {
    /// Gives each line that ends in `piece` with its number; with `last`, what is left as well.
    pub(super) fn take(&mut self, piece: &[u8], last: bool, mut each: impl FnMut(u64, Line<'_>)) {
        let mut rest = piece;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            self.hold(&rest[..end]);
            self.give(&mut each);
            rest = &rest[end + 1..];
        }
        self.hold(rest);
        if last && (self.too_long || !self.held.is_empty()) {
            self.give(&mut each);
        }
    }

    fn hold(&mut self, part: &[u8]) {
        if self.held.len() + part.len() > MAX_LINE {
            self.too_long = true;
            self.held.clear();
        }
        if !self.too_long {
            self.held.extend_from_slice(part);
        }
    }

    fn give(&mut self, each: &mut impl FnMut(u64, Line<'_>)) {
        self.number += 1;
        let line = self.held.as_slice();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let first = self.number == 1;
        let line = line.strip_prefix(BOM).filter(|_| first).unwrap_or(line);
        each(self.number, (!self.too_long).then_some(line));
        self.held.clear();
        self.too_long = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(file: &[u8], size: usize) -> Vec<(u64, Option<String>)> {
        let mut all = Vec::new();
        let mut lines = Lines::default();
        let mut each = |number, line: Line<'_>| {
            all.push((number, line.map(|it| String::from_utf8_lossy(it).into())));
        };
        for piece in file.chunks(size) {
            lines.take(piece, false, &mut each);
        }
        lines.take(b"", true, &mut each);
        all
    }

    #[test]
    fn a_file_in_any_pieces_has_the_same_lines() {
        let long = "x".repeat(MAX_LINE + 1);
        let file = format!("\u{feff}a|b\r\n\n{long}\nc\r\nd");
        let text = |text: &str| Some(text.to_owned());
        let expected = [
            (1, text("a|b")),
            (2, text("")),
            (3, None),
            (4, text("c")),
            (5, text("d")),
        ];
        for size in [1, 2, 7, 4096, 1 << 20] {
            assert_eq!(lines(file.as_bytes(), size), expected, "{size}");
        }
        assert_eq!(lines(b"", 1), []);
        assert_eq!(lines(long.as_bytes(), 100), [(1, None)]);
    }
}
