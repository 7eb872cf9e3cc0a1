//! The balancer's process: what it does between its first message and its end.
//!
//! ```text
//! supervisor ──Listeners, Configure──► main thread ──snapshot──► workers
//!            ◄──Ready, Refused, Drained──┘    └─────────────────► control thread, log thread
//!            ◄──Heartbeat per worker── control thread
//! ```

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use system::channel::{Channel, Received};

use crate::load;
use crate::supervision::{Bundle, FromBalancer, ToBalancer};

/// Runs the balancer until the supervisor says so or is gone. Call it on the main thread of a
/// process of its own: it gives up privileges for good.
///
/// Returns the process's exit code: 0 after `Stop`, `Drain` or the supervisor's end, 1 where the
/// first configuration could not be put in force.
#[must_use]
pub fn run(channel: Channel) -> u8 {
    let mut role = Role {
        channel: Arc::new(channel),
        sockets: HashMap::new(),
    };
    role.serve()
}

struct Role {
    channel: Arc<Channel>,
    /// Listening sockets by key, as the supervisor handed them over.
    sockets: HashMap<String, OwnedFd>,
}

impl Role {
    fn serve(&mut self) -> u8 {
        loop {
            let received = match self.channel.receive() {
                Ok(Some(received)) => received,
                // Without a supervisor nobody could stop or reload us.
                Ok(None) => return 0,
                Err(error) if error.kind() == std::io::ErrorKind::InvalidData => continue,
                Err(_) => return 1,
            };
            match self.follow(received) {
                Some(code) => return code,
                None => continue,
            }
        }
    }

    fn follow(&mut self, received: Received) -> Option<u8> {
        let message: ToBalancer = serde_json::from_slice(&received.body).ok()?;
        match message {
            ToBalancer::Listeners { keys } => {
                self.sockets
                    .extend(keys.into_iter().zip(received.descriptors));
                None
            }
            ToBalancer::Configure(bundle) => {
                self.configure(&bundle);
                None
            }
            ToBalancer::Drain => {
                self.send(&FromBalancer::Drained);
                Some(0)
            }
            ToBalancer::Stop => Some(0),
        }
    }

    fn configure(&mut self, bundle: &Bundle) {
        let generation = bundle.generation;
        let (prepared, report) = load::prepare(bundle);
        match prepared {
            Some(prepared) => {
                self.sockets
                    .retain(|key, _| prepared.listeners.iter().any(|l| l.key == *key));
                self.send(&FromBalancer::Ready { generation });
            }
            None => self.send(&FromBalancer::Refused {
                generation,
                reason: report.errors(),
            }),
        }
    }

    fn send(&self, message: &FromBalancer) {
        if let Ok(body) = serde_json::to_vec(message) {
            // A closed channel is noticed by the next receive.
            let _ = self.channel.send(&body, &[]);
        }
    }
}
