//! Directives that HAProxy dropped, read as if today's form had been written, each with a notice.

use diagnostics::Diagnostic;

use crate::arguments::Arguments;
use crate::keywords::{no_effect, old_form};
use crate::model::{Rule, RuleSet, Word};
use crate::reading::Statement;

use super::draft::Draft;
use super::keyword::{no_words_left, set_timeout};

/// Reads an old directive; false where `name` is none of them.
pub(super) fn read(
    draft: &mut Draft,
    name: &str,
    arguments: &mut Arguments<'_>,
    statement: &Statement,
    messages: &mut Vec<Diagnostic>,
) -> Result<bool, Diagnostic> {
    let today = match name {
        "clitimeout" | "contimeout" | "srvtimeout" => {
            let today = match name {
                "clitimeout" => "client",
                "contimeout" => "connect",
                _ => "server",
            };
            set_timeout(draft, today, arguments, statement)?;
            format!("timeout {today}")
        }
        "redisp" | "redispatch" => {
            arguments.end()?;
            draft.redispatch = -1;
            "option redispatch".to_owned()
        }
        "bind-process" => {
            messages.push(no_effect(name, statement.keyword(), "there is one process"));
            return Ok(true);
        }
        "block" => {
            let (rest, condition) = arguments.with_condition()?;
            no_words_left(name, rest)?;
            let condition =
                condition.ok_or_else(|| arguments.missing("'if' or 'unless' and a condition"))?;
            draft.rules.push(Rule {
                set: RuleSet::HttpRequest,
                action: vec![Word::new("deny".to_owned(), statement.keyword().span)],
                condition: Some(condition),
            });
            "http-request deny".to_owned()
        }
        _ => match line_rule(name) {
            Some(form) => header_line(draft, form, arguments, statement)?,
            None => return Ok(false),
        },
    };
    messages.push(old_form(name, &today, statement));
    Ok(true)
}

/// What an old `req*` or `rsp*` directive does.
#[derive(Clone, Copy)]
struct LineRule {
    set: RuleSet,
    /// The action of today, or one of those of [`Rule`] that work on whole lines.
    action: &'static str,
    ignores_case: bool,
    /// How today's form begins.
    today: &'static str,
}

fn line_rule(name: &str) -> Option<LineRule> {
    let (set, rest) = match name {
        "cliexp" => (RuleSet::HttpRequest, "rep"),
        "srvexp" => (RuleSet::HttpResponse, "rep"),
        _ => match name.strip_prefix("req") {
            Some(rest) => (RuleSet::HttpRequest, rest),
            None => (RuleSet::HttpResponse, name.strip_prefix("rsp")?),
        },
    };
    let is_request = set == RuleSet::HttpRequest;
    let (ignores_case, verb) = match rest.strip_prefix('i') {
        Some(verb) => (true, verb),
        None => (false, rest),
    };
    let (action, today) = match verb {
        "add" if !ignores_case && is_request => ("add-header", "http-request add-header"),
        "add" if !ignores_case => ("add-header", "http-response add-header"),
        "allow" if is_request => ("allow-header-line", "http-request allow if { … }"),
        "del" if is_request => ("del-header-line", "http-request del-header NAME"),
        "del" => ("del-header-line", "http-response del-header NAME"),
        "deny" if is_request => ("deny-header-line", "http-request deny if { … }"),
        "deny" => ("deny-header-line", "http-response deny if { … }"),
        "rep" if is_request => (
            "replace-header-line",
            "http-request replace-header NAME REGEX TEXT' or 'http-request replace-path REGEX TEXT",
        ),
        "rep" => (
            "replace-header-line",
            "http-response replace-header NAME REGEX TEXT",
        ),
        "tarpit" if is_request => ("tarpit-header-line", "http-request tarpit if { … }"),
        _ => return None,
    };
    Some(LineRule {
        set,
        action,
        ignores_case,
        today,
    })
}

/// Adds the rule of one old line and says how it is written today.
fn header_line(
    draft: &mut Draft,
    form: LineRule,
    arguments: &mut Arguments<'_>,
    statement: &Statement,
) -> Result<String, Diagnostic> {
    let keyword = statement.keyword();
    let word = |text: &str| Word::new(text.to_owned(), keyword.span);
    let mut action = vec![word(form.action)];
    let mut today = form.today.to_owned();
    if form.action == "add-header" {
        let line = arguments.required("a header line, 'NAME: VALUE'")?;
        let (name, value) = line.value.split_once(':').ok_or_else(|| {
            Diagnostic::error(format!(
                "'{}' is not a header line, 'NAME: VALUE'",
                line.value
            ))
            .at(line.span)
            .help("a space inside is written '\\ '")
        })?;
        let (name, value) = (name.trim(), value.trim());
        // Today's value is a log format, in which a percent sign is doubled.
        let value = value.replace('%', "%%");
        today = format!("{today} {name} {}", quoted(&value));
        action.push(Word::new(name.to_owned(), line.span));
        action.push(Word::new(value, line.span));
    } else {
        if form.ignores_case {
            action.push(word("-i"));
        }
        action.push(arguments.required("a regular expression")?.clone());
        if form.action == "replace-header-line" {
            action.push(arguments.required("a replacement")?.clone());
        }
    }
    let (rest, condition) = arguments.with_condition()?;
    no_words_left(&keyword.value, rest)?;
    draft.rules.push(Rule {
        set: form.set,
        action,
        condition,
    });
    Ok(today)
}

fn quoted(value: &str) -> String {
    if value.contains([' ', '\t', '#', '"', '\\']) && !value.contains('\'') {
        format!("'{value}'")
    } else {
        value.replace('\\', "\\\\").replace(' ', "\\ ")
    }
}
