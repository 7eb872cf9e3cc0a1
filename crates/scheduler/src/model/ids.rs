//! Numbers of things, and the tables that they index.

use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// A number of something in a [`Table`].
pub trait Id: Copy {
    /// The number for place `index`.
    fn new(index: usize) -> Self;
    /// The place in the table.
    fn index(self) -> usize;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl Id for $name {
            fn new(index: usize) -> Self {
                Self(u32::try_from(index).expect("tables stay below 2^32 entries"))
            }

            fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// A node. Ascending numbers are ascending names (`node2` before `node10`), so that tables of
    /// nodes and sets of candidates are walked in the order in which the cluster lists its nodes.
    /// Only nodes of removed connections, found in the status section, come last.
    NodeId
    /// A resource: primitive, group, clone, bundle, or an instance of one.
    ResourceId
    /// An action, in the order of creation; the graph shows the number plus one.
    ActionId
    /// A colocation constraint.
    ColocationId
    /// A location constraint.
    LocationId
    /// A ticket.
    TicketId
}

impl ActionId {
    /// The number that the transition graph gives to the action.
    #[must_use]
    pub fn graph_number(self) -> usize {
        self.index() + 1
    }
}

/// A list that only grows, indexed by the numbers it gives out.
#[derive(Clone, Debug)]
pub struct Table<I, T> {
    entries: Vec<T>,
    id: PhantomData<I>,
}

impl<I: Id, T> Table<I, T> {
    /// An empty table.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            entries: Vec::new(),
            id: PhantomData,
        }
    }

    /// Adds an entry and says its number.
    pub fn push(&mut self, entry: T) -> I {
        self.entries.push(entry);
        I::new(self.entries.len() - 1)
    }

    /// The number that the next entry will get.
    #[must_use]
    pub fn next_id(&self) -> I {
        I::new(self.entries.len())
    }

    /// Takes back the entries from `first` on. Only for entries that nothing refers to: numbers are
    /// given out again.
    pub fn take_back(&mut self, first: I) {
        self.entries.truncate(first.index());
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All numbers, ascending. Does not borrow the table.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = I> + use<I, T> {
        (0..self.entries.len()).map(I::new)
    }

    /// All entries with their numbers, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (I, &T)> {
        self.entries
            .iter()
            .enumerate()
            .map(|(index, entry)| (I::new(index), entry))
    }

    /// All entries, ascending.
    pub fn values(&self) -> std::slice::Iter<'_, T> {
        self.entries.iter()
    }

    /// All entries, ascending, to be changed.
    pub fn values_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.entries.iter_mut()
    }
}

impl<I: Id, T> Default for Table<I, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I: Id, T> Index<I> for Table<I, T> {
    type Output = T;

    fn index(&self, id: I) -> &T {
        &self.entries[id.index()]
    }
}

impl<I: Id, T> IndexMut<I> for Table<I, T> {
    fn index_mut(&mut self, id: I) -> &mut T {
        &mut self.entries[id.index()]
    }
}
