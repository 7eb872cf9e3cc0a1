//! What happened in a simulation, in order.

/// One event, for whoever reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The cluster has quorum now, or not.
    Quorum(String),
    /// There is a watchdog now, or not.
    Watchdog(String),
    /// A node came or went.
    Node {
        /// `Online`, `Offline` or `Failing`.
        change: &'static str,
        /// The node.
        node: String,
    },
    /// A ticket changed.
    Ticket {
        /// `Granting`, `Revoking`, `Standby` or `Activating`.
        change: &'static str,
        /// The ticket.
        ticket: String,
    },
    /// The result of an operation is put into the history.
    Operation(String),
    /// A transient node attribute was set.
    Attribute {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
        /// The identity of the node.
        node_uuid: String,
    },
    /// A point in the order of things was passed.
    Pseudo {
        /// The operation key.
        key: String,
        /// The node, if it has one.
        node: Option<String>,
    },
    /// An agent was asked.
    Resource {
        /// The resource.
        resource: String,
        /// What it was asked.
        task: String,
        /// How often that recurs, in milliseconds; 0 for once.
        interval_ms: u32,
        /// Where.
        node: String,
    },
    /// The cluster did something itself.
    Cluster {
        /// What.
        task: String,
        /// To which resource, if to one.
        resource: Option<String>,
        /// Where.
        node: String,
    },
    /// A node was fenced, or unfenced.
    Fencing {
        /// Which one.
        target: String,
        /// How: `reboot`, `off`, `on`.
        operation: String,
    },
    /// An operation failed because it was meant to.
    Failure {
        /// The number of the action in the graph.
        action: u32,
        /// The result.
        result: i32,
    },
    /// Something was asked for that makes no sense.
    Error(String),
}
