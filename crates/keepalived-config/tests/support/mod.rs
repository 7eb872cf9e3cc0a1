//! A configuration that is one text.

use diagnostics::{Sources, render_line};
use keepalived_config::{Configuration, Files, Inputs, load};

struct One<'a>(&'a str);

impl Files for One<'_> {
    fn matching(&mut self, _: &str, _: &str) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }

    fn read(&mut self, _: &str) -> Result<String, String> {
        Ok(self.0.to_owned())
    }
}

/// Loads one text and renders what was said about it.
pub fn loaded(text: &str) -> (Option<Configuration>, Vec<String>) {
    let mut sources = Sources::new();
    let loaded = load("k.conf", &Inputs::default(), &mut One(text), &mut sources);
    let messages = loaded
        .diagnostics
        .iter()
        .map(|message| render_line(&sources, message))
        .collect();
    (loaded.configuration, messages)
}
