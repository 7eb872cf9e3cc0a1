//! The words for clusters: what is set up before the first fault, what outlives a machine's death,
//! and who switches its power.

use std::collections::BTreeSet;

use diagnostics::Diagnostic;
use toml::Spanned;

use super::{Check, is_host_name};
use crate::plan::file::{BmcFile, StepFile, Words};
use crate::plan::{Bmc, Step};
use crate::protocol::NodeSpec;

/// The word for all machines that an engine stands on.
const ALL: &str = "all";

impl Check {
    pub(super) fn keeps(&mut self, folders: &[Spanned<String>]) -> Vec<String> {
        for folder in folders {
            self.absolute(folder);
        }
        folders
            .iter()
            .map(|folder| folder.get_ref().clone())
            .collect()
    }

    pub(super) fn bmcs(
        &mut self,
        files: Vec<BmcFile>,
        names: &mut BTreeSet<String>,
        nodes: &mut Vec<NodeSpec>,
    ) -> Vec<Bmc> {
        let mut bmcs = Vec::new();
        for file in files {
            let name = file.name.get_ref().clone();
            if !names.insert(name.clone()) {
                self.wrong(file.name.span(), format!("the name '{name}' is taken"));
            }
            if !is_host_name(&name) {
                self.wrong(file.name.span(), format!("'{name}' is no host name"));
            }
            self.known_node(&file.node);
            let mut spec = NodeSpec::new(name.clone());
            spec.interfaces = self.interfaces(&file.interfaces);
            nodes.push(spec);
            bmcs.push(Bmc {
                name,
                node: file.node.into_inner(),
                user: file.user,
                password: file.password,
            });
        }
        bmcs
    }

    pub(super) fn steps(&mut self, files: &[StepFile]) -> Vec<Step> {
        let mut steps = Vec::new();
        for file in files {
            let node = match file.on.get_ref().as_str() {
                ALL => None,
                name => {
                    self.known_node(&file.on);
                    Some(name.to_owned())
                }
            };
            if file.exit < 0 || file.exit > 255 {
                let problem = Diagnostic::error(format!("{} is no exit code", file.exit));
                self.push(problem, file.run.span());
            }
            steps.push(Step {
                node,
                argv: self.shell_words(&file.run),
                exit: file.exit,
                says: file.says.clone(),
            });
        }
        steps
    }

    /// A command as an operator types it: one text is the shell's to understand.
    pub(super) fn shell_words(&mut self, words: &Spanned<Words>) -> Vec<String> {
        match words.get_ref() {
            Words::Text(text) if !text.trim().is_empty() => {
                ["sh", "-c", text].map(str::to_owned).to_vec()
            }
            _ => self.words(words),
        }
    }
}
