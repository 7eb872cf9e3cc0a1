//! A running lab, in the hands of whoever started it.

mod builder;
mod connection;
mod node;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use crate::clock::Nanoseconds;
use crate::holders::Holders;
use crate::probe::{self, RunningProbe};
use crate::protocol::{AddressEvent, Answer, LinkState, NodeSpec, Request};
use crate::{Error, Result};

pub use builder::LabBuilder;
use connection::{Connection, unexpected};
pub use node::Node;

/// How often a condition is looked at again while waiting for it.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A running lab. Dropping it ends everything in it.
pub struct Lab {
    connection: Arc<Connection>,
    nodes: BTreeMap<String, NodeSpec>,
    rootless: bool,
}

impl Lab {
    fn start(plan: LabBuilder) -> Result<Self> {
        let (connection, rootless) = Connection::open(&plan.program)?;
        let lab = Self {
            connection: Arc::new(connection),
            nodes: builder::with_hosts(plan.nodes),
            rootless,
        };
        for name in plan.switches {
            lab.connection.done(&Request::AddSwitch { name })?;
        }
        for spec in lab.nodes.values() {
            lab.connection.done(&Request::StartNode(spec.clone()))?;
        }
        Ok(lab)
    }

    /// Whether the lab runs without root, behind a user namespace.
    #[must_use]
    pub fn rootless(&self) -> bool {
        self.rootless
    }

    /// The names of all nodes, running or not.
    pub fn node_names(&self) -> impl Iterator<Item = &str> {
        self.nodes.keys().map(String::as_str)
    }

    /// A node by its name; whether there is one shows at its first use.
    #[must_use]
    pub fn node(&self, name: &str) -> Node {
        Node {
            name: name.to_owned(),
            connection: Arc::clone(&self.connection),
        }
    }

    /// Power failure: cuts the node's links and kills everything on it. Returns when.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where the node does not run.
    pub fn kill_node(&self, name: &str) -> Result<Nanoseconds> {
        self.connection.done(&Request::KillNode {
            node: name.to_owned(),
        })
    }

    /// Starts a node that was killed, as new: its files are the first ones again and no command
    /// runs.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where it runs already or is unknown.
    pub fn start_node(&self, name: &str) -> Result<Nanoseconds> {
        let spec = self.nodes.get(name).ok_or_else(|| Error::Refused {
            what: format!("start node {name}"),
            reason: "there is no such node".to_owned(),
        })?;
        self.connection.done(&Request::StartNode(spec.clone()))
    }

    /// Sets the switch's end of a node's link, or of all its links.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where there is no such link.
    pub fn set_link(
        &self,
        node: &str,
        interface: Option<&str>,
        state: LinkState,
    ) -> Result<Nanoseconds> {
        self.connection.done(&Request::SetLink {
            node: node.to_owned(),
            interface: interface.map(str::to_owned),
            state,
        })
    }

    /// Splits every switch between groups of nodes; a node in no group stays with the first.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where the kernel refuses.
    pub fn partition(&self, groups: &[Vec<String>]) -> Result<Nanoseconds> {
        self.connection.done(&Request::Partition {
            groups: groups.to_vec(),
        })
    }

    /// Joins all partitions and sets every link up.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where the kernel refuses.
    pub fn mend(&self) -> Result<Nanoseconds> {
        self.connection.done(&Request::Mend)
    }

    /// Every change of an address since the lab's start, from index `from` on.
    ///
    /// # Errors
    ///
    /// [`Error::Gone`].
    pub fn address_events(&self, from: usize) -> Result<Vec<AddressEvent>> {
        match self.connection.ask(&Request::AddressEvents { from })? {
            Answer::AddressEvents(events) => Ok(events),
            other => Err(unexpected("address events", &other)),
        }
    }

    /// The nodes that have the address now, in the order of their names.
    ///
    /// # Errors
    ///
    /// [`Error::Gone`].
    pub fn holders(&self, address: IpAddr) -> Result<Vec<String>> {
        Ok(Holders::of(address, &self.address_events(0)?).now())
    }

    /// Waits until exactly `node` (or, without one, any single node) has the address, and has had
    /// it alone for `steady`; returns its name.
    ///
    /// # Errors
    ///
    /// [`Error::TooLate`].
    pub fn wait_for_holder(
        &self,
        address: IpAddr,
        node: Option<&str>,
        steady: Duration,
        limit: Duration,
    ) -> Result<String> {
        let deadline = Instant::now() + limit;
        loop {
            let holders = Holders::of(address, &self.address_events(0)?);
            if let [holder] = holders.now().as_slice()
                && node.is_none_or(|wanted| wanted == holder)
                && holders.unchanged_for() >= steady
            {
                return Ok(holder.clone());
            }
            if Instant::now() >= deadline {
                let who = node.unwrap_or("one node alone");
                return Err(Error::TooLate {
                    what: format!("that {who} holds {address}"),
                    limit_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
                });
            }
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// Starts a probe on a node; it runs until it is stopped.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where the node does not run.
    pub fn probe(&self, node: &str, target: &probe::Target) -> Result<RunningProbe> {
        use std::sync::atomic::Ordering;
        let number = self.connection.probes.fetch_add(1, Ordering::Relaxed);
        RunningProbe::start(self.node(node), number, target)
    }

    /// The names of all logs: node and command.
    ///
    /// # Errors
    ///
    /// [`Error::Gone`].
    pub fn logs(&self) -> Result<Vec<(String, String)>> {
        match self.connection.ask(&Request::Logs)? {
            Answer::Logs(names) => Ok(names),
            other => Err(unexpected("logs", &other)),
        }
    }

    /// The number of the process that the lab consists of, as this computer counts: when it ends,
    /// the lab is gone.
    #[must_use]
    pub fn process_id(&self) -> i32 {
        self.connection.process().pid().as_raw()
    }

    /// Waits until the lab's own processes have ended, which they do only when they are ended from
    /// outside.
    pub fn wait_for_end(&self) {
        const LONG: Duration = Duration::from_secs(3600);
        while matches!(self.connection.process().ended_within(LONG), Ok(false)) {}
    }

    /// A way to end the lab from another thread.
    #[must_use]
    pub fn terminator(&self) -> Terminator {
        Terminator {
            connection: Arc::downgrade(&self.connection),
        }
    }
}

/// Ends a lab from another thread; does not keep it alive.
pub struct Terminator {
    connection: Weak<Connection>,
}

impl Terminator {
    /// Ends everything in the lab; returns once it is gone.
    pub fn end(&self) {
        if let Some(connection) = self.connection.upgrade() {
            connection.end();
        }
    }
}
