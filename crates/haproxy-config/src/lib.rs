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

mod address;
mod address_variables;
mod arguments;
mod bind;
mod checks;
mod cipher;
mod condition;
#[cfg(test)]
mod coverage;
mod global;
mod input;
mod keywords;
mod log;
mod proxy;
mod reading;
mod references;
mod server;
mod values;
mod version;
mod words;

pub use input::{Load, Process, Reference, ReferenceKind, Text};
pub use version::{CLAIMED_VERSION, Version};

use std::collections::BTreeMap;

use diagnostics::{Diagnostic, Diagnostics, Severity, Sources};
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
/// Never panics, whatever the texts hold.
#[must_use]
pub fn parse(load: Load) -> Parsed {
    let Load {
        texts,
        mut environment,
        process,
    } = load;
    let mut sources = Sources::new();
    for text in texts {
        sources.add(text.name, text.text);
    }
    environment.insert("HAPROXY_BRANCH".to_owned(), process.version.branch());

    let mut messages = Vec::new();
    let (sections, environment) = reading::read(&sources, environment, &process, &mut messages);
    let of = |kinds: &'static [&'static str]| {
        sections
            .iter()
            .filter(move |section| kinds.contains(&section.header.keyword().value.as_str()))
    };
    let settings = global::read(of(&["global"]), &mut messages);
    let proxies = proxy::read(of(&PROXY_SECTIONS), &settings, &mut messages);
    for section in &sections {
        let word = section.header.keyword();
        if word.value != "global" && !PROXY_SECTIONS.contains(&word.value.as_str()) {
            let name = format!("section {}", word.value);
            messages.push(keywords::not_built(&name, word));
        }
    }
    let config = Config {
        global: settings.global,
        proxies,
    };
    // A line that was refused is missing from the whole, which would be held against it again.
    if !messages
        .iter()
        .any(|message| message.severity == Severity::Error)
    {
        checks::check(&config, &mut messages);
    }
    let references = references::collect(&config, &mut messages);

    let diagnostics = in_order(messages);
    Parsed {
        config: (!diagnostics.has_errors()).then_some(config),
        sources,
        diagnostics,
        references,
        environment,
    }
}

const PROXY_SECTIONS: [&str; 4] = ["defaults", "frontend", "listen", "backend"];

/// The messages in the order of their places; those without a place last. A line of a `defaults`
/// section that is wrong for several proxies is reported once.
fn in_order(mut messages: Vec<Diagnostic>) -> Diagnostics {
    messages.sort_by_key(|message| {
        message.span.map_or((true, None, 0), |span| {
            (false, Some(span.source), span.start)
        })
    });
    messages.dedup();
    let mut diagnostics = Diagnostics::new();
    for message in messages {
        diagnostics.push(message);
    }
    diagnostics
}

/// Evaluates an expression of `.if`, as `-cc EXPRESSION` does: quotes and variables are resolved
/// first, and an empty expression is false.
///
/// # Errors
///
/// The reason, as one sentence, where the expression is not one.
pub fn evaluate(
    expression: &str,
    environment: &BTreeMap<String, String>,
    process: &Process,
) -> Result<bool, String> {
    let source = Sources::new().add("-cc", expression);
    let variables = words::Variables {
        environment,
        file: "-cc",
        line: 1,
        section: "",
    };
    let words = words::split(expression, source, 0, &variables)
        .map_err(|error| error.reason.to_string())?;
    let words: Vec<String> = words.into_iter().map(|word| word.value).collect();
    condition::evaluate(&words.join(" "), environment, process)
}
