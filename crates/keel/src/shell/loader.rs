//! Reading a new configuration beside the supervisor's loop: certificates and name lookups may take
//! long, and a child that dies meanwhile must not wait.

use std::collections::HashSet;
use std::io::{self, PipeReader, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::mpsc::{Receiver, channel};

use super::configurations::{Loaded, Messages, Origin};
use super::{Asker, KeeperCheck};

/// What came of it.
pub(super) struct Done {
    pub asker: Asker,
    /// The balancer's part, where there is one; or the messages of a refusal.
    pub outcome: Result<Option<(Loaded, Messages)>, Messages>,
}

/// A load under way.
pub(super) struct Loader {
    wake: PipeReader,
    done: Receiver<Done>,
}

impl Loader {
    /// Starts one: the keeper's files are checked first, then the balancer's are read and its new
    /// sockets bound.
    pub fn start(
        asker: Asker,
        balancer: Option<(Origin, u64, HashSet<String>)>,
        keeper: Option<(KeeperCheck, Vec<String>)>,
    ) -> io::Result<Self> {
        let (wake, mut waker) = io::pipe()?;
        let (sender, done) = channel();
        let work = move || {
            let outcome = load(balancer, keeper);
            // Nobody waits any more where the supervisor has ended.
            let _ = sender.send(Done { asker, outcome });
            let _ = waker.write_all(&[1]);
        };
        std::thread::Builder::new()
            .name("loader".to_owned())
            .spawn(work)?;
        Ok(Self { wake, done })
    }

    /// What came of it, once it is known.
    pub fn done(&self) -> Option<Done> {
        self.done.try_recv().ok()
    }
}

fn load(
    balancer: Option<(Origin, u64, HashSet<String>)>,
    keeper: Option<(KeeperCheck, Vec<String>)>,
) -> Result<Option<(Loaded, Messages)>, Messages> {
    if let Some((check, arguments)) = keeper {
        check(&arguments)?;
    }
    balancer
        .map(|(origin, generation, held)| origin.load(generation, &held, false))
        .transpose()
}

impl AsFd for Loader {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}
