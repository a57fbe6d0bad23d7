//! `lab up`, `down`, `status`, `call`, `phone`: a lab that stays up between commands.

use std::{
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    process::{Command, ExitCode, Stdio},
    time::Duration,
};

use clap::{Args, ValueEnum};
use cordboard_lab::{
    LabError, Release, Result,
    held::{self, Answer, Description, PhoneAction, Request},
};

const POLL: Duration = Duration::from_millis(50);

#[derive(Debug, Args)]
pub(super) struct Hold {
    /// Which Asterisk: 22 or 16
    #[arg(long, default_value = "22")]
    release: Release,
    /// How many phones Asterisk knows, from 101 on
    #[arg(long, default_value_t = 10)]
    phones: u16,
}

#[derive(Debug, Args)]
pub(super) struct Up {
    #[command(flatten)]
    hold: Hold,
}

#[derive(Debug, Args)]
pub(super) struct Which {
    /// The lab's name, as `lab status` shows it; all labs where none is given
    name: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Call {
    /// The number to call, such as 5550190 (echo) or 5550100 (the application)
    did: String,
    /// The lab's name; not needed when only one is running
    #[arg(long)]
    lab: Option<String>,
    /// The number to present
    #[arg(long)]
    from: Option<String>,
    /// How long to talk before hanging up, in seconds
    #[arg(long, default_value_t = 2.0)]
    talk: f64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Action {
    Answer,
    NeverAnswer,
    Busy,
    Decline,
}

#[derive(Debug, Args)]
pub(super) struct Phone {
    /// The phone, such as 101
    number: u16,
    action: Action,
    /// The lab's name; not needed when only one is running
    #[arg(long)]
    lab: Option<String>,
    /// How long to ring before that, in seconds
    #[arg(long, default_value_t = 1.0)]
    after: f64,
}

fn milliseconds(seconds: f64) -> Result<u64> {
    let length = Duration::try_from_secs_f64(seconds)
        .map_err(|error| LabError::Unexpected(error.to_string()))?;
    u64::try_from(length.as_millis()).map_err(|error| LabError::Unexpected(error.to_string()))
}

pub(super) async fn hold(options: Hold) -> Result<ExitCode> {
    held::hold(options.release, options.phones).await?;
    Ok(ExitCode::SUCCESS)
}

/// Starts `lab hold` in a group of its own, so that it outlives this terminal, and waits until it is ready.
pub(super) async fn up(options: Up, json: bool) -> Result<ExitCode> {
    let failed = |source| LabError::Io {
        doing: "start a lab".into(),
        source,
    };
    let mut holder = Command::new(std::env::current_exe().map_err(failed)?)
        .args(["hold", "--release", &options.hold.release.to_string()])
        .args(["--phones", &options.hold.phones.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(failed)?;
    let errors = holder.stderr.take();
    let tell = std::thread::spawn(move || {
        // Progress and failures, while somebody is there to read them.
        for line in errors.into_iter().flat_map(|errors| {
            BufReader::new(errors)
                .lines()
                .map_while(std::result::Result::ok)
        }) {
            eprintln!("{line}");
        }
    });
    let name = loop {
        if let Some(name) = held::name_of(holder.id())? {
            break name;
        }
        if holder.try_wait().map_err(failed)?.is_some() {
            // It has said why.
            let _ = tell.join();
            return Ok(ExitCode::FAILURE);
        }
        tokio::time::sleep(POLL).await;
    };
    show(&[describe(&name).await?], json);
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn down(which: Which, json: bool) -> Result<ExitCode> {
    let names = which.name.map_or_else(held::names, |name| Ok(vec![name]))?;
    for name in &names {
        held::ask(name, &Request::Down).await?;
        while held::names()?.contains(name) {
            tokio::time::sleep(POLL).await;
        }
    }
    if json {
        println!("{}", serde_json::json!({ "stopped": names }));
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn status(which: Which, json: bool) -> Result<ExitCode> {
    let names = which.name.map_or_else(held::names, |name| Ok(vec![name]))?;
    let mut found = Vec::new();
    for name in names {
        found.push(describe(&name).await?);
    }
    show(&found, json);
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn call(call: Call, json: bool) -> Result<ExitCode> {
    let request = Request::Call {
        did: call.did,
        from: call.from,
        talk_ms: milliseconds(call.talk)?,
    };
    let Answer::Call(summary) = held::ask(&only(call.lab)?, &request).await? else {
        return Ok(ExitCode::FAILURE);
    };
    if json {
        println!("{}", serde_json::json!(summary));
    } else {
        let after = |moment: Option<u128>| {
            moment.map_or("never".into(), |moment| format!("after {moment} ms"))
        };
        println!("ringing   {}", after(summary.ringing_ms));
        println!("answered  {}", after(summary.answered_ms));
        println!(
            "ended     {} ({})",
            after(Some(summary.ended_ms)),
            summary.outcome
        );
        println!(
            "heard     {}",
            if summary.heard.is_empty() {
                "nothing".into()
            } else {
                summary.heard.join(", ")
            }
        );
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn phone(phone: Phone) -> Result<ExitCode> {
    let action = match phone.action {
        Action::Answer => PhoneAction::Answer,
        Action::NeverAnswer => PhoneAction::NeverAnswer,
        Action::Busy => PhoneAction::Busy,
        Action::Decline => PhoneAction::Decline,
    };
    let request = Request::Phone {
        number: phone.number,
        action,
        after_ms: milliseconds(phone.after)?,
    };
    held::ask(&only(phone.lab)?, &request).await?;
    Ok(ExitCode::SUCCESS)
}

/// The lab that is meant when none is named.
fn only(name: Option<String>) -> Result<String> {
    if let Some(name) = name {
        return Ok(name);
    }
    match held::names()?.as_slice() {
        [name] => Ok(name.clone()),
        [] => Err(LabError::Unexpected("no lab is running: lab up".into())),
        names => Err(LabError::Unexpected(format!(
            "say which with --lab: {}",
            names.join(", ")
        ))),
    }
}

async fn describe(name: &str) -> Result<Description> {
    match held::ask(name, &Request::Describe).await? {
        Answer::Description(description) => Ok(*description),
        other => Err(LabError::Unexpected(format!(
            "the lab {name} answered {other:?}"
        ))),
    }
}

fn show(labs: &[Description], json: bool) {
    if json {
        println!("{}", serde_json::json!(labs));
        return;
    }
    if labs.is_empty() {
        println!("no lab is running");
    }
    for lab in labs {
        println!(
            "{}  Asterisk {}, {} channels, held by process {}",
            lab.name, lab.release, lab.channels, lab.pid
        );
        println!("  ARI     {}  user {}", lab.ari_url, lab.ari_user);
        println!("  AMI     {}  user cordboard", lab.ami_address);
        println!("  SIP     {}  users 101 …", lab.sip_address);
        println!("  secret  {}  (all users)", lab.secret);
        println!("  folder  {}", lab.folder.display());
    }
}
