//! Rules of `defaults` sections: whom they may be passed to.
//!
//! They go before a proxy's own rules, which would mean two different things for a frontend and for
//! a backend; so HAProxy lets one `defaults` section with rules serve only one of the two kinds.

use std::collections::BTreeMap;

use diagnostics::{Diagnostic, SourceId};

use crate::model::{ProxyKind, Rule, RuleSet, Word};

/// Which kind of proxy has taken rules from which `defaults` section.
#[derive(Default)]
pub(super) struct SharedRules {
    /// By where the section's first rule stands.
    takers: BTreeMap<(SourceId, u32), ProxyKind>,
}

impl SharedRules {
    /// Checks the rules that the proxy of that name takes over.
    pub(super) fn take(
        &mut self,
        rules: &[Rule],
        kind: ProxyKind,
        name: &Word,
    ) -> Result<(), Diagnostic> {
        let Some(place) = rules.first().and_then(|rule| rule.action.first()) else {
            return Ok(());
        };
        let key = (place.span.source, place.span.start);
        let taker = *self.takers.entry(key).or_insert(kind);
        let unfit = |set| match kind {
            ProxyKind::Frontend => set == RuleSet::TcpResponseContent,
            ProxyKind::Backend => matches!(
                set,
                RuleSet::TcpRequestConnection | RuleSet::TcpRequestSession
            ),
            ProxyKind::Listen => true,
        };
        let (wrong, reason) = if let Some(rule) = rules.iter().find(|rule| unfit(rule.set)) {
            let reason = match kind {
                ProxyKind::Frontend => "a frontend has no responses of servers",
                ProxyKind::Backend => "a backend takes no connections",
                ProxyKind::Listen => "a 'listen' section takes no rules from 'defaults'",
            };
            (rule.action.first().unwrap_or(place), reason)
        } else if taker == kind {
            return Ok(());
        } else {
            let reason = "rules of one 'defaults' section serve either frontends or backends";
            (place, reason)
        };
        Err(Diagnostic::error(format!(
            "'{}' cannot take over this rule: {reason}",
            name.value
        ))
        .at(wrong.span)
        .help("put the rule into the sections themselves, or name another 'defaults' with 'from'"))
    }
}
