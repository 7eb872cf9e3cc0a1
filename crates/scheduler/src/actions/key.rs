//! Operation keys: `RESOURCE_TASK_INTERVAL`.
//!
//! Both resources and tasks may hold underscores. From the right, a key is: the interval, a task
//! (the last word before it, or `migrate_to` or `migrate_from`), and before the task possibly
//! `pre_notify_`, `post_notify_`, `confirmed-pre_notify_` or `confirmed-post_notify_`, which then
//! belongs to the task. All before that is the resource.

use std::fmt::Write;

/// Tasks that hold an underscore.
const TASKS_WITH_UNDERSCORE: [&str; 2] = ["migrate_from", "migrate_to"];

/// What may stand before a task and belongs to it.
const NOTIFY_PREFIXES: [&str; 4] = [
    "pre_notify",
    "post_notify",
    "confirmed-pre_notify",
    "confirmed-post_notify",
];

/// The key of an operation: `RESOURCE_TASK_INTERVAL`.
#[must_use]
pub fn operation_key(resource: &str, task: &str, interval_ms: u32) -> String {
    // Made for every action that is asked for, which is worth a little more than a format.
    let mut key = String::with_capacity(resource.len() + task.len() + "__4294967295".len());
    key.push_str(resource);
    key.push('_');
    key.push_str(task);
    if interval_ms == 0 {
        key.push_str("_0");
    } else {
        // Writing to a String cannot fail.
        let _ = write!(key, "_{interval_ms}");
    }
    key
}

/// The key of a notification: `RESOURCE_KIND_notify_TASK_0`, where the kind is `pre`, `post`,
/// `confirmed-pre` or `confirmed-post`.
#[must_use]
pub fn notification_key(resource: &str, kind: &str, task: &str) -> String {
    format!("{resource}_{kind}_notify_{task}_0")
}

/// Resource, task and interval of a key; `None` where it is not one.
#[must_use]
pub fn parse_operation_key(key: &str) -> Option<(&str, &str, u32)> {
    let (name, interval) = key.rsplit_once('_')?;
    let interval_ms = interval.parse().ok()?;
    let (mut resource, _) = without_last(name, &TASKS_WITH_UNDERSCORE)
        .or_else(|| name.rsplit_once('_'))
        .filter(|(resource, task)| !resource.is_empty() && !task.is_empty())?;
    if let Some((before, _)) = without_last(resource, &NOTIFY_PREFIXES) {
        resource = before;
    }
    Some((resource, &name[resource.len() + 1..], interval_ms))
}

/// `name` without the one of `endings` (and an underscore) that it ends in, and that ending.
fn without_last<'k>(name: &'k str, endings: &[&str]) -> Option<(&'k str, &'k str)> {
    endings.iter().find_map(|ending| {
        let before = name.strip_suffix(ending)?.strip_suffix('_')?;
        (!before.is_empty()).then(|| (before, &name[before.len() + 1..]))
    })
}

#[cfg(test)]
mod tests {
    use super::parse_operation_key;

    #[test]
    fn keys_are_read_from_the_right() {
        let check = |key, expected| assert_eq!(parse_operation_key(key), expected, "{key}");
        check("rsc_start_0", Some(("rsc", "start", 0)));
        check("my_rsc_monitor_10000", Some(("my_rsc", "monitor", 10000)));
        check("a:0_migrate_to_0", Some(("a:0", "migrate_to", 0)));
        check(
            "c_confirmed-post_notify_running_0",
            Some(("c", "confirmed-post_notify_running", 0)),
        );
        check("c_pre_notify_stop_0", Some(("c", "pre_notify_stop", 0)));
        check("load_stopped_node1", None);
        check("stop_0", None);
        check("", None);
    }
}
