//! What a seed decides before the run begins.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use vrrp::{Settings, Version};

use crate::Dice;

/// How one router is configured.
#[derive(Debug, Clone)]
pub struct RouterPlan {
    /// Its settings.
    pub settings: Settings,
    /// How much faster or slower its clock runs, in millionths.
    pub clock_rate_ppm: i64,
}

/// A whole run.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The routers.
    pub routers: Vec<RouterPlan>,
    /// How long faults happen.
    pub chaos: Duration,
    /// Percent of packets lost during chaos.
    pub loss_percent: u64,
    /// The longest delay of a packet during chaos.
    pub longest_delay: Duration,
}

/// The longest delay of a packet once the network is whole.
pub(crate) const CALM_DELAY: Duration = Duration::from_micros(400);

impl Scenario {
    /// Draws everything.
    #[must_use]
    pub fn from_dice(dice: &mut Dice) -> Self {
        let version = *dice.pick(&[Version::V2, Version::V3]);
        let interval = match version {
            Version::V2 => Duration::from_secs(dice.within(1..4)),
            Version::V3 => Duration::from_millis(10 * *dice.pick(&[1, 2, 10, 100])),
        };
        let hellos = *dice.pick(&[0, 50, 100]);
        let preempt_percent = *dice.pick(&[0, 50, 100, 100]);
        let count = dice.within(2..6);
        let routers = (0..count)
            .map(|number| Self::router(number, version, interval, hellos, preempt_percent, dice))
            .collect();
        Self {
            routers,
            chaos: interval * 60 + dice.time_below(Duration::from_secs(20)),
            loss_percent: dice.within(0..40),
            longest_delay: interval * u32::try_from(dice.within(1..20)).expect("small") / 10,
        }
    }

    fn router(
        number: u64,
        version: Version,
        interval: Duration,
        hellos: u64,
        preempt_percent: u64,
        dice: &mut Dice,
    ) -> RouterPlan {
        let host = u8::try_from(number + 1).expect("at most five routers");
        let virtual_address = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 200));
        let source = IpAddr::V4(Ipv4Addr::new(10, 0, 0, host));
        let mut settings = Settings::new(51, source, vec![virtual_address]);
        settings.version = version;
        settings.advert_interval = interval;
        settings.priority = u8::try_from(dice.within(98..103)).expect("in range");
        settings.preempt = dice.happens(preempt_percent);
        settings.starts_as_master = settings.preempt && dice.happens(50);
        if settings.preempt && !settings.starts_as_master && dice.happens(20) {
            settings.preempt_delay = dice.time_below(interval * 10);
        }
        if !dice.happens(hellos) {
            settings.hello = None;
        }
        let clock_rate_ppm = i64::try_from(dice.within(0..10_000)).expect("small") - 5_000;
        RouterPlan {
            settings,
            clock_rate_ppm,
        }
    }

    /// For how long two routers may hold the address at once when the network is whole: one hears
    /// the other's next advert, and may have been listening for an interval after a pause.
    #[must_use]
    pub fn two_holders_bound(&self) -> Duration {
        self.interval() * 2 + self.interval() / 10 + CALM_DELAY * 4
    }

    /// When the election is over: an orphaned address is taken, then preempted by a better router,
    /// then by the best one.
    #[must_use]
    pub fn settling_time(&self) -> Duration {
        let delay = self
            .routers
            .iter()
            .map(|router| router.settings.preempt_delay)
            .max();
        let round = self.interval() * 5 + Duration::from_secs(2);
        round * 4 + delay.unwrap_or_default()
    }

    /// How long nothing may change after that.
    #[must_use]
    pub fn observation_time(&self) -> Duration {
        self.interval() * 20 + Duration::from_secs(5)
    }

    /// The router that must win, where all preempt.
    #[must_use]
    pub fn best(&self) -> Option<usize> {
        let all_preempt = self.routers.iter().all(|router| router.settings.preempt);
        // Of two with the same priority the one that was first stays: only a priority is preempted.
        let rank = |number: usize| self.routers[number].settings.priority;
        let best = (0..self.routers.len()).max_by_key(|number| rank(*number))?;
        let alone = (0..self.routers.len())
            .filter(|number| rank(*number) == rank(best))
            .count();
        (all_preempt && alone == 1).then_some(best)
    }

    fn interval(&self) -> Duration {
        self.routers[0].settings.advert_interval
    }
}
