//! `cordboard config check`

use serde_json::json;
use server::config::Config;

use crate::{
    failure::{Code, Failure},
    output::Output,
    setting::Global,
};

pub(super) fn run(global: &Global, output: &Output) -> anyhow::Result<()> {
    let read = |config: &Config| {
        config
            .file()
            .map_or("no file".to_owned(), |file| file.display().to_string())
    };
    match Config::load(&global.sources(&mut Vec::new())) {
        Ok(config) => output.answer(&json!({ "ok": true, "file": config.file() }), || {
            format!("The configuration is right ({}).\n", read(&config))
        }),
        Err(error) if output.json => {
            let flaws: Vec<_> = error
                .flaws
                .iter()
                .map(|flaw| json!({ "where": flaw.origin, "what": flaw.what }))
                .collect();
            output.answer(&json!({ "ok": false, "flaws": flaws }), String::new)?;
            Err(Failure::told(Code::Config).into())
        }
        Err(error) => Err(Failure::from(error).into()),
    }
}
