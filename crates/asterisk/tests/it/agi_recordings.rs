//! Recorded FastAGI sessions, played again: our channel says what Asterisk said, our session what the script said.

use cordboard_asterisk::agi::{
    AgiError, Channel, Command, Decoder, Environment, Incoming, Reply, Session, words,
};
use tokio::io::{AsyncWriteExt, DuplexStream};

/// One session of a recording: its environment and the lines after it, `true` for those from Asterisk.
struct Recorded {
    environment: String,
    lines: Vec<(bool, String)>,
}

fn recorded(name: &str) -> Vec<Recorded> {
    let path = format!("{}/testdata/agi/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut sessions: Vec<Recorded> = Vec::new();
    let mut in_environment = false;
    for line in text.lines() {
        if line == "# connection opened" {
            sessions.push(Recorded {
                environment: String::new(),
                lines: Vec::new(),
            });
            in_environment = true;
        }
        let mut parts = line.splitn(3, ' ');
        let (Some(_), Some(side @ ("<" | ">"))) = (parts.next(), parts.next()) else {
            continue;
        };
        let said = parts.next().unwrap_or_default();
        let session = sessions.last_mut().unwrap();
        if in_environment {
            session.environment += said;
            session.environment += "\n";
            in_environment = !said.is_empty();
        } else {
            session.lines.push((side == "<", said.to_owned()));
        }
    }
    sessions
}

/// Plays Asterisk's side; panics when the script says something else than recorded.
async fn play_asterisk(mut stream: DuplexStream, recorded: &Recorded) {
    stream
        .write_all(recorded.environment.as_bytes())
        .await
        .unwrap();
    let mut channel = Channel::open_without_environment(stream);
    for (from_asterisk, line) in &recorded.lines {
        if *from_asterisk {
            channel.reply(line).await.unwrap();
        } else {
            assert_eq!(
                channel.next_command().await.unwrap().unwrap(),
                words(line.as_bytes()),
                "{line}"
            );
        }
    }
}

/// Plays the script's side with our session: each command with what came of it and whether the call was over then.
async fn play_script(
    stream: DuplexStream,
    recorded: &Recorded,
) -> (Session<DuplexStream>, Vec<Outcome>) {
    let mut session = Session::start(stream).await.unwrap();
    let mut outcomes = Vec::new();
    for (_, line) in recorded
        .lines
        .iter()
        .filter(|(from_asterisk, _)| !from_asterisk)
    {
        let mut words = words(line.as_bytes()).into_iter();
        let name = String::from_utf8(words.next().unwrap()).unwrap();
        let command = words.fold(Command::new(name), Command::arg);
        let reply = session.command(&command).await;
        outcomes.push(Outcome {
            line: line.clone(),
            reply,
            hung_up: session.is_hung_up(),
        });
    }
    (session, outcomes)
}

struct Outcome {
    line: String,
    reply: Result<Reply, AgiError>,
    hung_up: bool,
}

async fn replay(name: &str) -> Vec<(Session<DuplexStream>, Vec<Outcome>)> {
    let mut played = Vec::new();
    for session in recorded(name) {
        let (asterisk, script) = tokio::io::duplex(256);
        let ((), outcome) = tokio::join!(
            play_asterisk(asterisk, &session),
            play_script(script, &session)
        );
        played.push(outcome);
    }
    played
}

fn reply<'a>(outcomes: &'a [Outcome], line: &str) -> &'a Reply {
    outcomes
        .iter()
        .find(|outcome| outcome.line == line)
        .unwrap()
        .reply
        .as_ref()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn commands_have_their_results_and_data() {
    let (session, outcomes) = replay("commands-and-errors").await.remove(0);
    let environment = session.environment();
    assert_eq!(environment.script(), "callerid");
    assert_eq!(environment.query("did").unwrap(), "5550151");
    assert_eq!(environment.get_str("calleridname").unwrap(), "Zoe Example");
    assert_eq!(environment.get("accountcode"), Some(&b""[..]));
    assert_eq!(
        environment.args().collect::<Vec<_>>(),
        [&b"first argument"[..], b"second"]
    );
    assert!(!session.is_hung_up());

    let data = |line: &str| reply(&outcomes, line).data().map(String::from_utf8_lossy);
    assert_eq!(data("GET VARIABLE CALLERID(num)").unwrap(), "5550177");
    assert_eq!(data("GET VARIABLE NOT_SET"), None);
    assert_eq!(
        data("GET VARIABLE CRM_NAME").unwrap(),
        "Zoe Example, VIP (gold)"
    );
    assert_eq!(
        data("GET VARIABLE CALLERID(all)").unwrap(),
        "\"Zoe Example VIP\" <5550177>"
    );
    assert_eq!(
        reply(&outcomes, "EXEC NoSuchApplication x").result(),
        Some(-2)
    );
    assert_eq!(
        reply(&outcomes, "STREAM FILE hello-world \"\"").end_position(),
        Some(11234)
    );
    assert!(reply(&outcomes, "GET DATA hello-world 500 3").is_timeout());
    assert_eq!(
        reply(&outcomes, "GET DATA hello-world 500 3").result(),
        None
    );
    assert_eq!(reply(&outcomes, "GOSUB nowhere s 1").result(), Some(-1));
    assert_eq!(outcomes.len(), 32);
}

#[tokio::test(start_paused = true)]
async fn unknown_commands_and_wrong_use_are_errors_that_leave_the_session_in_step() {
    let (_, outcomes) = replay("commands-and-errors").await.remove(0);
    let error = |line: &str| {
        outcomes
            .iter()
            .find(|outcome| outcome.line == line)
            .unwrap()
            .reply
            .as_ref()
            .unwrap_err()
    };
    assert!(matches!(
        error("NOT A COMMAND"),
        AgiError::UnknownCommand { .. }
    ));
    let AgiError::Usage { usage, .. } = error("DATABASE GET onlyone") else {
        panic!("a usage error")
    };
    assert!(
        usage.starts_with("Retrieves an entry in the Asterisk database"),
        "{usage}"
    );
    assert!(
        usage.ends_with("Example return code: 200 result=1 (testvariable)"),
        "{usage}"
    );
    assert_eq!(reply(&outcomes, "set variable LOWER yes").result(), Some(1));
    assert_eq!(reply(&outcomes, "NOOP").result(), Some(0));
}

#[tokio::test(start_paused = true)]
async fn a_hang_up_in_mid_session_is_a_state_and_variables_still_work() {
    let mut played = replay("caller-hangs-up-mid-session").await;
    let (session, outcomes) = played.remove(0);
    assert!(session.is_hung_up());
    let told: Vec<(&str, bool)> = outcomes
        .iter()
        .map(|outcome| (outcome.line.as_str(), outcome.hung_up))
        .collect();
    assert_eq!(told[2], ("STREAM FILE demo-congrats \"\"", false));
    assert_eq!(told[3], ("CHANNEL STATUS", true));
    assert_eq!(
        reply(&outcomes, "STREAM FILE demo-congrats \"\"").result(),
        Some(-1)
    );
    assert!(matches!(
        &outcomes[3].reply,
        Err(AgiError::DeadChannel { .. })
    ));
    assert_eq!(
        reply(&outcomes, "GET VARIABLE AFTER").data(),
        Some(&b"hangup"[..])
    );
    assert_eq!(reply(&outcomes, "EXEC NoOp x").result(), Some(0));

    let (after, outcomes) = played.remove(0);
    assert!(after.environment().is_after_hangup());
    assert!(matches!(
        &outcomes[0].reply,
        Err(AgiError::DeadChannel { .. })
    ));
    assert_eq!(
        reply(&outcomes, "GET VARIABLE STEP").data(),
        Some(&b"greeting"[..])
    );
}

#[tokio::test(start_paused = true)]
async fn all_other_recordings_play_to_their_end() {
    for (name, sessions) in [
        ("agi-hangs-up-the-channel", 2),
        ("hangup-with-AGISIGHUP-no", 2),
        ("server-closes-early", 2),
        ("server-silent-while-caller-hangs-up", 2),
    ] {
        let played = replay(name).await;
        assert_eq!(played.len(), sessions, "{name}");
        for (_, outcomes) in played {
            for outcome in outcomes {
                let expected = matches!(&outcome.reply, Ok(_) | Err(AgiError::DeadChannel { .. }));
                assert!(expected, "{name}: {}: {:?}", outcome.line, outcome.reply);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_script_hears_of_the_hang_up() {
    let recorded = recorded("server-silent-while-caller-hangs-up").remove(0);
    let (asterisk, script) = tokio::io::duplex(256);
    let listen = async {
        let mut session = Session::start(script).await.unwrap();
        session.answer().await.unwrap();
        assert!(!session.is_hung_up());
        session.wait_for_hangup().await.unwrap();
        assert!(session.is_hung_up());
    };
    tokio::join!(play_asterisk(asterisk, &recorded), listen);
}

#[test]
fn recorded_answers_decode_the_same_at_every_split() {
    for name in ["commands-and-errors", "caller-hangs-up-mid-session"] {
        for session in recorded(name) {
            let lines = session
                .lines
                .iter()
                .filter(|(from_asterisk, _)| *from_asterisk);
            let bytes = lines
                .flat_map(|(_, line)| [line.as_bytes(), b"\n"].concat())
                .collect::<Vec<u8>>();
            let whole = decode([&bytes[..]]);
            assert_eq!(whole, decode(bytes.chunks(1)), "{name}");
            for at in 0..bytes.len() {
                assert_eq!(
                    whole,
                    decode([&bytes[..at], &bytes[at..]]),
                    "{name} at {at}"
                );
            }
            let environment = Environment::parse(session.environment.as_bytes()).unwrap();
            assert_eq!(environment.encode(), session.environment.as_bytes());
        }
    }
}

fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Incoming> {
    let mut decoder = Decoder::default();
    let mut all = Vec::new();
    for piece in pieces {
        decoder.extend(piece);
        while let Some(incoming) = decoder.next_incoming().unwrap() {
            all.push(incoming);
        }
    }
    all
}
