//! The sockets: one raw one for adverts and one for hellos per interface and family.

use std::io;
use std::net::{IpAddr, SocketAddr};

use futures_util::future::select_all;
use system::awaited::Awaited;
use system::vrrp_socket::{Datagram, Protocol, SocketOptions, VrrpSocket};
use vrrp::{HELLO_PORT, HOP_LIMIT, IP_PROTOCOL};

use crate::network::Network;
use crate::plan::RouterPlan;

/// What travels through a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Traffic {
    /// Adverts, sent with that TTL or hop limit.
    Adverts { ttl: u8 },
    /// Hellos.
    Hellos,
}

/// Which routers share a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) interface: String,
    pub(crate) ipv6: bool,
    pub(crate) traffic: Traffic,
}

impl Key {
    pub(crate) fn of(plan: &RouterPlan, traffic: Traffic) -> Self {
        Self {
            interface: plan.interface.clone(),
            ipv6: plan.ipv6,
            traffic,
        }
    }

    pub(crate) fn adverts(plan: &RouterPlan) -> Self {
        Self::of(plan, Traffic::Adverts { ttl: plan.ttl })
    }
}

#[derive(Debug)]
struct Open {
    key: Key,
    interface_index: u32,
    groups: Vec<IpAddr>,
    socket: Awaited<VrrpSocket>,
}

/// All open sockets.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    open: Vec<Open>,
}

impl Sockets {
    /// Opens what these routers need, keeps what is open already, closes the rest. Answers what
    /// could not be opened.
    pub(crate) fn fit<'a>(
        &mut self,
        routers: impl Iterator<Item = &'a RouterPlan>,
        network: &Network,
    ) -> Vec<(Key, io::Error)> {
        let mut wanted: Vec<(Key, u32, Vec<IpAddr>)> = Vec::new();
        for plan in routers {
            let Some(link) = network.link(&plan.interface) else {
                continue;
            };
            let group = plan
                .settings
                .unicast_peers
                .is_empty()
                .then_some(plan.settings.group);
            for key in [Key::adverts(plan), Key::of(plan, Traffic::Hellos)] {
                match wanted.iter_mut().find(|(known, ..)| *known == key) {
                    Some((_, _, groups)) => {
                        groups.extend(group.filter(|group| !groups.contains(group)));
                    }
                    None => wanted.push((key, link.index, group.into_iter().collect())),
                }
            }
        }
        self.open.retain(|open| {
            let is_wanted = |(key, index, groups): &(Key, u32, Vec<IpAddr>)| {
                *key == open.key && *index == open.interface_index && *groups == open.groups
            };
            wanted.iter().any(is_wanted)
        });
        let mut failed = Vec::new();
        for (key, interface_index, groups) in wanted {
            if self.open.iter().any(|open| open.key == key) {
                continue;
            }
            match open(&key, interface_index, &groups) {
                Ok(socket) => self.open.push(Open {
                    key,
                    interface_index,
                    groups,
                    socket,
                }),
                Err(error) => failed.push((key, error)),
            }
        }
        failed
    }

    /// Waits for the next packet.
    pub(crate) async fn receive(&self) -> io::Result<(Key, Datagram)> {
        if self.open.is_empty() {
            return std::future::pending().await;
        }
        let waits = self
            .open
            .iter()
            .map(|open| Box::pin(open.socket.read(VrrpSocket::receive)));
        let (datagram, place, _) = select_all(waits).await;
        Ok((self.open[place].key.clone(), datagram?))
    }

    /// The packets that wait, at most `limit` of each socket.
    pub(crate) fn waiting(&self, limit: usize) -> Vec<(Key, Datagram)> {
        let mut found = Vec::new();
        for open in &self.open {
            let datagrams = std::iter::from_fn(|| open.socket.inner().receive().ok());
            found.extend(
                datagrams
                    .take(limit)
                    .map(|datagram| (open.key.clone(), datagram)),
            );
        }
        found
    }

    /// Sends one packet.
    pub(crate) fn send(
        &self,
        key: &Key,
        payload: &[u8],
        source: IpAddr,
        destination: IpAddr,
    ) -> io::Result<()> {
        let open = self.open.iter().find(|open| open.key == *key);
        let open = open.ok_or(io::ErrorKind::NotConnected)?;
        let port = match key.traffic {
            Traffic::Adverts { .. } => 0,
            Traffic::Hellos => HELLO_PORT,
        };
        let destination = SocketAddr::new(destination, port);
        open.socket
            .inner()
            .send(payload, source, destination, open.interface_index)
    }
}

fn open(key: &Key, interface_index: u32, groups: &[IpAddr]) -> io::Result<Awaited<VrrpSocket>> {
    let (protocol, ttl) = match key.traffic {
        Traffic::Adverts { ttl } => (Protocol::Raw(IP_PROTOCOL), ttl),
        Traffic::Hellos => (Protocol::Udp(HELLO_PORT), HOP_LIMIT),
    };
    let options = SocketOptions {
        ipv6: key.ipv6,
        protocol,
        interface: Some(key.interface.clone()),
        groups: groups
            .iter()
            .map(|group| (*group, interface_index))
            .collect(),
        ttl,
    };
    Awaited::new(VrrpSocket::open(&options)?)
}
