//! `cordboard config dump`

use serde_json::json;

use crate::{output::Output, setting::Global};

pub(super) fn run(global: &Global, output: &Output) -> anyhow::Result<()> {
    let config = global.load(Vec::new())?;
    output.answer(
        &json!({ "file": config.file(), "settings": config.settings() }),
        || config.dump(),
    )
}
