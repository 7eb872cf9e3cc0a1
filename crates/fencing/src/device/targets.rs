//! Which targets a device can fence, and how that is found out.

use super::Device;
use crate::action::Action;
use crate::metadata::Metadata;

/// How to find out whether a device can fence a node (`pcmk_host_check`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostCheck {
    /// By `pcmk_host_list` and `pcmk_host_map`.
    StaticList,
    /// By asking the device for its list.
    DynamicList,
    /// By asking the device for the node's status.
    Status,
    /// It can fence every node.
    None,
}

impl HostCheck {
    /// The check of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "static-list" => Some(Self::StaticList),
            "dynamic-list" => Some(Self::DynamicList),
            "status" => Some(Self::Status),
            "none" => Some(Self::None),
            _ => None,
        }
    }

    /// What the agent is asked for it.
    #[must_use]
    pub const fn action(self) -> Option<Action> {
        match self {
            Self::DynamicList => Some(Action::List),
            Self::Status => Some(Action::Status),
            Self::StaticList | Self::None => None,
        }
    }
}

impl Device {
    /// The checks, one after the other until one says yes or no: the one that is configured, or
    /// what Pacemaker Explained calls the default check type, where a list that the agent cannot
    /// make leads to the next one.
    #[must_use]
    pub fn host_checks(&self, metadata: &Metadata) -> Vec<HostCheck> {
        if let Some(check) = self.host_check {
            return vec![check];
        }
        if !self.host_list.is_empty() || !self.host_map.is_empty() {
            return vec![HostCheck::StaticList];
        }
        let lists = metadata.can("list").then_some(HostCheck::DynamicList);
        let last = if metadata.can("status") {
            HostCheck::Status
        } else {
            HostCheck::None
        };
        lists.into_iter().chain([last]).collect()
    }

    /// Whether `target` is in the list or the map.
    #[must_use]
    pub fn lists(&self, target: &str) -> bool {
        let mut names = self.host_list.iter();
        names.any(|name| name.eq_ignore_ascii_case(target)) || self.host_map.get(target).is_some()
    }

    /// Whether its id, or the address at which it is reached, has the name of `node` in it
    /// (`HOST-1-ipmi`).
    #[must_use]
    pub fn is_named_for(&self, node: &str) -> bool {
        let addresses = ["ip", "ipaddr"].map(|name| self.parameters.get(name));
        let addresses = addresses.into_iter().flatten().map(crate::Secret::expose);
        let mut words = addresses.chain([self.id.as_str()]);
        words.any(|word| has_name(word, node))
    }

    /// Whether it lists several nodes without saying what it calls them, and is named for another one
    /// of them than `target`.
    #[must_use]
    pub fn is_named_for_another(&self, target: &str) -> bool {
        let mut others = self.host_list.iter();
        self.host_map.is_empty()
            && !self.is_named_for(target)
            && others.any(|name| self.is_named_for(name))
    }

    /// Whether `target`, or what the device calls it, is in the list that the agent printed: a line
    /// for each port, `port,name`, of which the agent may leave the name empty or add a state.
    #[must_use]
    pub fn finds(&self, target: &str, printed: &str) -> bool {
        let called = self.host_map.get(target).unwrap_or(target);
        printed.lines().any(|line| {
            let mut words = line.split([',', ' ', '\t', ';', '=']).map(str::trim);
            let meant = |word: &str| word.eq_ignore_ascii_case(called);
            words
                .by_ref()
                .filter(|word| !word.is_empty())
                .take(2)
                .any(meant)
        })
    }
}

/// Whether `name` is in `word`, and not as a part of a longer name: `HOST-1` is in `HOST-1-ipmi`, and
/// not in `HOST-10-ipmi`.
fn has_name(word: &str, name: &str) -> bool {
    let (word, name) = (word.to_ascii_lowercase(), name.to_ascii_lowercase());
    let is_part = |it: Option<char>| it.is_some_and(|it| it.is_ascii_alphanumeric());
    word.match_indices(&name).any(|(start, found)| {
        let (before, after) = (&word[..start], &word[start + found.len()..]);
        !found.is_empty() && !is_part(before.chars().next_back()) && !is_part(after.chars().next())
    })
}
