//! The summary for people.

use super::{Change, Movement, NodeChange, ResourceChange};

/// A line for each change, in columns.
pub(crate) fn lines(changes: &[Change]) -> impl Iterator<Item = String> {
    let columns = Columns::of(changes);
    changes.iter().map(move |change| match change {
        Change::Node(NodeChange { task, node, reason }) => format!("{task} {node} '{reason}'"),
        Change::Resource(change) => columns.line(change),
    })
}

/// The widths of columns in the summary, in characters.
struct Columns {
    resource: usize,
    details: usize,
}

impl Columns {
    /// As wide as `changes` need. A resource that widens its column gets two characters more than
    /// it needs, so that not every one after it does the same.
    fn of(changes: &[Change]) -> Self {
        const LEAST: usize = 5;
        let mut columns = Self {
            resource: LEAST,
            details: LEAST,
        };
        for change in changes {
            if let Change::Resource(change) = change {
                let resource = change.resource.chars().count();
                if resource > columns.resource {
                    columns.resource = resource + 2;
                }
                let details = details(&change.movement).chars().count();
                columns.details = columns.details.max(details);
            }
        }
        columns
    }

    fn line(&self, change: &ResourceChange) -> String {
        let resource = &change.resource;
        let details = details(&change.movement);
        let reason = match (&change.reason, change.blocked) {
            (Some(reason), false) => format!("  due to {reason}"),
            (Some(reason), true) => format!("  due to {reason} (blocked)"),
            (None, true) => "  blocked".to_owned(),
            (None, false) => String::new(),
        };
        format!(
            "{:<8}   {resource:<width$}   ( {details:>details_width$} ){reason}",
            change.action,
            width = self.resource,
            details_width = self.details
        )
    }
}

fn details(movement: &Movement) -> String {
    match movement {
        Movement::Start { node } | Movement::Stop { node } | Movement::Stay { node } => {
            node.clone()
        }
        Movement::StartAs {
            role,
            next_role,
            node,
        }
        | Movement::Become {
            role,
            next_role,
            node,
        } => format!("{} -> {} {node}", role.name(), next_role.name()),
        Movement::StopAs { role, node } | Movement::StayAs { role, node } => {
            format!("{} {node}", role.name())
        }
        Movement::Move { from, to } => format!("{from} -> {to}"),
        Movement::MoveAs { role, from, to } => format!("{from} -> {to} {}", role.name()),
        Movement::MoveAndBecome {
            role,
            from,
            next_role,
            to,
        } => format!("{} {from} -> {} {to}", role.name(), next_role.name()),
    }
}
