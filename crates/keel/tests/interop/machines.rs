//! Machines of a lab that tests start things on, each wait bounded.

use std::thread;
use std::time::{Duration, Instant};

use lab::{Error, Lab, LabBuilder, NodeSpec};

/// Nothing that is waited for takes longer on a machine that works.
pub const LIMIT: Duration = Duration::from_secs(20);

/// How often a condition is looked at.
const PACE: Duration = Duration::from_millis(20);

/// A lab of these machines on one switch named `lan`; `None` (and a recorded skip) where this
/// computer allows none.
pub fn on_one_switch(nodes: impl IntoIterator<Item = NodeSpec>) -> Option<Lab> {
    let empty = LabBuilder::new(env!("CARGO_BIN_EXE_keel")).switch("lan");
    match nodes.into_iter().fold(empty, LabBuilder::node).start() {
        Ok(lab) => Some(lab),
        Err(Error::NotAllowed { reason, enable }) => {
            testing_support::skip(&reason, &enable);
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Waits until `condition` yields a value.
#[track_caller]
pub fn eventually<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + LIMIT;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < end, "this never came: {what}");
        thread::sleep(PACE);
    }
}
