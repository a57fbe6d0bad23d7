//! `cordboard openapi`

use anyhow::Context as _;

use crate::output;

pub(super) fn run() -> anyhow::Result<()> {
    let document = server::openapi().to_pretty_json();
    output::print(&(document.context("the description cannot be written")? + "\n"))
}
