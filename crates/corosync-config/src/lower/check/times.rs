//! The bounds that corosync 3.1 holds times to.

use diagnostics::Spanned;

use crate::lower::Reading;
use crate::model::{Configuration, Peer, Times};

/// The least that a time-out may be: three ticks of a hundredth of a second.
const MIN_TIMEOUT_MS: u32 = 30;

/// The least that `hold` may be.
const MIN_HOLD_MS: u32 = 14;

pub(super) fn check(configuration: &Configuration, reading: &mut Reading<'_>) {
    let times = &configuration.times;
    let given = [
        ("token", &times.token_ms, MIN_TIMEOUT_MS),
        (
            "token_retransmit",
            &times.token_retransmit_ms,
            MIN_TIMEOUT_MS,
        ),
        ("hold", &times.hold_ms, MIN_HOLD_MS),
        ("consensus", &times.consensus_ms, MIN_TIMEOUT_MS),
        ("merge", &times.merge_ms, MIN_TIMEOUT_MS),
        ("downcheck", &times.downcheck_ms, MIN_TIMEOUT_MS),
    ];
    let mut all_long_enough = true;
    for (name, value, least_ms) in given {
        if let Some(value) = value
            && (1..least_ms).contains(&value.value)
        {
            let message = format!("'{name}' of {} ms is below {least_ms} ms", value.value);
            reading.error(value.span, message);
            all_long_enough = false;
        }
    }
    if all_long_enough && times.defaults == Peer::Corosync3 {
        retransmit(times, configuration.nodes.len(), reading);
        consensus(times, configuration.nodes.len(), reading);
    }
}

/// The token can be sent often enough before it is lost.
fn retransmit(times: &Times, nodes: usize, reading: &mut Reading<'_>) {
    let retransmit_ms = times.token_retransmit_ms(nodes);
    let cause = times.token_retransmits_before_loss.as_ref();
    let cause: Option<&Spanned<u32>> = cause.or(times.token_ms.as_ref());
    if let Some(cause) = cause.filter(|_| retransmit_ms < MIN_TIMEOUT_MS) {
        let message = format!(
            "a token of {} ms cannot be sent {} times again: that would be every {retransmit_ms} \
             ms, and less than {MIN_TIMEOUT_MS} ms is not allowed",
            times.token_ms(nodes),
            times.token_retransmits_before_loss(),
        );
        reading.error(cause.span, message);
    }
}

fn consensus(times: &Times, nodes: usize, reading: &mut Reading<'_>) {
    let (consensus_ms, join_ms) = (times.consensus_ms(nodes), times.join_ms());
    let cause = times.consensus_ms.as_ref().or(times.join_ms.as_ref());
    if let Some(cause) = cause.filter(|_| consensus_ms < join_ms) {
        let message = format!("'consensus' of {consensus_ms} ms is below 'join' of {join_ms} ms");
        reading.error(cause.span, message);
    }
}
