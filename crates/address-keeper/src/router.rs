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
    pub(crate) interface_fault: Option<String>,
    pub(crate) tracked: Tracked,
    /// Gone from the configuration: forgotten once it has stopped.
    pub(crate) removed: bool,
    pub(crate) stopped: bool,
    /// Addresses that should be here and could not be added, and why.
    pub(crate) missing: Option<String>,
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
            interface_fault: None,
            tracked: Tracked::Fit { weight: 0 },
            removed: false,
            stopped: false,
            missing: None,
            unsent: 0,
        }
    }

    /// Why the interface cannot carry this router.
    pub(crate) fn interface_fault(&self, network: &Network) -> Option<String> {
        let name = &self.plan.interface;
        let Some(link) = network.link(name) else {
            return Some(format!("interface {name} does not exist"));
        };
        if !self.plan.ignore_interface_state && !Link::usable(link) {
            let how = if link.up { "has no carrier" } else { "is down" };
            return Some(format!("interface {name} {how}"));
        }
        let Some(source) = source(&self.plan, network) else {
            let family = if self.plan.ipv6 {
                "IPv6 link-local"
            } else {
                "IPv4"
            };
            return Some(format!(
                "interface {name} has no {family} address to send from"
            ));
        };
        let is_absent = self.plan.must_have_source && !network.has(link.index, source);
        is_absent.then(|| format!("{source} is not on interface {name}"))
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
            reason: match &self.missing {
                Some(missing) => format!("{}; without {missing}", instance.reason()),
                None => instance.reason().to_owned(),
            },
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
            refused_adverts: instance
                .counters()
                .refused
                .iter()
                .map(|(why, count)| ((*why).to_owned(), *count))
                .collect(),
        }
    }
}

/// Where a router's adverts come from: as configured, else the interface's own address.
pub(crate) fn source(plan: &RouterPlan, network: &Network) -> Option<IpAddr> {
    let link = network.link(&plan.interface)?;
    plan.source
        .or_else(|| network.source(link.index, plan.ipv6, &plan.never_sources))
}
