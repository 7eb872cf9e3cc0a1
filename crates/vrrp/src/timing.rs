//! The protocol's times (RFC 3768 section 6.1, RFC 5798 section 6.1).

use std::time::Duration;

use crate::{Settings, Version};

/// Priorities are counted in 256ths of the skew time.
const SKEW_PARTS: u32 = 256;

/// How long a backup of that priority waits beyond the missed adverts: the higher, the shorter.
///
/// VRRPv2 counts in 256ths of a second, VRRPv3 in 256ths of the master's interval.
pub(crate) fn skew_time(version: Version, priority: u8, master_interval: Duration) -> Duration {
    let unit = match version {
        Version::V2 => Duration::from_secs(1),
        Version::V3 => master_interval,
    };
    unit * (SKEW_PARTS - u32::from(priority)) / SKEW_PARTS
}

/// How long a backup waits for an advert before the master counts as down.
pub(crate) fn master_down_interval(
    settings: &Settings,
    priority: u8,
    master_interval: Duration,
) -> Duration {
    master_interval * u32::from(settings.down_timer_adverts)
        + skew_time(settings.version, priority, master_interval)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skew_time_follows_the_version() {
        let check = |version, priority, interval_ms, expected_us| {
            let skew = skew_time(version, priority, Duration::from_millis(interval_ms));
            assert_eq!(skew.as_micros(), expected_us, "{version:?} {priority}");
        };
        check(Version::V2, 100, 1000, 609_375);
        check(Version::V2, 100, 3000, 609_375);
        check(Version::V2, 1, 1000, 996_093);
        check(Version::V2, 255, 1000, 3_906);
        check(Version::V3, 100, 1000, 609_375);
        check(Version::V3, 100, 10, 6_093);
        check(Version::V3, 254, 10, 78);
    }
}
