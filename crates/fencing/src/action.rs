//! What is asked of a fence agent.

/// What a request wants of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Goal {
    /// That it is off, and then on again where the device can do that.
    Reboot,
    /// That it is off.
    Off,
    /// That it may take part again (unfencing), or is on.
    On,
}

/// What a fence agent is asked to do (FenceAgentAPI, "action").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Off, and on again.
    Reboot,
    /// Off.
    Off,
    /// On.
    On,
    /// Name what the device can switch.
    List,
    /// Whether a target is on.
    Status,
    /// Whether the device is there.
    Monitor,
}

impl Goal {
    /// The goal of that name, as the scheduler's graph and `stonith_admin` write it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "reboot" => Some(Self::Reboot),
            // `poweroff` is what Pacemaker said before 2.0.
            "off" | "poweroff" => Some(Self::Off),
            "on" => Some(Self::On),
            _ => None,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.action().name()
    }

    /// What an agent that can do it is asked.
    #[must_use]
    pub const fn action(self) -> Action {
        match self {
            Self::Reboot => Action::Reboot,
            Self::Off => Action::Off,
            Self::On => Action::On,
        }
    }
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Reboot,
        Self::Off,
        Self::On,
        Self::List,
        Self::Status,
        Self::Monitor,
    ];

    /// Its name, in the agent's metadata and in `pcmk_NAME_action`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reboot => "reboot",
            Self::Off => "off",
            Self::On => "on",
            Self::List => "list",
            Self::Status => "status",
            Self::Monitor => "monitor",
        }
    }

    /// Whether it cuts a node off: such an action is delayed, no other one is.
    #[must_use]
    pub const fn cuts_off(self) -> bool {
        matches!(self, Self::Reboot | Self::Off)
    }

    /// Whether it is done to a target, and not to the device as a whole.
    #[must_use]
    pub const fn has_target(self) -> bool {
        !matches!(self, Self::List | Self::Monitor)
    }
}
