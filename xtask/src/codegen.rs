//! Rewrites the files that are made from the code. Each has a test that fails when it is out of date.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, ensure};

/// What `cordboard` prints, and the file that keeps it.
const FROM_BINARY: [(&[&str], &str); 2] = [
    (&["openapi"], "docs/openapi.json"),
    (&["config", "example"], "cordboard.example.toml"),
];

pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    for (arguments, file) in FROM_BINARY {
        let output = Command::new("cargo")
            .current_dir(root)
            .args(["run", "--quiet", "--package", "cordboard", "--"])
            .args(arguments)
            .output()
            .context("run cargo")?;
        let words = arguments.join(" ");
        ensure!(
            output.status.success(),
            "cordboard {words}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        fs::write(root.join(file), output.stdout).with_context(|| format!("write {file}"))?;
        println!("{file}");
    }
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
