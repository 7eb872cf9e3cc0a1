//! Tree to model: each block's keywords, then what must hold between blocks.

mod address;
mod announce;
mod authentication;
mod check;
mod global;
mod group;
mod instance;
mod reading;
mod script;
mod track;

use diagnostics::{Diagnostics, Spanned};

use crate::keywords::Block;
use crate::model::{Configuration, SyncGroup, TrackScript, VirtualAddress};
use crate::read::Statement;
use global::GlobalDraft;
use instance::InstanceDraft;
use reading::Reading;

/// Understands a tree. The configuration is only of use where no message is an error.
pub(crate) fn lower(tree: &[Statement], diagnostics: &mut Diagnostics) -> Configuration {
    let mut reading = Reading::new(diagnostics);
    let mut draft = Draft::default();
    for statement in tree {
        draft.take(statement, &mut reading);
    }
    draft.complete(&mut reading)
}

/// What was read, before defaults and references are resolved.
#[derive(Default)]
struct Draft {
    global: GlobalDraft,
    scripts: Vec<TrackScript>,
    groups: Vec<SyncGroup>,
    instances: Vec<InstanceDraft>,
    static_addresses: Vec<VirtualAddress>,
}

impl Draft {
    fn take(&mut self, statement: &Statement, reading: &mut Reading<'_>) {
        match statement.keyword().text.as_str() {
            "" => {}
            "global_defs" => self.global.take(statement, reading),
            "vrrp_script" => self.scripts.extend(script::read(statement, reading)),
            "vrrp_sync_group" => self.groups.extend(group::read(statement, reading)),
            "vrrp_instance" => self
                .instances
                .extend(InstanceDraft::read(statement, reading)),
            "static_ipaddress" => {
                for line in reading.lines(statement) {
                    self.static_addresses.extend(address::read(line, reading));
                }
            }
            _ => reading.not_taken(Block::Top, statement),
        }
    }

    fn complete(self, reading: &mut Reading<'_>) -> Configuration {
        let Self {
            global,
            scripts,
            groups,
            instances,
            static_addresses,
        } = self;
        let by_name: track::Scripts<'_> = scripts
            .iter()
            .map(|script| (script.name.value.as_str(), script))
            .collect();
        let instance_names: Vec<Name> = instances
            .iter()
            .filter_map(|draft| draft.name().cloned())
            .collect();
        let instances = instances
            .into_iter()
            .filter_map(|draft| draft.complete(&global, &by_name, reading))
            .collect();
        let mut groups = groups;
        for group in &mut groups {
            track::resolve(&mut group.track_scripts, &by_name, reading);
        }
        let mut configuration = Configuration {
            global: global.global,
            scripts,
            sync_groups: groups,
            instances,
            static_addresses,
        };
        check::check(&configuration, &instance_names, reading);
        let Configuration {
            instances,
            sync_groups,
            ..
        } = &mut configuration;
        track::settle_weights(instances, sync_groups, reading);
        configuration
    }
}

/// A name with its place.
type Name = Spanned<String>;
