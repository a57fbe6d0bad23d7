//! What a lab needs of the machine, said in one sentence when it is missing.

use std::{fs, os::unix::fs::MetadataExt};

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
