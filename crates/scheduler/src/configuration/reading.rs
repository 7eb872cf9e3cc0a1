//! Reading name-value sets of the configuration, and passing on what came up.

use cib::rules::Findings;

use crate::model::Plan;

/// Passes on what came up while rules were evaluated: messages, and when to look again.
pub(super) fn note_findings(plan: &mut Plan<'_>, findings: Findings) {
    for problem in findings.problems {
        if problem.is_error {
            plan.configuration_error(problem.text);
        } else {
            plan.configuration_warning(problem.text);
        }
    }
    if let Some(moment) = findings.next_change {
        let moment_s = moment.epoch_s();
        if moment_s > plan.now_s()
            && plan
                .recheck_by_s
                .is_none_or(|earlier_s| moment_s < earlier_s)
        {
            plan.recheck_by_s = Some(moment_s);
        }
    }
}
