//! Which commands work and which do not, made of the grammar's own table.

use std::fmt::Write as _;

use super::commands::commands;
use super::grammar::Action;

/// The content of `docs/pcs-support.md`.
#[must_use]
pub fn support_table() -> String {
    let mut text = String::from(
        "# What `keel pcs` takes\n\n\
         Made of the program's own grammar (`crates/pcs/src/pcs/grammar.rs`); a test compares them. \
         A command that is refused changes nothing, says why, and ends with 1. `-f FILE` and the \
         variable `CIB_file` take a file in place of the running cluster, `--force` overrides \
         checks.\n\n\
         | command | | options |\n| --- | --- | --- |\n",
    );
    for command in commands() {
        let escaped = |it: &str| it.replace('|', "\\|");
        match command.action {
            Action::Refused(reason) => {
                let _ = writeln!(
                    text,
                    "| `pcs {} …` | refused: {} | |",
                    command.words,
                    escaped(reason)
                );
            }
            Action::Cib(_) | Action::Machine(_) => {
                let waits = matches!(command.action, Action::Machine(_));
                let options = command.options.iter();
                let options = options.filter(|it| waits || **it != "--wait");
                let options: Vec<String> = options.map(|it| format!("`{it}`")).collect();
                for form in command.usage {
                    let form = format!("pcs {} {form}", command.words);
                    let form = escaped(form.trim_end());
                    let _ = writeln!(text, "| `{form}` | works | {} |", options.join(" "));
                }
            }
        }
    }
    text
}
