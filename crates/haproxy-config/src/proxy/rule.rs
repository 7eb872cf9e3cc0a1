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

/// `redirect …` is `http-request redirect …` after all `http-request` lines.
pub(super) fn redirect(draft: &mut Draft, statement: &Statement) -> Result<(), Diagnostic> {
    let mut arguments = Arguments::of(statement, "redirect");
    let (rest, condition) = arguments.with_condition()?;
    if rest.is_empty() {
        return Err(arguments.missing("'location', 'prefix' or 'scheme' and a target"));
    }
    let mut action = vec![statement.keyword().clone()];
    action.extend_from_slice(rest);
    draft.redirects.push(Rule {
        set: RuleSet::HttpRequest,
        action,
        condition,
    });
    Ok(())
}

/// The order in which a request meets the rules, whatever order their lines stand in.
const REQUEST_ORDER: [&str; 6] = [
    "tcp-request connection",
    "tcp-request session",
    "tcp-request content",
    "http-request",
    "redirect",
    "use_backend",
];

/// The same for a response.
const RESPONSE_ORDER: [&str; 2] = ["tcp-response content", "http-response"];

/// The furthest rules of a section so far, as indices into the orders above.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Furthest {
    request: usize,
    response: usize,
}

impl Furthest {
    /// A warning where a line stands after one that is processed later.
    pub fn note(&mut self, name: &str, statement: &Statement) -> Option<Diagnostic> {
        let scales: [(&[&str], &mut usize); 2] = [
            (&REQUEST_ORDER, &mut self.request),
            (&RESPONSE_ORDER, &mut self.response),
        ];
        for (order, furthest) in scales {
            let Some(rank) = order.iter().position(|known| *known == name) else {
                continue;
            };
            if rank >= *furthest {
                *furthest = rank;
                return None;
            }
            return Some(
                Diagnostic::warning(format!(
                    "this '{name}' line is still processed before the '{}' line above it",
                    order[*furthest]
                ))
                .at(statement.keyword().span)
                .help("write the lines in the order in which they are processed"),
            );
        }
        None
    }
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
