//! The address of a running resource, watched by the kernel's events.

use std::io;
use std::net::IpAddr;

use system::monitor::{NetworkEvent, NetworkMonitor};

use crate::events::{Events, Subscription};
use crate::operation::Operation;
use crate::outcome::{OcfCode, Outcome};
use crate::watch::{Waiting, Watching};

/// A watch over one address.
#[derive(Debug)]
pub(super) struct AddressWatch {
    events: Subscription<NetworkMonitor>,
    address: IpAddr,
    monitor: Operation,
}

impl AddressWatch {
    /// Begins to watch what the operation, a monitor, is about. `None` where the kernel gives no
    /// events: the caller polls, which says why.
    pub(super) fn open(events: &Events, operation: &Operation) -> Option<Self> {
        let address = operation.given("ip")?.parse().ok()?;
        let events = events.network().ok()?;
        Some(Self {
            events,
            address,
            monitor: operation.clone(),
        })
    }

    /// Waits until the address is not where it should be; at once, where it is not there now.
    async fn failed(&mut self) -> Outcome {
        loop {
            let outcome = super::carry_out(&self.monitor).await;
            if outcome.code != OcfCode::Ok {
                return outcome;
            }
            if let Err(error) = self.concerned().await {
                return Outcome::done(OcfCode::Error, format!("events of the kernel: {error}"));
            }
        }
    }

    /// Waits for an event that may mean that the address is gone.
    async fn concerned(&mut self) -> io::Result<()> {
        loop {
            let Some(events) = self.events.next().await? else {
                return Ok(());
            };
            let concerns = |event: &NetworkEvent| match event {
                NetworkEvent::AddressGone(gone) => gone.address == self.address,
                NetworkEvent::LinkGone { .. } | NetworkEvent::Resync => true,
                NetworkEvent::Link(_) | NetworkEvent::Address(_) => false,
            };
            if events.iter().any(concerns) {
                return Ok(());
            }
        }
    }
}

impl Watching for AddressWatch {
    fn changed(&mut self) -> Waiting<'_> {
        Box::pin(self.failed())
    }
}
