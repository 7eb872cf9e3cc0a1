//! Orderings between actions without resources: what each flag carries over, along long chains too.

use cib::time::DateTime;
use cib::xml::Document;

use super::propagation::Propagation;
use crate::Wishes;
use crate::actions::{milestone, order};
use crate::model::{ActionId, Plan, Relation};

/// A chain of `len` actions, each before the next, settled after `change` to the first.
fn check_chain(
    len: usize,
    relation: Relation,
    change: impl Fn(&mut Plan<'_>, ActionId),
    holds: impl Fn(&Plan<'_>, ActionId) -> bool,
) {
    let cib = Document::new("cib");
    let mut plan = Plan::new(cib.root(), DateTime::from_epoch_s(0), Wishes::default());
    let chain: Vec<ActionId> = (0..len)
        .map(|index| milestone(&mut plan, &format!("point-{index}")))
        .collect();
    for pair in chain.windows(2) {
        assert!(order(&mut plan, pair[0], pair[1], relation));
        assert!(!order(&mut plan, pair[0], pair[1], relation), "known");
    }
    change(&mut plan, chain[0]);
    let mut propagation = Propagation::new(&mut plan);
    for &action in chain.iter().rev() {
        propagation.settle(action);
    }
    assert!(chain.iter().all(|&action| holds(&plan, action)));
}

#[test]
fn what_is_required_makes_what_follows_required() {
    check_chain(
        20_000,
        Relation::FIRST_IMPLIES_THEN,
        |plan, first| plan.actions[first].optional = false,
        |plan, action| !plan.actions[action].optional,
    );
}

#[test]
fn what_cannot_run_holds_back_what_follows() {
    check_chain(
        20_000,
        Relation::UNRUNNABLE_FIRST_BLOCKS,
        |plan, first| plan.actions[first].runnable = false,
        |plan, action| !plan.actions[action].runnable,
    );
}

#[test]
fn mere_order_changes_nothing() {
    check_chain(
        3,
        Relation::ORDERED,
        |plan, first| plan.actions[first].optional = false,
        |plan, action| plan.actions[action].runnable,
    );
}
