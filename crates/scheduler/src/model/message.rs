//! What the scheduler has to say about its input.

/// How grave a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The configuration cannot be used as it is.
    Error,
    /// Something is odd, and was read in the most likely sense.
    Warning,
    /// Good to know.
    Notice,
    /// Shown on request.
    Info,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// How grave it is.
    pub severity: Severity,
    /// Whether it is about the configuration (counted by `crm_verify`) rather than about the run.
    pub about_configuration: bool,
    /// The text, as Pacemaker words it.
    pub text: String,
}
