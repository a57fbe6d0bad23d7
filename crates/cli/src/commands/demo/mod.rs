//! `cordboard demo`: a working centre to look at: simulated PBX and people, everything else is the real server.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use clap::Args;
use server::{Running, config};
use sim::asterisk::{
    SimConfig, SimPbx,
    demo::{Rates, Stream, Traffic, traffic},
};
use tokio::signal::unix::{SignalKind, signal};

mod centre;
mod people;

use crate::{
    failure, log,
    output::Output,
    setting::{Global, address},
};

/// Calls per simulated hour to each queue.
const CALLS_PER_HOUR: [(&str, &str, f64); 3] = [
    ("5550101", "sales", 130.0),
    ("5550102", "support", 150.0),
    ("5550103", "billing", 60.0),
];

/// The mean conversation. With these calls it keeps three agents of four busy: something happens, and nobody waits long.
const TALK: Duration = Duration::from_secs(65);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// How many times faster than life callers and agents are (0.1 to 60)
    #[arg(long, default_value = "1", value_parser = speed)]
    speed: f64,
    /// Address and port; port 0: any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", value_parser = address)]
    listen: std::net::SocketAddr,
    /// The same seed gives the same callers
    #[arg(long, default_value = "1")]
    seed: u64,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "is no number".to_owned())?;
    if (0.1..=60.0).contains(&speed) {
        Ok(speed)
    } else {
        Err("is not in 0.1 to 60".to_owned())
    }
}

/// A demo that runs. It ends when dropped.
struct Demo {
    running: Running,
    people: people::People,
    _traffic: Traffic,
    _pbx: Arc<SimPbx>,
    log_ins: Vec<centre::LogIn>,
    /// Everything written, gone with the demo unless a folder was named.
    _scratch: Option<tempfile::TempDir>,
}

pub(super) fn run(arguments: &Arguments, global: &Global, output: &Output) -> anyhow::Result<()> {
    log::quiet()?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(show(arguments, global, output))
}

async fn show(arguments: &Arguments, global: &Global, output: &Output) -> anyhow::Result<()> {
    // Before anything is announced: whoever stops us right after must be heard.
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let demo = Demo::start(arguments, global.data.clone()).await?;
    demo.tell(arguments.speed, output)?;
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    demo.stop().await;
    Ok(())
}

impl Demo {
    async fn start(arguments: &Arguments, data: Option<PathBuf>) -> anyhow::Result<Self> {
        let scratch = data.is_none().then(tempfile::tempdir).transpose();
        let scratch = scratch.context("cannot make a folder for the demo's data")?;
        let folder = data.or_else(|| scratch.as_ref().map(|s| s.path().to_owned()));
        let pbx = SimConfig {
            seed: arguments.seed,
            speed: arguments.speed,
            phones: centre::extensions(),
            ..SimConfig::default()
        };
        let pbx = Arc::new(
            SimPbx::start(pbx)
                .await
                .context("cannot start the simulated PBX")?,
        );
        let config = configuration(arguments, folder.unwrap_or_default(), &pbx);
        let running = server::start(&config)
            .await
            .map_err(|error| failure::start(&error))?;
        let log_ins = centre::found(running.app(), arguments.speed).await?;
        let people = people::People::start(running.app(), arguments.speed, arguments.seed).await?;
        let traffic = traffic(&pbx, rates(), arguments.seed);
        Ok(Self {
            running,
            people,
            _traffic: traffic,
            _pbx: pbx,
            log_ins,
            _scratch: scratch,
        })
    }

    fn tell(&self, speed: f64, output: &Output) -> anyhow::Result<()> {
        let address = format!("http://{}", self.running.local_addr());
        let value = serde_json::json!({ "url": address, "logins": self.log_ins });
        output.answer(&value, || {
            let is_lifelike = (speed - 1.0).abs() < f64::EPSILON;
            let pace = if is_lifelike {
                String::new()
            } else {
                format!(", {speed} x as fast")
            };
            let log_ins: String = self.log_ins.iter().map(centre::LogIn::line).collect();
            format!(
                "A call centre with simulated callers, agents and Asterisk{pace}.\n\n  \
                 {address}\n\n{log_ins}\nLook at\n  \
                 {address}/         queues, calls, agents (as bert: take part)\n  \
                 {address}/docs     the API\n  \
                 {address}/health   what the server says of itself\n\n\
                 Nothing of it is real, and nothing is kept. Ctrl-C ends it.\n"
            )
        })
    }

    async fn stop(self) {
        drop(self.people);
        self.running.stop().await;
    }
}

fn configuration(arguments: &Arguments, folder: PathBuf, pbx: &SimPbx) -> config::Config {
    let mut config = config::Config::default();
    config.server.listen = arguments.listen;
    config.data.folder = folder;
    config.acd.country = Some("US".to_owned());
    config.asterisk = vec![config::AsteriskConfig {
        name: "simulated".to_owned(),
        ari_url: pbx.ari_url(),
        user: pbx.username(),
        password: Some(config::Secret::new(pbx.password())),
        ..config::AsteriskConfig::default()
    }];
    config
}

fn rates() -> Rates {
    let stream = |(did, queue, calls_per_hour): (&str, &str, f64)| Stream {
        did: did.to_owned(),
        args: vec![queue.to_owned()],
        calls_per_hour,
    };
    Rates {
        streams: CALLS_PER_HOUR.into_iter().map(stream).collect(),
        phones: centre::extensions(),
        talk: TALK,
        ..Rates::default()
    }
}

/// A time of life at this speed, in whole seconds, at least one.
fn at_speed(seconds: u32, speed: f64) -> u32 {
    let scaled = Duration::from_secs(seconds.into())
        .div_f64(speed)
        .as_secs_f64()
        .ceil();
    format!("{scaled:.0}").parse().unwrap_or(1)
}
