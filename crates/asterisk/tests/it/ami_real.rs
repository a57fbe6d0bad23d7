//! The client against a real Asterisk, of the lab's two releases.

use std::time::Duration;

use cordboard_asterisk::agi::{AgiError, Command, Listener, Session};
use cordboard_asterisk::ami::{Action, AmiError, Auth, Client, Config, Events, Item};
use lab::{AmiUser, Lab};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::releases::on_each_release;

fn config(lab: &Lab) -> Config {
    let address = lab.ami_addr().to_string();
    Config::new(address, AmiUser::Full.name(), lab.secret())
}

on_each_release!(
    both_ways_of_logging_in_work,
    lists_commands_and_refusals_are_understood,
    echoes_come_back,
    privileges_are_known_without_the_command_line,
    variables_come_back_whole,
    a_value_with_line_breaks_comes_back_whole,
    a_script_hears_a_real_channel,
);

async fn connected(config: Config) -> (Client, Events) {
    let (client, events) = Client::start(config);
    timeout(Duration::from_secs(10), client.connected())
        .await
        .expect("a session")
        .unwrap();
    (client, events)
}

async fn both_ways_of_logging_in_work(lab: &Lab) {
    for auth in [Auth::Md5, Auth::Plain] {
        let mut config = config(lab);
        config.auth = auth;
        let (client, _events) = connected(config).await;
        let pong = client.call(&Action::new("Ping")).await.unwrap();
        assert_eq!(pong.get_str("Ping").unwrap(), "Pong");
        client.shutdown().await;
    }
}

async fn lists_commands_and_refusals_are_understood(lab: &Lab) {
    let (client, _events) = connected(config(lab)).await;
    let channels = client.list(&Action::new("CoreShowChannels")).await.unwrap();
    assert_eq!(
        channels.complete.get_str("ListItems").unwrap(),
        channels.events.len().to_string()
    );
    let version = client.command("core show version").await.unwrap();
    assert!(version[0].starts_with("Asterisk "), "{version:?}");
    assert!(matches!(
        client.command("no such command").await,
        Err(AmiError::Rejected { .. })
    ));
    let privileges = client.privileges().await.unwrap();
    assert_eq!(
        privileges.lacking(&["call", "cdr"], &["originate"]),
        [""; 0]
    );
    let hangup = Action::new("Hangup").header("Channel", "Local/none");
    let error = client.call(&hangup).await.unwrap_err();
    assert_eq!(
        error,
        AmiError::Rejected {
            action: "Hangup".into(),
            message: "No such channel".into()
        }
    );
}

/// Another session sees the echoes; each but the first is asked for when the one before has come back.
async fn echoes_come_back(lab: &Lab) {
    let stream = TcpStream::connect(lab.ami_addr()).await.unwrap();
    let mut witness = BufReader::new(stream);
    let (user, secret) = (AmiUser::Full.name(), lab.secret());
    let login = format!("Action: Login\r\nUsername: {user}\r\nSecret: {secret}\r\n\r\n");
    witness.write_all(login.as_bytes()).await.unwrap();
    let mut config = config(lab);
    config.timeouts.echo_after = Duration::from_millis(10);
    let (client, mut events) = connected(config).await;
    let seen = async {
        let (mut line, mut echoes) = (String::new(), 0);
        while echoes < 5 {
            line.clear();
            assert_ne!(witness.read_line(&mut line).await.unwrap(), 0);
            echoes += usize::from(line.trim_end() == "UserEvent: CordboardEcho");
        }
    };
    timeout(Duration::from_secs(10), seen)
        .await
        .expect("echoes");
    client.call(&Action::new("Ping")).await.unwrap();
    let counters = client.counters();
    assert_eq!((counters.sessions(), counters.echoes_lost()), (1, 0));
    while let Some(item) = events.try_recv() {
        assert!(!matches!(item, Item::Event(event) if event.name() == "UserEvent"));
    }
}

async fn privileges_are_known_without_the_command_line(lab: &Lab) {
    let mut config = config(lab);
    config.username = AmiUser::CallOnly.name().into();
    let (client, _events) = connected(config.clone()).await;
    let privileges = client.privileges().await.unwrap();
    assert_eq!(
        privileges.lacking(&["call", "user"], &["call", "user"]),
        ["read=user", "write=user"]
    );
    config.username = AmiUser::Watcher.name().into();
    let (client, _events) = connected(config).await;
    assert_eq!(
        client.privileges().await.unwrap_err().to_string(),
        "manager user may not perform Command: write=command lacking in manager.conf"
    );
}

async fn variables_come_back_whole(lab: &Lab) {
    let (client, mut events) = connected(config(lab)).await;
    for value in [
        "plain",
        "a: b",
        "100% & more",
        "Jos\u{e9} \"quoted\" back\\slash",
        "${EXTEN} (x) {y}",
    ] {
        let set = Action::new("Setvar")
            .header("Variable", "CORDBOARD_TEST")
            .header("Value", value);
        client.call(&set).await.unwrap();
        let read = client.variable(None, "CORDBOARD_TEST").await.unwrap();
        assert_eq!(String::from_utf8(read).unwrap(), value);
    }
    let originate = Action::new("Originate")
        .header("Channel", "Local/s@cordboard-none")
        .header("Application", "Wait")
        .header("Data", "1")
        .header("Async", "true")
        .header("ActionID", "cordboard-originate");
    client.call(&originate).await.unwrap();
    let outcome = async {
        loop {
            match events.recv().await.unwrap() {
                Item::Event(event) if event.name() == "OriginateResponse" => return event,
                _ => {}
            }
        }
    };
    let outcome = timeout(Duration::from_secs(10), outcome)
        .await
        .expect("an OriginateResponse");
    assert_eq!(outcome.get_str("Response").unwrap(), "Failure");
    assert_eq!(outcome.action_id(), Some(&b"cordboard-originate"[..]));
}

/// A variable with line breaks: the plain answer is torn apart, ours is not.
async fn a_value_with_line_breaks_comes_back_whole(lab: &Lab) {
    let (client, _events) = connected(config(lab)).await;
    let lines = "one\r\nEvent: Fake\r\n\r\ntwo";
    let encoded = "one%0D%0AEvent: Fake%0D%0A%0D%0Atwo";
    let set = Action::new("Setvar")
        .header("Variable", "CORDBOARD_ENCODED")
        .header("Value", encoded);
    client.call(&set).await.unwrap();
    // URIDECODE makes the line breaks on Asterisk's side; no header could carry them there.
    let read = client
        .variable(None, "URIDECODE(${CORDBOARD_ENCODED})")
        .await
        .unwrap();
    assert_eq!(String::from_utf8(read).unwrap(), lines);
    let plain =
        Action::new("Getvar").header("Variable", "EVAL(${URIDECODE(${CORDBOARD_ENCODED})})");
    let torn = client.call(&plain).await.unwrap();
    assert_eq!(
        torn.view().get_to_end("Value").unwrap(),
        b"one\r\nEvent: Fake"
    );
    client.call(&Action::new("Ping")).await.unwrap();
    assert_eq!(client.counters().unrecognised(), 1, "the rest of the value");
}

/// A channel whose far end answers and waits runs our script; it hangs up while the script still talks.
async fn a_script_hears_a_real_channel(lab: &Lab) {
    let (client, _events) = connected(config(lab)).await;
    for (priority, application) in [("1", "Answer"), ("2", "Wait,1")] {
        let add = Action::new("DialplanExtensionAdd")
            .header("Context", "cordboard-test")
            .header("Extension", "5550151")
            .header("Priority", priority)
            .header(
                "Application",
                application.split(',').next().unwrap_or_default(),
            )
            .header(
                "ApplicationData",
                application.split(',').nth(1).unwrap_or_default(),
            )
            .header("Replace", "yes");
        client.call(&add).await.unwrap();
    }
    let listener = Listener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (seen, mut sessions) = mpsc::unbounded_channel();
    let server = tokio::spawn(listener.serve(move |session: Session<TcpStream>| {
        let seen = seen.clone();
        async move { seen.send(script(session).await).unwrap_or_default() }
    }));
    let originate = Action::new("Originate")
        .header("Channel", "Local/5550151@cordboard-test")
        .header("Application", "AGI")
        .header(
            "Data",
            format!("agi://{address}/callerid?did=5550151,first argument,second"),
        )
        .header("CallerID", "Zoe Example <5550177>")
        .header("Async", "true");
    client.call(&originate).await.unwrap();
    let seen = timeout(Duration::from_secs(15), sessions.recv())
        .await
        .expect("a session")
        .unwrap();
    assert_eq!(
        seen,
        [
            "callerid 5550151 first argument",
            "Zoe \"VIP\" (gold)",
            "unset",
            "usage",
            "hung up",
            "Zoe \"VIP\" (gold)"
        ]
    );
    server.abort();
}

async fn script(mut session: Session<TcpStream>) -> Vec<String> {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let environment = session.environment();
    let argument = text(environment.args().next().unwrap_or_default().to_vec());
    let query = environment.query("did").unwrap_or_default();
    let mut seen = vec![format!("{} {query} {argument}", environment.script())];
    session
        .set_variable("CRM_NAME", "Zoe \"VIP\" (gold)")
        .await
        .unwrap();
    seen.push(text(
        session.get_variable("CRM_NAME").await.unwrap().unwrap(),
    ));
    seen.push(
        session
            .get_variable("NOT_SET")
            .await
            .unwrap()
            .map_or("unset".into(), text),
    );
    let usage = session
        .command(&Command::new("DATABASE GET").arg("onlyone"))
        .await;
    seen.push(if matches!(usage, Err(AgiError::Usage { .. })) {
        "usage".into()
    } else {
        format!("{usage:?}")
    });
    session.wait_for_hangup().await.unwrap();
    seen.push(if session.is_hung_up() {
        "hung up".into()
    } else {
        "closed".into()
    });
    seen.push(
        session
            .variable("CRM_NAME")
            .await
            .unwrap()
            .map_or("unset".into(), text),
    );
    seen
}
