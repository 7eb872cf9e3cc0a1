//! CMAN's fence devices and methods: `fenced(8)`, `fence_node(8)`.

use diagnostics::{Span, Spanned};

/// `fencedevice`: an agent with what it needs to reach its hardware.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FenceDevice {
    /// `name`, by which methods refer to it.
    pub name: Spanned<String>,
    /// `agent`, such as `fence_ipmilan`.
    pub agent: Spanned<String>,
    /// All other attributes, in the order written: the agent's parameters.
    pub parameters: Vec<(String, Spanned<String>)>,
    /// Where it stands.
    pub span: Span,
}

impl FenceDevice {
    /// Whether the device hands fencing on to the resource manager (`fence_pcmk`): then it names no
    /// hardware, and what the CIB has of fencing counts.
    #[must_use]
    pub fn leaves_fencing_to_resource_manager(&self) -> bool {
        self.agent.value == "fence_pcmk"
    }
}

/// `method`: one way to fence a node, all steps of which must succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FenceMethod {
    /// `name`; empty for `unfence`.
    pub name: String,
    /// `device`, in the order written.
    pub steps: Vec<FenceStep>,
    /// Where it stands.
    pub span: Span,
}

/// `device`: one use of a fence device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FenceStep {
    /// `name`: that of a [`FenceDevice`].
    pub device: Spanned<String>,
    /// All other attributes, in the order written: added to the device's parameters, such as the
    /// `port` of the node.
    pub parameters: Vec<(String, Spanned<String>)>,
}
