//! Commands that end by themselves: arguments in, text, JSON and exit codes out.

mod centre;
mod config;
mod doctor;
mod documents;
mod import;
mod import_phones;
mod people;
mod rotation;
mod serve;
mod stats;

use std::{
    io::Write as _,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// A data folder of its own, and the program on it.
struct Cordboard {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// How a run ended.
struct Run {
    code: i32,
    out: String,
    err: String,
}

impl Cordboard {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn run(&self, line: &str) -> Run {
        self.run_with(line, "")
    }

    /// Runs a line of words with this standard input.
    fn run_with(&self, line: &str, input: &str) -> Run {
        let mut child = self.spawn(line);
        // A program that does not read may have gone already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Run::new(child.wait_with_output().unwrap())
    }

    /// Starts a line of words, with all its streams piped.
    fn spawn(&self, line: &str) -> Child {
        Command::new(env!("CARGO_BIN_EXE_cordboard"))
            .args(line.split_whitespace())
            .env_clear()
            .env("CORDBOARD__DATA__FOLDER", self.folder.path().join("data"))
            .envs(self.variables.iter().cloned())
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }
}

impl Run {
    fn new(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What was printed, after a success.
    #[track_caller]
    fn text(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }

    /// What was printed as JSON, after a success.
    #[track_caller]
    fn json(self) -> Value {
        serde_json::from_str(&self.text()).unwrap()
    }

    /// What was said on standard error, after a failure.
    #[track_caller]
    fn failure(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self.err
    }
}
