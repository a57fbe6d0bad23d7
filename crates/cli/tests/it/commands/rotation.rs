//! Caller IDs under load while the server dies, again and again.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    thread,
    time::{Duration, Instant, SystemTime},
};

use serde_json::Value;

use super::{Cordboard, serve::Serving};

const TOKEN: &str = "0123456789abcdef0123";
const DEATHS: u64 = 100;
const ASKERS: usize = 8;
const NUMBERS: u32 = 40;
const HOURLY_LIMIT: usize = 25;
/// Each number carries one call at a time, for so long.
const RESERVED: Duration = Duration::from_secs(1);

/// A number that somebody was told to present.
struct Given {
    number: String,
    asked: Instant,
    answered: Instant,
    /// The clock's hour; nothing where the hour changed meanwhile.
    hour: Option<u64>,
}

/// One connection that asks one question after the other.
struct Asker {
    stream: BufReader<TcpStream>,
}

impl Asker {
    fn connect(address: &str) -> Option<Self> {
        let stream = TcpStream::connect(address).ok()?;
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .ok()?;
        let stream = BufReader::new(stream);
        Some(Self { stream })
    }

    /// The status and the body; nothing when the server is gone.
    fn ask(&mut self, method: &str, path: &str) -> Option<(u16, String)> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 0\r\n\r\n"
        );
        self.stream.get_mut().write_all(request.as_bytes()).ok()?;
        let (mut status, mut length) = (None, 0);
        loop {
            let mut line = String::new();
            self.stream
                .read_line(&mut line)
                .ok()
                .filter(|read| *read > 0)?;
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest.get(..3)?.parse().ok();
            } else if let Some(rest) = line.strip_prefix("content-length: ") {
                length = rest.parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).ok()?;
        Some((status?, String::from_utf8(body).ok()?))
    }
}

fn hour() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap().as_secs() / 3600
}

/// Asks until the server is gone, and gives every number that it was told.
fn ask_until_gone(address: &str, asker: usize) -> Vec<Given> {
    let mut given = Vec::new();
    let Some(mut client) = Asker::connect(address) else {
        return given;
    };
    for question in 0_u32.. {
        let to = 3_105_550_000 + u64::from(question % 200);
        let path = format!("/next-cid.txt?to={to}&campaign=c&agent=a{asker}");
        let (asked, before) = (Instant::now(), hour());
        let Some((status, number)) = client.ask("GET", &path) else {
            break;
        };
        if status == 200 {
            given.push(Given {
                number,
                asked,
                answered: Instant::now(),
                hour: Some(hour()).filter(|after| *after == before),
            });
        }
    }
    given
}

fn used_this_hour(address: &str) -> BTreeMap<String, usize> {
    let mut client = Asker::connect(address).unwrap();
    let (_, page) = client.ask("GET", "/v1/caller-ids?limit=250").unwrap();
    let page: Value = serde_json::from_str(&page).unwrap();
    let items = page["items"].as_array().unwrap().iter();
    let used = items.map(|one| {
        let used = one["state"]["used_this_hour"].as_u64().unwrap();
        let number = one["number"].as_str().unwrap().to_owned();
        (number, usize::try_from(used).unwrap())
    });
    used.collect()
}

#[test]
fn no_death_under_load_lets_a_number_over_its_cap_or_carry_two_calls() {
    let cordboard = Cordboard::new()
        .with("ADMIN_TOKEN", TOKEN)
        .with("DEFAULT_RATE_LIMIT_PER_AGENT", "1000000")
        .with("CORDBOARD__CALLER_ID__RESERVED_FOR_SECONDS", "1");
    {
        let serving = Serving::start(&cordboard);
        let mut admin = Asker::connect(serving.address()).unwrap();
        for number in 0..NUMBERS {
            let path =
                format!("/add-number?caller_id=21255501{number:02}&hourly_limit={HOURLY_LIMIT}");
            let (status, body) = admin.ask("POST", &path).unwrap();
            assert_eq!(status, 200, "{body}");
        }
    }

    let mut given: Vec<Given> = Vec::new();
    for death in 0..DEATHS {
        let mut serving = Serving::start(&cordboard);
        let askers: Vec<_> = (0..ASKERS)
            .map(|asker| {
                let address = serving.address().to_owned();
                thread::spawn(move || ask_until_gone(&address, asker))
            })
            .collect();
        thread::sleep(Duration::from_millis(50 + death * 37 % 200));
        serving.kill();
        for asker in askers {
            given.append(&mut asker.join().unwrap());
        }
    }

    let serving = Serving::start(&cordboard);
    let now = hour();
    let counted = used_this_hour(serving.address());
    let mut by_number: BTreeMap<&str, Vec<&Given>> = BTreeMap::new();
    for one in &given {
        by_number.entry(&one.number).or_default().push(one);
    }
    for (number, mut given) in by_number {
        given.sort_by_key(|one| one.asked);
        for pair in given.windows(2) {
            let free = pair[0].asked + RESERVED;
            assert!(pair[1].answered >= free, "{number} carried two calls");
        }
        let mut by_hour: BTreeMap<u64, usize> = BTreeMap::new();
        for hour in given.iter().filter_map(|one| one.hour) {
            *by_hour.entry(hour).or_default() += 1;
        }
        for (hour, uses) in by_hour {
            assert!(uses <= HOURLY_LIMIT, "{number}: {uses} of {HOURLY_LIMIT}");
            let forgotten = hour == now && counted[number] < uses;
            assert!(
                !forgotten,
                "{number}: {uses} given, {} counted",
                counted[number]
            );
        }
    }
    assert!(
        given.len() > 10 * NUMBERS as usize,
        "{} is no load",
        given.len()
    );
}

#[test]
fn after_a_loss_of_power_every_number_is_charged_for_what_the_disk_may_have_missed() {
    let cordboard = Cordboard::new().with("ADMIN_TOKEN", TOKEN);
    let boot = cordboard.folder.path().join("data/ledger/boot");
    let ask = |serving: &Serving| {
        let mut client = Asker::connect(serving.address()).unwrap();
        client
            .ask("GET", "/next-cid?to=3105550100&campaign=&agent=")
            .unwrap()
            .0
    };
    let mut serving = Serving::start(&cordboard);
    let mut admin = Asker::connect(serving.address()).unwrap();
    admin
        .ask("POST", "/add-number?caller_id=2125550100")
        .unwrap();
    assert_eq!(ask(&serving), 200);
    serving.kill();

    let mut serving = Serving::start(&cordboard);
    assert_eq!(
        used_this_hour(serving.address())["2125550100"],
        1,
        "the machine went on"
    );
    serving.kill();
    std::fs::write(&boot, "another").unwrap();
    let serving = Serving::start(&cordboard);
    assert_eq!(used_this_hour(serving.address())["2125550100"], 9);
    let (code, log) = serving.stop();
    assert!(
        code == Some(0) && log.contains("the machine stopped without us"),
        "{log}"
    );
    assert!(!boot.exists(), "a stop in good order");
}
