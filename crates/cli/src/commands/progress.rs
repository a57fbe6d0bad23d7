//! How far a file is read, on standard error, for people only.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::Output;

const TICK: Duration = Duration::from_millis(200);
const LOOK: &str = "{wide_bar} {percent} %  {msg}";

/// Nothing is drawn where standard error is no terminal.
pub(in crate::commands) fn bar(bytes: u64, output: &Output) -> ProgressBar {
    if output.json {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(LOOK);
    ProgressBar::new(bytes).with_style(style.expect("the template is one"))
}

/// For a time of which nothing is known.
pub(in crate::commands) fn waiting(output: &Output) -> ProgressBar {
    if output.json {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner().with_message("the server takes it in");
    bar.enable_steady_tick(TICK);
    bar
}
