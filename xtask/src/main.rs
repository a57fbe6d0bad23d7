//! The repository's own commands: `cargo xtask tidy` and `cargo xtask codegen`.

mod codegen;
mod tidy;

use std::{path::PathBuf, process::ExitCode};

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  tidy      check layers, names, file lengths and what must not be committed
  codegen   rewrite the generated files: docs/openapi.json, cordboard.example.toml, the web client's types";

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["tidy"] => {
            let problems = tidy::check(&root())?;
            for problem in &problems {
                eprintln!("{problem}");
            }
            Ok(ExitCode::from(u8::from(!problems.is_empty())))
        }
        ["codegen"] => codegen::run(&root()).map(|()| ExitCode::SUCCESS),
        _ => {
            eprintln!("{USAGE}");
            Ok(ExitCode::from(2))
        }
    }
}

/// The repository's folder.
fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or(here.clone(), PathBuf::from)
}
