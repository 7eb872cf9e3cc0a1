//! Events as sentences: cause and consequence on one line.

use std::time::Duration;

use membership::{NodeId, Note, View, ViewId};
use quorum::Verdict;

use super::Daemon;
use crate::group::GroupService;

impl<G: GroupService> Daemon<G> {
    pub(super) fn named(&self, nodes: impl IntoIterator<Item = NodeId>) -> String {
        let names: Vec<&str> = nodes
            .into_iter()
            .map(|node| self.setup.name(node))
            .collect();
        names.join(", ")
    }

    pub(super) fn say_view(&self, view: &View) -> String {
        let all = self.setup.names.len();
        let leader = self.setup.name(view.id.leader.node);
        format!(
            "view {}: {} of {all} nodes are together: {}; {leader} leads",
            view.id,
            view.members.len(),
            self.named(view.nodes())
        )
    }

    pub(super) fn say_verdict(&self, verdict: &Verdict) -> String {
        let quorum = match (verdict.quorate, verdict.exclusive) {
            (true, true) => "quorum",
            (true, false) => "quorum, but the other side of a cut would have it, too",
            (false, _) => "no quorum",
        };
        format!("{quorum}: {}", verdict.reasons.join("; "))
    }

    pub(super) fn say_lease(&self, now: Duration, is_quorate: bool) -> String {
        if is_quorate {
            let since = now.saturating_sub(self.view_at);
            return format!(
                "this node may act: the votes of the view are confirmed, {} ms after it began",
                since.as_millis()
            );
        }
        if self.node.verdict().quorate {
            "this node may not act: the votes of the view are no longer confirmed".to_owned()
        } else {
            "this node may not act: it has no quorum".to_owned()
        }
    }

    pub(super) fn say_note(&self, note: &Note) -> Option<String> {
        let name = |node: &NodeId| self.setup.name(*node);
        Some(match note {
            Note::Heard {
                node,
                restarted: false,
            } => format!("{} is heard", name(node)),
            Note::Heard {
                node,
                restarted: true,
            } => format!(
                "{} was started again: its former life has left the cluster",
                name(node)
            ),
            Note::Left { node } => format!("{} says that it leaves", name(node)),
            Note::Lost {
                node,
                silence,
                deaf: false,
            } => {
                format!(
                    "{} is lost: nothing was heard of it for {} ms",
                    name(node),
                    silence.as_millis()
                )
            }
            Note::Lost {
                node, deaf: true, ..
            } => format!(
                "{} is lost: it is heard, but does not hear this node",
                name(node)
            ),
            Note::MovedOn { node } => {
                format!("{} is in another view, without this node", name(node))
            }
            Note::LinkUp { node, link } => format!("link {link} to {} is up", name(node)),
            // The transport says why.
            Note::LinkDown { .. } => return None,
            Note::Proposes {
                proposal,
                without,
                absorbs,
            } => self.say_proposal(*proposal, without, absorbs),
            Note::Follows { proposal } => {
                format!(
                    "this node goes to view {proposal}, which {} proposes",
                    name(&proposal.leader.node)
                )
            }
            Note::GaveUp { proposal } => {
                format!("view {proposal} does not come: this node looks for another one")
            }
            Note::HeldUp { pause } => {
                format!(
                    "this process was held up for {} ms: what it did not hear meanwhile is not held against others",
                    pause.as_millis()
                )
            }
        })
    }

    fn say_proposal(&self, proposal: ViewId, without: &[NodeId], absorbs: &[NodeId]) -> String {
        let mut said = format!("this node proposes view {proposal}");
        if !without.is_empty() {
            said += &format!(" without {}", self.named(without.iter().copied()));
        }
        if !absorbs.is_empty() {
            said += &format!(
                ", with {} and who is with them",
                self.named(absorbs.iter().copied())
            );
        }
        said
    }
}
