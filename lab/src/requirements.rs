//! What a lab needs of the machine, said in one sentence when it is missing.

use std::{fs, os::unix::fs::MetadataExt};

use crate::{
    error::{LabError, Result},
    services::find_program,
};

/// Whether we run as root, which `chroot` needs.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Whether a test that cannot run here must fail rather than be skipped: in CI, or when asked for.
pub fn is_required() -> bool {
    let set =
        |name| std::env::var(name).is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
    set("CI") || set("CORDBOARD_REQUIRE_LAB")
}

/// Whether `lab services run` gives this variable, the address of a server; that it does not has been said.
///
/// # Panics
/// When it does not, and [`is_required`].
pub fn is_given(variable: &str) -> bool {
    if std::env::var_os(variable).is_some() {
        return true;
    }
    assert!(
        !is_required(),
        "{variable} is not set, and skipping is not allowed here"
    );
    eprintln!("SKIPPED: {variable} is not set; run under `lab services run -- …`");
    false
}

/// Programs that a lab with Asterisk and phones runs.
const PROGRAMS: &[&str] = &["chroot", "debootstrap", "setpriv", "sipp"];

/// `Ok` when a lab can be brought up here, else what is missing and what to do about it.
///
/// That the network works is only found out when a root file system has to be made.
pub fn requirements() -> Result<()> {
    if !is_root() {
        return Err(LabError::Missing(
            "not root, and a lab runs Asterisk under chroot: run the tests as root".into(),
        ));
    }
    let missing: Vec<&str> = PROGRAMS
        .iter()
        .copied()
        .filter(|name| find_program(name).is_none())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(LabError::Missing(format!(
        "missing programs: {}: run scripts/setup as root",
        missing.join(", ")
    )))
}

/// Why no root file system can be made here, if so.
pub(crate) fn root_cannot_be_made() -> Option<String> {
    requirements().err().map(|error| error.to_string())
}
