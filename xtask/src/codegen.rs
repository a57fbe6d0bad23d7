//! Rewrites the files that are made from the code. Each has a test that fails when it is out of date.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, ensure};

/// What `cordboard` prints, and the file that keeps it.
const FROM_BINARY: [(&[&str], &str); 2] = [
    (&["openapi"], "docs/openapi.json"),
    (&["config", "example"], "cordboard.example.toml"),
];

/// Between these lines of the manual stand the tables of `cordboard config keys`.
const MANUAL: &str = "docs/OPERATIONS.md";
const MARKS: (&str, &str) = ("<!-- keys -->\n", "<!-- /keys -->");

pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    // The selection of `make test`: another one would resolve features otherwise and build everything again.
    let status = Command::new("cargo")
        .current_dir(root)
        .args(["build", "--quiet", "--workspace", "--bins", "--tests"])
        .status()
        .context("run cargo")?;
    ensure!(status.success(), "cargo build: {status}");
    for (arguments, file) in FROM_BINARY {
        let printed = printed(root, arguments)?;
        fs::write(root.join(file), printed).with_context(|| format!("write {file}"))?;
        println!("{file}");
    }
    let manual = fs::read_to_string(root.join(MANUAL)).context(MANUAL)?;
    let tables = printed(root, &["config", "keys"])?;
    fs::write(root.join(MANUAL), with_tables(&manual, &tables)?).context(MANUAL)?;
    println!("{MANUAL}");
    if root.join("web/package.json").exists() {
        let status = Command::new("npm")
            .current_dir(root.join("web"))
            .args(["run", "--silent", "api"])
            .status()
            .context("run npm")?;
        ensure!(status.success(), "npm run api: {status}");
    }
    Ok(())
}

fn binary(root: &Path) -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("debug/cordboard")
}

/// What `cordboard` prints.
fn printed(root: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(binary(root))
        .args(arguments)
        .output()
        .context("run cordboard")?;
    let words = arguments.join(" ");
    ensure!(
        output.status.success(),
        "cordboard {words}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).with_context(|| format!("cordboard {words}"))
}

fn with_tables(manual: &str, tables: &str) -> anyhow::Result<String> {
    let (before, rest) = manual
        .split_once(MARKS.0)
        .context("the manual has no <!-- keys -->")?;
    let (_, after) = rest
        .split_once(MARKS.1)
        .context("the manual has no <!-- /keys -->")?;
    Ok(format!("{before}{}{tables}{}{after}", MARKS.0, MARKS.1))
}
