//! `Event::AddressLost` and `Event::Reconfigured`.

use std::time::Duration;

use crate::router::{OTHER, Router, address, settings};
use vrrp::{Event, State};

#[test]
fn a_master_adds_a_removed_address_again_at_once_and_then_at_most_ten_times_a_second() {
    let mut router = Router::master(settings());
    let lost = || Event::AddressLost(address("10.0.0.200"));
    assert_eq!(router.tell(lost()), "add announce:5");
    router.wait_ms(10);
    assert_eq!(router.tell(lost()), "");
    assert_eq!(router.tell(lost()), "");
    assert_eq!(router.wait_ms(100), "add announce:5");
}

#[test]
fn a_backup_misses_nothing() {
    let mut router = Router::backup(settings());
    assert_eq!(router.tell(Event::AddressLost(address("10.0.0.200"))), "");
}

#[test]
fn a_reload_keeps_a_master_master() {
    let mut router = Router::master(settings());
    let mut changed = settings();
    changed.priority = 90;
    let said = router.tell(Event::Reconfigured(Box::new(changed.clone())));
    assert_eq!(said, "advert:90");
    changed.addresses.push(address("10.0.0.201"));
    let said = router.tell(Event::Reconfigured(Box::new(changed)));
    assert_eq!(said, "add announce:5 advert:90");
    assert_eq!(router.state(), State::Master);
}

#[test]
fn a_reload_keeps_a_backup_waiting_by_the_new_settings() {
    let mut router = Router::backup(settings());
    router.hear(OTHER, 200);
    let mut changed = settings();
    changed.priority = 200;
    router.tell(Event::Reconfigured(Box::new(changed)));
    // 3 s + 56/256 s.
    assert_eq!(router.master_in_ms(), Some(3219));
    let mut router = Router::backup(settings());
    let mut faster = settings();
    faster.version = vrrp::Version::V3;
    faster.advert_interval = Duration::from_millis(10);
    router.tell(Event::Reconfigured(Box::new(faster)));
    assert!(router.master_in_ms().is_some_and(|waited| waited <= 40));
}
