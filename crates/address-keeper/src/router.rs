//! One virtual router on this machine.

use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use system::link::Link;
use vrrp::{Instance, Tracked};

use crate::network::Network;
use crate::plan::RouterPlan;
use crate::supervision::InstanceStatus;

/// A router and what it was told last.
#[derive(Debug)]
pub(crate) struct Router {
    pub(crate) plan: RouterPlan,
    pub(crate) instance: Instance,
    pub(crate) since: SystemTime,
    pub(crate) usable: bool,
    pub(crate) tracked: Tracked,
    /// Gone from the configuration: forgotten once it has stopped.
    pub(crate) removed: bool,
    pub(crate) stopped: bool,
    /// Packets that could not be sent since the last one that could.
    pub(crate) unsent: u64,
}

impl Router {
    /// A router in INIT.
    pub(crate) fn new(mut plan: RouterPlan, network: &Network, incarnation: u64) -> Self {
        if let Some(source) = source(&plan, network) {
            plan.settings.source = source;
        }
        let instance = Instance::new(plan.settings.clone(), incarnation);
        Self {
            plan,
            instance,
            since: SystemTime::now(),
            usable: true,
            tracked: Tracked::Fit { weight: 0 },
            removed: false,
            stopped: false,
            unsent: 0,
        }
    }

    /// Whether the interface can carry this router: it exists, works, and has an address to send
    /// from.
    pub(crate) fn is_usable(&self, network: &Network) -> bool {
        let Some(link) = network.link(&self.plan.interface) else {
            return false;
        };
        let source = source(&self.plan, network);
        let source_is_there = source.is_some_and(|source| network.has(link.index, source));
        (self.plan.ignore_interface_state || Link::usable(link))
            && source.is_some()
            && (source_is_there || !self.plan.must_have_source)
    }

    /// As the operator sees it.
    pub(crate) fn status(&self) -> InstanceStatus {
        let instance = &self.instance;
        let since = self.since.duration_since(UNIX_EPOCH).unwrap_or_default();
        let addresses = self.plan.addresses.iter();
        InstanceStatus {
            name: self.plan.name.clone(),
            state: instance.state().name().to_owned(),
            since_unix_s: since.as_secs_f64(),
            reason: instance.reason().to_owned(),
            interface: self.plan.interface.clone(),
            virtual_router_id: self.plan.settings.virtual_router_id,
            base_priority: self.plan.settings.priority,
            effective_priority: instance.effective_priority(),
            addresses: addresses
                .map(|address| format!("{}/{}", address.address, address.prefix_len))
                .collect(),
            master: instance.other_master().map(|address| address.to_string()),
            peers: instance
                .peers()
                .map(|peer| (peer.address.to_string(), peer.hello.priority))
                .collect(),
        }
    }
}

/// Where a router's adverts come from: as configured, else the interface's own address.
pub(crate) fn source(plan: &RouterPlan, network: &Network) -> Option<IpAddr> {
    let link = network.link(&plan.interface)?;
    plan.source
        .or_else(|| network.source(link.index, plan.ipv6, &plan.virtual_addresses()))
}
