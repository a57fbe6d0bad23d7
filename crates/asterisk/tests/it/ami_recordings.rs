//! Recordings of a real Asterisk, read back: what they say, not only that they parse.

use std::path::{Path, PathBuf};

use cordboard_asterisk::ami::{Decoder, Kind, OwnedMessage, Parser, challenge_key};

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/ami")
}

fn recording(name: &str) -> Vec<OwnedMessage> {
    let path = testdata().join(name);
    messages(&std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

fn messages(bytes: &[u8]) -> Vec<OwnedMessage> {
    let mut decoder = Decoder::new(Parser::client());
    decoder.extend(bytes);
    let mut messages = Vec::new();
    while let Some(message) = decoder.next_message().unwrap() {
        messages.push(message.to_owned());
    }
    messages
}

fn named<'a>(
    messages: &'a [OwnedMessage],
    event: &'a str,
) -> impl Iterator<Item = &'a OwnedMessage> {
    messages
        .iter()
        .filter(move |message| message.kind() == Kind::Event && message.name() == event)
}

fn answer<'a>(messages: &'a [OwnedMessage], action_id: &str) -> &'a OwnedMessage {
    let answers = |message: &&OwnedMessage| {
        message.kind() == Kind::Response && message.action_id() == Some(action_id.as_bytes())
    };
    messages.iter().find(answers).unwrap()
}

fn texts<'a>(messages: impl Iterator<Item = &'a OwnedMessage>, keys: &[&str]) -> Vec<Vec<String>> {
    let row = |message: &OwnedMessage| {
        keys.iter()
            .map(|key| message.get_str(key).unwrap_or("-".into()).into_owned())
            .collect()
    };
    messages.map(row).collect()
}

#[test]
fn losers_of_a_ring_group_are_cancelled_before_the_winner_answers() {
    let messages = recording("dial-ring-group.ami");
    let ends = texts(named(&messages, "DialEnd"), &["DestChannel", "DialStatus"]);
    assert_eq!(
        ends,
        [
            ["PJSIP/101-00000088", "CANCEL"],
            ["PJSIP/103-0000008a", "CANCEL"],
            ["PJSIP/102-00000089", "ANSWER"]
        ]
    );
    let causes = texts(named(&messages, "Hangup"), &["Channel", "Cause"]);
    assert!(
        causes.contains(&vec!["PJSIP/101-00000088".into(), "26".into()]),
        "{causes:?}"
    );
}

#[test]
fn a_caller_who_cancels_while_it_rings_leaves_cause_127() {
    let messages = recording("dial-caller-cancels.ami");
    let causes = texts(named(&messages, "Hangup"), &["Cause"]);
    assert!(causes.contains(&vec!["127".into()]), "{causes:?}");
    assert_eq!(messages[0].kind(), Kind::Banner);
    assert_eq!(messages[0].name(), "Asterisk Call Manager/11.0.0");
}

#[test]
fn originate_response_is_an_event_although_it_has_a_response_header() {
    let messages = recording("originate-failures.ami");
    let responses = texts(
        named(&messages, "OriginateResponse"),
        &["Response", "Reason", "Uniqueid"],
    );
    assert_eq!(responses.len(), 9);
    assert!(
        responses
            .iter()
            .all(|row| row[0] == "Failure" && row[2] == "<unknown>"),
        "{responses:?}"
    );
    let reasons: Vec<&str> = responses.iter().map(|row| row[1].as_str()).collect();
    assert_eq!(reasons, ["0", "0", "3", "0", "0", "3", "0", "0", "0"]);
    let queued =
        |message: &&OwnedMessage| message.get("Message") == Some(b"Originate successfully queued");
    assert_eq!(messages.iter().filter(queued).count(), 9);
}

#[test]
fn an_originate_into_stasis_keeps_the_channel_id_it_was_given() {
    let messages = recording("originate-into-stasis.ami");
    let originate = named(&messages, "OriginateResponse").next().unwrap();
    assert_eq!(originate.get_str("Response").unwrap(), "Success");
    let unique_id = originate.get_str("Uniqueid").unwrap().into_owned();
    assert!(texts(named(&messages, "Newchannel"), &["Uniqueid"]).contains(&vec![unique_id]));
}

#[test]
fn a_wrong_secret_and_an_early_action_are_refused_in_words() {
    let messages = recording("wrong-secret.ami");
    assert_eq!(
        answer(&messages, "ami-1").get_str("Message").unwrap(),
        "Authentication failed"
    );
    let messages = recording("before-login.ami");
    let texts = texts(messages.iter().skip(1), &["ActionID", "Message"]);
    assert_eq!(
        texts,
        [
            ["ami-1", "Permission denied"],
            ["ami-2", "Permission denied"],
            ["-", "Missing action in request"]
        ]
    );
}

#[test]
fn our_answer_to_the_recorded_challenge_is_the_accepted_one() {
    let messages = recording("md5-challenge.ami");
    let challenge = answer(&messages, "ami-1")
        .get_str("Challenge")
        .unwrap()
        .into_owned();
    assert_eq!(
        challenge_key(&challenge, "lab-ami-secret"),
        "726e606402c404a72d84e71457ab0466"
    );
    assert_eq!(
        answer(&messages, "ami-2").get_str("Message").unwrap(),
        "Authentication accepted"
    );
    assert_eq!(answer(&messages, "ami-4").name(), "Goodbye");
}

#[test]
fn a_user_who_reads_calls_only_sees_no_fully_booted_and_may_still_ask_for_queues() {
    let messages = recording("user-with-read-call-only.ami");
    assert_eq!(named(&messages, "FullyBooted").count(), 0);
    for denied in [
        "ami-3", "ami-4", "ami-5", "ami-6", "ami-9", "ami-10", "ami-11", "ami-12",
    ] {
        assert_eq!(
            answer(&messages, denied).get_str("Message").unwrap(),
            "Permission denied",
            "{denied}"
        );
    }
    assert_eq!(
        answer(&messages, "ami-7").get_str("EventList").unwrap(),
        "start"
    );
    let watcher = recording("user-without-write.ami");
    assert_eq!(
        answer(&watcher, "ami-6").get_str("Message").unwrap(),
        "Permission denied"
    );
}

#[test]
fn malformed_actions_are_read_as_asterisk_reads_them() {
    let sent = std::fs::read(testdata().join("malformed-actions.sent.ami")).unwrap();
    let mut decoder = Decoder::new(Parser::server());
    decoder.extend(&sent);
    let mut ids = Vec::new();
    let error = loop {
        match decoder.next_message() {
            Ok(Some(message)) => ids.push(
                message
                    .get_str("ActionID")
                    .unwrap_or_default()
                    .trim()
                    .to_owned(),
            ),
            Ok(None) => panic!("the action with 142 headers passed"),
            Err(error) => break error,
        }
    };
    assert_eq!(
        ids[..8],
        ["ami-1", "m1", "m2", "m3", "m4", "m5", "m6", "m7"]
    );
    assert_eq!(ids.last().unwrap(), "m10");
    assert_eq!(error.to_string(), "AMI message with more than 128 headers");
}

#[test]
fn answers_to_malformed_actions_are_all_there() {
    let answers = recording("malformed-actions.ami");
    let output = answer(&answers, "m16")
        .view()
        .output()
        .map(String::from_utf8_lossy)
        .collect::<Vec<_>>();
    let printed = "       Shuts down a running Asterisk immediately, hanging up all active calls .";
    assert_eq!(output, ["Usage: core stop now", printed]);
    assert_eq!(answer(&answers, "m16").name(), "Error");
    let raw_id = &b"m17-\xe9\xff"[..];
    assert!(
        answers
            .iter()
            .any(|message| message.action_id() == Some(raw_id))
    );
    assert_eq!(
        answer(&answers, "split-in-two").get_str("Ping").unwrap(),
        "Pong"
    );
}

#[test]
fn events_escape_line_breaks_and_getvar_answers_do_not() {
    let messages = recording("newlines-in-values.ami");
    let set = named(&messages, "VarSet")
        .find(|event| event.get("Variable") == Some(b"NOTE"))
        .unwrap();
    assert_eq!(
        &*set.get_unescaped("Value").unwrap(),
        b"line one\r\nEvent: Fake\r\n\r\nline two"
    );

    let getvar = answer(&messages, "ami-2");
    assert_eq!(
        getvar.kind(),
        Kind::Response,
        "the injected Event: line must not make it an event"
    );
    assert_eq!(
        getvar.view().get_to_end("Value"),
        Some(&b"line one\r\nEvent: Fake"[..])
    );
    let rest = messages
        .iter()
        .find(|message| message.kind() == Kind::Unknown)
        .unwrap();
    assert_eq!(
        rest.headers().collect::<Vec<_>>(),
        [(&b""[..], &b"line two"[..])]
    );
    assert_eq!(named(&messages, "Fake").count(), 0);

    let cdr = named(&messages, "Cdr").next().unwrap();
    assert_eq!(
        cdr.get("CallerID").unwrap(),
        b"\"Zoe\\\r\\\nInjected: yes\" <5550177>"
    );
    assert_eq!(cdr.get("Injected"), None);
    assert_eq!(cdr.get("Disposition").unwrap(), b"ANSWERED");
}

#[test]
fn lists_and_command_output_are_whole() {
    let messages = recording("lists-and-commands.ami");
    let of = |id: &str| {
        messages
            .iter()
            .filter(|message| message.action_id() == Some(id.as_bytes()))
            .count()
    };
    assert_eq!(of("ami-5"), 1 + 11 + 1);
    assert_eq!(
        named(&messages, "EndpointListComplete")
            .next()
            .unwrap()
            .get_str("ListItems")
            .unwrap(),
        "11"
    );
    let dialplan = answer(&messages, "ami-34")
        .view()
        .output()
        .map(String::from_utf8_lossy)
        .collect::<Vec<_>>();
    assert_eq!(
        dialplan[0],
        "[ Context 'callerid-agi' created by 'pbx_config' ]"
    );
    assert!(
        dialplan[1].starts_with("  'h' =>            1. AGI("),
        "leading blanks are kept: {:?}",
        dialplan[1]
    );
    assert_eq!(dialplan[6], "");
    let commands = answer(&messages, "ami-4");
    assert_eq!(
        commands.get_str("Originate").unwrap(),
        "Originate a call.  (Priv: originate,all)"
    );
    assert_eq!(
        answer(&messages, "ami-24").get_str("Value").unwrap(),
        "x y: z"
    );
}

#[test]
fn repeated_keys_keep_their_order() {
    let messages = recording("repeated-keys.ami");
    let event = named(&messages, "UserEvent").next().unwrap();
    assert_eq!(event.get_all("Tag").collect::<Vec<_>>(), [b"a", b"b"]);
    assert_eq!(
        event.get_all("variable").collect::<Vec<_>>(),
        [b"X=1", b"Y=2"]
    );
    assert_eq!(event.get_str("Note").unwrap(), "text: with: colons");
    let channel = named(&messages, "Newchannel").next().unwrap();
    assert_eq!(
        texts([channel].into_iter(), &["ChanVariable", "Linkedid"]),
        [["CALLREF=", "rep-1"]]
    );
    assert_eq!(channel.get_all("ChanVariable").count(), 3);
}

#[test]
fn bytes_that_are_not_utf8_survive() {
    let messages = recording("non-utf8.ami");
    let event = named(&messages, "UserEvent").next().unwrap();
    assert_eq!(event.get("UserEvent").unwrap(), b"Caf\xe9");
    assert_eq!(event.get_str("Note").unwrap(), "Jos\u{fffd}");
    assert_eq!(
        answer(&messages, "n10").get("Value").unwrap(),
        b"Jos\xe9 Example"
    );
}

/// Asterisk 13 and older answer a command with bare text; this is their form, not a recording.
#[test]
fn old_command_output_runs_to_its_end_mark() {
    let head = "Response: Follows\r\nPrivilege: Command\r\nActionID: 7\r\n";
    let text = "  Name: x\nblank follows\n\r\n\r\nlast\n--END COMMAND--\r\n\r\n";
    let messages = messages(format!("{head}{text}Event: A\r\n\r\n").as_bytes());
    assert_eq!(messages.len(), 2);
    let output: Vec<&[u8]> = messages[0].view().output().collect();
    assert_eq!(
        output,
        [&b"  Name: x"[..], b"blank follows", b"", b"", b"last"]
    );
    assert_eq!(messages[0].action_id(), Some(&b"7"[..]));
    assert_eq!(messages[1].name(), "A");
}

#[test]
fn messages_with_the_same_bytes_are_equal_wherever_they_lay() {
    let messages = messages(b"\r\n\r\nEvent: A\r\nB: c\r\n\r\nEvent: A\r\nB: c\r\n\r\n");
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0], messages[1]);
}

/// Reads every `ami.ami` file under `CORDBOARD_RECORDINGS` and compares with a plain splitter.
#[test]
#[ignore = "needs CORDBOARD_RECORDINGS=<folder>"]
fn a_folder_of_recordings_parses_as_a_plain_splitter_reads_it() {
    let mut folders = vec![PathBuf::from(
        std::env::var_os("CORDBOARD_RECORDINGS").unwrap(),
    )];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().unwrap() == "ami.ami" {
                files += 1;
                compare_with_plain_splitter(&path);
            }
        }
    }
    println!("{files} recordings");
    assert!(files > 0);
}

fn compare_with_plain_splitter(path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    let ours = messages(&bytes);
    let banner = bytes.windows(2).position(|pair| pair == b"\r\n").unwrap() + 2;
    let mut plain = Vec::new();
    let mut rest = &bytes[banner..];
    while let Some(end) = rest.windows(4).position(|four| four == b"\r\n\r\n") {
        plain.push(&rest[..end + 4]);
        rest = &rest[end + 4..];
    }
    assert_eq!(ours.len(), plain.len() + 1, "{}", path.display());
    for (ours, plain) in ours[1..].iter().zip(plain) {
        assert_eq!(ours.as_bytes(), plain, "{}", path.display());
        let again: Vec<u8> = ours
            .headers()
            .flat_map(|(key, value)| line_of(key, value, plain))
            .collect();
        assert_eq!(&again[..], &plain[..plain.len() - 2], "{}", path.display());
    }
}

/// The header line as it stands in the message, which has a blank behind the colon, or none.
fn line_of(key: &[u8], value: &[u8], message: &[u8]) -> Vec<u8> {
    if key.is_empty() {
        return [value, b"\r\n"].concat();
    }
    let with_blank = [key, b": ", value, b"\r\n"].concat();
    if memchr::memmem::find(message, &with_blank).is_some() {
        return with_blank;
    }
    [key, b":", value, b"\r\n"].concat()
}
