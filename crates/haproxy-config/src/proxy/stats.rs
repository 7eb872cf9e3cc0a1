//! `stats …` lines of a proxy: its statistics page.

use diagnostics::Diagnostic;

use crate::arguments::Arguments;
use crate::global::joined;
use crate::keywords::{no_effect, not_built};
use crate::values::{Unit, time};

use super::draft::Draft;
use super::keyword::no_words_left;

/// Reads `stats SECOND …`; any of them switches the page on.
pub(super) fn read(
    draft: &mut Draft,
    second: &str,
    arguments: &mut Arguments<'_>,
    messages: &mut Vec<Diagnostic>,
) -> Result<(), Diagnostic> {
    let stats = draft.stats();
    match second {
        "admin" => {
            let (rest, condition) = arguments.with_condition()?;
            no_words_left("stats admin", rest)?;
            let condition =
                condition.ok_or_else(|| arguments.missing("'if' or 'unless' and a condition"))?;
            stats.admin.push(condition);
        }
        "auth" => {
            let word = arguments.only("USER:PASSWORD")?;
            let (user, password) = word.value.split_once(':').ok_or_else(|| {
                Diagnostic::error("'stats auth' expects USER:PASSWORD").at(word.span)
            })?;
            stats.auth.push((user.to_owned(), password.to_owned()));
        }
        "bind-process" => {
            let word = arguments.rest();
            if let Some(word) = word.first() {
                messages.push(no_effect(
                    "stats bind-process",
                    word,
                    "there is one process",
                ));
            }
        }
        "enable" => arguments.end()?,
        "hide-version" => {
            arguments.end()?;
            stats.hide_version = true;
        }
        "realm" => stats.realm = Some(arguments.only("a text")?.value.clone()),
        "refresh" => stats.refresh = Some(time(arguments.only("a time")?, Unit::Seconds)?),
        "scope" => stats
            .scope
            .push(arguments.only("the name of a proxy")?.value.clone()),
        "show-desc" => {
            stats.show_desc = Some(match arguments.peek() {
                None => None,
                Some(_) => Some(joined(arguments, "a text")?),
            });
        }
        "show-legends" => {
            arguments.end()?;
            stats.show_legends = true;
        }
        "show-node" => {
            stats.show_node = Some(arguments.next().map(|word| word.value.clone()));
            arguments.end()?;
        }
        "show-version" => {
            arguments.end()?;
            stats.hide_version = false;
        }
        "uri" => stats.uri = Some(arguments.only("a path")?.value.clone()),
        _ => {
            let word = diagnostics::Spanned::new(second.to_owned(), arguments.keyword());
            return Err(not_built(&format!("stats {second}"), &word));
        }
    }
    Ok(())
}
