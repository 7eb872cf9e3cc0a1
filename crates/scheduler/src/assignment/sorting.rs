//! A merge sort for comparisons that are not quite orders.
//!
//! Some comparisons of the assignment are not transitive: nodes by free capacity (whichever has
//! more of more kinds), instances by what they have in common (inactive ones are all alike). The
//! outcome then depends on which pairs are compared, and the standard library's sorts refuse such
//! comparisons. Pacemaker's choice is that of GLib's list sort: halve the list (the first half is
//! never the longer one), sort the halves, merge from the front, the earlier one first on a tie.

use std::cmp::Ordering;

/// Sorts `list` by `compare`, which need not be transitive.
pub fn sort<T: Copy>(list: &mut [T], compare: &mut impl FnMut(T, T) -> Ordering) {
    if list.len() < 2 {
        return;
    }
    let (first, second) = list.split_at_mut(list.len() / 2);
    sort(first, compare);
    sort(second, compare);
    let merged = merge(first, second, compare);
    list.copy_from_slice(&merged);
}

fn merge<T: Copy>(
    mut first: &[T],
    mut second: &[T],
    compare: &mut impl FnMut(T, T) -> Ordering,
) -> Vec<T> {
    let mut merged = Vec::with_capacity(first.len() + second.len());
    while let (Some((&left, rest_left)), Some((&right, rest_right))) =
        (first.split_first(), second.split_first())
    {
        if compare(left, right).is_le() {
            merged.push(left);
            first = rest_left;
        } else {
            merged.push(right);
            second = rest_right;
        }
    }
    merged.extend_from_slice(first);
    merged.extend_from_slice(second);
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_and_keeps_the_order_of_equals() {
        let mut list = [(3, 'a'), (1, 'b'), (3, 'c'), (2, 'd'), (1, 'e')];
        sort(&mut list, &mut |left, right| left.0.cmp(&right.0));
        assert_eq!(list, [(1, 'b'), (1, 'e'), (2, 'd'), (3, 'a'), (3, 'c')]);
    }

    #[test]
    fn takes_a_comparison_that_runs_in_circles() {
        // Scissors cut paper, paper wraps stone, stone breaks scissors.
        let mut list = [0, 1, 2, 0, 2, 1];
        sort(
            &mut list,
            &mut |left: i32, right| match (right - left).rem_euclid(3) {
                0 => Ordering::Equal,
                1 => Ordering::Less,
                _ => Ordering::Greater,
            },
        );
        list.sort_unstable();
        assert_eq!(list, [0, 0, 1, 1, 2, 2]);
    }
}
