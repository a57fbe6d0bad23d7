//! A child process that cannot outlive us.
//!
//! Between us and the program stands a small shell that holds the reading end of a pipe. When the pipe closes
//! (the handle was dropped, the test panicked, or we were killed outright) it ends the program, first politely,
//! then not. A parent-death signal would not do: it fires when the *thread* that spawned the child ends.
//! Never finds a process by name.

use std::{
    ffi::{OsStr, OsString},
    io::Write,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStderr, ChildStdin, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use crate::error::{Doing, LabError, Result};

/// `$1`: signal sent when the leash is let go. `$2`: tenths of a second until SIGKILL. The rest: the program.
const KEEPER: &str = r#"
exec 3<&0 </dev/null
end=$1 patience=$2; shift 2
"$@" 3<&- &
child=$!
(
  exec >/dev/null 2>&1
  while read -r signal <&3; do kill -s "$signal" "$child"; done
  kill -s "$end" "$child"
  while [ "$patience" -gt 0 ]; do sleep 0.1; patience=$((patience - 1)); done
  kill -s KILL -- "-$$"
) &
watcher=$!
wait "$child"; code=$?
kill -s KILL "$watcher"
exit "$code"
"#;

/// How long a program may take to end after its last signal before it is killed.
const PATIENCE: Duration = Duration::from_secs(5);
const EXIT_POLL: Duration = Duration::from_millis(5);

/// What to run, and how to end it.
#[derive(Debug)]
pub(crate) struct Leashed {
    words: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    end_signal: &'static str,
    output: Stdio,
    errors: Stdio,
}

impl Leashed {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            words: vec![program.as_ref().to_owned()],
            env: Vec::new(),
            end_signal: "TERM",
            output: Stdio::null(),
            errors: Stdio::null(),
        }
    }

    pub(crate) fn arg(mut self, word: impl AsRef<OsStr>) -> Self {
        self.words.push(word.as_ref().to_owned());
        self
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        self.words
            .extend(words.into_iter().map(|word| word.as_ref().to_owned()));
        self
    }

    pub(crate) fn end_signal(mut self, name: &'static str) -> Self {
        self.end_signal = name;
        self
    }

    /// Sends everything that the program prints to a file, emptied first.
    pub(crate) fn log(mut self, path: &Path) -> Result<Self> {
        let file = std::fs::File::create(path).doing(|| format!("write {}", path.display()))?;
        self.errors = Stdio::from(file.try_clone().doing(|| "clone a file".into())?);
        self.output = Stdio::from(file);
        Ok(self)
    }

    /// Keeps what the program writes to its error output readable by [`Leash::take_errors`].
    pub(crate) fn pipe_errors(mut self) -> Self {
        self.errors = Stdio::piped();
        self
    }

    pub(crate) fn spawn(self) -> Result<Leash> {
        let name = self.words[0].to_string_lossy().into_owned();
        let mut child = Command::new("/bin/sh")
            .args(["-c", KEEPER, "leash", self.end_signal])
            .arg((PATIENCE.as_millis() / 100).to_string())
            .args(&self.words)
            .envs(self.env)
            .stdin(Stdio::piped())
            .stdout(self.output)
            .stderr(self.errors)
            .current_dir("/")
            .process_group(0)
            .spawn()
            .doing(|| format!("start {name}"))?;
        let line = child.stdin.take();
        Ok(Leash { name, child, line })
    }
}

/// A running program. Dropping it ends the program and waits until it is gone.
#[derive(Debug)]
pub(crate) struct Leash {
    name: String,
    child: Child,
    line: Option<ChildStdin>,
}

impl Leash {
    /// Sends a signal by its name without `SIG`, such as `TERM`.
    pub(crate) fn signal(&mut self, name: &str) -> Result<()> {
        let Some(line) = &mut self.line else {
            return Ok(());
        };
        writeln!(line, "{name}").doing(|| format!("signal {}", self.name))
    }

    pub(crate) fn take_errors(&mut self) -> Option<ChildStderr> {
        self.child.stderr.take()
    }

    /// `None` while the program runs.
    pub(crate) fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Sends `signal` and waits for the end.
    pub(crate) async fn end(mut self, signal: &str) -> Result<()> {
        if self.exited().is_none() {
            // The program may end by itself at any moment; that is what is wanted.
            let _ = self.signal(signal);
        }
        self.wait(PATIENCE).await.map(|_| ())
    }

    pub(crate) async fn wait(&mut self, at_most: Duration) -> Result<ExitStatus> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.exited() {
                return Ok(status);
            }
            if started.elapsed() > at_most {
                return Err(LabError::timeout(
                    format!("the end of {}", self.name),
                    at_most,
                ));
            }
            tokio::time::sleep(EXIT_POLL).await;
        }
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        drop(self.line.take());
        let deadline = Instant::now() + PATIENCE + Duration::from_secs(1);
        while self.exited().is_none() && Instant::now() < deadline {
            std::thread::sleep(EXIT_POLL);
        }
    }
}

/// Runs a program to its end and returns what it printed; a bad end is an error with its last words.
pub(crate) async fn run(command: &mut tokio::process::Command) -> Result<String> {
    let name = command
        .as_std()
        .get_program()
        .to_string_lossy()
        .into_owned();
    let done = command
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .doing(|| format!("run {name}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if done.status.success() {
        return Ok(text(&done.stdout));
    }
    let output = format!("{} {}", text(&done.stdout), text(&done.stderr));
    Err(LabError::Program {
        program: name,
        status: done.status.to_string(),
        output: last_words(&output),
    })
}

/// The end of a program's output, enough to see why it failed.
pub(crate) fn last_words(output: &str) -> String {
    /// Characters of a program's output that an error carries.
    const LIMIT: usize = 2_000;
    let skip = output.chars().count().saturating_sub(LIMIT);
    output.trim().chars().skip(skip).collect()
}
