//! Properties of the AMI codec: no bytes make it panic, and how the bytes arrive makes no difference.

use cordboard_asterisk::ami::{
    Action, DecodeError, Decoder, Kind, Limits, LineEnding, OwnedMessage, Parser, Reply,
};
use proptest::prelude::*;

const SMALL: Limits = Limits {
    message_bytes: 4096,
    headers: 64,
};

/// Everything a decoder says about these bytes when they arrive in these pieces.
fn decode<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    ending: LineEnding,
) -> (Vec<OwnedMessage>, Option<DecodeError>) {
    let mut decoder = Decoder::new(Parser::new(SMALL, ending));
    let mut messages = Vec::new();
    for piece in pieces {
        decoder.extend(piece);
        loop {
            match decoder.next_message() {
                Ok(Some(message)) => messages.push(message.to_owned()),
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            }
        }
    }
    (messages, None)
}

/// Bytes with much of what structures a message.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        4 => Just(b"\r\n".to_vec()),
        3 => Just(b"\r\n\r\n".to_vec()),
        2 => Just(b"Event: Hangup\r\n".to_vec()),
        2 => Just(b"Response: Success\r\n".to_vec()),
        1 => Just(b"Response: Follows\r\n".to_vec()),
        1 => Just(b"--END COMMAND--\r\n".to_vec()),
        1 => Just(b"Asterisk Call Manager/11.0.0\r\n".to_vec()),
        2 => Just(b": ".to_vec()),
        1 => Just(b"\n".to_vec()),
        1 => Just(b"\r".to_vec()),
        3 => proptest::collection::vec(any::<u8>(), 0..100),
    ];
    proptest::collection::vec(part, 0..60).prop_map(|parts| parts.concat())
}

fn look_at_everything(message: &OwnedMessage) {
    let view = message.view();
    let _ = (
        view.kind(),
        view.name(),
        view.get_str("Event"),
        view.get_to_end("Value"),
        format!("{view:?}"),
    );
    assert!(view.headers().len() <= SMALL.headers);
    let _ = view.output().map(<[u8]>::len).sum::<usize>();
    assert!(message.as_bytes().len() <= SMALL.message_bytes);
}

proptest! {
    #[test]
    fn any_bytes_give_messages_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        for ending in [LineEnding::CrLf, LineEnding::Any] {
            decode([&bytes[..]], ending).0.iter().for_each(look_at_everything);
        }
    }

    #[test]
    fn splits_make_no_difference(
        bytes in stream(),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        for ending in [LineEnding::CrLf, LineEnding::Any] {
            let whole = decode([&bytes[..]], ending);
            whole.0.iter().for_each(look_at_everything);
            let pieces = decode(cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]), ending);
            prop_assert_eq!(&whole, &pieces);
            let bytewise = decode(bytes.chunks(1), ending);
            prop_assert_eq!(&whole, &bytewise);
        }
    }

    #[test]
    fn what_is_encoded_is_what_is_parsed(
        headers in proptest::collection::vec(("[^:\r\n\0]{1,20}", "[^\r\n\0]{0,60}"), 0..10)
    ) {
        let mut action = Action::new("Originate");
        let mut reply = Reply::event("Hangup");
        for (key, value) in &headers {
            action = action.header(key, value);
            reply = reply.header(key, value);
        }
        let (action, reply) = (action.encode().unwrap(), reply.encode().unwrap());
        let given = || headers.iter().map(|(key, value)| (key.as_bytes(), value.as_bytes()));
        for ending in [LineEnding::CrLf, LineEnding::Any] {
            let (messages, error) = decode([&action[..], &reply[..]], ending);
            prop_assert_eq!(error, None);
            prop_assert_eq!(messages.len(), 2);
            prop_assert_eq!(messages[0].kind(), Kind::Action);
            prop_assert_eq!(messages[1].kind(), Kind::Event);
            prop_assert_eq!(messages[0].headers().skip(1).collect::<Vec<_>>(), given().collect::<Vec<_>>());
            prop_assert_eq!(messages[1].headers().skip(1).collect::<Vec<_>>(), given().collect::<Vec<_>>());
        }
    }

    #[test]
    fn no_header_can_be_injected(key in any::<Vec<u8>>(), value in any::<Vec<u8>>()) {
        if let Ok(bytes) = Action::new("Ping").header(&key, &value).encode() {
            let (messages, error) = decode([&bytes[..]], LineEnding::Any);
            prop_assert_eq!(error, None);
            prop_assert_eq!(messages.len(), 1);
            prop_assert_eq!(messages[0].headers().len(), 2);
        }
    }
}

#[test]
fn a_message_without_end_is_an_error_at_the_limit() {
    let endless = [&b"Event: X\r\n"[..], &b"a".repeat(5000)].concat();
    let (messages, error) = decode([&endless[..]], LineEnding::CrLf);
    assert!(messages.is_empty());
    assert_eq!(error, Some(DecodeError::TooLong { limit: 4096 }));
}

#[test]
fn a_message_with_too_many_headers_is_an_error() {
    let headers = b"A: b\r\n".repeat(65);
    assert_eq!(
        decode([&headers[..]], LineEnding::CrLf).1,
        Some(DecodeError::TooManyHeaders { limit: 64 })
    );
}

#[test]
fn a_message_of_exactly_the_limit_passes() {
    let fill = |length: usize| [&b"Event: "[..], &b"x".repeat(length - 11), b"\r\n\r\n"].concat();
    assert_eq!(decode([&fill(4096)[..]], LineEnding::CrLf).0.len(), 1);
    assert_eq!(
        decode([&fill(4097)[..]], LineEnding::CrLf).1,
        Some(DecodeError::TooLong { limit: 4096 })
    );
}

#[test]
fn the_parser_takes_a_slice_without_a_buffer_of_its_own() {
    let bytes = b"Event: A\r\n\r\nEvent: B\r\nKey:no blank\r\nEmpty:\r\n\r\n";
    let mut parser = Parser::client();
    let (first, length) = parser.parse(bytes).unwrap().unwrap();
    assert_eq!(first.name(), b"A");
    let (second, _) = parser.parse(&bytes[length..]).unwrap().unwrap();
    assert_eq!(
        (second.get("key"), second.get("EMPTY")),
        (Some(&b"no blank"[..]), Some(&b""[..]))
    );
}
