//! Lifts the private parsers of the two peer crates out of their published source, so that they are measured at their
//! own code without a socket in between. Nothing of theirs is kept in this repository.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=Cargo.lock");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));

    let response = fs::read_to_string(source_of("asterisk-ami").join("src/response.rs"))
        .expect("asterisk-ami's parser");
    fs::write(out.join("asterisk_ami_response.rs"), response).expect("OUT_DIR is writable");

    let manager = fs::read_to_string(source_of("asterisk-manager").join("src/lib.rs"))
        .expect("asterisk-manager");
    let start = manager
        .find("fn parse_ami_protocol_message")
        .expect("asterisk-manager's parser");
    let length = manager[start..].find("\n}\n").expect("its end") + 3;
    let parser = format!("pub {}", &manager[start..start + length]);
    fs::write(out.join("asterisk_manager_parse.rs"), parser).expect("OUT_DIR is writable");
}

fn source_of(package: &str) -> PathBuf {
    let cargo = env::var_os("CARGO").expect("cargo sets CARGO");
    // Only this platform's packages have been downloaded for the build.
    let target = env::var("TARGET").expect("cargo sets TARGET");
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--offline"])
        .args(["--filter-platform", &target])
        .output()
        .expect("cargo");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo metadata: {complaint}");
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("cargo metadata's JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let found = packages
        .iter()
        .find(|found| found["name"] == package)
        .expect("a dependency");
    let manifest = Path::new(found["manifest_path"].as_str().expect("a path"));
    manifest.parent().expect("a folder").to_owned()
}
