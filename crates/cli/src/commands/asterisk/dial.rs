//! `cordboard asterisk dial`: what would become of a call, by the rules as they are set up. Nothing is called.

use std::fmt::Write as _;

use clap::Args;
use server::{
    numbers::Numbers,
    realtime::{Origin, OriginKind, Question, Realtime, Simulation},
    ways::Ways,
};
use store::MAX_PAGE;

use super::realtime::vault;
use crate::{
    failure::{Code, Failure},
    output::Output,
    setting::{Global, open_existing_store},
};

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// What is dialled
    #[arg(value_name = "NUMBER")]
    number: String,
    /// Who calls: the number of a phone, the name of a trunk, or a context
    #[arg(long, value_name = "WHO")]
    from: String,
    /// On which server [default: that of the phone or trunk, or the first]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Show the rules that do not fit, too
    #[arg(long)]
    all: bool,
}

pub(super) async fn run(
    arguments: &Arguments,
    global: &Global,
    output: &Output,
) -> anyhow::Result<()> {
    let config = global.load(Vec::new())?;
    let store = open_existing_store(&config).await?;
    let country = config.acd.country.as_deref();
    let numbers = country.and_then(Numbers::new).unwrap_or_default();
    let realtime = Realtime::load(&store, &vault(&config)?, numbers, Ways::default()).await?;
    let mut server = None;
    for one in store.servers().list(None, MAX_PAGE).await? {
        realtime.admit(one.id, &one.application);
        if arguments.name.as_deref() == Some(&one.name) {
            server = Some(one.id);
        }
    }
    if let (Some(name), None) = (&arguments.name, server) {
        return Err(Failure::new(Code::Failed, format!("there is no server {name:?}")).into());
    }
    let question = Question {
        from: arguments.from.clone(),
        dialled: arguments.number.clone(),
        server,
    };
    let simulation = realtime.simulate(&question).map_err(|bad| {
        let what = format!("this call cannot be thought of: {bad}");
        Failure::new(Code::Failed, what)
    })?;
    output.answer(&simulation, || told(&simulation, arguments.all))
}

fn told(simulation: &Simulation, all: bool) -> String {
    let mut text = format!("{} dials {}\n", who(&simulation.from), simulation.dialled);
    for step in &simulation.steps {
        let _ = writeln!(text, "\nin {}:", step.context);
        let shown = step.rules.iter().filter(|rule| all || rule.fits);
        for rule in shown {
            let mark = if rule.holds { "→" } else { " " };
            let action = serde_json::to_string(&rule.action).unwrap_or_default();
            let _ = writeln!(text, "{mark} {:<20} {}", rule.pattern, rule.reason);
            let _ = writeln!(text, "  {:<20} {action}", "");
        }
        let hidden = step.rules.iter().filter(|rule| !rule.fits).count();
        if !all && hidden > 0 {
            let _ = writeln!(text, "  ({hidden} that do not fit; --all shows them)");
        }
    }
    let _ = writeln!(text, "\n{}", simulation.summary);
    text
}

fn who(from: &Origin) -> String {
    let Origin { name, context, .. } = from;
    match from.kind {
        OriginKind::Phone => format!("phone {name} (context {context})"),
        OriginKind::Trunk => format!("a caller through trunk {name} (context {context})"),
        OriginKind::Context => format!("somebody in context {context}"),
    }
}
