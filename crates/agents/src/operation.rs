//! One operation of one resource.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::name::AgentName;

/// What is to be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// By which agent.
    pub agent: AgentName,
    /// The resource's name, of an anonymous clone without the instance's number
    /// (`OCF_RESOURCE_INSTANCE`).
    pub resource: String,
    /// `start`, `stop`, `monitor`, `promote`, `demote`, `notify`, `reload-agent`, `migrate_to`,
    /// `validate-all`, …
    pub action: String,
    /// The resource's parameters (`OCF_RESKEY_*`). An operation's own go before the resource's.
    pub parameters: BTreeMap<String, String>,
    /// Meta attributes for the agent without `CRM_meta_`: `clone-max`, `notify_type`, … (given to it
    /// as `OCF_RESKEY_CRM_meta_*`).
    pub meta: BTreeMap<String, String>,
    /// How often it recurs; zero for once. The caller repeats it; agents are told.
    pub interval: Duration,
    /// How long it may take.
    pub timeout: Duration,
    /// How thoroughly a monitor looks (`OCF_CHECK_LEVEL`).
    pub check_level: u32,
}

impl Operation {
    /// An operation without parameters, once, with the given time.
    #[must_use]
    pub fn new(
        agent: AgentName,
        resource: impl Into<String>,
        action: impl Into<String>,
        timeout: Duration,
    ) -> Self {
        Self {
            agent,
            resource: resource.into(),
            action: action.into(),
            parameters: BTreeMap::new(),
            meta: BTreeMap::new(),
            interval: Duration::ZERO,
            timeout,
            check_level: 0,
        }
    }

    /// Adds a parameter.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    /// What cannot be handed to a process: names that are empty or hold `=`, and zero bytes.
    pub(crate) fn unfit(&self) -> Option<String> {
        let pairs = || self.parameters.iter().chain(&self.meta);
        if let Some((name, _)) = pairs().find(|(name, _)| name.is_empty() || name.contains('=')) {
            return Some(format!("'{name}' cannot be the name of a parameter"));
        }
        let words = pairs().flat_map(|(name, value)| [name, value]);
        let mut words = words.chain([&self.resource, &self.action]);
        words
            .any(|word| word.contains('\0'))
            .then(|| "a parameter holds a zero byte".to_owned())
    }
}
