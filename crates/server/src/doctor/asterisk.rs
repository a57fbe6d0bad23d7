//! Each Asterisk: can it be reached, does it let us in, may we write, who has our application, does its clock agree?
//!
//! Plain requests only. Connecting to the event stream would take the application from whoever has it.

use std::time::{Duration, Instant};

use asterisk::ari::Version;
use model::{Server, Timestamp};
use reqwest::{
    Client, Method, Response, StatusCode,
    header::{DATE, HeaderMap},
};
use serde::Deserialize;
use store::{MAX_PAGE, Store};

use super::{Finding, Verdict};
use crate::{clock::Clock, config::Config, secrets::Vault};

/// Requests whose median says how fast it answers.
const PACED: usize = 5;
/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most bytes that are read of an answer.
const MAX_ANSWER: usize = 1 << 20;
/// The oldest release that the lab places calls on.
const OLDEST: u16 = 16;
/// How far the clocks may differ before logs stop making sense.
const MAX_SKEW: Duration = Duration::from_secs(5);
/// A channel that cannot exist: to be told "not found", one must be allowed to hang up.
const NO_CHANNEL: &str = "channels/cordboard-doctor-asks-whether-it-may-write";

/// How to ask one Asterisk.
struct Target {
    name: String,
    ari_url: String,
    user: String,
    password: String,
    application: String,
}

#[derive(Deserialize)]
struct Info {
    system: System,
}

#[derive(Deserialize)]
struct System {
    version: String,
}

#[derive(Deserialize)]
struct Application {
    channel_ids: Vec<serde_json::Value>,
}

pub(super) async fn examine(config: &Config, store: Option<&Store>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut targets: Vec<Target> = config
        .asterisk
        .iter()
        .map(|asterisk| Target {
            name: asterisk.name.clone(),
            ari_url: asterisk.ari_url.clone(),
            user: asterisk.user.clone(),
            password: asterisk
                .password
                .as_ref()
                .map_or("", |p| p.expose())
                .to_owned(),
            application: asterisk.application.clone(),
        })
        .collect();
    if let Some(store) = store {
        of_database(config, store, &mut targets, &mut findings).await;
    }
    if targets.is_empty() && findings.is_empty() {
        findings.push(
            Finding::warning("asterisk", "none is configured")
                .remedy("add [[asterisk]] to the configuration, or a server in the API"),
        );
    }
    for target in &targets {
        ask(target, &mut findings).await;
    }
    findings
}

/// Looks at one server, and how fast it answers.
pub(super) async fn examine_one(server: &Server, password: &str) -> Vec<Finding> {
    let target = Target {
        name: server.name.clone(),
        ari_url: server.ari_url.clone(),
        user: server.ari_user.clone(),
        password: password.to_owned(),
        application: server.application.clone(),
    };
    let mut findings = Vec::new();
    ask(&target, &mut findings).await;
    if findings
        .iter()
        .all(|finding| finding.verdict != Verdict::Problem)
    {
        findings.extend(pace(&target).await);
    }
    findings
}

/// The median of some requests, and whether they can go over the event stream.
async fn pace(target: &Target) -> Option<Finding> {
    let client = client().ok()?;
    let mut took = Vec::new();
    let mut version = None;
    for _ in 0..PACED {
        let began = Instant::now();
        let answer = get(&client, target, Method::GET, "asterisk/info")
            .await
            .ok()?;
        let info = json::<Info>(answer).await.ok()?;
        took.push(began.elapsed());
        version = Some(Version::parse(&info.system.version));
    }
    took.sort_unstable();
    let median = took[PACED / 2].as_secs_f64() * 1_000.0;
    let over = if version?.has_rest_over_websocket() {
        "go over the event stream's connection"
    } else {
        "have connections of their own (before Asterisk 20.14, 21.9 and 22.4)"
    };
    let what = format!("answers within {median:.1} ms; requests {over}");
    Some(Finding::ok(subject(&target.name), what))
}

/// Adds the active servers that were set up in the API.
async fn of_database(
    config: &Config,
    store: &Store,
    targets: &mut Vec<Target>,
    findings: &mut Vec<Finding>,
) {
    let key = config.data.folder.join("secret.key");
    let mut after: Option<String> = None;
    while let Ok(page) = store.servers().list(after.as_deref(), MAX_PAGE).await {
        let Some(last) = page.last() else { return };
        after = Some(last.name.clone());
        for server in page {
            if !server.active || targets.iter().any(|target| target.name == server.name) {
                continue;
            }
            let sealed = store.servers().secrets(server.id).await;
            // Looking must not make a key where there is none.
            let vault = key.exists().then(|| Vault::open_or_make(&key));
            let password = match (sealed, vault) {
                (Ok(Some(sealed)), Some(Ok(vault))) => {
                    vault.open(&sealed.ari).map_err(|e| e.to_string())
                }
                (Err(error), _) => Err(error.to_string()),
                (_, Some(Err(error))) => Err(error.to_string()),
                (_, None) => Err(format!("{} is missing", key.display())),
                (Ok(None), _) => Err("there is none".to_owned()),
            };
            match password {
                Ok(password) => targets.push(Target {
                    name: server.name,
                    ari_url: server.ari_url,
                    user: server.ari_user,
                    password,
                    application: server.application,
                }),
                Err(why) => findings.push(
                    Finding::problem(subject(&server.name), "its password cannot be read")
                        .because(why)
                        .remedy("restore secret.key from a backup, or enter the password again in the API"),
                ),
            }
        }
    }
}

fn subject(name: &str) -> String {
    format!("asterisk {name}")
}

/// Asks one thing after the other, until one is wrong.
async fn ask(target: &Target, findings: &mut Vec<Finding>) {
    let subject = subject(&target.name);
    let client = match client() {
        Ok(client) => client,
        Err(why) => {
            findings.push(Finding::problem(subject, "cannot set up TLS").because(why));
            return;
        }
    };
    let answer = match get(&client, target, Method::GET, "asterisk/info").await {
        Ok(answer) => answer,
        Err(error) => {
            findings.push(
                Finding::problem(subject, format!("{} does not answer", target.ari_url))
                    .because(reason(&error))
                    .remedy("is Asterisk running? `enabled=yes`, `bindaddr` and `bindport` in http.conf must fit `ari_url`"),
            );
            return;
        }
    };
    if let Some(finding) = refused(target, answer.status()) {
        findings.push(finding);
        return;
    }
    let skew = skew(answer.headers());
    let version = match json::<Info>(answer).await {
        Ok(info) => Version::parse(&info.system.version),
        Err(why) => {
            findings.push(
                Finding::problem(subject, format!("{} answers, but not as Asterisk does", target.ari_url))
                    .because(why)
                    .remedy("`ari_url` must name Asterisk's own web server, such as http://127.0.0.1:8088/ari"),
            );
            return;
        }
    };
    let seen = format!("Asterisk {version} lets {} in", target.user);
    findings.push(if (1..OLDEST).contains(&version.major) {
        Finding::warning(&subject, seen)
            .because(format!(
                "{OLDEST} is the oldest release that Cordboard is tried with"
            ))
            .remedy("use a newer Asterisk")
    } else {
        Finding::ok(&subject, seen)
    });
    findings.extend(rights(&client, target).await);
    findings.push(application(&client, target).await);
    if let Some(skew) = skew.filter(|skew| *skew > MAX_SKEW) {
        findings.push(
            Finding::warning(
                &subject,
                format!("its clock differs from ours by {} s", skew.as_secs()),
            )
            .remedy("keep the time on both machines (chrony, systemd-timesyncd)"),
        );
    }
}

/// What a refusal means.
fn refused(target: &Target, status: StatusCode) -> Option<Finding> {
    let subject = subject(&target.name);
    let url = &target.ari_url;
    let finding = match status {
        StatusCode::OK => return None,
        StatusCode::UNAUTHORIZED => Finding::problem(subject, format!("refuses the user {}", target.user))
            .because("user or password is wrong (401)")
            .remedy("compare `user` and `password` with ari.conf; after a change there: `module reload res_ari`"),
        StatusCode::NOT_FOUND => Finding::problem(subject, format!("there is no ARI at {url}"))
            .because("404")
            .remedy("`enabled=yes` in ari.conf, module res_ari loaded; `prefix` in http.conf belongs into `ari_url`"),
        StatusCode::SERVICE_UNAVAILABLE => Finding::problem(subject, "is still starting")
            .because("503")
            .remedy("wait a few seconds"),
        other => Finding::problem(subject, format!("{url} answers {other}"))
            .remedy("`ari_url` must name Asterisk's own web server, such as http://127.0.0.1:8088/ari"),
    };
    Some(finding)
}

/// A user that may only read can not answer, bridge or hang up.
async fn rights(client: &Client, target: &Target) -> Option<Finding> {
    let answer = get(client, target, Method::DELETE, NO_CHANNEL).await.ok()?;
    (answer.status() == StatusCode::FORBIDDEN).then(|| {
        Finding::problem(
            subject(&target.name),
            format!("{} may only read", target.user),
        )
        .because("403 on a request that changes something")
        .remedy("`read_only=no` for this user in ari.conf, then `module reload res_ari`")
    })
}

/// Whether somebody is connected as our application.
async fn application(client: &Client, target: &Target) -> Finding {
    let subject = subject(&target.name);
    let name = &target.application;
    let path = format!("applications/{name}");
    match get(client, target, Method::GET, &path).await {
        Err(error) => Finding::problem(subject, format!("does not tell who is `{name}`"))
            .because(reason(&error)),
        Ok(answer) if answer.status() == StatusCode::NOT_FOUND => Finding::ok(
            subject,
            format!("no program is connected as `{name}`; the server will be"),
        ),
        Ok(answer) => match json::<Application>(answer).await {
            Ok(application) => Finding::ok(
                subject,
                format!(
                    "a program is connected as `{name}`, with {} channels",
                    application.channel_ids.len()
                ),
            ),
            Err(why) => {
                Finding::warning(subject, format!("does not tell who is `{name}`")).because(why)
            }
        },
    }
}

/// How far its clock is from ours.
fn skew(headers: &HeaderMap) -> Option<Duration> {
    let date = headers.get(DATE)?.to_str().ok()?;
    let theirs: jiff::Zoned = jiff::fmt::rfc2822::parse(date).ok()?;
    let theirs = Timestamp::from(theirs.timestamp());
    let ours = Clock::start().now().utc;
    Some(ours.since(theirs).max(theirs.since(ours)))
}

fn client() -> Result<Client, String> {
    let tls = crate::tls::client().map_err(|error| error.to_string())?;
    Client::builder()
        .tls_backend_preconfigured(tls)
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .map_err(|error| error.to_string())
}

async fn get(
    client: &Client,
    target: &Target,
    method: Method,
    path: &str,
) -> Result<Response, reqwest::Error> {
    let url = format!("{}/{path}", target.ari_url.trim_end_matches('/'));
    let request = client.request(method, url);
    request
        .basic_auth(&target.user, Some(&target.password))
        .send()
        .await
}

async fn json<T: serde::de::DeserializeOwned>(mut answer: Response) -> Result<T, String> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| reason(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER {
            return Err(format!("more than {MAX_ANSWER} bytes"));
        }
    }
    serde_json::from_slice(&body).map_err(|error| error.to_string())
}

/// The innermost cause: the outer ones repeat the address.
fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if error.is_timeout() {
        return format!("no answer within {} s", PATIENCE.as_secs());
    }
    cause.to_string()
}
