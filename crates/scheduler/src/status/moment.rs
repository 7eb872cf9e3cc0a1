//! Moments as messages name them.

use cib::time::DateTime;

/// The moment `epoch_s` seconds after the beginning of 1970, in words.
pub(super) fn words(epoch_s: i64) -> String {
    let _ = DateTime::from_epoch_s(epoch_s);
    epoch_s.to_string()
}
