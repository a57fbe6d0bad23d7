//! Asks the person before the terminal.

use std::io::{self, IsTerminal as _, Write as _};

use crate::{
    failure::{Code, Failure},
    output::Output,
};

/// Whether the one who is asked says yes. Where nobody can be asked, `--yes` is needed.
pub(super) fn agrees(question: &str, yes: bool, output: &Output) -> Result<bool, Failure> {
    if yes {
        return Ok(true);
    }
    if output.json || !io::stdin().is_terminal() {
        let what = "nobody is here to be asked; nothing was done";
        return Err(
            Failure::new(Code::Failed, what).remedy("say `--yes`, once you have seen the plan")
        );
    }
    eprint!("{question} Only `yes` is a yes: ");
    let mut answer = String::new();
    let asked = io::stderr()
        .flush()
        .and_then(|()| io::stdin().read_line(&mut answer));
    let failed = |error| Failure::new(Code::Failed, "cannot read the answer").because(error);
    asked.map_err(failed)?;
    Ok(answer.trim() == "yes")
}
