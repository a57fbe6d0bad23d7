//! `cordboard asterisk render callerid`: the dialplan is in `callerid.conf`; here its parts are chosen and filled in.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use crate::{
    output,
    setting::{DEFAULT_SERVER, server_url},
};

/// Parts begin with `;; name`; a value stands in for `{{name}}`.
const PARTS: &str = include_str!("callerid.conf");

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// How the dialplan asks
    #[arg(long, value_enum, default_value_t = Method::Curl)]
    method: Method,
    /// For the outbound context of a VICIdial campaign
    #[arg(long)]
    vicidial: bool,
    /// Where Cordboard is, for `curl` and `agi`
    #[arg(long, value_name = "URL", default_value = DEFAULT_SERVER, value_parser = server_url)]
    server: String,
    /// Where Cordboard answers FastAGI: `caller_id.agi_listen`
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:4573", value_parser = authority)]
    agi: String,
    /// This program as Asterisk finds it, for `agi` [default: where it is now]
    #[arg(long, value_name = "PATH", value_parser = program)]
    program: Option<String>,
    /// What is dialled: the arguments of `Dial`
    #[arg(long, value_name = "TEXT", default_value = "PJSIP/${CORDBOARD_TO}@trunk,60", value_parser = one_line)]
    dial: String,
}

/// How a dialplan can ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Method {
    /// The function `CURL`
    Curl,
    /// One connection for each call, to `caller_id.agi_listen`
    Fastagi,
    /// This program, started for each call
    Agi,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Fastagi => "fastagi",
            Self::Agi => "agi",
        }
    }

    fn modules(self) -> &'static str {
        match self {
            Self::Curl => "func_curl, res_curl, func_uri, func_strings, func_logic, app_stack",
            Self::Fastagi | Self::Agi => "res_agi, func_uri, func_strings, func_logic, app_stack",
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let program = match &arguments.program {
        Some(program) => program.clone(),
        None => here()?,
    };
    output::print(&rendered(arguments, &program))
}

/// Where this program is.
fn here() -> anyhow::Result<String> {
    let path: PathBuf = std::env::current_exe().context("where this program is cannot be told")?;
    let text = path.to_string_lossy();
    program(&text).map_err(|why| anyhow::anyhow!("{text} {why}: name one by --program"))
}

fn rendered(arguments: &Arguments, program: &str) -> String {
    let method = arguments.method;
    let asks = if arguments.vicidial {
        "vicidial"
    } else {
        "names"
    };
    let call = format!("call by {}", method.name());
    let end = format!("end by {}", method.name());
    let text: Vec<&str> = ["opening", asks, &call, &end].map(part).into();
    let values = [
        ("method", method.name()),
        ("modules", method.modules()),
        ("server", &arguments.server),
        ("agi", &arguments.agi),
        ("program", program),
        ("dial", &arguments.dial),
    ];
    let fill =
        |text: String, (name, value): (&str, &str)| text.replace(&format!("{{{{{name}}}}}"), value);
    values.into_iter().fold(text.join("\n\n") + "\n", fill)
}

/// A part without its name.
fn part(name: &str) -> &'static str {
    let parts = PARTS.split(";; ").filter_map(|part| part.split_once('\n'));
    let found = parts.into_iter().find(|(title, _)| *title == name);
    found.map_or("", |(_, text)| text.trim_end())
}

/// A host and its port.
fn authority(text: &str) -> Result<String, &'static str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let port = text.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
    if text.chars().all(is_plain) && matches!(port, Some(Ok(1..))) {
        Ok(text.to_owned())
    } else {
        Err("is no host with a port, such as 127.0.0.1:4573")
    }
}

/// A path that the dialplan takes as it is.
fn program(text: &str) -> Result<String, &'static str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '+');
    if !text.is_empty() && text.chars().all(is_plain) {
        Ok(text.to_owned())
    } else {
        Err("is no path of letters, digits, '/', '.', '-', '_' and '+'")
    }
}

/// What is dialled is the administrator's own dialplan; it only may not leave its line.
fn one_line(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() || text.contains(char::is_control) || text.contains(';') {
        Err(
            "is no arguments of Dial(): one line without ';', such as PJSIP/${CORDBOARD_TO}@trunk,60",
        )
    } else {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_and_every_value_is_there() {
        for method in [Method::Curl, Method::Fastagi, Method::Agi] {
            for vicidial in [false, true] {
                let arguments = Arguments {
                    method,
                    vicidial,
                    server: DEFAULT_SERVER.to_owned(),
                    agi: "127.0.0.1:4573".to_owned(),
                    program: None,
                    dial: "PJSIP/${CORDBOARD_TO}@trunk,60".to_owned(),
                };
                let text = rendered(&arguments, "/usr/bin/cordboard");
                assert!(!text.contains("{{") && !text.contains(";;"), "{text}");
                assert!(
                    !text.contains("SHELL") && !text.contains("System"),
                    "{text}"
                );
                let context = |name: &str| text.contains(&format!("\n[{name}]\n"));
                assert!(
                    context("callerid-rotation") && context("callerid-over"),
                    "{text}"
                );
                assert_eq!(context("vicidial-campaign-outbound"), vicidial, "{text}");
            }
        }
    }

    #[test]
    fn what_could_leave_its_place_is_refused() {
        for bad in ["127.0.0.1", "127.0.0.1:0", "h:1,x", "h)\n:1", "h:70000"] {
            assert!(authority(bad).is_err(), "{bad}");
        }
        for bad in ["", "/bin/sh -c", "/x,y", "/x)", "/x\n"] {
            assert!(program(bad).is_err(), "{bad}");
        }
        for bad in ["", "PJSIP/1\nexten", "x;y"] {
            assert!(one_line(bad).is_err(), "{bad}");
        }
        assert!(authority("[::1]:4573").is_ok() && authority("pbx-1.example.org:1").is_ok());
    }
}
