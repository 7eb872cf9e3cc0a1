//! The other `keel`s of one virtual router, known by their hello.

use std::net::IpAddr;
use std::time::Duration;

use crate::{Hello, State};

/// At most this many are remembered; a hello from one more is counted and forgotten.
pub const MAX_PEERS: usize = 32;

/// How often a hello is sent where nothing happens.
pub(crate) const HELLO_INTERVAL: Duration = Duration::from_secs(1);

/// A peer that was silent for so long is forgotten: three hellos missed.
pub(crate) const PEER_LIFETIME: Duration = Duration::from_millis(3500);

/// Another `keel`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Where its hello came from.
    pub address: IpAddr,
    /// Its last hello.
    pub hello: Hello,
    heard_at: Duration,
}

impl Peer {
    fn can_inherit(&self) -> bool {
        self.hello.state == State::Backup && !self.hello.balancer_lost && !self.hello.leaving
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Peers {
    known: Vec<Peer>,
}

/// What a hello changed in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heard {
    /// The first hello of this peer's incarnation.
    pub(crate) is_new: bool,
    /// The peer could not be an heir before and can be now.
    pub(crate) became_eligible: bool,
    /// The peer was master before and is not now.
    pub(crate) stepped_down: bool,
}

impl Peers {
    /// Takes a hello into the table. `None` where it is replayed, late, or from one peer too many.
    pub(crate) fn hear(&mut self, address: IpAddr, hello: Hello, now: Duration) -> Option<Heard> {
        let peer = Peer {
            address,
            hello,
            heard_at: now,
        };
        let order = |hello: &Hello| (hello.incarnation, hello.sequence);
        let place = self.known.iter().position(|peer| peer.address == address);
        let before = match place {
            Some(place) if order(&hello) <= order(&self.known[place].hello) => return None,
            Some(place) => Some(std::mem::replace(&mut self.known[place], peer)),
            None if self.known.len() < MAX_PEERS => {
                self.known.push(peer);
                None
            }
            None => return None,
        };
        let was_master = before.is_some_and(|before| before.hello.state == State::Master);
        Some(Heard {
            stepped_down: was_master && hello.state != State::Master,
            is_new: before.is_none_or(|before| before.hello.incarnation != hello.incarnation),
            became_eligible: peer.can_inherit() && !before.is_some_and(|peer| peer.can_inherit()),
        })
    }

    /// Those that were heard lately and are not leaving. A leaving one stays in the table until its
    /// time is over, so that its hellos cannot be replayed.
    pub(crate) fn known(&self) -> impl Iterator<Item = &Peer> {
        self.known.iter().filter(|peer| !peer.hello.leaving)
    }

    /// Whether the router at that address is a `keel`.
    pub(crate) fn knows(&self, address: IpAddr) -> bool {
        self.known().any(|peer| peer.address == address)
    }

    /// Who shall be master if we give way: the best backup whose balancer serves, by priority, then
    /// by address as in an election.
    pub(crate) fn heir(&self) -> Option<&Peer> {
        self.known()
            .filter(|peer| peer.can_inherit())
            .max_by_key(|peer| (peer.hello.priority, peer.address))
    }

    /// The next in line, where it has a higher priority and would use it.
    pub(crate) fn better_than(&self, priority: u8) -> Option<&Peer> {
        self.heir()
            .filter(|peer| peer.hello.preempts && peer.hello.priority > priority)
    }

    pub(crate) fn forget_silent(&mut self, now: Duration) {
        self.known
            .retain(|peer| now.saturating_sub(peer.heard_at) <= PEER_LIFETIME);
    }
}
