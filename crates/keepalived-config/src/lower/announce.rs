//! When and how often addresses are announced: `vrrp_garp_*` in `global_defs`, `garp_*` in an
//! instance.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::reading::Reading;
use crate::model::Announce;
use crate::read::Statement;

const REPEAT: RangeInclusive<i64> = 1..=u32::MAX as i64;
/// Whole seconds, up to what keepalived's microseconds hold.
const SECONDS: RangeInclusive<i64> = 0..=4294;
const REFRESH_SECONDS: RangeInclusive<i64> = 0..=u32::MAX as i64;

const DEFAULT_REPEAT: u32 = 5;
const DEFAULT_DELAY: Duration = Duration::from_secs(5);
const DEFAULT_REFRESH_REPEAT: u32 = 1;

/// What was written.
#[derive(Debug, Clone, Default)]
pub(super) struct AnnounceDraft {
    repeat: Option<u32>,
    delay: Option<Duration>,
    refresh: Option<Duration>,
    refresh_repeat: Option<u32>,
    lower_priority_repeat: Option<u32>,
    lower_priority_delay: Option<Duration>,
}

impl AnnounceDraft {
    /// `vrrp_min_garp`: one announcement, no second set.
    pub(super) fn least(&mut self) {
        self.repeat.get_or_insert(1);
        self.delay.get_or_insert(Duration::ZERO);
        self.refresh_repeat.get_or_insert(1);
        self.lower_priority_repeat.get_or_insert(1);
        self.lower_priority_delay.get_or_insert(Duration::ZERO);
    }

    /// Takes a keyword, written without `vrrp_`; whether it is one of these.
    pub(super) fn take(
        &mut self,
        keyword: &str,
        statement: &Statement,
        reading: &mut Reading<'_>,
    ) -> bool {
        let mut seconds = |range| {
            reading
                .number::<u32>(statement, range)
                .map(|seconds| Duration::from_secs(seconds.into()))
        };
        match keyword {
            "garp_master_delay" => self.delay = seconds(SECONDS),
            "garp_lower_prio_delay" => self.lower_priority_delay = seconds(SECONDS),
            "garp_master_refresh" => self.refresh = seconds(REFRESH_SECONDS),
            "garp_master_repeat" => self.repeat = reading.number(statement, REPEAT),
            "garp_master_refresh_repeat" => {
                self.refresh_repeat = reading.number(statement, REPEAT);
            }
            // Zero answers a lower priority master with an advert alone.
            "garp_lower_prio_repeat" => {
                self.lower_priority_repeat = reading.number(statement, 0..=*REPEAT.end());
            }
            _ => return false,
        }
        true
    }

    /// What holds: written here, else in `global_defs`, else by default.
    pub(super) fn complete(
        &self,
        global: &Self,
        arp_interval: Duration,
        neighbour_interval: Duration,
    ) -> Announce {
        let repeat = self.repeat.or(global.repeat).unwrap_or(DEFAULT_REPEAT);
        let delay = self.delay.or(global.delay).unwrap_or(DEFAULT_DELAY);
        Announce {
            repeat,
            delay,
            refresh: self.refresh.or(global.refresh).unwrap_or(Duration::ZERO),
            refresh_repeat: self
                .refresh_repeat
                .or(global.refresh_repeat)
                .unwrap_or(DEFAULT_REFRESH_REPEAT),
            lower_priority_repeat: self
                .lower_priority_repeat
                .or(global.lower_priority_repeat)
                .unwrap_or(repeat),
            lower_priority_delay: self
                .lower_priority_delay
                .or(global.lower_priority_delay)
                .unwrap_or(delay),
            arp_interval,
            neighbour_interval,
        }
    }
}
