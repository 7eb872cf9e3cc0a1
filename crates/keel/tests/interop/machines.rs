//! Machines of a lab that tests start things on, each wait bounded.

use lab::{Error, Lab, LabBuilder, NodeSpec};
pub use testing_support::{LIMIT, eventually};

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
