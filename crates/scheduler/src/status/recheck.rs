//! When the scheduler has to be run again even if nothing happens.

use cib::rules::Findings;

use crate::model::Plan;

/// Notes that the plan may change at `moment_s` (seconds since 1970), if that is to come.
pub fn recheck_at(plan: &mut Plan<'_>, moment_s: i64) {
    if moment_s > plan.now_s() {
        let earliest_s = plan
            .recheck_by_s
            .map_or(moment_s, |by_s| by_s.min(moment_s));
        plan.recheck_by_s = Some(earliest_s);
    }
}

/// Notes what came up while rules were evaluated.
pub fn note_findings(plan: &mut Plan<'_>, findings: Findings) {
    if let Some(next_change) = findings.next_change {
        recheck_at(plan, next_change.epoch_s());
    }
    for problem in findings.problems {
        if problem.is_error {
            plan.configuration_error(problem.text);
        } else {
            plan.configuration_warning(problem.text);
        }
    }
}
