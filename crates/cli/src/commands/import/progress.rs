//! How far a file is read, on standard error, for people only.

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::Output;

const LOOK: &str = "{wide_bar} {percent} %  {msg}";

/// Nothing is drawn where standard error is no terminal.
pub(super) fn bar(bytes: u64, output: &Output) -> ProgressBar {
    if output.json {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(LOOK);
    ProgressBar::new(bytes).with_style(style.expect("the template is one"))
}
