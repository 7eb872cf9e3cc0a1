//! What must hold between settings: nodes apart from each other, links whole, times in order, options
//! of quorum that can stand together.

mod nodes;
mod quorum;
mod times;

use super::Reading;
use crate::model::Configuration;

/// Checks a whole configuration, of either language.
pub(super) fn check(configuration: &Configuration, reading: &mut Reading<'_>) {
    nodes::check(configuration, reading);
    times::check(configuration, reading);
    quorum::check(configuration, reading);
}
