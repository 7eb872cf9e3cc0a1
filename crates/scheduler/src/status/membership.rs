//! Whether a cluster node is up, from what its `<node_state>` says.
//!
//! The attributes, and how they are read:
//!
//! | attribute | meaning | since 2.1.7 | before |
//! | --- | --- | --- | --- |
//! | `in_ccm` | since when it is a member of the cluster layer | seconds since 1970, 0 for never | a boolean; true is taken as "since now" |
//! | `crmd` | since when its controller is in the process group | seconds since 1970, 0 for never | `online` or `offline` |
//! | `join` | how far its controller has joined | `member`, `pending`, `down`, `banned` | |
//! | `expected` | whether it should be there | `member` or `down` | |
//!
//! With fencing, the first rule that fits decides; the node is online if it is a member:
//!
//! | if | then |
//! | --- | --- |
//! | it is shutting down | nothing; online if its controller is there |
//! | `in_ccm` is missing | fence, offline |
//! | `join` is `banned` | fence |
//! | its fencing was asked for (`terminate`) | fence, unless it is already down in every respect: then offline |
//! | it is expected down, and on its way up for longer than `node-pending-timeout` | fence |
//! | it is expected down, but is there | pending |
//! | it is expected down, and is not there | nothing |
//! | it is no member | fence, with `priority-fencing-delay` |
//! | its controller is not there | fence |
//! | `join` is `member` | nothing |
//! | `join` is `pending` or `down` | pending |
//! | otherwise | fence |
//!
//! Without fencing, it is online if it is a member, its controller is there, and `join` is
//! `member`; if its controller is gone although it is expected, it is unclean.

use cib::literal::parse_boolean;
use cib::number::parse_integer;
use cib::xml::Element;

use super::number::whole_seconds;

/// What is recorded of a node's membership.
#[derive(Clone, Copy, Debug)]
pub(super) struct Membership<'c> {
    /// Since when it is a member (seconds since 1970): 0 if it is none, `None` if nothing is known.
    pub member_since_s: Option<i64>,
    /// Since when its controller is in the process group; 0 if it is not.
    pub online_since_s: i64,
    /// `join`.
    pub join: Option<&'c str>,
    /// `expected`.
    pub expected: Option<&'c str>,
    /// Whether the node is shutting down.
    pub shutting_down: bool,
    /// Whether its fencing was asked for.
    pub termination_requested: bool,
}

/// What follows from a node's membership.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Whether the node is online.
    pub online: bool,
    /// Whether it is on its way up, and not ready for resources yet.
    pub pending: bool,
    /// Why it has to be fenced.
    pub fence: Option<&'static str>,
    /// Whether `priority-fencing-delay` applies to its fencing.
    pub priority_delay: bool,
    /// When this has to be looked at again, in seconds since 1970.
    pub recheck_at_s: Option<i64>,
}

impl<'c> Membership<'c> {
    /// Reads a `<node_state>`. Also says what cannot be understood.
    pub fn read(state: Element<'c>, now_s: i64) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let membership = Self {
            member_since_s: state
                .attribute("in_ccm")
                .and_then(|text| read_member_since_s(text, now_s, &mut problems)),
            online_since_s: state
                .attribute("crmd")
                .map_or(0, |text| read_online_since_s(text, &mut problems)),
            join: state.attribute("join"),
            expected: state.attribute("expected"),
            shutting_down: false,
            termination_requested: false,
        };
        (membership, problems)
    }

    /// What follows where nodes are fenced. `pending_timeout_ms` is `node-pending-timeout`.
    pub fn judge_with_fencing(&self, pending_timeout_ms: u64, now_s: i64) -> Verdict {
        let is_online = self.online_since_s > 0;
        if self.shutting_down {
            return Verdict {
                online: is_online,
                ..Verdict::default()
            };
        }
        let Some(member_since_s) = self.member_since_s else {
            return fence("peer has not been seen by the cluster");
        };
        let is_member = member_since_s > 0;
        let verdict = if self.join == Some("banned") {
            fence("peer failed Pacemaker membership criteria")
        } else if self.termination_requested {
            if !is_member && !is_online && self.join == Some("down") {
                return Verdict::default();
            }
            fence("fencing was requested")
        } else if self.expected.is_none_or(|expected| expected == "down") {
            self.judge_expected_down(member_since_s, pending_timeout_ms, now_s)
        } else if !is_member {
            Verdict {
                priority_delay: true,
                ..fence("peer is no longer part of the cluster")
            }
        } else if !is_online {
            fence("peer process is no longer available")
        } else {
            match self.join {
                Some("member") => Verdict::default(),
                Some("pending" | "down") => pending(),
                _ => fence("peer was in an unknown state"),
            }
        };
        Verdict {
            online: is_member,
            ..verdict
        }
    }

    /// What follows where nodes are not fenced.
    pub fn judge_without_fencing(&self) -> Verdict {
        let is_member = self.member_since_s.is_some_and(|since_s| since_s > 0);
        let is_expected = !self.shutting_down && is(self.expected, "member");
        if is_member && self.online_since_s > 0 {
            Verdict {
                online: is(self.join, "member"),
                ..Verdict::default()
            }
        } else if is_member && is_expected {
            fence("peer is unexpectedly down")
        } else {
            Verdict::default()
        }
    }

    fn judge_expected_down(
        &self,
        member_since_s: i64,
        pending_timeout_ms: u64,
        now_s: i64,
    ) -> Verdict {
        let is_online = self.online_since_s > 0;
        let deadline_s = (pending_timeout_ms > 0 && member_since_s > 0 && !is_online)
            .then(|| member_since_s.saturating_add(whole_seconds(pending_timeout_ms)));
        if deadline_s.is_some_and(|deadline_s| now_s >= deadline_s) {
            fence("peer pending timed out on joining the process group")
        } else if member_since_s > 0 || is_online {
            Verdict {
                recheck_at_s: deadline_s,
                ..pending()
            }
        } else {
            Verdict::default()
        }
    }
}

/// Whether `text` is `word`, in any case.
pub(super) fn is(text: Option<&str>, word: &str) -> bool {
    text.is_some_and(|text| text.eq_ignore_ascii_case(word))
}

fn fence(reason: &'static str) -> Verdict {
    Verdict {
        fence: Some(reason),
        ..Verdict::default()
    }
}

fn pending() -> Verdict {
    Verdict {
        pending: true,
        ..Verdict::default()
    }
}

fn read_member_since_s(text: &str, now_s: i64, problems: &mut Vec<String>) -> Option<i64> {
    if let Some(is_member) = parse_boolean(text) {
        return Some(if is_member { now_s } else { 0 });
    }
    let since_s = parse_integer(text).filter(|&since_s| since_s >= 0);
    if since_s.is_none() {
        problems.push(format!(
            "Unrecognized value '{text}' for in_ccm in node_state entry"
        ));
    }
    since_s
}

fn read_online_since_s(text: &str, problems: &mut Vec<String>) -> i64 {
    if text.eq_ignore_ascii_case("offline") {
        return 0;
    }
    if text.eq_ignore_ascii_case("online") {
        return 1;
    }
    parse_integer(text)
        .filter(|&since_s| since_s >= 0)
        .unwrap_or_else(|| {
            problems.push(format!(
                "Unrecognized value '{text}' for crmd in node_state entry, assuming offline"
            ));
            0
        })
}

#[cfg(test)]
mod tests {
    use super::{Membership, Verdict};

    const NOW_S: i64 = 1000;

    fn membership<'a>(
        (member, online): (Option<i64>, i64),
        join: &'a str,
        expected: &'a str,
    ) -> Membership<'a> {
        Membership {
            member_since_s: member,
            online_since_s: online,
            join: Some(join),
            expected: Some(expected),
            shutting_down: false,
            termination_requested: false,
        }
    }

    #[test]
    fn what_is_recorded_decides_whether_a_node_is_fenced() {
        let check = |since, join, expected, online, pending, fence: Option<&str>| {
            let verdict = membership(since, join, expected).judge_with_fencing(0, NOW_S);
            let got = (verdict.online, verdict.pending, verdict.fence);
            assert_eq!(got, (online, pending, fence), "{since:?} {join} {expected}");
        };
        check((Some(1), 1), "member", "member", true, false, None);
        check((Some(1), 1), "pending", "member", true, true, None);
        check((Some(1), 0), "down", "down", true, true, None);
        check((Some(0), 0), "down", "down", false, false, None);
        let lost = Some("peer is no longer part of the cluster");
        check((Some(0), 0), "member", "member", false, false, lost);
        let dead = Some("peer process is no longer available");
        check((Some(1), 0), "member", "member", true, false, dead);
        let unseen = Some("peer has not been seen by the cluster");
        check((None, 0), "member", "member", false, false, unseen);
    }

    #[test]
    fn a_node_may_be_pending_for_a_while_only() {
        let check = |timeout_ms, fenced, recheck_at_s| {
            let verdict =
                membership((Some(900), 0), "down", "down").judge_with_fencing(timeout_ms, NOW_S);
            let got = (verdict.fence.is_some(), verdict.recheck_at_s);
            assert_eq!(got, (fenced, recheck_at_s), "{timeout_ms}");
        };
        check(0, false, None);
        check(100_000, true, None);
        check(200_000, false, Some(1100));
    }

    #[test]
    fn without_fencing_a_node_that_is_not_there_is_offline() {
        let check = |since, join, expected, verdict: Verdict| {
            let got = membership(since, join, expected).judge_without_fencing();
            assert_eq!(got, verdict, "{since:?} {join} {expected}");
        };
        let offline = Verdict::default();
        let online = Verdict {
            online: true,
            ..offline
        };
        check((Some(1), 1), "member", "member", online);
        check((Some(1), 1), "pending", "member", offline);
        check((None, 0), "down", "down", offline);
        check((Some(1), 0), "down", "down", offline);
    }
}
