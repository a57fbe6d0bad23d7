//! Any bytes as an AGI environment, as answers in any pieces, and as a command line.
#![no_main]

use cordboard_asterisk::agi::{Decoder, Environment, Incoming, words};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((size, bytes)) = input.split_first() else {
        return;
    };
    if let Ok(environment) = Environment::parse(bytes) {
        let _ = (
            environment.script(),
            environment.query("did"),
            environment.args().count(),
        );
        let again =
            Environment::parse(&environment.encode()).expect("what was read can be written");
        assert_eq!(environment, again);
    }
    let whole = decode(bytes.chunks(usize::MAX));
    assert_eq!(whole, decode(bytes.chunks(usize::from(*size) + 1)));
    for incoming in whole {
        if let Incoming::Reply(reply) = incoming {
            let _ = (
                reply.result(),
                reply.data(),
                reply.end_position(),
                reply.is_timeout(),
            );
        }
    }
    assert!(words(bytes).iter().map(Vec::len).sum::<usize>() <= bytes.len());
});

fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Incoming> {
    let mut decoder = Decoder::default();
    let mut all = Vec::new();
    for piece in pieces {
        decoder.extend(piece);
        loop {
            match decoder.next_incoming() {
                Ok(Some(incoming)) => all.push(incoming),
                Ok(None) => break,
                Err(_) => return all,
            }
        }
    }
    all
}
