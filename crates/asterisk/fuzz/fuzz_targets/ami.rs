//! Any bytes, in any pieces, through both sides of the AMI codec.
#![no_main]

use cordboard_asterisk::ami::{Decoder, Limits, LineEnding, OwnedMessage, Parser};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits {
    message_bytes: 2048,
    headers: 64,
};

fuzz_target!(|input: &[u8]| {
    let Some((size, bytes)) = input.split_first() else {
        return;
    };
    for ending in [LineEnding::CrLf, LineEnding::Any] {
        let whole = decode(bytes.chunks(usize::MAX), ending);
        let pieces = decode(bytes.chunks(usize::from(*size) + 1), ending);
        assert_eq!(whole, pieces);
        for message in &whole {
            let view = message.view();
            let _ = (
                view.kind(),
                view.name(),
                view.get_str("Event"),
                view.get_to_end("Value"),
                format!("{view:?}"),
            );
            let lengths: usize = view
                .headers()
                .map(|(key, value)| key.len() + value.len())
                .sum();
            assert!(lengths <= LIMITS.message_bytes);
            assert!(view.output().count() <= LIMITS.message_bytes);
        }
    }
});

fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>, ending: LineEnding) -> Vec<OwnedMessage> {
    let mut decoder = Decoder::new(Parser::new(LIMITS, ending));
    let mut messages = Vec::new();
    for piece in pieces {
        decoder.extend(piece);
        while let Ok(Some(message)) = decoder.next_message() {
            messages.push(message.to_owned());
        }
        if decoder.next_message().is_err() {
            break;
        }
    }
    messages
}
