//! keepalived.conf(5), read: text in, typed configuration and messages out.
//!
//! Owns: the language (comments, quoting, parameters, conditions, sequences, includes), the table
//! of every keyword and what each means. Must never: read a file, the environment or the clock, or
//! know whether an interface, user or script exists: files come through [`Files`], the rest through
//! [`Inputs`].
//!
//! ```text
//! text ─► lines (include, @id, $NAME, ~SEQ) ─► words ─► tree ─► keyword tables ─► Configuration
//!              ▲                                                                  Diagnostics
//!            Files
//! ```

mod keywords;
mod lower;
pub mod model;
mod read;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use diagnostics::{Diagnostic, Diagnostics, Sources};
pub use model::Configuration;

/// What the outside says to a load.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// What `@id` lines are compared with: `--config-id`, else the machine's name up to the first
    /// dot.
    pub config_id: String,
    /// What `${_INSTANCE}` stands for; empty means [`Inputs::config_id`].
    pub instance: String,
    /// The environment, for `${_ENV NAME}`.
    pub environment: BTreeMap<String, String>,
    /// Where `${_RANDOM}` starts from; the same seed yields the same numbers.
    pub random_seed: u64,
}

/// The caller's way to the file system.
pub trait Files {
    /// The files an `include` names, in the order of a glob; `pattern` may hold wildcards and is
    /// taken from `directory` where it is relative. An empty list means that nothing matched.
    fn matching(&mut self, directory: &str, pattern: &str) -> Result<Vec<String>, String>;

    /// The text of one file, named as [`Files::matching`] or the command line named it.
    fn read(&mut self, path: &str) -> Result<String, String>;
}

/// What a load yields: the configuration where no message is an error.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration, or nothing where a message is an error.
    pub configuration: Option<Configuration>,
    /// Every message, in the order found.
    pub diagnostics: Diagnostics,
}

/// Reads the configuration in `path` and what it includes. The texts read are added to `sources`,
/// which the messages point into.
pub fn load(path: &str, inputs: &Inputs, files: &mut dyn Files, sources: &mut Sources) -> Loaded {
    let (lines, mut diagnostics) = read::Reader::new(inputs, files, sources).read(path);
    let tree = read::grow(&lines, &mut diagnostics);
    drop(lines);
    let configuration = lower::lower(&tree, &mut diagnostics);
    Loaded {
        configuration: (!diagnostics.has_errors()).then_some(configuration),
        diagnostics,
    }
}

/// The most messages of a load; the rest is left out.
const MAX_MESSAGES: usize = 10_000;

/// Adds a message, up to [`MAX_MESSAGES`].
fn tell(diagnostics: &mut Diagnostics, message: Diagnostic) {
    match diagnostics.len().cmp(&MAX_MESSAGES) {
        Ordering::Less => diagnostics.push(message),
        Ordering::Equal => {
            let message = format!("more than {MAX_MESSAGES} messages: the rest is left out");
            diagnostics.push(Diagnostic::error(message));
        }
        Ordering::Greater => {}
    }
}

#[cfg(test)]
mod tests;
