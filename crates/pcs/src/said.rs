//! What there is to say about a configuration and what was decided, for standard error.

use scheduler::Plan;
use scheduler::model::{Message, Severity};

use crate::summary;

/// That a configuration is not checked, because it says so.
pub(crate) const UNCHECKED: &str = "Schema validation of configuration is disabled \
    (support for validate-with set to \"none\" is deprecated \
    and will be removed in a future release)";

/// What a message of that severity is called.
pub(crate) const fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Notice => "notice",
        Severity::Info => "info",
    }
}

/// The line for `message`.
pub(crate) fn line(message: &Message) -> String {
    format!("{}: {}", name(message.severity), message.text)
}

/// What happens in the transition of `plan`, as messages.
pub(crate) fn actions(plan: &Plan<'_>) -> Vec<Message> {
    summary::lines(&summary::changes(plan))
        .map(|line| Message {
            severity: Severity::Notice,
            about_configuration: false,
            text: format!("Actions: {line}"),
        })
        .collect()
}
