//! Runs the data plane alone on a configuration file: `proxy FILE [CPU]`. For measurements.

#[path = "../tests/support/balancer.rs"]
mod balancer_in_process;

use std::collections::HashMap;
use std::sync::Arc;

use balancer::listen;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().expect("usage: proxy FILE [CPU]");
    let processor = arguments
        .next()
        .map(|text| text.parse().expect("a processor's number"));
    let text = std::fs::read_to_string(file).expect("a readable file");
    let prepared = balancer_in_process::prepare(&text);
    let bound = listen::bind_all(&prepared.listeners, |_| false, false).expect("free addresses");
    let sockets: HashMap<_, _> = bound
        .into_iter()
        .map(|bound| (bound.key, Arc::new(bound.socket)))
        .collect();
    let _balancer = balancer_in_process::Balancer::start_pinned(&text, 1, sockets, processor);
    loop {
        std::thread::park();
    }
}
