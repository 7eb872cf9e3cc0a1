//! The messages of a load, for a terminal and in HAProxy's one-line form.

use diagnostics::{Diagnostic, Diagnostics, Severity, Sources};

/// Messages with the texts they point into.
#[derive(Debug)]
pub struct Report {
    /// The texts.
    pub sources: Sources,
    /// The messages.
    pub diagnostics: Diagnostics,
}

impl Report {
    /// Puts messages and texts together.
    #[must_use]
    pub fn new(sources: Sources, diagnostics: Diagnostics) -> Self {
        Self {
            sources,
            diagnostics,
        }
    }

    /// Whether the configuration cannot be used; with `warnings_are_errors` (`-dW`) a warning is
    /// enough.
    #[must_use]
    pub fn refuses(&self, warnings_are_errors: bool) -> bool {
        match self.diagnostics.worst() {
            Some(Severity::Error) => true,
            Some(Severity::Warning) => warnings_are_errors,
            _ => false,
        }
    }

    /// Everything for standard error: each message on HAProxy's one line, and below it the excerpt
    /// of the source. `color` asks for ANSI colours.
    #[must_use]
    pub fn text(&self, pid: u32, color: bool) -> String {
        let mut text = String::new();
        for message in &self.diagnostics {
            text.push_str(&alert_lines(&self.sources, message, pid));
            if message.span.is_some() || message.help.is_some() {
                text.push_str(&diagnostics::render(&self.sources, message, color));
            }
        }
        text
    }

    /// The errors alone, on one line: for a log or a peer that asked for a reload.
    #[must_use]
    pub fn errors(&self) -> String {
        let errors: Vec<String> = self
            .diagnostics
            .iter()
            .filter(|message| message.severity == Severity::Error)
            .map(|message| diagnostics::render_line(&self.sources, message))
            .collect();
        errors.join("; ")
    }
}

/// One message as HAProxy writes it, such as
/// `[ALERT]    (123) : config : parsing [a.cfg:7] : unknown keyword 'bond'`, with a newline.
#[must_use]
pub fn alert_lines(sources: &Sources, message: &Diagnostic, pid: u32) -> String {
    let level = match message.severity {
        Severity::Notice => "[NOTICE]  ",
        Severity::Warning => "[WARNING] ",
        Severity::Error => "[ALERT]   ",
    };
    let place = message.span.map_or_else(String::new, |span| {
        let line = sources.position(span).line;
        format!("parsing [{}:{line}] : ", sources.name(span.source))
    });
    format!("{level} ({pid}) : config : {place}{}\n", message.message)
}
