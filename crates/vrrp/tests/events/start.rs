//! `Event::Start`, and the wait for the master that follows it.

use std::time::Duration;

use crate::router::{Router, settings};
use vrrp::{Event, State, Tracked, Version};

const DOWN: Event<'static> = Event::InterfaceDown {
    reason: "eth0 is down",
};

#[test]
fn a_router_that_hears_nobody_becomes_master_after_the_master_down_interval() {
    let check = |version, priority, interval_ms, starts_as_master, expected_ms| {
        let mut settings = settings();
        settings.version = version;
        settings.priority = priority;
        settings.starts_as_master = starts_as_master;
        settings.advert_interval = Duration::from_millis(interval_ms);
        let mut router = Router::new(settings);
        router.tell(Event::Start);
        let waited = router.master_in_ms();
        assert_eq!(
            waited,
            Some(expected_ms),
            "{version:?} {priority} {starts_as_master}"
        );
    };
    // 3 intervals + (256 - priority) / 256 of a second, as keepalived 2.2.7 was seen to wait.
    check(Version::V2, 100, 1000, false, 3610);
    check(Version::V2, 150, 1000, true, 3415);
    check(Version::V2, 255, 1000, false, 3004);
    check(Version::V3, 110, 100, true, 358);
    check(Version::V3, 100, 10, false, 37);
    // Only the owner of the addresses does not wait.
    check(Version::V2, 255, 1000, true, 0);
}

#[test]
fn what_a_killed_run_left_behind_is_removed() {
    let mut router = Router::new(settings());
    assert_eq!(router.tell(Event::Start), "remove backup");
    assert_eq!(router.wait_ms(4000), "advert:100 add announce:5 master");
}

#[test]
fn a_router_that_cannot_take_part_does_not() {
    let check = |event: Event<'_>, expected| {
        let mut router = Router::new(settings());
        router.tell(event);
        router.tell(Event::Start);
        router.wait_ms(60_000);
        assert_eq!(router.state(), expected);
    };
    check(DOWN, State::Fault);
    check(Event::Tracked(Tracked::Unknown), State::Init);
    check(
        Event::Tracked(Tracked::Failed {
            reason: "script down".to_owned(),
        }),
        State::Fault,
    );
}

#[test]
fn the_startup_delay_comes_before_the_wait() {
    let mut settings = settings();
    settings.startup_delay = Duration::from_secs(5);
    let mut router = Router::new(settings);
    router.tell(Event::Start);
    assert_eq!(router.master_in_ms(), Some(8610));
}
