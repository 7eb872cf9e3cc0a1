//! What is to be tried for one target: levels of devices, each with the nodes that can use it.

use std::collections::BTreeMap;
use std::sync::Arc;

use cib::Values;
use cib::views::fencing_levels::{self, Level as Configured};

use crate::action::Goal;
use crate::device::Device;
use crate::metadata::Metadata;

/// A node that may carry out calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peer {
    /// Its name.
    pub name: String,
    /// The devices that it monitors: it is preferred for them.
    pub monitors: Vec<String>,
}

/// A device and who can use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The device.
    pub device: Arc<Device>,
    /// What its agent says of itself.
    pub metadata: Arc<Metadata>,
    /// The nodes that can call it, the preferred one first.
    pub executors: Vec<String>,
}

/// Devices that must all succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// The topology's index; none where no topology names the target.
    pub index: Option<u32>,
    /// The devices in order; the id alone of those that there are not.
    pub devices: Vec<Result<Candidate, String>>,
}

/// What is to be tried for one target, one level after the other until one succeeds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scene {
    /// The levels.
    pub levels: Vec<Level>,
}

impl Scene {
    /// The levels for `target`, whose attributes are `attributes`. `devices` come from
    /// [`crate::devices`], each agent's `metadata` from the agent, by its name; `configured` are the
    /// CIB's levels, and `peers` the nodes that are there and not about to leave, the own node
    /// first.
    ///
    /// - Levels that name the target, in the order of their index (1 to 9); without any, each
    ///   device is a level of its own, those with a higher priority first.
    /// - Where some devices that list the target are named for it, and others for another node that
    ///   they list as well, the latter are left out: a power switch of one machine that is said to
    ///   switch several would cut the wrong one off, and report that it was the right one.
    /// - Unfencing: if there are devices that the target is to be unfenced with, all those, and no
    ///   others, in one level.
    /// - A device is used by who monitors it, then by others, and by the target itself only if
    ///   nobody else can; where its agent says that `on` is to be done on the target, by the target
    ///   alone.
    #[must_use]
    pub fn new(
        target: (&str, &Values<'_>),
        goal: Goal,
        devices: &[Arc<Device>],
        metadata: &BTreeMap<String, Arc<Metadata>>,
        configured: &[Configured<'_>],
        peers: &[Peer],
    ) -> Self {
        let (name, attributes) = target;
        let candidate = |device: &Arc<Device>| {
            let metadata = metadata.get(&device.agent).cloned().unwrap_or_default();
            let on_target = goal == Goal::On && metadata.on_target();
            Candidate {
                device: Arc::clone(device),
                executors: executors(device, name, on_target, peers),
                metadata,
            }
        };
        if goal == Goal::On {
            let all = devices.iter().map(candidate);
            let unfencing = all.filter(|it| it.device.unfences(&it.metadata));
            let unfencing: Vec<_> = unfencing
                .filter(Candidate::may_have(name))
                .map(Ok)
                .collect();
            if !unfencing.is_empty() {
                let level = Level {
                    index: None,
                    devices: unfencing,
                };
                return Self {
                    levels: vec![level],
                };
            }
        }
        let topology = fencing_levels::for_node(configured, name, attributes);
        let mut levels: Vec<Level> = topology
            .into_iter()
            .filter(|(index, _)| (1..=9).contains(index))
            .map(|(index, ids)| {
                let of_id = |id: &&str| {
                    let device = devices.iter().find(|device| device.id == *id);
                    device.map(candidate).ok_or_else(|| (*id).to_owned())
                };
                Level {
                    index: Some(index),
                    devices: ids.iter().map(of_id).collect(),
                }
            })
            .collect();
        if levels.is_empty() {
            let own_level = |candidate| Level {
                index: None,
                devices: vec![Ok(candidate)],
            };
            let all = devices.iter().map(candidate);
            let mut able: Vec<Candidate> = all.filter(Candidate::may_have(name)).collect();
            if able.iter().any(|it| it.device.is_named_for(name)) {
                able.retain(|it| !it.device.is_named_for_another(name));
            }
            levels = able.into_iter().map(own_level).collect();
        }
        Self { levels }
    }
}

impl Candidate {
    /// Whether the device may have `target`, as far as that is known without asking it.
    fn may_have(target: &str) -> impl Fn(&Self) -> bool {
        move |candidate| {
            let checks = candidate.device.host_checks(&candidate.metadata);
            checks != [crate::HostCheck::StaticList] || candidate.device.lists(target)
        }
    }
}

fn executors(device: &Device, target: &str, on_target: bool, peers: &[Peer]) -> Vec<String> {
    let is_target = |peer: &&Peer| peer.name.eq_ignore_ascii_case(target);
    let allowed = peers
        .iter()
        .filter(|peer| !device.banned.contains(&peer.name));
    let mut allowed: Vec<&Peer> = allowed.collect();
    if on_target {
        allowed.retain(is_target);
    } else if !allowed.iter().all(is_target) {
        allowed.retain(|peer| !is_target(peer));
    }
    allowed.sort_by_key(|peer| !peer.monitors.contains(&device.id));
    allowed.into_iter().map(|peer| peer.name.clone()).collect()
}

#[cfg(test)]
mod tests;
