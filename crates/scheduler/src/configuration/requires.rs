//! `requires`: what has to be there before a resource may start.
//!
//! | value | needs quorum | needs fencing of lost nodes | needs unfencing of its node |
//! | --- | --- | --- | --- |
//! | `nothing` | | | |
//! | `quorum` | yes | | |
//! | `fencing` | | yes | |
//! | `unfencing` | | yes | yes |
//!
//! Where nothing (valid) is said: `quorum` for fencing devices and connections to remote nodes;
//! otherwise `unfencing` where that is in use, `fencing` where fencing is enabled, `nothing` where
//! quorum is ignored, `quorum` in all other cases. Unfencing is not for fencing devices, nor for
//! clusters without fencing: they get `quorum`.

use crate::model::{NoQuorumPolicy, Plan, ResourceId};

#[derive(Clone, Copy)]
enum Need {
    Nothing,
    Quorum,
    Fencing,
    Unfencing,
}

const NEEDS: [(&str, Need); 4] = [
    ("nothing", Need::Nothing),
    ("quorum", Need::Quorum),
    ("fencing", Need::Fencing),
    ("unfencing", Need::Unfencing),
];

impl Need {
    fn parse(text: &str) -> Option<Self> {
        NEEDS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
            .map(|&(_, need)| need)
    }

    fn name(self) -> &'static str {
        NEEDS[self as usize].0
    }
}

/// Settles what `resource` needs.
pub(super) fn read(plan: &mut Plan<'_>, resource: ResourceId) {
    let of = &plan.resources[resource];
    let configured = of.meta.get("requires");
    let need = configured
        .and_then(Need::parse)
        .unwrap_or_else(|| default(plan, resource));
    if let Some(value) = configured.filter(|value| Need::parse(value).is_none()) {
        let text = format!(
            "Resetting 'requires' for {} to '{}' because '{value}' is not valid",
            of.id,
            need.name()
        );
        plan.configuration_error(text);
    }
    let need = possible(plan, resource, need);
    let of = &mut plan.resources[resource];
    of.needs_quorum = matches!(need, Need::Quorum);
    of.needs_fencing = matches!(need, Need::Fencing | Need::Unfencing);
    of.needs_unfencing = matches!(need, Need::Unfencing);
}

fn default(plan: &Plan<'_>, resource: ResourceId) -> Need {
    let (of, options) = (&plan.resources[resource], &plan.options);
    if of.fence_device || (of.is_remote_connection && plan.is_primitive(resource)) {
        Need::Quorum
    } else if options.unfencing {
        Need::Unfencing
    } else if options.fencing_enabled {
        Need::Fencing
    } else if options.no_quorum_policy == NoQuorumPolicy::Ignore {
        Need::Nothing
    } else {
        Need::Quorum
    }
}

/// What is left of `need` in this cluster.
fn possible(plan: &mut Plan<'_>, resource: ResourceId, need: Need) -> Need {
    let of = &plan.resources[resource];
    let id = of.id.clone();
    let reset = |why: &str| format!("Resetting \"requires\" for {id} to \"quorum\" because {why}");
    match need {
        Need::Unfencing if of.fence_device => {
            plan.configuration_warning(reset("fencing devices cannot require unfencing"));
            Need::Quorum
        }
        Need::Unfencing if !plan.options.fencing_enabled => {
            plan.configuration_warning(reset("fencing is disabled"));
            Need::Quorum
        }
        Need::Fencing if !plan.options.fencing_enabled => {
            plan.configuration_warning(format!("{id} requires fencing but fencing is disabled"));
            need
        }
        _ => need,
    }
}
