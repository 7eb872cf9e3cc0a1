//! `defaults` sections, and which of them a later section starts from.

use std::collections::BTreeMap;

use diagnostics::Diagnostic;

use crate::model::Word;
use crate::reading::Statement;

use super::draft::Draft;

/// Every `defaults` section so far.
#[derive(Default)]
pub(super) struct Profiles {
    all: Vec<Profile>,
    /// Positions in `all` by name; a name at several positions is ambiguous.
    by_name: BTreeMap<String, Vec<usize>>,
}

struct Profile {
    draft: Draft,
    /// A later section names it after `from`.
    is_named_by_others: bool,
    /// A later proxy takes it because it is the last one.
    is_taken_as_last: bool,
}

/// Where a section starts, and what is to be said about that.
pub(super) struct Start {
    pub draft: Draft,
    pub warning: Option<Diagnostic>,
}

impl Profiles {
    /// What a section with this header starts from. Only proxies take the last `defaults`; a
    /// `defaults` section starts afresh unless it names another one.
    pub fn start(
        &mut self,
        header: &Statement,
        from: Option<&Word>,
        is_defaults: bool,
    ) -> Result<Start, Diagnostic> {
        let position = match from {
            Some(name) => Some(self.named(name)?),
            None if is_defaults => None,
            None => self.all.len().checked_sub(1),
        };
        let Some(profile) = position.and_then(|position| self.all.get_mut(position)) else {
            return Ok(Start {
                draft: Draft::default(),
                warning: None,
            });
        };
        match from {
            Some(_) => profile.is_named_by_others = true,
            None => profile.is_taken_as_last = true,
        }
        let is_mixed = profile.is_named_by_others && profile.is_taken_as_last;
        Ok(Start {
            draft: profile.draft.clone(),
            warning: is_mixed.then(|| {
                Diagnostic::warning(
                    "a 'defaults' section is both named after 'from' and taken as the last one",
                )
                .at(header.span())
                .help("write 'from' everywhere, or add a last 'defaults' for the others")
            }),
        })
    }

    fn named(&self, name: &Word) -> Result<usize, Diagnostic> {
        match self.by_name.get(&name.value).map(Vec::as_slice) {
            None | Some([]) => Err(Diagnostic::error(format!(
                "there is no 'defaults' section named '{}' above",
                name.value
            ))
            .at(name.span)
            .suggest(&name.value, self.by_name.keys().map(String::as_str))),
            Some([position]) => Ok(*position),
            Some(_) => Err(Diagnostic::error(format!(
                "several 'defaults' sections are named '{}'",
                name.value
            ))
            .at(name.span)
            .help("give each one a name of its own")),
        }
    }

    /// Adds a `defaults` section that was read.
    ///
    /// # Errors
    ///
    /// Its name is that of a section which others have already started from.
    pub fn add(&mut self, name: Option<&Word>, draft: Draft) -> Result<(), Diagnostic> {
        let position = self.all.len();
        self.all.push(Profile {
            draft,
            is_named_by_others: false,
            is_taken_as_last: false,
        });
        let Some(name) = name else { return Ok(()) };
        let same = self.by_name.entry(name.value.clone()).or_default();
        let is_in_use = same
            .iter()
            .filter_map(|position| self.all.get(*position))
            .any(|profile| profile.is_named_by_others);
        same.push(position);
        if is_in_use {
            return Err(Diagnostic::error(format!(
                "another 'defaults' section named '{}' is in use already",
                name.value
            ))
            .at(name.span)
            .help("give each one a name of its own"));
        }
        Ok(())
    }
}
