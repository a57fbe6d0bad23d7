//! Undoes percent-encoding, as Asterisk's `URIENCODE` writes it.

pub(crate) fn decode(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let escaped = if let [b'%', high, low, ..] = rest {
            hex(*high).zip(hex(*low))
        } else {
            None
        };
        if let Some((high, low)) = escaped {
            bytes.push(high << 4 | low);
            rest = &rest[3..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    bytes
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_and_stray_signs_stay() {
        assert_eq!(
            decode(b"line%0D%0AEvent%3a%20Fake%"),
            b"line\r\nEvent: Fake%"
        );
        assert_eq!(decode(b"%zz%4"), b"%zz%4");
    }
}
