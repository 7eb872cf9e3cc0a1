//! What a replica asks for, answers and reports.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use cib::xml::Document;
use cib::{CibVersion, patch};
use membership::{Member, ViewId};

use crate::change::Change;
use crate::copy::Position;
use crate::execute::ChangeError;
use crate::history::{Chain, History};
use crate::limits::{MAX_CIB_BYTES, MAX_OPERATIONS, MAX_REQUESTS};
use crate::wire::WireError;

/// What quorum says of a view: the same on all its members, at the same point of the order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether the view has quorum.
    pub quorate: bool,
    /// Whether no other view can have it at the same time.
    pub exclusive: bool,
}

/// A request's name; given by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// What a client of this node wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A change of the CIB.
    Change(Change),
    /// The CIB, with everything in it that was acknowledged to anybody before. Takes a round of the
    /// group.
    Read,
    /// The CIB as this node has it now.
    ReadLocal,
}

/// Who vouches for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It is on the disks of a view that no other can outvote: no merge loses it.
    ExclusiveQuorum,
    /// It is on the disks of a view that has no exclusive quorum. Should another part of the cluster
    /// have gone on meanwhile, it may lose, and is kept in a file then.
    WithoutQuorum,
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The change is made.
    Changed {
        /// The version that it led to.
        version: CibVersion,
        /// Whether there was anything to change.
        is_changed: bool,
        /// Who vouches for it.
        durability: Durability,
    },
    /// The CIB.
    Cib {
        /// The tree.
        document: Arc<Document>,
        /// Whether the node is in an established view: if not, its copy may be out of date.
        is_established: bool,
        /// The standing of that view.
        standing: Standing,
    },
    /// Nothing was changed.
    Refused(Refusal),
    /// The view changed while the change was under way, and it is not in the copy that was adopted.
    /// Another part of the cluster may have it.
    Unknown {
        /// The file that keeps it, if it was in this node's copy.
        kept: Option<String>,
    },
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The change cannot be made.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// It is too long.
    #[error("a change may have {MAX_OPERATIONS} operations and {MAX_CIB_BYTES} bytes")]
    TooLarge,
    /// Too many requests wait.
    #[error("{MAX_REQUESTS} requests wait already")]
    TooMany,
    /// Too many changes wait for the end of a state exchange.
    #[error("too many changes wait until the members have compared their copies")]
    Deferred,
    /// It came damaged; a defect.
    #[error("the change was damaged on its way: {0}")]
    Damaged(WireError),
}

/// A write's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteId(pub u64);

/// What is to be written. One write is under way at a time.
#[derive(Clone, Debug)]
pub enum WriteJob {
    /// Never to take part in a lower term.
    Promise(u64),
    /// The copy.
    Generation(Box<Generation>),
    /// A copy that lost.
    Lost(Arc<LostCopy>),
}

/// A copy as it goes to disk.
#[derive(Clone, Debug)]
pub struct Generation {
    /// The tree; its status is not written.
    pub document: Arc<Document>,
    /// What of the exclusive order it has.
    pub position: Position,
    /// The highest term promised.
    pub promised: u64,
    /// The way of the configuration.
    pub chain: Chain,
    /// Its latest changes.
    pub history: History,
}

/// A copy that lost in a merge, to be kept for the administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostCopy {
    /// The file's name without `.xml`: the same for the same copy, however often it is kept.
    pub name: String,
    /// The whole CIB.
    pub cib: String,
    /// What would make the copy that won into it, as a patch.
    pub patch: String,
}

/// Why a write failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteFailure {
    /// The disk is full.
    #[error("no space is left on the disk")]
    Full,
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// The committed CIB is another one.
#[derive(Clone, Debug)]
pub struct Changed {
    /// What it was.
    pub before: Arc<Document>,
    /// What it is.
    pub after: Arc<Document>,
    /// Whether anybody but the nodes' controllers has a part in it.
    pub is_foreign: bool,
}

impl Changed {
    /// The version there is now.
    #[must_use]
    pub fn version(&self) -> CibVersion {
        CibVersion::of(self.after.root())
    }

    /// What changed, as a patch; none where only what patches do not carry did. Costs about as much
    /// as reading the CIB twice.
    #[must_use]
    pub fn patch(&self) -> Option<Document> {
        patch::diff(&self.before, &self.after)
    }
}

/// Something to be done or told.
#[derive(Clone, Debug)]
pub enum Output {
    /// Give this to the group.
    Submit(Bytes),
    /// Tell the group that everything up to this message of the view is durable here.
    Acknowledge(u64),
    /// Write this, then call `written`.
    Write {
        /// Its name.
        id: WriteId,
        /// What.
        job: WriteJob,
    },
    /// A request is answered.
    Answer {
        /// Which.
        request: RequestId,
        /// How.
        answer: Answer,
    },
    /// The committed CIB is another one.
    Changed(Changed),
    /// Something for the log.
    Report(Report),
}

/// Something for the log: what happened, and what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Report {
    /// The members of a view compare their copies; requests wait.
    Comparing {
        /// The view.
        view: ViewId,
        /// Its standing.
        standing: Standing,
    },
    /// Members have other copies than the one that wins.
    Differing {
        /// The version that wins.
        winner: CibVersion,
        /// Who sends it.
        source: Member,
        /// Who takes it over.
        receivers: Vec<Member>,
        /// Who of them has changes that are not in it.
        diverged: Vec<Member>,
    },
    /// The version was raised above those of all members.
    Raised {
        /// From.
        from: CibVersion,
        /// To.
        to: CibVersion,
    },
    /// This node's copy lost and had changes that are not in the one that won.
    Lost {
        /// Its version.
        version: CibVersion,
        /// The version that won.
        winner: CibVersion,
        /// The name of the files that keep it.
        name: String,
    },
    /// A copy that lost is on disk.
    Kept {
        /// The name of its files.
        name: String,
    },
    /// The view has one copy, and requests are carried out.
    Established {
        /// The view.
        view: ViewId,
        /// Its standing.
        standing: Standing,
        /// The version.
        version: CibVersion,
    },
    /// The copy that was sent is not what it was said to be; this node acknowledges nothing more in
    /// this view.
    CannotAdopt {
        /// Who sent it.
        source: Member,
        /// What is wrong.
        problem: String,
    },
    /// A message cannot be read and is left out, on every member alike.
    Unreadable {
        /// Who sent it.
        sender: Member,
        /// What is wrong.
        problem: WireError,
    },
    /// A write failed and is tried again.
    WriteFailed {
        /// Why.
        failure: WriteFailure,
        /// How many have failed in a row.
        failures: u32,
    },
    /// So many writes have failed that the node should leave: the others wait for its
    /// acknowledgements.
    NotDurable,
    /// Writes succeed again.
    DurableAgain,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Comparing { view, standing } => write!(
                f,
                "view {view}, {}: the members compare their copies of the CIB; requests wait",
                said(*standing)
            ),
            Self::Differing {
                winner,
                source,
                receivers,
                diverged,
            } => {
                let nodes = nodes(receivers);
                write!(
                    f,
                    "the CIB {winner} of node {} goes to {nodes}",
                    source.node
                )?;
                if !diverged.is_empty() {
                    let nodes = self::nodes(diverged);
                    write!(f, "; changes on {nodes} are not in it and are kept there")?;
                }
                Ok(())
            }
            Self::Raised { from, to } => write!(
                f,
                "the CIB {from} becomes {to}, above the versions of all members"
            ),
            Self::Lost {
                version,
                winner,
                name,
            } => write!(
                f,
                "the CIB {version} of this node has changes that are not in {winner}, which wins; \
                 they are kept in {name}.xml and {name}.patch"
            ),
            Self::Kept { name } => write!(f, "{name}.xml and {name}.patch are on disk"),
            Self::Established {
                view,
                standing,
                version,
            } => write!(
                f,
                "view {view}, {}: all members have the CIB {version}; requests are carried out",
                said(*standing)
            ),
            Self::CannotAdopt { source, problem } => write!(
                f,
                "the CIB that node {} sent cannot be used ({problem}); this node acknowledges \
                 nothing until the view changes",
                source.node
            ),
            Self::Unreadable { sender, problem } => write!(
                f,
                "a message of node {} is left out: {problem}",
                sender.node
            ),
            Self::WriteFailed { failure, failures } => write!(
                f,
                "the CIB cannot be written ({failure}), for the {failures}. time in a row; it is \
                 tried again"
            ),
            Self::NotDurable => f.write_str(
                "the CIB cannot be written: this node cannot vouch for changes and should leave",
            ),
            Self::DurableAgain => f.write_str("the CIB can be written again"),
        }
    }
}

fn said(standing: Standing) -> &'static str {
    match (standing.quorate, standing.exclusive) {
        (true, true) => "with quorum",
        (true, false) => "with quorum, which another part of the cluster may have as well",
        (false, _) => "without quorum",
    }
}

fn nodes(members: &[Member]) -> String {
    let nodes: Vec<_> = members.iter().map(|it| it.node.to_string()).collect();
    format!("node {}", nodes.join(", "))
}
