//! Events in place of polls: a native agent's resource fails, and that is known at once.

use crate::native::haproxy::ProcessWatch;
use crate::native::ipaddr2::AddressWatch;
use crate::outcome::Outcome;

/// A watch over one running resource. It sees what happens after it was begun, so a caller begins it
/// before or after a successful monitor, and goes on polling (less often) all the same.
#[derive(Debug)]
pub struct Watch {
    what: Watched,
}

#[derive(Debug)]
enum Watched {
    Address(AddressWatch),
    Process(ProcessWatch),
}

impl Watch {
    pub(crate) fn address(watch: AddressWatch) -> Self {
        Self {
            what: Watched::Address(watch),
        }
    }

    pub(crate) fn process(watch: ProcessWatch) -> Self {
        Self {
            what: Watched::Process(watch),
        }
    }

    /// Waits until the resource is no longer as a monitor would have it, and answers what a monitor
    /// says then; at once, where that is so already. Safe to be cancelled and called again.
    pub async fn failed(&mut self) -> Outcome {
        match &mut self.what {
            Watched::Address(watch) => watch.failed().await,
            Watched::Process(watch) => watch.failed().await,
        }
    }
}
