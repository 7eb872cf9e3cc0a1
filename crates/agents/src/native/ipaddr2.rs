//! `ocf:heartbeat:IPaddr2`: an address on an interface, over netlink, announced to its neighbours.
//!
//! ```text
//! parameters ──► Wanted ──► locate (interfaces and their networks) ──► Place ──► netlink, announce
//! ```

mod announce;
mod place;
mod wanted;
mod watch;

use std::time::Duration;

use system::address::{InterfaceAddress, NewAddress};
use system::netlink::{Netlink, NetlinkError};
use tokio::time::sleep;

use crate::events::Events;
use crate::operation::Operation;
use crate::outcome::{OcfCode, Outcome};
use crate::watch::Watch;

use place::Place;
use wanted::Wanted;

pub(super) use wanted::beyond;
use watch::AddressWatch;

/// How often is looked whether duplicate address detection has ended (IPv6). It takes a second.
const DETECTION_PACE: Duration = Duration::from_millis(20);

/// Why an operation cannot be carried out.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The configuration is wrong wherever it is used.
    #[error("{0}")]
    Configuration(String),
    /// It does not fit this machine.
    #[error("{0}")]
    Machine(String),
    /// The kernel refused.
    #[error("{0}")]
    Kernel(#[from] NetlinkError),
}

impl Failure {
    fn code(&self) -> OcfCode {
        match self {
            Self::Configuration(_) => OcfCode::NotConfigured,
            Self::Kernel(NetlinkError::NotPermitted) => OcfCode::InsufficientPrivileges,
            Self::Machine(_) | Self::Kernel(_) => OcfCode::Error,
        }
    }
}

/// Carries one operation out.
pub(super) async fn carry_out(operation: &Operation) -> Outcome {
    if operation.given("ip").is_none() {
        return Outcome::done(OcfCode::NotConfigured, "the parameter ip is required");
    }
    let done = match operation.action.as_str() {
        "start" => start(operation).await,
        "stop" => stop(operation),
        "monitor" | "status" => monitor(operation),
        "validate-all" => validate(operation),
        _ => return Outcome::done(OcfCode::Unimplemented, ""),
    };
    let ends_well = |code| Outcome::done(code, "");
    match (done, operation.action.as_str()) {
        (Ok(outcome), _) => outcome,
        // What cannot have been started here does not run here.
        (Err(Failure::Configuration(_) | Failure::Machine(_)), "monitor" | "status") => {
            ends_well(OcfCode::NotRunning)
        }
        (Err(Failure::Configuration(_) | Failure::Machine(_)), "stop") => ends_well(OcfCode::Ok),
        (Err(failure), _) => Outcome::done(failure.code(), failure.to_string()),
    }
}

/// Events in place of polls: the address is gone, or its interface.
pub(super) fn watch(events: &Events, operation: &Operation) -> Option<Watch> {
    AddressWatch::open(events, operation).map(Watch::new)
}

async fn start(operation: &Operation) -> Result<Outcome, Failure> {
    let wanted = Wanted::read(operation)?;
    let mut netlink = Netlink::open()?;
    let place = Place::find(&wanted, &mut netlink)?;
    if !held(&wanted, &mut netlink)?.is_empty() {
        return Ok(Outcome::done(OcfCode::Ok, ""));
    }
    netlink.add_address(&new_address(&wanted, &place))?;
    netlink.set_up(place.link.index, true)?;
    if wanted.address.is_ipv6() && !wanted.no_dad {
        wait_for_detection(&wanted, &place, &mut netlink).await?;
    }
    announce::begin(&wanted, &place.link, wanted.announcements);
    Ok(Outcome::done(OcfCode::Ok, ""))
}

fn stop(operation: &Operation) -> Result<Outcome, Failure> {
    let wanted = Wanted::read(operation)?;
    let mut netlink = Netlink::open()?;
    for found in held(&wanted, &mut netlink)? {
        netlink.remove_address(found.interface_index, found.address, found.prefix_len)?;
    }
    Ok(Outcome::done(OcfCode::Ok, ""))
}

fn monitor(operation: &Operation) -> Result<Outcome, Failure> {
    let wanted = Wanted::read(operation)?;
    let mut netlink = Netlink::open()?;
    let found = held(&wanted, &mut netlink)?;
    let Some(first) = found.first() else {
        let reason = if operation.is_probe() {
            String::new()
        } else {
            format!("{} is on no interface", wanted.address)
        };
        return Ok(Outcome::done(OcfCode::NotRunning, reason));
    };
    if wanted.announcements_in_monitor > 0
        && let Some(link) = netlink.link(first.interface_index)?
    {
        announce::begin(&wanted, &link, wanted.announcements_in_monitor);
    }
    Ok(Outcome::done(OcfCode::Ok, ""))
}

fn validate(operation: &Operation) -> Result<Outcome, Failure> {
    let wanted = Wanted::read(operation)?;
    Place::find(&wanted, &mut Netlink::open()?)?;
    Ok(Outcome::done(OcfCode::Ok, ""))
}

/// The address as it is on this machine, on an interface that it may be on.
fn held(wanted: &Wanted, netlink: &mut Netlink) -> Result<Vec<InterfaceAddress>, Failure> {
    let links = netlink.links()?;
    let counts = |index: u32| {
        links
            .iter()
            .any(|link| link.index == index && wanted.may_be_on(link))
    };
    let mut found = netlink.addresses(None)?;
    found.retain(|known| known.address == wanted.address && counts(known.interface_index));
    Ok(found)
}

fn new_address(wanted: &Wanted, place: &Place) -> NewAddress {
    let mut new = NewAddress::new(place.link.index, wanted.address, place.prefix_len);
    new.broadcast = place.broadcast;
    new.label = wanted
        .label
        .as_ref()
        .map(|label| format!("{}:{label}", place.link.name));
    new.flags.no_dad = wanted.no_dad;
    new.flags.no_prefix_route = wanted.no_prefix_route;
    new.preferred_lifetime_s = wanted.preferred_lifetime_s;
    new
}

/// Waits until the address may be used; takes it off again where another machine has it.
async fn wait_for_detection(
    wanted: &Wanted,
    place: &Place,
    netlink: &mut Netlink,
) -> Result<(), Failure> {
    loop {
        let found = netlink.addresses(Some(place.link.index))?;
        let found = found
            .into_iter()
            .find(|known| known.address == wanted.address);
        match found {
            Some(found) if found.duplicated => {
                netlink.remove_address(place.link.index, found.address, found.prefix_len)?;
                return Err(Failure::Machine(format!(
                    "another machine on {} has {} (duplicate address detection)",
                    place.link.name, wanted.address
                )));
            }
            Some(found) if found.tentative => sleep(DETECTION_PACE).await,
            Some(_) => return Ok(()),
            None => {
                return Err(Failure::Machine(format!(
                    "{} was removed from {} while it was being started",
                    wanted.address, place.link.name
                )));
            }
        }
    }
}

#[cfg(test)]
mod tests;
