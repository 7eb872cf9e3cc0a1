//! Whole numbers in values.

use cib::number::scan_integer;

/// The whole number that `text` begins with; the nearest one of 64 bits where it is too large.
pub(crate) fn parse_integer(text: &str) -> Option<i64> {
    scan_integer(text).map(|scanned| scanned.value)
}

/// The count that `text` says: at least `least`, which is also what anything but a number counts
/// for.
pub(crate) fn parse_count(text: &str, least: usize) -> usize {
    /// The largest count, as Pacemaker has it. What is really made is bounded in its place.
    const MOST: usize = i32::MAX as usize;

    match parse_integer(text) {
        Some(count) => usize::try_from(count).map_or(least, |count| count.clamp(least, MOST)),
        None => least,
    }
}
