//! Rules, ACLs and redirections: cut into action and condition, and left as words.

use diagnostics::Diagnostic;

use crate::arguments::Arguments;
use crate::keywords::unknown_word;
use crate::model::{Acl, Rule, RuleSet};
use crate::reading::Statement;

use super::check_name;
use super::draft::Draft;

/// Actions that stand for old `req*` and `rsp*` lines (see [`Rule`]); no operator may write them.
pub(super) const LINE_ACTIONS: [&str; 5] = [
    "allow-header-line",
    "del-header-line",
    "deny-header-line",
    "replace-header-line",
    "tarpit-header-line",
];

/// One rule of a set.
pub(super) fn push(
    draft: &mut Draft,
    set: RuleSet,
    arguments: &mut Arguments<'_>,
) -> Result<(), Diagnostic> {
    let name = arguments.name();
    let (action, condition) = arguments.with_condition()?;
    let Some(first) = action.first() else {
        return Err(arguments.missing("an action"));
    };
    if LINE_ACTIONS.contains(&first.value.as_str()) {
        return Err(unknown_word(&format!("action of '{name}'"), first, []));
    }
    draft.rules.push(Rule {
        set,
        action: action.to_vec(),
        condition,
    });
    Ok(())
}

/// `redirect …` is `http-request redirect …`.
pub(super) fn redirect(draft: &mut Draft, statement: &Statement) -> Result<(), Diagnostic> {
    let mut arguments = Arguments::of(statement, "redirect");
    let (rest, condition) = arguments.with_condition()?;
    if rest.is_empty() {
        return Err(arguments.missing("'location', 'prefix' or 'scheme' and a target"));
    }
    let mut action = vec![statement.keyword().clone()];
    action.extend_from_slice(rest);
    draft.rules.push(Rule {
        set: RuleSet::HttpRequest,
        action,
        condition,
    });
    Ok(())
}

/// `acl NAME CRITERION ARGUMENT…`.
pub(super) fn acl(arguments: &mut Arguments<'_>) -> Result<Acl, Diagnostic> {
    let what = "a name and a criterion";
    let name = arguments.required(what)?;
    let criterion = arguments.required(what)?;
    check_name(name, "an ACL")?;
    if name.value == "or" {
        return Err(Diagnostic::error("an ACL cannot be named 'or'")
            .at(name.span)
            .help("'or' joins ACLs in conditions"));
    }
    Ok(Acl {
        name: name.clone(),
        criterion: criterion.clone(),
        arguments: arguments.rest().to_vec(),
    })
}
