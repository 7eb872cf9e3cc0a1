//! One entry of an operation history (`<lrm_rsc_op>`).
//!
//! - The operation's key is `operation_key`, or the entry's id where that is missing or empty.
//! - What was expected is in the transition key, `ACTION:TRANSITION:EXPECTED:UUID`.
//! - `transition-magic` is `STATUS:RESULT;KEY`.

use cib::number::parse_integer;
use cib::xml::Element;

use super::outcome::{Execution, exit};
use crate::status::number::parse_i32;

/// One entry of an operation history, as recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'c> {
    /// The element.
    pub xml: Element<'c>,
    /// Its id.
    pub id: Option<&'c str>,
    /// The operation's key.
    operation_key: Option<&'c str>,
    /// The operation.
    pub task: Option<&'c str>,
    /// How often it recurs; 0 for once.
    pub interval_ms: u32,
    /// The executor's number of the call; -1 where it is pending, or not known.
    pub call_id: i32,
    /// What the agent said in words.
    pub exit_reason: Option<&'c str>,
    /// When the result was last another, in seconds since 1970.
    pub last_change_s: Option<i64>,
    /// Where it was executed, if recorded.
    pub on_node: Option<&'c str>,
    /// `transition-magic`.
    pub magic: Option<&'c str>,
    /// `transition-key`.
    transition_key: Option<&'c str>,
    /// `op-status`.
    pub status_text: Option<&'c str>,
    /// `rc-code`.
    pub exit_text: Option<&'c str>,
    /// `migrate_source`.
    pub migrate_source: Option<&'c str>,
    /// `migrate_target`.
    pub migrate_target: Option<&'c str>,
}

impl<'c> Entry<'c> {
    /// Reads an `<lrm_rsc_op>`.
    pub fn read(xml: Element<'c>) -> Self {
        let mut entry = Self {
            xml,
            id: None,
            operation_key: None,
            task: None,
            interval_ms: 0,
            call_id: -1,
            exit_reason: None,
            last_change_s: None,
            on_node: None,
            magic: None,
            transition_key: None,
            status_text: None,
            exit_text: None,
            migrate_source: None,
            migrate_target: None,
        };
        for (name, value) in xml.attributes() {
            match name {
                "id" => entry.id = Some(value),
                "operation_key" => entry.operation_key = Some(value),
                "operation" => entry.task = Some(value),
                "interval" => {
                    let interval_ms = parse_integer(value).and_then(|ms| u32::try_from(ms).ok());
                    entry.interval_ms = interval_ms.unwrap_or(0);
                }
                "call-id" => entry.call_id = parse_i32(value).unwrap_or(-1),
                "exit-reason" => entry.exit_reason = Some(value),
                "last-rc-change" => entry.last_change_s = parse_integer(value),
                "on_node" => entry.on_node = Some(value),
                "transition-magic" => entry.magic = Some(value),
                "transition-key" => entry.transition_key = Some(value),
                "op-status" => entry.status_text = Some(value),
                "rc-code" => entry.exit_text = Some(value),
                "migrate_source" => entry.migrate_source = Some(value),
                "migrate_target" => entry.migrate_target = Some(value),
                _ => {}
            }
        }
        entry
    }

    /// The operation's key.
    pub fn key(&self) -> Option<&'c str> {
        self.operation_key.filter(|key| !key.is_empty()).or(self.id)
    }

    /// What the agent said; `None` where that is not a number that an agent can say.
    pub fn exit_status(&self) -> Option<i32> {
        parse_i32(self.exit_text?).filter(|status| (0..=exit::MAX).contains(status))
    }

    /// Whether it was carried out; `None` where that is not recorded, or not as it should be.
    pub fn execution(&self) -> Option<Execution> {
        Execution::from_code(parse_i32(self.status_text?)?)
    }

    /// What was expected, or `None` for a corrupt entry or one of times long past.
    pub fn expected_exit(&self) -> Option<i32> {
        let key = TransitionKey::parse(self.transition_key?)?;
        (key.expected_exit >= 0).then_some(key.expected_exit)
    }

    /// Whether it is a probe: a monitor that does not recur.
    pub fn is_probe(&self) -> bool {
        self.interval_ms == 0 && self.task == Some("monitor")
    }

    /// Whether it is a probe whose result says that the resource cannot be there, so that it counts
    /// as not running.
    pub fn is_masked_probe_failure(&self) -> bool {
        let status = self.exit_text.and_then(parse_i32);
        self.is_probe()
            && (matches!(status, Some(exit::NOT_INSTALLED | exit::INVALID_PARAMETER))
                || self.execution() == Some(Execution::NotInstalled))
    }

    /// Whether it is the record of the last failure, which the executor keeps for each resource.
    pub fn is_last_failure(&self) -> bool {
        self.id.is_some_and(|id| id.ends_with("_last_failure_0"))
    }
}

/// The entries of a resource's history on a node, in the order of the CIB.
pub(crate) fn read_entries<'c>(resource_history: Element<'c>) -> Vec<Entry<'c>> {
    resource_history
        .children_named("lrm_rsc_op")
        .map(Entry::read)
        .collect()
}

/// The transition that an operation was part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TransitionKey<'c> {
    /// The transition's number; -1 for what is done outside of one.
    pub transition: i32,
    /// What the operation was expected to say.
    pub expected_exit: i32,
    /// Who made the transition.
    pub uuid: &'c str,
}

impl<'c> TransitionKey<'c> {
    /// How many letters of the UUID count.
    const UUID_LEN: usize = 36;

    /// Reads `ACTION:TRANSITION:EXPECTED:UUID`.
    pub fn parse(text: &'c str) -> Option<Self> {
        let mut parts = text.splitn(4, ':');
        let mut number = || parts.next().and_then(parse_whole_i32);
        let (_action, transition, expected_exit) = (number()?, number()?, number()?);
        let uuid = parts.next()?.split_ascii_whitespace().next()?;
        let uuid = uuid.get(..Self::UUID_LEN).unwrap_or(uuid);
        Some(Self {
            transition,
            expected_exit,
            uuid,
        })
    }

    /// Reads the key in `STATUS:RESULT;KEY`.
    pub fn parse_magic(text: &'c str) -> Option<Self> {
        let (outcome, key) = text.split_once(';')?;
        let (status, result) = outcome.split_once(':')?;
        parse_whole_i32(status)?;
        parse_whole_i32(result)?;
        Self::parse(key)
    }
}

fn parse_whole_i32(text: &str) -> Option<i32> {
    text.trim_start().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::TransitionKey;

    #[test]
    fn transition_keys_say_what_was_expected() {
        let check = |text: &str, expected: Option<(i32, i32)>| {
            let key = TransitionKey::parse_magic(text);
            let got = key.map(|key| (key.transition, key.expected_exit));
            assert_eq!(got, expected, "{text}");
        };
        let uuid = "5b6e0ba1-1ad2-4f0b-8cd0-2b2c3b0f8b4a";
        check(&format!("0:0;5:2:7:{uuid}"), Some((2, 7)));
        check(&format!("-1:193;5:-1:0:{uuid}"), Some((-1, 0)));
        check(&format!("0:0;5:2:{uuid}"), None);
        check("0:0", None);
        check("", None);
    }
}
