//! Points the embedding at the built web client, or at a page that says how to build it.

use std::{env, fs, path::Path};

const PLACEHOLDER: &str = r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Cordboard</title></head>
<body style="font:16px system-ui;max-width:40rem;margin:15vh auto;padding:0 1rem">
<h1>Cordboard is running</h1>
<p>This build has no web client in it. Build it with <code>make web</code> and compile again.</p>
<p>The API is documented at <a href="/docs">/docs</a>.</p>
</body></html>
"#;

fn main() {
    let here = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let built = Path::new(&here).join("../../web/dist");
    // It must exist, or cargo would run this again on every build.
    let _ = fs::create_dir_all(&built);
    println!("cargo:rerun-if-changed={}", built.display());
    println!("cargo:rerun-if-changed=build.rs");

    let folder = if built.join("index.html").exists() {
        built
    } else {
        let out = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("web");
        fs::create_dir_all(&out).expect("the output folder is writable");
        fs::write(out.join("index.html"), PLACEHOLDER).expect("the output folder is writable");
        out
    };
    println!("cargo:rustc-env=WEB_DIST={}", folder.display());
}
