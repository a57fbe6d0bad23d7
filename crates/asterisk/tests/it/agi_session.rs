//! AGI sessions against our own channel, and the FastAGI server over loopback.

use std::time::Duration;

use cordboard_asterisk::agi::{
    AgiDecodeError, AgiError, Channel, Decoder, Digits, Ended, Environment, Incoming, Listener,
    Session,
};
use proptest::prelude::*;
use tokio::io::DuplexStream;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

fn environment() -> Environment {
    Environment::default()
        .with("network", "yes")
        .with("network_script", "callerid?did=5550151")
        .with("callerid", "5550177")
        .with("extension", "5550151")
}

async fn open() -> (Session<DuplexStream>, Channel<DuplexStream>) {
    let (asterisk, script) = tokio::io::duplex(64 * 1024);
    let channel = Channel::open(asterisk, &environment()).await.unwrap();
    (Session::start(script).await.unwrap(), channel)
}

/// Answers commands with these replies in turn; the command lines that came.
async fn answer_with(channel: &mut Channel<DuplexStream>, replies: &[&str]) -> Vec<String> {
    let mut lines = Vec::new();
    for reply in replies {
        let words = channel.next_command().await.unwrap().expect("a command");
        lines.push(
            words
                .iter()
                .map(|word| String::from_utf8_lossy(word))
                .collect::<Vec<_>>()
                .join("|"),
        );
        channel.reply(reply).await.unwrap();
    }
    lines
}

#[tokio::test(start_paused = true)]
async fn verbs_send_their_arguments_and_read_their_results() {
    let (mut session, mut channel) = open().await;
    let script = async {
        session.answer().await.unwrap();
        session.verbose("hello \"you\"", 3).await.unwrap();
        assert_eq!(
            session.stream_file("hello-world", "12#").await.unwrap(),
            Ended::Digit('1')
        );
        assert_eq!(session.wait_for_digit(300).await.unwrap(), Ended::Complete);
        assert_eq!(session.say_number(42, "").await.unwrap(), Ended::Complete);
        let data = session.get_data("enter-pin", 5000, 4).await.unwrap();
        assert_eq!(
            data,
            Digits {
                digits: "12*".into(),
                timed_out: true
            }
        );
        assert_eq!(session.channel_status().await.unwrap(), 6);
        assert_eq!(session.database_get("lab", "key").await.unwrap(), None);
        assert_eq!(
            session.exec("Set", "FOO=bar").await.unwrap().result(),
            Some(0)
        );
    };
    let replies = [
        "200 result=0",
        "200 result=1",
        "200 result=49 endpos=100",
        "200 result=0",
        "200 result=0",
        "200 result=12* (timeout)",
        "200 result=6",
        "200 result=0",
        "200 result=0",
    ];
    let ((), lines) = tokio::join!(script, answer_with(&mut channel, &replies));
    assert_eq!(
        lines,
        [
            "ANSWER",
            "VERBOSE|hello \"you\"|3",
            "STREAM|FILE|hello-world|12#",
            "WAIT|FOR|DIGIT|300",
            "SAY|NUMBER|42|",
            "GET|DATA|enter-pin|5000|4",
            "CHANNEL|STATUS",
            "DATABASE|GET|lab|key",
            "EXEC|Set|FOO=bar",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn failures_are_named() {
    let (mut session, mut channel) = open().await;
    let script = async {
        let missing = session.stream_file("no-such-file", "").await.unwrap_err();
        assert_eq!(
            missing.to_string(),
            "AGI command STREAM FILE failed with result -1"
        );
        let unknown = session.exec("NoSuchApplication", "x").await.unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "AGI command EXEC NoSuchApplication failed with result -2"
        );
    };
    tokio::join!(
        script,
        answer_with(&mut channel, &["200 result=-1 endpos=0", "200 result=-2"])
    );
}

#[tokio::test(start_paused = true)]
async fn an_injected_command_is_never_sent() {
    let (mut session, mut channel) = open().await;
    let injected = session.set_variable("NAME", "Zoe\nHANGUP").await;
    assert!(matches!(injected, Err(AgiError::Command(_))));
    let ((), lines) = tokio::join!(
        async { session.noop().await.unwrap() },
        answer_with(&mut channel, &["200 result=0"])
    );
    assert_eq!(lines, ["NOOP"]);
}

#[tokio::test(start_paused = true)]
async fn a_value_of_several_lines_stays_one_answer() {
    let (mut session, mut channel) = open().await;
    let script = async {
        let value = session.get_variable("NOTE").await.unwrap().unwrap();
        assert_eq!(value, b"line one\n200 result=1\nlast (line)");
        assert_eq!(session.get_variable("NEXT").await.unwrap().unwrap(), b"x");
        assert_eq!(
            session.variable("NOTE").await.unwrap().unwrap(),
            b"a)\n200 result=0"
        );
    };
    let replies = [
        "200 result=1 (line one\n200 result=1\nlast (line))",
        "200 result=1 (x)",
        "200 result=1 (a%29%0A200%20result%3D0)",
    ];
    let ((), lines) = tokio::join!(script, answer_with(&mut channel, &replies));
    assert_eq!(lines[2], "GET|FULL|VARIABLE|${URIENCODE(=${NOTE})}");
}

#[tokio::test(start_paused = true)]
async fn a_command_given_up_does_not_put_the_session_out_of_step() {
    let (mut session, mut channel) = open().await;
    session.set_reply_limit(Duration::from_secs(1));
    let late = session.get_variable("SLOW").await;
    assert!(matches!(
        late,
        Err(AgiError::Timeout { what: "answer", .. })
    ));
    let replies = ["200 result=1 (slow)", "200 result=1 (fast)"];
    let (value, _) = tokio::join!(
        session.get_variable("FAST"),
        answer_with(&mut channel, &replies)
    );
    assert_eq!(value.unwrap().unwrap(), b"fast");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_says_nothing_is_left() {
    let (_asterisk, script) = tokio::io::duplex(64);
    let error = Session::start(script).await.unwrap_err();
    assert_eq!(error.to_string(), "no environment within 5s");
}

#[tokio::test]
async fn a_provisional_answer_is_not_taken_for_the_answer() {
    let mut decoder = Decoder::default();
    decoder.extend(b"100 result=0 Trying...\n200 result=0 Gosub complete\n");
    let Some(Incoming::Reply(reply)) = decoder.next_incoming().unwrap() else {
        panic!("an answer")
    };
    assert_eq!((reply.code, reply.result()), (200, Some(0)));
}

#[tokio::test]
async fn fastagi_serves_loopback_and_refuses_above_its_room() {
    let listener = Listener::bind("127.0.0.1:0").await.unwrap().max_sessions(1);
    let (address, refused) = (listener.local_addr().unwrap(), listener.refused());
    let (seen, mut scripts) = mpsc::unbounded_channel();
    let server = tokio::spawn(listener.serve(move |mut session: Session<TcpStream>| {
        let seen = seen.clone();
        async move {
            seen.send(session.environment().script().into_owned())
                .unwrap();
            session.set_variable("ROUTE", "5550110").await.unwrap();
            session.finish().await.unwrap();
        }
    }));
    let stream = TcpStream::connect(address).await.unwrap();
    let mut channel = Channel::open(stream, &environment()).await.unwrap();
    assert_eq!(scripts.recv().await.unwrap(), "callerid");

    let stream = TcpStream::connect(address).await.unwrap();
    let mut second = Channel::open(stream, &environment()).await.unwrap();
    assert!(
        !matches!(second.next_command().await, Ok(Some(_))),
        "no room for a second session"
    );
    assert_eq!(refused.load(std::sync::atomic::Ordering::Relaxed), 1);

    let command = channel.next_command().await.unwrap().unwrap();
    assert_eq!(command, [&b"SET"[..], b"VARIABLE", b"ROUTE", b"5550110"]);
    channel.reply("200 result=1").await.unwrap();
    assert_eq!(channel.next_command().await.unwrap(), None);
    server.abort();
}

#[test]
fn endless_lines_and_environments_are_errors() {
    let mut decoder = Decoder::default();
    decoder.extend(&b"200 result=1 (".repeat(20_000));
    assert!(matches!(
        decoder.next_incoming(),
        Err(AgiDecodeError::TooLong { .. })
    ));
    let endless = "agi_arg_1: x\n".repeat(1000);
    assert_eq!(
        Environment::parse(endless.as_bytes()),
        Err(AgiDecodeError::TooManyVariables { limit: 256 })
    );
    assert!(matches!(
        Environment::parse(b"GET / HTTP/1.1\n"),
        Err(AgiDecodeError::Environment(_))
    ));
}

fn decode<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Incoming>, Option<AgiDecodeError>) {
    let mut decoder = Decoder::default();
    let mut all = Vec::new();
    for piece in pieces {
        decoder.extend(piece);
        loop {
            match decoder.next_incoming() {
                Ok(Some(incoming)) => all.push(incoming),
                Ok(None) => break,
                Err(error) => return (all, Some(error)),
            }
        }
    }
    (all, None)
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        Just(b"200 result=1 (value)\n".to_vec()),
        Just(b"200 result=0\n".to_vec()),
        Just(b"200 result=1 (open\n".to_vec()),
        Just(b"HANGUP\r\n".to_vec()),
        Just(b"520-Invalid command syntax.  Proper usage follows:\n".to_vec()),
        Just(b"520 End of proper usage.\n".to_vec()),
        Just(b"100 Trying\n".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..30),
    ];
    proptest::collection::vec(part, 0..20).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
        let _ = Environment::parse(&bytes);
        for incoming in decode([&bytes[..]]).0 {
            if let Incoming::Reply(reply) = incoming {
                let _ = (reply.result(), reply.data(), reply.end_position(), reply.is_timeout());
            }
        }
    }

    #[test]
    fn splits_make_no_difference(bytes in stream(), size in 1..40_usize) {
        prop_assert_eq!(decode([&bytes[..]]), decode(bytes.chunks(size)));
    }

    #[test]
    fn an_environment_is_read_as_it_was_written(values in proptest::collection::vec("[^\r\n\0]{0,40}", 0..20)) {
        let written = values.iter().enumerate().fold(Environment::default(), |environment, (n, value)| {
            environment.with(&format!("arg_{n}"), value)
        });
        prop_assert_eq!(Environment::parse(&written.encode()).unwrap(), written);
    }
}
