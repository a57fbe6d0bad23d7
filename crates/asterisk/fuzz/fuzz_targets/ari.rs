//! Any bytes as an ARI event.
#![no_main]

use cordboard_asterisk::ari::Event;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Ok(event) = Event::parse(input) {
        let _ = format!("{event:?}");
    }
});
