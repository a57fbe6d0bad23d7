//! Caller IDs over FastAGI: the test is Asterisk's side of the session.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use asterisk::agi::{Channel, Environment};
use engine::callerid::Status;
use model::{CallerId, CallerIdKey, Verification};
use server::{Running, clock::Clock, config::Config, numbers::Numbers};
use tempfile::TempDir;
use tokio::net::TcpStream;

const LIMIT: Duration = Duration::from_secs(5);
const CARRIER: &str = "'; touch /tmp/x; '";

pub(crate) struct Centre {
    running: Running,
    address: SocketAddr,
    numbers: Vec<CallerIdKey>,
    _folder: TempDir,
}

/// One run of a script: what the channel had, and has.
#[derive(Debug, Default)]
pub(crate) struct Ran {
    set: BTreeMap<String, String>,
    console: Vec<String>,
}

impl Ran {
    pub(crate) fn get(&self, name: &str) -> &str {
        self.set.get(name).map_or("", String::as_str)
    }
}

impl Centre {
    /// A server with these numbers of ours.
    pub(crate) async fn start(numbers: &[&str]) -> Self {
        Self::start_with(numbers, |_| {}).await
    }

    async fn start_with(numbers: &[&str], change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.data.folder = folder.path().to_owned();
        config.server.listen = "127.0.0.1:0".parse().unwrap();
        config.caller_id.agi_listen = Some("127.0.0.1:0".parse().unwrap());
        change(&mut config);
        let running = server::start(&config).await.unwrap();
        let numbers: Vec<CallerId> = numbers.iter().copied().map(own).collect();
        let keys = numbers.iter().map(|number| number.id).collect();
        for number in &numbers {
            running
                .app()
                .store
                .caller_ids()
                .create(number)
                .await
                .unwrap();
        }
        running.app().caller_ids.set_numbers(numbers).await;
        let address = running.agi_addr().unwrap();
        Self {
            running,
            address,
            numbers: keys,
            _folder: folder,
        }
    }

    /// Calls `agi://…/script,arguments` on a channel with these variables.
    pub(crate) async fn run(
        &self,
        script: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Ran {
        let mut environment = Environment::default()
            .with("network", "yes")
            .with("network_script", script)
            .with("extension", "3105550142");
        for (index, argument) in arguments.iter().enumerate() {
            environment = environment.with(&format!("arg_{}", index + 1), argument);
        }
        let stream = TcpStream::connect(self.address).await.unwrap();
        let mut channel = Channel::open(stream, &environment).await.unwrap();
        let mut ran = Ran::default();
        while let Some(command) = channel.next_command().await.unwrap() {
            let words: Vec<_> = command.iter().map(|w| String::from_utf8_lossy(w)).collect();
            let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
            let reply = match words[..] {
                ["GET", "FULL", "VARIABLE", expression] => {
                    format!("200 result=1 ({})", evaluated(expression, variables))
                }
                ["SET", "VARIABLE", name, value] => {
                    ran.set.insert(name.to_owned(), value.to_owned());
                    "200 result=1".to_owned()
                }
                ["VERBOSE", line, "1" | "3"] => {
                    ran.console.push(line.to_owned());
                    "200 result=1".to_owned()
                }
                _ => panic!("{words:?}"),
            };
            channel.reply(&reply).await.unwrap();
        }
        ran
    }

    /// The status of our first number.
    async fn status(&self) -> Status {
        let shown = self.running.app().caller_ids.show(self.numbers[..1].into());
        shown.await.unwrap()[0].as_ref().unwrap().state.status
    }
}

/// As Asterisk does, with everything but letters and digits escaped.
fn evaluated(expression: &str, variables: &[(&str, &str)]) -> String {
    let escaped = |part: &str| {
        let name = part.strip_prefix("${URIENCODE(=${").unwrap();
        let name = name.strip_suffix("})}").unwrap();
        let found = variables.iter().find(|(known, _)| *known == name);
        let value = format!("={}", found.map_or("", |(_, value)| value));
        let escape = |byte: u8| match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        };
        value.bytes().map(escape).collect::<String>()
    };
    expression
        .split('&')
        .map(escaped)
        .collect::<Vec<_>>()
        .join("&")
}

pub(crate) fn own(number: &str) -> CallerId {
    let (at, random) = Clock::start().id();
    let own = Numbers::default().caller_id(number, None).unwrap();
    CallerId {
        carrier: CARRIER.to_owned(),
        verified: Some(Verification::Administrator),
        ..own.into_caller_id(CallerIdKey::new(at, random), at)
    }
}

#[tokio::test]
async fn a_number_is_presented_reserved_and_given_back_with_its_outcome() {
    let centre = Centre::start(&["3105550100", "2125550100"]).await;
    let call = centre.run("next-cid", &["sales", "agent001"], &[]).await;
    assert_eq!(
        call.get("CALLERID(num)"),
        "3105550100",
        "of the same area code"
    );
    assert_eq!(call.get("CORDBOARD_STATUS"), "OK");
    assert_eq!(call.get("__CORDBOARD_TIER"), "area_code");
    assert_eq!(
        call.console,
        ["cordboard: caller ID 3105550100 (area_code)"]
    );
    let open = centre
        .running
        .app()
        .caller_ids
        .reservations(9)
        .await
        .unwrap();
    assert_eq!(open.len(), 1);
    let reservation = call.get("__CORDBOARD_RESERVATION");
    assert_eq!(open[0].id.to_string(), reservation);
    assert_eq!((&*open[0].campaign, &*open[0].agent), ("sales", "agent001"));
    assert_eq!(open[0].to.to_string(), "+13105550142");
    assert_eq!(centre.status().await, Status::Reserved);

    let over = centre.run("/release", &[reservation, "1", "42"], &[]).await;
    assert_eq!(
        over.console,
        [format!("cordboard: reservation {reservation} is over")]
    );
    assert_eq!(centre.status().await, Status::Available);
    let shown = centre
        .running
        .app()
        .caller_ids
        .show(centre.numbers.clone())
        .await;
    let shown = shown.unwrap();
    let health = &shown[0].as_ref().unwrap().state.health;
    assert_eq!((health.attempts, health.answers), (1, 1));
    let again = centre.run("release", &[reservation, "1", "42"], &[]).await;
    assert_eq!(
        again.console,
        [format!("cordboard: no reservation {reservation} is open")]
    );
}

#[tokio::test]
async fn campaign_agent_and_destination_come_from_the_channel_where_no_argument_names_them() {
    let centre = Centre::start(&["3105550100", "2125550100"]).await;
    let variables = [
        ("CORDBOARD_TO", "+1 (212) 555-0142"),
        ("VICIDIAL_campaign", "TESTCAMP"),
        ("VICIDIAL_agent", "6666"),
    ];
    let call = centre.run("next-cid", &[], &variables).await;
    assert_eq!(call.get("CALLERID(num)"), "2125550100", "{call:?}");
    let open = centre
        .running
        .app()
        .caller_ids
        .reservations(9)
        .await
        .unwrap();
    assert_eq!((&*open[0].campaign, &*open[0].agent), ("TESTCAMP", "6666"));
}

#[tokio::test]
async fn every_refusal_leaves_the_caller_id_and_says_why() {
    let few = |config: &mut Config| config.caller_id.rate_limit_per_agent = 2;
    let centre = Centre::start_with(&["3105550100"], few).await;
    let hostile = "3105550142\n\"200 result=0\"";
    for (arguments, status) in [
        (["sales", "a", "3105550142"], "OK"),
        (["sales", "a", "3105550143"], "NONE"),
        (["sales", "a", "3105550144"], "LIMIT"),
        (["sales", "b", "911"], "EMERGENCY"),
        (["sales", "b", "12"], "INVALID"),
        (["sales", "b", "x\"; SET VARIABLE Y 1"], "INVALID"),
    ] {
        let call = centre.run("next-cid", &arguments, &[]).await;
        assert_eq!(call.get("CORDBOARD_STATUS"), status, "{call:?}");
        assert_eq!(
            call.set.len(),
            if status == "OK" { 4 } else { 1 },
            "{call:?}"
        );
        assert_eq!(call.console.len(), 1);
    }
    for variable in ["CORDBOARD_TO", "CAMPAIGN", "AGENT"] {
        let call = centre.run("next-cid", &[], &[(variable, hostile)]).await;
        assert_eq!(call.get("CORDBOARD_STATUS"), "INVALID", "{call:?}");
    }
    let call = centre.run("release", &["nonsense\""], &[]).await;
    assert!(
        call.console[0].contains("reservation cannot be read"),
        "{call:?}"
    );
    let call = centre.run("steal", &[], &[]).await;
    assert!(call.console[0].contains("no such script"), "{call:?}");
}

#[tokio::test]
async fn a_reservation_that_the_call_does_not_hear_of_is_given_back() {
    let centre = Centre::start(&["3105550100"]).await;
    let environment = Environment::default()
        .with("network_script", "next-cid")
        .with("arg_1", "sales")
        .with("arg_2", "a")
        .with("arg_3", "3105550142");
    let stream = TcpStream::connect(centre.address).await.unwrap();
    let mut channel = Channel::open(stream, &environment).await.unwrap();
    let command = channel.next_command().await.unwrap().unwrap();
    assert_eq!(command[2], b"__CORDBOARD_RESERVATION");
    assert_eq!(centre.status().await, Status::Reserved);
    drop(channel);
    let free = async {
        while centre.status().await != Status::Available {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, free).await.unwrap();
}

#[tokio::test]
async fn a_stop_is_not_held_up_by_a_script_that_says_nothing() {
    let centre = Centre::start(&["3105550100"]).await;
    let _silent = TcpStream::connect(centre.address).await.unwrap();
    assert_eq!(
        centre
            .run("next-cid", &[], &[])
            .await
            .get("CORDBOARD_STATUS"),
        "OK"
    );
    let stopped = tokio::time::timeout(Duration::from_secs(2), centre.running.stop()).await;
    assert!(stopped.is_ok(), "it stops at once");
}
