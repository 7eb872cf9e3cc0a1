//! Name-value pairs, sorted by name: what an nvpair set yields, and what an action carries.

use std::borrow::Cow;
use std::sync::Arc;

type Pair<'c> = (Cow<'c, str>, Cow<'c, str>);

/// Name-value pairs, sorted by name, each name once. Texts of the CIB are borrowed from it.
///
/// A clone shares the pairs until one of the two is changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values<'c>(Option<Arc<Vec<Pair<'c>>>>);

impl<'c> Values<'c> {
    /// No pairs.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    /// The value of `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.find(name).ok().map(|index| &*self.pairs()[index].1)
    }

    /// The value of `name`, which outlives this table if it was borrowed from the CIB.
    #[must_use]
    pub fn get_cow(&self, name: &str) -> Option<&Cow<'c, str>> {
        self.find(name).ok().map(|index| &self.pairs()[index].1)
    }

    /// Whether `name` has a value.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_ok()
    }

    /// Sets `name` to `value`, whatever it was before.
    pub fn set(&mut self, name: impl Into<Cow<'c, str>>, value: impl Into<Cow<'c, str>>) {
        let (name, value) = (name.into(), value.into());
        match self.find(&name) {
            Ok(index) => self.pairs_mut()[index].1 = value,
            Err(index) => self.pairs_mut().insert(index, (name, value)),
        }
    }

    /// Sets `name` to `value` unless it has one already. Says whether it was set.
    pub fn set_default(
        &mut self,
        name: impl Into<Cow<'c, str>>,
        value: impl Into<Cow<'c, str>>,
    ) -> bool {
        let name = name.into();
        match self.find(&name) {
            Ok(_) => false,
            Err(index) => {
                self.pairs_mut().insert(index, (name, value.into()));
                true
            }
        }
    }

    /// Adds the pairs of `others` whose names have no value yet.
    pub fn add_defaults(&mut self, others: &Self) {
        for (name, value) in others.pairs() {
            self.set_default(name.clone(), value.clone());
        }
    }

    /// Removes all pairs whose name `keep` does not want.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.pairs_mut().retain(|(name, _)| keep(name));
    }

    /// Removes `name`; says what it was.
    pub fn remove(&mut self, name: &str) -> Option<Cow<'c, str>> {
        let index = self.find(name).ok()?;
        Some(self.pairs_mut().remove(index).1)
    }

    /// All pairs, sorted by name (as bytes).
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs().iter().map(|(name, value)| (&**name, &**value))
    }

    /// The pairs whose names begin with `prefix`, sorted by name: each as what follows the prefix,
    /// and the value.
    pub fn with_prefix<'v>(
        &'v self,
        prefix: &'v str,
    ) -> impl Iterator<Item = (&'v str, &'v str)> + use<'c, 'v> {
        let pairs = self.pairs();
        let first = pairs.partition_point(|(name, _)| &**name < prefix);
        pairs[first..]
            .iter()
            .map_while(move |(name, value)| Some((name.strip_prefix(prefix)?, &**value)))
    }

    /// How many pairs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs().len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs().is_empty()
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.pairs().binary_search_by(|(key, _)| (**key).cmp(name))
    }

    fn pairs(&self) -> &[Pair<'c>] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }

    fn pairs_mut(&mut self) -> &mut Vec<Pair<'c>> {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}
