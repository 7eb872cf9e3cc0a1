//! What can be done to a CIB: the operations of `cibadmin(8)`, one or more as one change.

use cib::CibVersion;

use crate::limits::{MAX_CIB_BYTES, MAX_OPERATIONS};
use crate::wire::{Reader, WireError, Writer};

/// One operation. XML is given as text; places are queries (the part of XPath that `cib::query`
/// understands), for a section see [`section`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Adds `element` to the children of what `parent` finds first. An error where an element of
    /// that name and id is there (`cibadmin --create`).
    Create {
        /// Where it goes.
        parent: String,
        /// The new element.
        element: String,
    },
    /// Merges the attributes and children of `element` into the one that `place` finds first, or,
    /// without a place, into the one of the same name and id. In an attribute's value,
    /// `NAME++` and `NAME+=N` add to what is there (`cibadmin --modify`).
    Modify {
        /// What is changed, if not the element of the same name and id.
        place: Option<String>,
        /// What it is to have.
        element: String,
        /// Whether it is made where it does not exist, as a child of what `place` finds
        /// (`--allow-create`).
        may_create: bool,
    },
    /// Puts `element` in the place of the one that `place` finds first, or, without a place, of the
    /// one of the same name and id. For the whole CIB see [`crate::execute`]
    /// (`cibadmin --replace`).
    Replace {
        /// What is replaced, if not the element of the same name and id.
        place: Option<String>,
        /// What comes in its place.
        element: String,
        /// Whether a whole CIB is taken though it is older (`--force`).
        is_forced: bool,
    },
    /// Removes the first element with the name and all the attributes of `element`
    /// (`cibadmin --delete`). What is not there is deleted.
    DeleteMatching {
        /// What is looked for.
        element: String,
    },
    /// Removes what `query` finds (`cibadmin --delete --xpath`, `--delete-all`).
    Delete {
        /// Which elements.
        query: String,
        /// All of them, not just the first.
        all: bool,
    },
    /// Applies a patch (`cibadmin --patch`).
    Patch {
        /// The patch, in Pacemaker's form.
        patch: String,
    },
    /// Rewrites the configuration to the current syntax (`cibadmin --upgrade`).
    Upgrade,
    /// Removes everything (`cibadmin --erase`).
    Erase,
    /// Raises the epoch (`cibadmin --bump`).
    Bump,
}

/// What the CIB must be for a change to be made: a compare-and-set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// Exactly this version.
    Version(CibVersion),
    /// This configuration, whatever became of the status.
    Configuration {
        /// Its administrators' epoch.
        admin_epoch: i64,
        /// Its epoch.
        epoch: i64,
    },
}

/// The name of the nodes' controllers, as the client of a change ([`Origin`]): what they change is no
/// news to them.
pub const CONTROLLER: &str = "controller";

/// Who changes the configuration, and when: written to the root element as Pacemaker does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// `cib-last-written`: a date, as the submitting node's clock has it.
    pub time: String,
    /// `update-origin`: the node's name.
    pub node: String,
    /// `update-client`: the program.
    pub client: String,
    /// `update-user`: who ran it.
    pub user: String,
}

/// Operations that are done all or not at all, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// What must hold before.
    pub expectation: Option<Expectation>,
    /// Who asks.
    pub origin: Option<Origin>,
    /// What is to be done.
    pub operations: Vec<Operation>,
}

impl Change {
    /// A change of one operation.
    #[must_use]
    pub fn of(operation: Operation) -> Self {
        Self {
            operations: vec![operation],
            ..Self::default()
        }
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        match self.expectation {
            None => out.byte(0),
            Some(Expectation::Version(version)) => {
                out.byte(1);
                out.version(version);
            }
            Some(Expectation::Configuration { admin_epoch, epoch }) => {
                out.byte(2);
                out.version(CibVersion {
                    admin_epoch,
                    epoch,
                    num_updates: 0,
                });
            }
        }
        out.flag(self.origin.is_some());
        if let Some(origin) = &self.origin {
            for text in [&origin.time, &origin.node, &origin.client, &origin.user] {
                out.text(text);
            }
        }
        out.count(self.operations.len());
        for operation in &self.operations {
            operation.write(out);
        }
    }

    pub(crate) fn read(from: &mut Reader) -> Result<Self, WireError> {
        let expectation = match from.byte()? {
            0 => None,
            1 => Some(Expectation::Version(from.version()?)),
            2 => {
                let version = from.version()?;
                Some(Expectation::Configuration {
                    admin_epoch: version.admin_epoch,
                    epoch: version.epoch,
                })
            }
            _ => return Err(WireError::Kind),
        };
        let origin = if from.flag()? {
            Some(Origin {
                time: text(from)?,
                node: text(from)?,
                client: text(from)?,
                user: text(from)?,
            })
        } else {
            None
        };
        let count = from.count(MAX_OPERATIONS)?;
        let operations = (0..count)
            .map(|_| Operation::read(from))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            expectation,
            origin,
            operations,
        })
    }
}

fn text(from: &mut Reader) -> Result<String, WireError> {
    from.text(MAX_CIB_BYTES)
}

impl Operation {
    fn write(&self, out: &mut Writer) {
        match self {
            Self::Create { parent, element } => {
                out.byte(0);
                out.text(parent);
                out.text(element);
            }
            Self::Modify {
                place,
                element,
                may_create,
            } => {
                out.byte(1);
                out.optional_text(place.as_deref());
                out.text(element);
                out.flag(*may_create);
            }
            Self::Replace {
                place,
                element,
                is_forced,
            } => {
                out.byte(2);
                out.optional_text(place.as_deref());
                out.text(element);
                out.flag(*is_forced);
            }
            Self::DeleteMatching { element } => {
                out.byte(3);
                out.text(element);
            }
            Self::Delete { query, all } => {
                out.byte(4);
                out.text(query);
                out.flag(*all);
            }
            Self::Patch { patch } => {
                out.byte(5);
                out.text(patch);
            }
            Self::Upgrade => out.byte(6),
            Self::Erase => out.byte(7),
            Self::Bump => out.byte(8),
        }
    }

    fn read(from: &mut Reader) -> Result<Self, WireError> {
        Ok(match from.byte()? {
            0 => Self::Create {
                parent: text(from)?,
                element: text(from)?,
            },
            1 => Self::Modify {
                place: from.optional_text(MAX_CIB_BYTES)?,
                element: text(from)?,
                may_create: from.flag()?,
            },
            2 => Self::Replace {
                place: from.optional_text(MAX_CIB_BYTES)?,
                element: text(from)?,
                is_forced: from.flag()?,
            },
            3 => Self::DeleteMatching {
                element: text(from)?,
            },
            4 => Self::Delete {
                query: text(from)?,
                all: from.flag()?,
            },
            5 => Self::Patch { patch: text(from)? },
            6 => Self::Upgrade,
            7 => Self::Erase,
            8 => Self::Bump,
            _ => return Err(WireError::Kind),
        })
    }
}

/// The place of a section, as `cibadmin --scope` names it; none for what is no section.
#[must_use]
pub fn section(name: &str) -> Option<&'static str> {
    Some(match name {
        "cib" => "/cib",
        "configuration" => "/cib/configuration",
        "status" => "/cib/status",
        "crm_config" => "/cib/configuration/crm_config",
        "nodes" => "/cib/configuration/nodes",
        "resources" => "/cib/configuration/resources",
        "constraints" => "/cib/configuration/constraints",
        "rsc_defaults" => "/cib/configuration/rsc_defaults",
        "op_defaults" => "/cib/configuration/op_defaults",
        "acls" => "/cib/configuration/acls",
        "fencing-topology" => "/cib/configuration/fencing-topology",
        "tags" => "/cib/configuration/tags",
        "alerts" => "/cib/configuration/alerts",
        _ => return None,
    })
}
