//! The help text.

use super::table::{ENTRIES, Group};
use crate::options::help_section;

const OPERATION_SPECIFICATION: &str = "\
Operation Specification:

The OPSPEC in any command line option is of the form
${resource}_${task}_${interval_in_ms}@${node}=${rc}
(memcached_monitor_20000@bart.example.com=7, for example).
${rc} is an OCF return code.  For more information on these
return codes, refer to https://clusterlabs.org/pacemaker/doc/2.1/Pacemaker_Administration/html/agents.html#ocf-return-codes

Examples:

Pretend a recurring monitor action found memcached stopped on node
fred.example.com and, during recovery, that the memcached stop
action failed:

\tcrm_simulate -LS --op-inject memcached:0_monitor_20000@bart.example.com=7 --op-fail memcached:0_stop_0@fred.example.com=1 --save-output /tmp/memcached-test.xml

Now see what the reaction to the stop failed would be:

\tcrm_simulate -S --xml-file /tmp/memcached-test.xml


";

/// The help text with the options of `groups`.
pub(super) fn help(groups: &[Group]) -> String {
    let mut text = String::from(
        "Usage:\n  crm_simulate [OPTION\u{2026}]\n\n\
         crm_simulate - simulate a Pacemaker cluster's response to events\n\n",
    );
    for group in groups {
        text.push_str(&help_section(group.heading(), ENTRIES, group));
    }
    text.push_str(OPERATION_SPECIFICATION);
    text
}
