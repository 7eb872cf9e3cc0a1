//! One fuzz target under libFuzzer: `KEEL_FUZZ_TARGET` names it.
#![no_main]

use std::sync::LazyLock;

static RUN: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("KEEL_FUZZ_TARGET").unwrap_or_default();
    match fuzz::target(&name) {
        Some(target) => target.run,
        None => {
            eprintln!("KEEL_FUZZ_TARGET='{name}' is no target; see `cargo xtask fuzz list`");
            std::process::exit(2);
        }
    }
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| RUN(bytes));
