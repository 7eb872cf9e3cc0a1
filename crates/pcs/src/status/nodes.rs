//! What there is to say of a node.

use cib::Score;
use scheduler::Plan;
use scheduler::model::{Node, NodeId, NodeKind};

/// A kind of node, as operators see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A full member.
    Member,
    /// A Pacemaker Remote node.
    Remote,
    /// A guest node, bundles' replicas included.
    Guest,
}

/// The kind of `node`.
#[must_use]
pub fn kind(plan: &Plan<'_>, node: NodeId) -> Kind {
    if plan.is_guest(node) {
        Kind::Guest
    } else if plan.nodes[node].kind == NodeKind::Remote {
        Kind::Remote
    } else {
        Kind::Member
    }
}

/// How healthy a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Nothing is wrong, or nobody asked.
    Green,
    /// Something is.
    Yellow,
    /// It should not be used.
    Red,
}

impl Health {
    /// The name of the colour.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
        }
    }
}

/// The health of `node`: the worst of its attributes that begin with `#health`, where a number
/// counts as the colour whose score it does not exceed. Always green where `node-health-strategy` is
/// `none`.
#[must_use]
pub fn health(plan: &Plan<'_>, node: NodeId) -> Health {
    let options = &plan.options;
    if options.node_health_strategy.is_empty() || options.node_health_strategy == "none" {
        return Health::Green;
    }
    let mut health = Health::Green;
    let signs = plan.nodes[node]
        .attributes
        .iter()
        .filter(|(name, _)| name.starts_with("#health"));
    for (_, value) in signs {
        let is = |colour: &str| value.eq_ignore_ascii_case(colour);
        // The words come first: several colours may have the same score.
        if is("red") {
            return Health::Red;
        } else if is("yellow") {
            health = Health::Yellow;
        } else if let Some(score) = score(plan, value) {
            if score <= options.health_red {
                return Health::Red;
            }
            if score <= options.health_yellow && options.health_yellow != options.health_green {
                health = Health::Yellow;
            }
        }
    }
    health
}

fn score(plan: &Plan<'_>, value: &str) -> Option<Score> {
    if value.eq_ignore_ascii_case("green") {
        return Some(plan.options.health_green);
    }
    Score::parse(value)
}

/// The state of a node in a few words.
#[must_use]
pub fn state(node: &Node<'_>) -> &'static str {
    if node.unclean {
        return match (node.online, node.pending) {
            (true, _) => "UNCLEAN (online)",
            (false, true) => "UNCLEAN (pending)",
            (false, false) => "UNCLEAN (offline)",
        };
    }
    if node.pending {
        return "pending";
    }
    if node.standby_on_fail && node.online {
        return "standby (on-fail)";
    }
    match (node.online, node.standby, node.maintenance) {
        (false, true, _) => "OFFLINE (standby)",
        (true, true, _) if node.running.is_empty() => "standby",
        (true, true, _) => "standby (with active resources)",
        (true, false, true) => "maintenance",
        (false, false, true) => "OFFLINE (maintenance)",
        (true, false, false) => "online",
        (false, false, false) => "OFFLINE",
    }
}

/// Whether there is more to say of `node` than that it is online or offline.
#[must_use]
pub fn is_noteworthy(plan: &Plan<'_>, node: NodeId) -> bool {
    let of = &plan.nodes[node];
    of.unclean
        || of.pending
        || (of.standby_on_fail && of.online)
        || of.standby
        || of.maintenance
        || health(plan, node) != Health::Green
}

/// The set of features that a full member in good standing says it has.
#[must_use]
pub fn feature_set<'p>(plan: &'p Plan<'_>, node: NodeId) -> Option<&'p str> {
    let of = &plan.nodes[node];
    (of.online && of.expected_up && of.kind == NodeKind::Cluster)
        .then(|| of.attributes.get("#feature-set").unwrap_or("<3.15.1"))
}
