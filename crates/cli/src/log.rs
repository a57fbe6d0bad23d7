//! The log, on standard error: standard output is for answers.

use anyhow::Context as _;
use server::config::{LogConfig, LogFormat};
use tracing_subscriber::EnvFilter;

/// What commands other than the server say.
const QUIET: &str = "warn";

/// The server's log, as configured.
pub(crate) fn as_configured(config: &LogConfig) -> anyhow::Result<()> {
    start(&config.level, config.format)
}

/// The log of a command that ends by itself.
pub(crate) fn quiet() -> anyhow::Result<()> {
    start(QUIET, LogFormat::Text)
}

fn start(level: &str, format: LogFormat) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(level).context("log.level cannot be understood")?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => builder
            .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
            .try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("cannot start the log: {error}"))
}
