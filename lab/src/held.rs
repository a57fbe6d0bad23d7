//! Labs that stay up without a test: a process holds each one and takes requests on a Unix socket in its folder.
//!
//! One JSON request per connection and line, one JSON answer. Only this user can connect.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    signal::unix::{SignalKind, signal},
};

use crate::{
    asterisk::Release,
    error::{Doing, LabError, Result},
    folders::{self, RunFolder, write_private},
    lab::{Lab, LabBuilder},
    sip::{Behaviour, CallReport},
};

/// Bytes of one request or answer.
const LONGEST: u64 = 64 * 1024;

/// What a held lab is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    Describe,
    Down,
    /// Somebody behind the trunk calls `did`, and hangs up after `talk_ms` of talking.
    Call {
        did: String,
        from: Option<String>,
        talk_ms: u64,
    },
    /// Phone `number` behaves so from now on.
    Phone {
        number: u16,
        action: PhoneAction,
        after_ms: u64,
    },
}

/// What a phone can be told to do by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneAction {
    Answer,
    NeverAnswer,
    Busy,
    Decline,
}

/// Everything that a person or a program needs to use a held lab.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Description {
    pub name: String,
    pub pid: u32,
    pub release: Release,
    pub ari_url: String,
    pub ari_user: String,
    pub ami_address: String,
    pub sip_address: String,
    /// Of all ARI users, AMI users and phones of this lab.
    pub secret: String,
    pub folder: PathBuf,
    pub channels: usize,
}

/// What became of a call, with times in ms since it began.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CallSummary {
    pub outcome: String,
    pub ringing_ms: Option<u128>,
    pub answered_ms: Option<u128>,
    pub ended_ms: u128,
    pub heard: Vec<String>,
}

impl From<CallReport> for CallSummary {
    fn from(report: CallReport) -> Self {
        let since = |time: SystemTime| {
            time.duration_since(report.began_at)
                .unwrap_or_default()
                .as_millis()
        };
        Self {
            outcome: format!("{:?}", report.outcome),
            ringing_ms: report.ringing_at.map(since),
            answered_ms: report.answered_at.map(since),
            ended_ms: since(report.ended_at),
            heard: report
                .heard
                .iter()
                .map(|(tone, length)| format!("{tone} for {length:.1?}"))
                .collect(),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Description(Box<Description>),
    Call(CallSummary),
    Done,
    Failed(String),
}

fn folder() -> Result<PathBuf> {
    let folder = folders::runtime()?.join("held");
    fs::create_dir_all(&folder).doing(|| format!("make {}", folder.display()))?;
    Ok(folder)
}

/// Brings a lab up and holds it until it is asked to go down or a signal comes.
pub async fn hold(release: Release, phones: u16) -> Result<()> {
    let lab = LabBuilder::new(release).phones(phones).up().await?;
    let place = RunFolder::make(&folder()?, &format!("asterisk{release}"))?;
    let socket = place.path().join("socket");
    let listener =
        UnixListener::bind(&socket).doing(|| format!("listen on {}", socket.display()))?;
    let name = place
        .path()
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    // Written last: who sees it may connect.
    write_private(&place.path().join("ready"), &name)?;
    serve_all(&lab, &name, &listener).await?;
    // Before the socket, so that `lab down` returns when everything is gone.
    drop(lab);
    Ok(())
}

async fn serve_all(lab: &Lab, name: &str, listener: &UnixListener) -> Result<()> {
    let mut interrupted = signal(SignalKind::interrupt()).doing(|| "listen for signals".into())?;
    let mut ended = signal(SignalKind::terminate()).doing(|| "listen for signals".into())?;
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted.doing(|| "accept a request".into())?.0,
            _ = interrupted.recv() => return Ok(()),
            _ = ended.recv() => return Ok(()),
        };
        // One at a time: by hand, nobody is in a hurry. A client that went away is its own loss.
        if serve(lab, name, stream).await.unwrap_or(false) {
            return Ok(());
        }
    }
}

/// Answers one request; `true` after the last one.
async fn serve(lab: &Lab, name: &str, stream: UnixStream) -> Result<bool> {
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    BufReader::new(reader.take(LONGEST))
        .read_line(&mut line)
        .await
        .doing(|| "read a request".into())?;
    let request: Request = serde_json::from_str(&line)
        .map_err(|error| LabError::Unexpected(format!("the request is bad: {error}")))?;
    let last = matches!(request, Request::Down);
    let answer = answer(lab, name, request)
        .await
        .unwrap_or_else(|error| Answer::Failed(error.to_string()));
    let text =
        serde_json::to_string(&answer).map_err(|error| LabError::Unexpected(error.to_string()))?;
    writer
        .write_all(format!("{text}\n").as_bytes())
        .await
        .doing(|| "answer a request".into())?;
    Ok(last)
}

async fn answer(lab: &Lab, name: &str, request: Request) -> Result<Answer> {
    match request {
        Request::Down => Ok(Answer::Done),
        Request::Describe => Ok(Answer::Description(Box::new(Description {
            name: name.to_owned(),
            pid: std::process::id(),
            release: lab.release(),
            ari_url: lab.ari_url(),
            ari_user: lab.ari_user().to_owned(),
            ami_address: lab.ami_addr().to_string(),
            sip_address: lab.sip_addr().to_string(),
            secret: lab.secret().to_owned(),
            folder: lab.folder().to_owned(),
            channels: lab.channels().await?.len(),
        }))),
        Request::Call { did, from, talk_ms } => {
            let caller = lab.trunk_caller();
            let caller = if let Some(from) = from {
                caller.with_number(&from)
            } else {
                caller
            };
            let call = caller.calls(&did).await?;
            if call.wait_answered().await.is_ok() {
                tokio::time::sleep(Duration::from_millis(talk_ms)).await;
            }
            call.hang_up().await?;
            Ok(Answer::Call(call.wait_ended().await?.into()))
        }
        Request::Phone {
            number,
            action,
            after_ms,
        } => {
            let after = Duration::from_millis(after_ms);
            let behaviour = match action {
                PhoneAction::Answer => Behaviour::Answer { after },
                PhoneAction::NeverAnswer => Behaviour::NeverAnswer,
                PhoneAction::Busy => Behaviour::Refuse { after, status: 486 },
                PhoneAction::Decline => Behaviour::Refuse { after, status: 603 },
            };
            let phone = lab
                .known_phone(number)
                .ok_or_else(|| LabError::Unexpected(format!("there is no phone {number}")))?;
            phone.behaves(behaviour).await?;
            Ok(Answer::Done)
        }
    }
}

/// The names of all labs that are held now.
pub fn names() -> Result<Vec<String>> {
    let folder = folder()?;
    let entries = fs::read_dir(&folder).doing(|| format!("read {}", folder.display()))?;
    let ready = entries.flatten().filter(|entry| is_held(&entry.path()));
    let mut names: Vec<String> = ready
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}

/// Whether a process still holds this folder, and is ready.
fn is_held(folder: &Path) -> bool {
    folder.join("ready").exists()
        && std::os::unix::net::UnixStream::connect(folder.join("socket")).is_ok()
}

/// The held lab that a process has brought up, once it is ready.
pub fn name_of(pid: u32) -> Result<Option<String>> {
    Ok(names()?
        .into_iter()
        .find(|name| name.contains(&format!("-{pid}-"))))
}

/// Asks a held lab.
pub async fn ask(name: &str, request: &Request) -> Result<Answer> {
    let socket = folder()?.join(name).join("socket");
    let doing = || format!("ask the lab {name}");
    let mut stream = UnixStream::connect(&socket).await.doing(doing)?;
    let text =
        serde_json::to_string(request).map_err(|error| LabError::Unexpected(error.to_string()))?;
    stream
        .write_all(format!("{text}\n").as_bytes())
        .await
        .doing(doing)?;
    let mut line = String::new();
    BufReader::new(stream.take(LONGEST))
        .read_line(&mut line)
        .await
        .doing(doing)?;
    match serde_json::from_str(&line) {
        Ok(Answer::Failed(why)) => Err(LabError::Unexpected(why)),
        Ok(answer) => Ok(answer),
        Err(error) => Err(LabError::Unexpected(format!(
            "the lab {name} answered {line:?}: {error}"
        ))),
    }
}
