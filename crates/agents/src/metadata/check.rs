//! Whether given parameters are what an agent takes.

use std::collections::BTreeSet;

use diagnostics::nearest;

use super::Metadata;
use crate::name::did_you_mean;

/// What every agent that is built on ocf-shellfuncs takes without saying so: traces of its runs.
const TRACE_PARAMETERS: [&str; 2] = ["trace_ra", "trace_file"];

/// What is wrong with given parameters. The texts begin as those of pcs 0.11.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterProblem {
    /// The agent has no such parameter.
    #[error("invalid resource option '{name}', allowed options are: {}{}", list(allowed), did_you_mean(suggestion.as_deref()))]
    Unknown {
        /// The name.
        name: String,
        /// The agent's parameter that was probably meant.
        suggestion: Option<String>,
        /// The agent's parameters, sorted.
        allowed: Vec<String>,
    },
    /// It must be given and is not.
    #[error("required resource option '{name}' is missing")]
    Missing {
        /// The name.
        name: String,
    },
    /// It is taken, and should not be used any more: a warning.
    #[error("resource option '{name}' is deprecated{}", instead(replaced_with))]
    Deprecated {
        /// The name.
        name: String,
        /// What took its place.
        replaced_with: Vec<String>,
    },
}

impl ParameterProblem {
    /// Whether the agent would work all the same.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        matches!(self, Self::Deprecated { .. })
    }
}

fn list(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("'{name}'")).collect();
    names.join(", ")
}

fn instead(replacements: &[String]) -> String {
    if replacements.is_empty() {
        return String::new();
    }
    format!(
        " and should not be used, use {} instead",
        list(replacements)
    )
}

impl Metadata {
    /// What is wrong with parameters of those names: unknown and deprecated ones in the order given,
    /// then missing ones in the agent's order. One that took the place of a required one, or whose
    /// place was taken, stands for it.
    #[must_use]
    pub fn check<'n>(&self, given: impl IntoIterator<Item = &'n str>) -> Vec<ParameterProblem> {
        let given: Vec<_> = given.into_iter().collect();
        let mut problems: Vec<_> = given.iter().filter_map(|name| self.problem(name)).collect();
        let given: BTreeSet<_> = given.into_iter().collect();
        let missing = self
            .parameters
            .iter()
            .filter(|parameter| parameter.required)
            .filter(|parameter| {
                !self
                    .names_for(&parameter.name)
                    .any(|name| given.contains(name))
            });
        problems.extend(missing.map(|parameter| ParameterProblem::Missing {
            name: parameter.name.clone(),
        }));
        problems
    }

    fn problem(&self, name: &str) -> Option<ParameterProblem> {
        if let Some(known) = self.parameter(name) {
            let deprecation = known.deprecated.as_ref()?;
            return Some(ParameterProblem::Deprecated {
                name: name.to_owned(),
                replaced_with: deprecation.replaced_with.clone(),
            });
        }
        if TRACE_PARAMETERS.contains(&name) {
            return None;
        }
        let names = || self.parameters.iter().map(|known| known.name.as_str());
        let allowed: BTreeSet<_> = names().chain(TRACE_PARAMETERS).collect();
        Some(ParameterProblem::Unknown {
            name: name.to_owned(),
            suggestion: nearest(name, names()).map(str::to_owned),
            allowed: allowed.into_iter().map(str::to_owned).collect(),
        })
    }

    /// The names under which a parameter may be given: its own, those that took its place, and those
    /// whose place it took.
    fn names_for<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m str> {
        let newer = self
            .parameter(name)
            .and_then(|parameter| parameter.deprecated.as_ref())
            .into_iter()
            .flat_map(|deprecation| deprecation.replaced_with.iter().map(String::as_str));
        let replaces_it = move |deprecation: &super::Deprecation| {
            deprecation.replaced_with.iter().any(|other| other == name)
        };
        let older = self
            .parameters
            .iter()
            .filter(move |parameter| parameter.deprecated.as_ref().is_some_and(replaces_it))
            .map(|parameter| parameter.name.as_str());
        std::iter::once(name).chain(newer).chain(older)
    }
}
