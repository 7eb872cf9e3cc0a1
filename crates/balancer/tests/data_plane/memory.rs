//! What a connection leaves behind: nothing.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use crate::support::{DEFAULTS, Proxy};

/// Connections until every table and buffer has its size.
const WARM_UP: usize = 2_000;
/// Connections that are measured.
const MEASURED: usize = 4_000;
/// Set in the process that measures: there the memory is the balancer's alone.
const MEASURING: &str = "KEEL_TEST_MEASURES_MEMORY";
/// What these may add: less than 128 bytes each.
const GROWTH_MAX_BYTES: usize = 512 * 1_024;

#[test]
fn a_connection_leaves_no_memory_behind() {
    if std::env::var_os(MEASURING).is_some() {
        return measure();
    }
    let myself = std::env::current_exe().expect("a test is a program");
    let ended = Command::new(myself)
        .args(["--exact", "memory::a_connection_leaves_no_memory_behind"])
        .env(MEASURING, "1")
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{said}");
}

fn measure() {
    let proxy = Proxy::start(&format!(
        "{DEFAULTS}frontend f\n  bind {{fe}}\n  http-request return status 200\n"
    ));
    let ask = |count| (0..count).for_each(|_| ask_once(proxy.address));
    ask(WARM_UP);
    let before = resident_bytes();
    ask(MEASURED);
    let growth = resident_bytes().saturating_sub(before);
    assert!(
        growth <= GROWTH_MAX_BYTES,
        "{MEASURED} connections left {growth} bytes"
    );
}

fn ask_once(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).expect("the frontend listens");
    // Ends with a reset, so that no port waits.
    socket2::SockRef::from(&stream)
        .set_linger(Some(Duration::ZERO))
        .expect("the option exists");
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        .expect("it reads");
    assert!(stream.read(&mut [0; 512]).expect("it answers") > 0);
}

fn resident_bytes() -> usize {
    let text = std::fs::read_to_string("/proc/self/status").expect("/proc is mounted");
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: usize = line
        .and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .expect("the kernel says so");
    kib * 1_024
}
