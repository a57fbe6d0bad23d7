//! Any bytes as everything that Asterisk says in one session.
#![no_main]

use cordboard_asterisk::agi::{Session, words};
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// More than an input has, and than the script says.
const ROOM: usize = 64 * 1024;

fuzz_target!(|input: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let said = runtime.block_on(async {
        let (mut asterisk, script) = tokio::io::duplex(ROOM);
        asterisk.write_all(input).await.expect("there is room");
        asterisk.shutdown().await.expect("it is open");
        if let Ok(mut session) = Session::start(script).await {
            if let Ok(values) = session.variables(["TO", "CAMPAIGN", "AGENT"]).await {
                assert!(values.iter().flatten().all(|value| !value.is_empty()));
                for value in values.into_iter().flatten() {
                    let _ = session.set_variable("BACK", value).await;
                }
            }
        }
        let mut said = Vec::new();
        asterisk.read_to_end(&mut said).await.expect("it is open");
        said
    });
    for line in said.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let first = words(line).into_iter().next();
        assert!(matches!(first.as_deref(), Some(b"GET" | b"SET")), "{line:?}");
    }
});
