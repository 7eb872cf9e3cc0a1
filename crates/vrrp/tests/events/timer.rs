//! `Event::Timer`: adverts at their pace, announcements, and what a pause changes.

use std::time::Duration;

use crate::router::{OTHER, Router, settings};
use vrrp::{Event, State};

#[test]
fn a_master_advertises_at_its_interval() {
    let mut router = Router::master(settings());
    assert_eq!(router.wait_ms(3000), "advert:100 advert:100 advert:100");
}

#[test]
fn announcements_are_repeated_as_configured() {
    let mut settings = settings();
    settings.announcements.delay = Duration::from_secs(2);
    settings.announcements.refresh = Duration::from_millis(2500);
    settings.announcements.refresh_repeat = 1;
    let mut router = Router::backup(settings);
    let said = router.wait_ms(3700);
    assert_eq!(said, "advert:100 add announce:5 master");
    let said = router.wait_ms(4500);
    let announced: Vec<&str> = said
        .split(' ')
        .filter(|word| word.starts_with("announce"))
        .collect();
    assert_eq!(announced, ["announce:5", "announce:1"]);
}

#[test]
fn a_backup_that_stood_still_listens_before_it_takes_the_address() {
    let mut router = Router::backup(settings());
    router.hear(OTHER, 200);
    router.now += Duration::from_secs(10);
    assert_eq!(router.tell(Event::Timer), "");
    assert_eq!(router.state(), State::Backup);
    // The master is alive after all.
    router.wait_ms(500);
    router.hear(OTHER, 200);
    assert_eq!(router.master_in_ms(), Some(3610));
}

#[test]
fn a_backup_that_stood_still_takes_the_address_if_the_master_is_dead() {
    let mut router = Router::backup(settings());
    router.hear(OTHER, 200);
    router.now += Duration::from_secs(10);
    router.tell(Event::Timer);
    assert_eq!(router.master_in_ms(), Some(1610));
}

#[test]
fn a_master_that_stood_still_steps_down_if_it_was_replaced() {
    let mut router = Router::master(settings());
    router.now += Duration::from_secs(10);
    // The replacement's priority is lower, and still it holds the address now.
    assert_eq!(router.hear(OTHER, 99), "remove backup");
    assert_eq!(router.tell(Event::Timer), "");
    // Preemption follows its rules, without haste.
    assert_eq!(router.master_in_ms(), Some(3610));
}

#[test]
fn a_master_that_stood_still_goes_on_if_nobody_replaced_it() {
    let mut router = Router::master(settings());
    router.now += Duration::from_secs(10);
    assert_eq!(router.tell(Event::Timer), "", "it listens first");
    assert_eq!(router.wait_ms(1000), "advert:100");
    assert_eq!(router.state(), State::Master);
}

#[test]
fn a_master_that_was_only_a_little_late_goes_on_at_once() {
    let mut router = Router::master(settings());
    router.now += Duration::from_millis(1900);
    assert_eq!(router.tell(Event::Timer), "advert:100");
}
