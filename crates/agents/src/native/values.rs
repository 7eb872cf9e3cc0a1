//! Parameters of native agents as values.

use crate::operation::Operation;

impl Operation {
    /// A parameter that is given and not empty: scripts do not tell the two apart.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        let value = self.parameters.get(name)?.trim();
        (!value.is_empty()).then_some(value)
    }

    /// Whether a parameter is given as true, in any of the words that scripts take for it
    /// (ocf-shellfuncs, `ocf_is_true`).
    pub(crate) fn is_true(&self, name: &str) -> bool {
        let value = self.given(name).unwrap_or_default().to_ascii_lowercase();
        matches!(value.as_str(), "yes" | "true" | "1" | "on" | "ja")
    }

    /// Whether this is a probe: a monitor that is done once, to learn what is there.
    pub(crate) fn is_probe(&self) -> bool {
        self.action == "monitor" && self.interval.is_zero()
    }
}
