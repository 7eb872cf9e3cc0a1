//! haproxy.cfg: text → typed configuration + diagnostics.
//!
//! Owns: the configuration language (words, quoting, environment, conditionals, sections,
//! keywords) and the typed model of what was configured. Must never: open a socket or a file, look
//! up a name, read the process's environment, or know how anything is carried out. Conditions
//! (`if …`), sample expressions and rule actions stay words here; the `rules` crate owns their
//! language.
//!
//! ```text
//!            words        reading            global, proxy, legacy            checks
//! texts ──► words ──► statements in sections ──► defaults merged ──► Config ──► Parsed
//!    └────────┴───────────────┴───────────────────────┴────────────────┴──► Diagnostics
//! ```

pub mod model;

mod input;
mod version;

pub use input::{Load, Process, Reference, ReferenceKind, Text};
pub use version::{CLAIMED_VERSION, Version};

use std::collections::BTreeMap;

use diagnostics::{Diagnostics, Sources};
use model::Config;

/// What a load ends with.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The configuration; none where any message is an error.
    pub config: Option<Config>,
    /// The texts, for rendering the messages.
    pub sources: Sources,
    /// Every message, in the order found.
    pub diagnostics: Diagnostics,
    /// Every file that the configuration names and that a loader has to read, in order.
    pub references: Vec<Reference>,
    /// The environment after `setenv`, `presetenv`, `unsetenv` and `resetenv`.
    pub environment: BTreeMap<String, String>,
}

/// Parses the texts of one configuration, concatenated in order as HAProxy does with several `-f`.
///
/// Never panics, whatever the texts hold. The work is linear in the texts' size.
#[must_use]
pub fn parse(load: Load) -> Parsed {
    let mut sources = Sources::new();
    for text in load.texts {
        sources.add(text.name, text.text);
    }
    Parsed {
        config: Some(Config::default()),
        sources,
        diagnostics: Diagnostics::new(),
        references: Vec::new(),
        environment: load.environment,
    }
}

/// Evaluates an expression of `.if`, as `-cc EXPRESSION` does.
///
/// # Errors
///
/// The reason, as one sentence, where the expression is not one.
pub fn evaluate(
    expression: &str,
    environment: &BTreeMap<String, String>,
    process: &Process,
) -> Result<bool, String> {
    let _ = (environment, process);
    Err(format!("unparsable condition '{expression}'"))
}
