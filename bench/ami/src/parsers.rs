//! The parsers alone, each at its own code, without sockets, in processor time: other work on the machine counts for
//! nobody.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;

use cordboard_asterisk::ami::{Decoder, Kind, Parser};
use cpu_time::ThreadTime;
use memchr::memmem;

use crate::Subject;

pub const PANORAMISK: &str = "panoramisk 1.4 (its message class)";
pub const ASTERISK_AMI: &str = "asterisk-ami 0.1.8";
pub const ASTERISK_MANAGER: &str = "asterisk-manager 2.1.3";

/// What a buffer receives at a time.
const READ: usize = 64 * 1024;

pub fn all(recording: &Path, python: Option<&Path>) -> Vec<Subject> {
    let mut subjects = vec![
        subject("ours: all headers found, name and kind read", ours),
        subject(
            "ours: the same through a receive buffer of 64 KiB reads",
            through_a_buffer,
        ),
        subject("ours: and each message copied to be kept", kept),
        subject("ours: and six headers looked up", looked_up),
        subject(ASTERISK_AMI, asterisk_ami),
        subject(ASTERISK_MANAGER, asterisk_manager),
    ];
    if let Some(python) = python {
        let (python, recording) = (python.to_owned(), recording.to_owned());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("panoramisk_messages.py");
        let run = move |_: &[u8]| {
            let output = Command::new(&python)
                .arg(&script)
                .arg(&recording)
                .output()
                .expect("python runs");
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            let text = String::from_utf8(output.stdout).expect("figures");
            let (seconds, messages) = text.trim().split_once(' ').expect("two figures");
            (
                seconds.parse().expect("seconds"),
                format!("{messages} messages"),
            )
        };
        subjects.push(Subject {
            name: PANORAMISK,
            run: Box::new(run),
        });
    }
    subjects
}

fn subject(name: &'static str, parse: fn(&[u8]) -> u64) -> Subject {
    let run = move |bytes: &[u8]| {
        let began = ThreadTime::now();
        let messages = parse(bytes);
        (
            began.elapsed().as_secs_f64(),
            format!("{messages} messages"),
        )
    };
    Subject {
        name,
        run: Box::new(run),
    }
}

pub fn ours(bytes: &[u8]) -> u64 {
    let mut parser = Parser::client();
    let mut rest = bytes;
    let mut messages = 0;
    while let Some((message, length)) = parser.parse(rest).expect("a well-formed recording") {
        black_box((message.kind(), message.name(), message.headers().len()));
        messages += 1;
        rest = &rest[length..];
    }
    messages
}

fn through_a_buffer(bytes: &[u8]) -> u64 {
    let mut decoder = Decoder::new(Parser::client());
    let mut messages = 0;
    for read in bytes.chunks(READ) {
        decoder.extend(read);
        while let Some(message) = decoder.next_message().expect("a well-formed recording") {
            black_box((message.kind(), message.name(), message.headers().len()));
            messages += 1;
        }
    }
    messages
}

fn kept(bytes: &[u8]) -> u64 {
    let mut parser = Parser::client();
    let mut rest = bytes;
    let mut messages = 0;
    while let Some((message, length)) = parser.parse(rest).expect("a well-formed recording") {
        black_box(message.to_owned());
        messages += 1;
        rest = &rest[length..];
    }
    messages
}

fn looked_up(bytes: &[u8]) -> u64 {
    const KEYS: [&str; 6] = [
        "Event",
        "Channel",
        "ChannelState",
        "CallerIDNum",
        "Uniqueid",
        "Linkedid",
    ];
    let mut parser = Parser::client();
    let mut rest = bytes;
    let mut messages = 0;
    while let Some((message, length)) = parser.parse(rest).expect("a well-formed recording") {
        if message.kind() == Kind::Event {
            black_box(KEYS.map(|key| message.get(key)));
        }
        messages += 1;
        rest = &rest[length..];
    }
    messages
}

mod lifted_asterisk_ami {
    pub use asterisk_ami::{Packet, Tag, find_tag};

    #[allow(warnings, clippy::all, clippy::pedantic)]
    pub mod response {
        include!(concat!(env!("OUT_DIR"), "/asterisk_ami_response.rs"));
    }
}

fn asterisk_ami(bytes: &[u8]) -> u64 {
    let mut builder = lifted_asterisk_ami::response::ResponseBuilder::new();
    let text = std::str::from_utf8(bytes).expect("a UTF-8 recording");
    let mut messages = 0;
    for line in text.lines() {
        if let Some(response) = builder.add_line(line.trim()) {
            black_box(response);
            messages += 1;
        }
    }
    messages
}

mod lifted_asterisk_manager {
    #![allow(warnings, clippy::all, clippy::pedantic)]
    use asterisk_manager::AmiError;
    include!(concat!(env!("OUT_DIR"), "/asterisk_manager_parse.rs"));
}

/// Its reader hands it one block at a time; the search for a block's end here is faster than its own.
fn asterisk_manager(bytes: &[u8]) -> u64 {
    let mut messages = 0;
    let mut start = 0;
    for end in memmem::find_iter(bytes, b"\r\n\r\n") {
        let block = String::from_utf8_lossy(&bytes[start..end + 4]);
        messages +=
            lifted_asterisk_manager::parse_ami_protocol_message(&block).map_or(0, |parsed| {
                let count = parsed.len() as u64;
                black_box(parsed);
                count
            });
        start = end + 4;
    }
    messages
}
