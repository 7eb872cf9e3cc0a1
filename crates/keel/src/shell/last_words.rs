//! Carrying out the testament of a dead address keeper.

use std::net::IpAddr;

use address_keeper::supervision::{Farewell, FarewellTransport, Testament};
use system::address::Removed;
use system::netlink::Netlink;
use system::vrrp_socket::{Protocol, send_once};

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Addresses taken off.
    pub removed: Vec<IpAddr>,
    /// Farewells sent.
    pub sent: usize,
    /// What failed, in words.
    pub failures: Vec<String>,
}

impl Outcome {
    /// For the log.
    pub fn line(&self) -> String {
        let addresses: Vec<String> = self.removed.iter().map(IpAddr::to_string).collect();
        let removed = if addresses.is_empty() {
            "it held no address any more".to_owned()
        } else {
            format!("removed {}", addresses.join(", "))
        };
        let mut line = format!(
            "for the dead address keeper: {removed}, sent {} farewells",
            self.sent
        );
        for failure in &self.failures {
            line.push_str("; ");
            line.push_str(failure);
        }
        line
    }
}

/// Removes the addresses, then sends the farewells. Goes on past what fails.
pub fn execute(testament: &Testament) -> Outcome {
    let mut outcome = Outcome::default();
    remove_addresses(testament, &mut outcome);
    for farewell in &testament.farewells {
        match send(farewell) {
            Ok(()) => outcome.sent += 1,
            Err(error) => outcome.failures.push(format!(
                "the farewell to {} could not be sent: {error}",
                farewell.destination
            )),
        }
    }
    outcome
}

fn remove_addresses(testament: &Testament, outcome: &mut Outcome) {
    if testament.addresses.is_empty() {
        return;
    }
    let mut netlink = match Netlink::open() {
        Ok(netlink) => netlink,
        Err(error) => {
            outcome
                .failures
                .push(format!("its addresses could not be removed: {error}"));
            return;
        }
    };
    for held in &testament.addresses {
        match netlink.remove_address(held.interface_index, held.address, held.prefix_len) {
            Ok(Removed::Removed) => outcome.removed.push(held.address),
            Ok(Removed::NotThere) => {}
            Err(error) => outcome
                .failures
                .push(format!("{} could not be removed: {error}", held.address)),
        }
    }
}

fn send(farewell: &Farewell) -> std::io::Result<()> {
    let protocol = match farewell.transport {
        FarewellTransport::Ip { protocol } => Protocol::Raw(protocol),
        FarewellTransport::Udp { port } => Protocol::Udp(port),
    };
    send_once(
        protocol,
        &farewell.payload,
        farewell.source,
        farewell.destination,
        farewell.interface_index,
    )
}
