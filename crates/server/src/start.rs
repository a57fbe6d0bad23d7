//! A running server: the parts, the HTTP interface, and an orderly stop.

use std::net::SocketAddr;
use std::time::Duration;

use asterisk::ari::Transport;
use engine::{
    callerid::Limits,
    stats::{Pattern, Rules, Tolerances},
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    agi,
    app::{App, ConfiguredServer, Setup, StartError, Tasks, make_folder},
    auth, callerid,
    cdr::CdrSettings,
    config::{self, Config},
    data_folder::{self, Tenancy},
    deliveries, journal, listen,
    numbers::Numbers,
    provision,
    telephony::Credentials,
};

/// A server that answers. Dropping it stops it without waiting; calls stay up in either case.
pub struct Running {
    app: App,
    tasks: Tasks,
    listener: JoinHandle<()>,
    address: SocketAddr,
    scripts: Option<(JoinHandle<()>, SocketAddr)>,
    /// Cancels when it is dropped.
    stop: DropGuard,
    /// Given back when all is written down.
    tenancy: Tenancy,
}

/// Starts everything that the configuration names and listens.
pub async fn start(config: &Config) -> Result<Running, StartError> {
    let listener = listen_on(config.server.listen).await?;
    let address = listener.local_addr().map_err(|source| StartError::Listen {
        address: config.server.listen,
        source,
    })?;
    let scripts = listen_for_scripts(config.caller_id.agi_listen).await?;
    let folder = &config.data.folder;
    make_folder(folder)?;
    let tenancy = data_folder::occupy(folder).map_err(|why| StartError::Tenancy {
        path: folder.clone(),
        why,
    })?;
    let (app, tasks) = App::start(setup(config)).await?;
    let stop = CancellationToken::new();
    let scripts = scripts.map(|listening| {
        let address = listening.address();
        tracing::info!(%address, "caller IDs are given by FastAGI");
        let networks = config.caller_id.networks.clone();
        let admits = move |peer| networks.contains(peer);
        let (caller_ids, stop) = (app.caller_ids.clone(), stop.clone());
        let serving = listening.serve(admits, caller_ids, app.numbers, stop);
        (serving, address)
    });
    let router = crate::router(app.clone(), auth_config(config), stop.clone());
    tokio::spawn(
        stop.clone()
            .run_until_cancelled_owned(crate::api::keep_up()),
    );
    let listener = tokio::spawn(listen::serve(listener, router, stop.clone()));
    tracing::info!(%address, data = %config.data.folder.display(), "cordboard is up");
    Ok(Running {
        app,
        tasks,
        listener,
        address,
        scripts,
        stop: stop.drop_guard(),
        tenancy,
    })
}

impl Running {
    /// The parts, for whoever starts the server in its own process.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Where it listens: with the port that was found when 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Where scripts are asked for by FastAGI, if they are.
    pub fn agi_addr(&self) -> Option<SocketAddr> {
        self.scripts.as_ref().map(|(_, address)| *address)
    }

    /// Lets requests finish, keeps every call up, and writes down what has happened.
    pub async fn stop(self) {
        let Self {
            app,
            tasks,
            listener,
            scripts,
            stop,
            tenancy,
            ..
        } = self;
        drop(stop);
        let _ = listener.await;
        if let Some((serving, _)) = scripts {
            let _ = serving.await;
        }
        app.servers.disconnect_all();
        app.provisioner.disconnect_all();
        drop(app);
        tasks.finish().await;
        drop(tenancy);
    }
}

async fn listen_on(address: SocketAddr) -> Result<TcpListener, StartError> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|source| StartError::Listen { address, source })
}

async fn listen_for_scripts(
    address: Option<SocketAddr>,
) -> Result<Option<agi::Listening>, StartError> {
    let Some(address) = address else {
        return Ok(None);
    };
    let listening = agi::Listening::bind(address).await;
    listening
        .map(Some)
        .map_err(|source| StartError::Listen { address, source })
}

fn setup(config: &Config) -> Setup {
    let country = config.acd.country.as_deref();
    let numbers = country.and_then(Numbers::new);
    Setup {
        data: config.data.folder.clone(),
        dsn: config.dsn().expose().to_owned(),
        journal: journal::Limits {
            max_bytes: config.journal.max_bytes.0,
            ..journal::Limits::default()
        },
        retention: config
            .retention
            .days
            .map(|days| Duration::from_hours(24) * days),
        numbers: numbers.unwrap_or_default(),
        caller_ids: caller_ids(config),
        cdr: cdr(config),
        deliveries: deliveries::Settings {
            mail: config.mail.clone(),
            allow_private: config.webhooks.allow_private,
            ..deliveries::Settings::default()
        },
        provisioning: provision::Settings {
            dsn: config
                .provisioning
                .dsn
                .as_ref()
                .map(|dsn| dsn.expose().to_owned()),
            folder: config.provisioning.folder.clone(),
        },
        servers: config.asterisk.iter().map(configured_server).collect(),
        default_queue: config.acd.default_queue.clone(),
        parking: config.parking,
    }
}

fn cdr(config: &Config) -> CdrSettings {
    let statistics = &config.statistics;
    let patterns = statistics.extensions.iter();
    CdrSettings {
        sources: config.cdr_source.clone(),
        rules: Rules {
            // The configuration has been checked.
            extensions: patterns
                .filter_map(|text| Pattern::new(text).ok())
                .collect(),
            applications: statistics.applications.clone(),
            long_call_seconds: statistics.long_call_seconds,
            countries: None,
        },
        time_zone: statistics.time_zone.clone(),
        work_week_days: u8::try_from(statistics.work_week_days).unwrap_or(7),
        tolerances: Tolerances {
            talk_seconds: statistics.reconcile_talk_seconds.into(),
            start_seconds: statistics.reconcile_start_seconds.into(),
        },
    }
}

fn caller_ids(config: &Config) -> callerid::Settings {
    let (data, config) = (&config.data.folder, &config.caller_id);
    callerid::Settings {
        limits: Limits {
            per_agent: config.rate_limit_per_agent,
            reserved_for: Duration::from_secs(config.reserved_for_seconds.into()),
            floor: Duration::from_hours(config.rotation_floor_hours.into()),
            present_unverified: config.present_unverified,
            ..Limits::default()
        },
        durability: match config.durability {
            config::CallerIdDurability::Bounded => callerid::Durability::Bounded,
            config::CallerIdDurability::Strict => callerid::Durability::Strict,
        },
        watch_calls: config.watch_calls,
        or_trunk_number: config.or_trunk_number,
        // The address was read when the configuration was checked.
        shared: config.redis_address().and_then(Result::ok).map(|address| {
            callerid::SharedSettings {
                address,
                fail: fail(config),
                node_file: data.join("node"),
            }
        }),
    }
}

fn fail(config: &config::CallerIdConfig) -> callerid::Fail {
    let number = config.default_number.as_deref();
    match config.fail {
        config::CallerIdFail::Local => callerid::Fail::Local,
        config::CallerIdFail::Refuse => callerid::Fail::Refuse,
        config::CallerIdFail::DefaultNumber => number
            .and_then(|number| number.parse().ok())
            .map_or(callerid::Fail::Refuse, callerid::Fail::DefaultNumber),
    }
}

fn configured_server(asterisk: &config::AsteriskConfig) -> ConfiguredServer {
    let password = asterisk.password.as_ref().map(config::Secret::expose);
    ConfiguredServer {
        name: asterisk.name.clone(),
        ari_url: asterisk.ari_url.clone(),
        ari_user: asterisk.user.clone(),
        application: asterisk.application.clone(),
        // It was read when the configuration was checked.
        dial_out: asterisk
            .dial_out
            .as_deref()
            .and_then(|text| text.parse().ok()),
        ami: asterisk.ami(),
        provisioned_by: asterisk.provisioned_by.into(),
        credentials: Credentials {
            password: password.unwrap_or_default().to_owned(),
            ami_secret: asterisk
                .ami_secret
                .as_ref()
                .map(|it| it.expose().to_owned()),
            transport: match asterisk.rest {
                config::Rest::Auto => Transport::Auto,
                config::Rest::Http => Transport::Http,
                config::Rest::WebSocket => Transport::WebSocket,
            },
        },
    }
}

fn auth_config(config: &Config) -> auth::AuthConfig {
    let hours = |hours: u32| Duration::from_hours(u64::from(hours));
    let admin_token = config.caller_id.admin_token.as_ref();
    let statistics_token = config.statistics.api_token.as_ref();
    auth::AuthConfig {
        session_idle: hours(config.auth.session_idle_hours),
        session_max: hours(config.auth.session_max_hours),
        behind_proxy: config.server.behind_proxy,
        networks: config.caller_id.networks.clone(),
        admin_token_hash: admin_token.map(|token| auth::hash_token(token.expose())),
        statistics_token_hash: statistics_token.map(|token| auth::hash_token(token.expose())),
        ..auth::AuthConfig::default()
    }
}
