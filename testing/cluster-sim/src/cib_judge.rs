//! What must hold of the copies of the CIB in views with exclusive quorum.

use std::collections::BTreeMap;

use cib::CibVersion;
use membership::{Member, ViewId};
use replica::Replica;

use crate::clients::{Vouched, missing};
use crate::judge::{Verdict, name};

/// The memory of all versions.
#[derive(Debug, Default)]
pub(crate) struct CibJudge {
    /// Of the content, the configuration alone is looked at.
    without_status: bool,
    /// What each version is, and who had it first.
    contents: BTreeMap<CibVersion, (String, Member)>,
    /// The view and version in which each life was looked at last.
    seen: BTreeMap<Member, (ViewId, CibVersion)>,
}

impl CibJudge {
    pub(crate) fn new(without_status: bool) -> Self {
        Self {
            without_status,
            ..Self::default()
        }
    }

    /// A node is in an established view with exclusive quorum: its version names one content, and
    /// whatever was vouched for in earlier terms is there.
    pub(crate) fn looks_at(
        &mut self,
        member: Member,
        view: ViewId,
        replica: &Replica,
        vouched: &[Vouched],
    ) -> Verdict {
        let version = replica.version();
        let before = self.seen.insert(member, (view, version));
        if before == Some((view, version)) {
            return Ok(());
        }
        let root = replica.committed().root();
        let part = root.child("configuration").filter(|_| self.without_status);
        let text = part.unwrap_or(root).to_compact_text();
        let known = self
            .contents
            .entry(version)
            .or_insert_with(|| (text.clone(), member));
        if known.0 != text {
            return Err(format!(
                "version {version} is two things:\n{} has {}\n{} has {text}",
                name(known.1),
                known.0,
                name(member)
            ));
        }
        if before.is_some_and(|(before, _)| before == view) {
            return Ok(());
        }
        let term = replica.position().term;
        let earlier = vouched.iter().filter(|change| change.term < term);
        let lost = missing(replica.committed(), earlier);
        match lost {
            None => Ok(()),
            Some(lost) => Err(format!(
                "{} in {view}, term {term}: the change {} was vouched for in term {} and is not there",
                name(member),
                lost.marker,
                lost.term
            )),
        }
    }
}
