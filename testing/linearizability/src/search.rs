//! The search for an order of one register's operations.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

use crate::history::{Action, Operation, Value};

/// A register whose operations no order explains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The register.
    pub key: String,
    /// Its operations, by their invocation.
    pub operations: Vec<Operation>,
    /// As many of them, as places in the list, as could be explained together, in that order.
    pub explained: Vec<usize>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, all) = (&self.key, self.operations.len());
        writeln!(
            f,
            "register {key}: no order explains these {all} operations:"
        )?;
        for (place, operation) in self.operations.iter().enumerate() {
            let turn = self.explained.iter().position(|it| *it == place);
            let turn = turn.map_or_else(|| "   -".to_owned(), |turn| format!("{:>4}", turn + 1));
            writeln!(f, "{turn}  {operation}")?;
        }
        write!(f, "(the first column: the longest order that was found)")
    }
}

/// Looks for an order that explains the history: each operation takes effect at one moment between its
/// invocation and its answer, on a register that holds nothing at first.
///
/// # Errors
/// The first register without such an order.
pub fn check(history: &[Operation]) -> Result<(), Box<Violation>> {
    let mut registers: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in history {
        registers.entry(&operation.key).or_default().push(operation);
    }
    for (key, operations) in registers {
        check_register(key, operations)?;
    }
    Ok(())
}

fn check_register(key: &str, operations: Vec<&Operation>) -> Result<(), Box<Violation>> {
    let mut operations = observable(operations);
    operations.sort_by_key(|operation| operation.invoked);
    let mut search = Search::new(&operations);
    if search.succeeds() {
        return Ok(());
    }
    Err(Box::new(Violation {
        key: key.to_owned(),
        explained: search.longest,
        operations: operations.into_iter().cloned().collect(),
    }))
}

/// Without those that may not have taken effect and whose value nobody saw: an order with one of them
/// is an order without it.
fn observable(operations: Vec<&Operation>) -> Vec<&Operation> {
    let seen: BTreeSet<Value> = operations
        .iter()
        .filter_map(|operation| match &operation.action {
            Action::Read(value) | Action::CompareAndSet(value, _) => Some(value.clone()),
            Action::Write(_) => None,
        })
        .collect();
    operations
        .into_iter()
        .filter(|operation| match &operation.action {
            Action::Write(value) | Action::CompareAndSet(_, value) => {
                operation.answered.is_some() || seen.contains(value)
            }
            Action::Read(_) => true,
        })
        .collect()
}

/// Places of operations that were taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Taken(Vec<u64>);

impl Taken {
    fn of(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    fn set(&mut self, place: usize, taken: bool) {
        let bit = 1 << (place % 64);
        if taken {
            self.0[place / 64] |= bit;
        } else {
            self.0[place / 64] &= !bit;
        }
    }

    fn has(&self, place: usize) -> bool {
        self.0[place / 64] & (1 << (place % 64)) != 0
    }
}

struct Search<'a> {
    operations: &'a [&'a Operation],
    /// The values that occur; a register's state is a place in it.
    values: Vec<&'a Value>,
    taken: Taken,
    /// Operations with an answer that are not taken.
    unexplained: usize,
    state: usize,
    visited: HashSet<(Taken, usize)>,
    /// What was taken, with the state before.
    path: Vec<(usize, usize)>,
    longest: Vec<usize>,
}

const NOTHING: &Value = &None;

impl<'a> Search<'a> {
    fn new(operations: &'a [&'a Operation]) -> Self {
        let mut values: BTreeSet<&Value> = BTreeSet::from([NOTHING]);
        for operation in operations {
            match &operation.action {
                Action::Read(value) | Action::Write(value) => {
                    values.insert(value);
                }
                Action::CompareAndSet(expected, value) => values.extend([expected, value]),
            }
        }
        Self {
            operations,
            // `None` is the least of all.
            values: values.into_iter().collect(),
            taken: Taken::of(operations.len()),
            unexplained: operations.iter().filter(|it| it.answered.is_some()).count(),
            state: 0,
            visited: HashSet::new(),
            path: Vec::new(),
            longest: Vec::new(),
        }
    }

    fn place_of(&self, value: &Value) -> usize {
        self.values.binary_search(&value).unwrap_or(usize::MAX)
    }

    /// The state after an operation, if the register allows it.
    fn after(&self, operation: &Operation) -> Option<usize> {
        match &operation.action {
            Action::Read(value) => (self.place_of(value) == self.state).then_some(self.state),
            Action::Write(value) => Some(self.place_of(value)),
            Action::CompareAndSet(expected, value) => {
                (self.place_of(expected) == self.state).then(|| self.place_of(value))
            }
        }
    }

    /// The next operation from `first` on that may be taken: none that is not taken had ended before
    /// it was invoked.
    fn candidate(&self, first: usize, deadline: u64) -> Option<(usize, usize)> {
        let rest = self.operations.iter().enumerate().skip(first);
        let invoked = rest.take_while(|(_, operation)| operation.invoked <= deadline);
        let mut free = invoked.filter(|(place, _)| !self.taken.has(*place));
        free.find_map(|(place, operation)| Some((place, self.after(operation)?)))
    }

    /// The earliest answer among those that are not taken.
    fn deadline(&self) -> u64 {
        let rest = self.operations.iter().enumerate();
        let rest = rest.filter(|(place, _)| !self.taken.has(*place));
        rest.filter_map(|(_, operation)| operation.answered)
            .min()
            .unwrap_or(u64::MAX)
    }

    fn succeeds(&mut self) -> bool {
        let mut from = 0;
        loop {
            if self.unexplained == 0 {
                return true;
            }
            let deadline = self.deadline();
            let mut advanced = false;
            while let Some((place, state)) = self.candidate(from, deadline) {
                from = place + 1;
                self.taken.set(place, true);
                if self.visited.insert((self.taken.clone(), state)) {
                    self.advance(place, state);
                    advanced = true;
                    break;
                }
                self.taken.set(place, false);
            }
            if advanced {
                from = 0;
                continue;
            }
            let Some((place, state)) = self.path.pop() else {
                return false;
            };
            self.taken.set(place, false);
            self.state = state;
            self.unexplained += usize::from(self.operations[place].answered.is_some());
            from = place + 1;
        }
    }

    fn advance(&mut self, place: usize, state: usize) {
        self.path.push((place, self.state));
        self.state = state;
        self.unexplained -= usize::from(self.operations[place].answered.is_some());
        if self.path.len() > self.longest.len() {
            self.longest = self.path.iter().map(|(place, _)| *place).collect();
        }
    }
}
