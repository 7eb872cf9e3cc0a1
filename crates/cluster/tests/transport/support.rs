//! Nodes of a test, all in one runtime.

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use cluster::NodeId;
use cluster::keys::{Authority, Issued, Keys, create_authority, issue};
use cluster::transport::{
    Class, Event, Events, Limits, Link, LinkNumber, Sent, Settings, Transport,
};

/// Far above what anything here takes, and below the idle time of a connection.
pub const PATIENCE: Duration = Duration::from_secs(8);

/// The cluster's name, one that does not stand in certificates as it is.
pub const CLUSTER: &str = "My Cluster";

/// A cluster that is to be: its authority, and addresses for its nodes.
pub struct Plan {
    pub authority: Authority,
    /// The nodes' keys, the same after each start.
    issued: BTreeMap<NodeId, Issued>,
    pub addresses: BTreeMap<(NodeId, LinkNumber), SocketAddr>,
    pub limits: Limits,
}

/// A running node.
pub struct Node {
    pub id: NodeId,
    pub transport: Transport,
    pub events: Events,
}

impl Plan {
    /// `nodes` on `links` links of the loopback interface.
    pub fn new(nodes: NodeId, links: LinkNumber) -> Self {
        let addresses = (1..=nodes)
            .flat_map(|node| (0..links).map(move |link| (node, link)))
            .map(|place| (place, own_address()))
            .collect();
        let authority = create_authority(CLUSTER).unwrap();
        let issued = (1..=nodes)
            .map(|node| (node, issue(&authority, CLUSTER, node, "host").unwrap()))
            .collect();
        Self {
            authority,
            issued,
            addresses,
            limits: Limits::default(),
        }
    }

    pub fn keys(&self, node: NodeId) -> Keys {
        let (authority, issued) = (&self.authority, &self.issued[&node]);
        read(authority, CLUSTER, node, issued)
    }

    pub fn settings(&self, node: NodeId) -> Settings {
        self.settings_with(node, self.keys(node))
    }

    /// The settings of a node that has other keys than it should.
    pub fn settings_with(&self, node: NodeId, keys: Keys) -> Settings {
        static STARTS: AtomicU64 = AtomicU64::new(1);
        let numbers = self.addresses.keys().filter(|place| place.0 == node);
        let links = numbers.map(|&(_, number)| Link {
            number,
            listen: self.addresses[&(node, number)],
            peers: self
                .addresses
                .iter()
                .filter(|(place, _)| place.0 != node && place.1 == number)
                .map(|(place, address)| (place.0, *address))
                .collect(),
        });
        Settings {
            own: keys.node(),
            incarnation: STARTS.fetch_add(1, Ordering::Relaxed),
            cluster: keys.cluster().to_owned(),
            links: links.collect(),
            keys,
            limits: self.limits,
        }
    }

    pub fn start(&self, node: NodeId) -> Node {
        Node::start(self.settings(node))
    }
}

/// New keys, of whatever cluster and node.
pub fn keys(authority: &Authority, cluster: &str, node: NodeId) -> Keys {
    let issued = issue(authority, cluster, node, "host").unwrap();
    read(authority, cluster, node, &issued)
}

fn read(authority: &Authority, cluster: &str, node: NodeId, issued: &Issued) -> Keys {
    Keys::from_pem(
        cluster,
        node,
        &authority.certificates_pem,
        &issued.certificate_pem,
        &issued.key_pem,
    )
    .unwrap()
}

/// The port of all nodes: below those that the system gives away.
const PORT: u16 = 5405;

/// An address of the loopback interface that nothing else here has.
pub fn own_address() -> SocketAddr {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let [.., high, low] = TAKEN.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    // Tests run twice at the same time are two processes.
    let process = (std::process::id() % 250) as u8 + 2;
    SocketAddr::from(([127, process, high, low], PORT))
}

/// As [`own_address`], where there is only one address and the port must differ.
pub fn own_ipv6_address() -> SocketAddr {
    let [_, process, _, low] = match own_address().ip() {
        std::net::IpAddr::V4(address) => address.octets(),
        std::net::IpAddr::V6(_) => unreachable!("it is an IPv4 address"),
    };
    let port = 10_000 + u16::from_be_bytes([process / 4, low]);
    SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, port))
}

impl Node {
    pub fn start(settings: Settings) -> Self {
        let id = settings.own;
        let (transport, events) = Transport::start(settings).unwrap();
        Self {
            id,
            transport,
            events,
        }
    }

    /// Ends, and waits until its addresses are free again.
    pub async fn stop(self) {
        let links = self.transport.links();
        self.transport.shutdown().await;
        drop(self.events);
        for link in links {
            while UdpSocket::bind(link.listen).is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    /// The first event for which `wanted` has an answer; those before it are passed over.
    pub async fn wait<T>(&mut self, what: &str, wanted: impl Fn(&Event) -> Option<T>) -> T {
        let mut passed = Vec::new();
        let found = async {
            loop {
                let event = self.events.recv().await.expect("the transport runs");
                if let Some(found) = wanted(&event) {
                    return found;
                }
                passed.push(event);
            }
        };
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(found) => found,
            Err(_) => panic!(
                "node {} waits for {what} in vain; {passed:#?} {:#?}",
                self.id,
                self.transport.links()
            ),
        }
    }

    pub async fn connected(&mut self, to: NodeId, over: LinkNumber) -> u64 {
        self.wait(&format!("node {to} on link {over}"), |event| match event {
            Event::Connected {
                peer,
                link,
                incarnation,
                ..
            } if (*peer, *link) == (to, over) => Some(*incarnation),
            _ => None,
        })
        .await
    }

    pub async fn frame(&mut self) -> (NodeId, LinkNumber, Class, Bytes) {
        self.wait("a frame", |event| match event {
            Event::Frame {
                peer,
                link,
                class,
                bytes,
            } => Some((*peer, *link, *class, bytes.clone())),
            _ => None,
        })
        .await
    }

    /// What a refusal says.
    pub async fn refused(&mut self) -> String {
        self.wait("a refusal", |event| match event {
            Event::Refused { why, .. } => Some(why.to_string()),
            _ => None,
        })
        .await
    }

    /// Why the connection to a peer was lost.
    pub async fn disconnected(&mut self) -> (NodeId, LinkNumber, cluster::transport::Lost) {
        self.wait("the loss of a connection", |event| match event {
            Event::Disconnected { peer, link, why } => Some((*peer, *link, why.clone())),
            _ => None,
        })
        .await
    }

    pub fn send(&self, to: NodeId, link: LinkNumber, frame: impl Into<Bytes>) -> Sent {
        self.transport.send(to, link, frame.into())
    }
}

/// A frame of `len_bytes` that is like no other of that size.
pub fn frame(len_bytes: usize, seed: u8) -> Bytes {
    (0..len_bytes)
        .map(|index| (index as u8).wrapping_mul(31).wrapping_add(seed))
        .collect()
}

/// Two nodes that reach each other over all links.
pub async fn pair(plan: &Plan) -> (Node, Node) {
    let (mut one, mut two) = (plan.start(1), plan.start(2));
    let links: Vec<_> = one.transport.links().iter().map(|link| link.link).collect();
    // Over several links the order is open.
    let mut left = links.len();
    while left > 0 {
        one.wait("all links", connected).await;
        two.wait("all links", connected).await;
        left -= 1;
    }
    (one, two)
}

fn connected(event: &Event) -> Option<()> {
    matches!(event, Event::Connected { .. }).then_some(())
}
