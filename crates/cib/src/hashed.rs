//! Hash tables whose order and cost are the same in every run, on every machine.
//!
//! The standard library's draw a key from the kernel for each process, so that whoever chooses the
//! names in a table cannot make it slow. Who chooses names in a CIB administers the cluster; for
//! short names this hash costs a third.

use foldhash::fast::FixedState;

/// A map by hash. Made by `default()`.
pub type HashMap<Key, Value> = std::collections::HashMap<Key, Value, FixedState>;

/// A set by hash. Made by `default()`.
pub type HashSet<Value> = std::collections::HashSet<Value, FixedState>;
