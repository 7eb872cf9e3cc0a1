//! `Event::Balancer`: a machine that cannot serve gives way, once.

use crate::router::{OTHER, Router, settings};
use vrrp::{Event, State};

const LOST: Event<'static> = Event::Balancer { serving: false };
const SERVING: Event<'static> = Event::Balancer { serving: true };

#[test]
fn a_master_gives_way_at_once_to_the_best_that_serves() {
    let mut router = Router::master(settings());
    router.hello("10.0.0.2", 90, |_| {});
    router.hello("10.0.0.3", 99, |hello| hello.balancer_lost = true);
    router.hello("10.0.0.4", 98, |hello| hello.state = State::Fault);
    assert_eq!(router.tell(LOST), "remove advert:0 backup hello:heir=1090");
    assert_eq!(router.instance.effective_priority(), 1);
    assert_eq!(router.tell(LOST), "", "told twice");
}

#[test]
fn the_address_is_not_lost_for_ever_where_nobody_takes_it() {
    let mut router = Router::master(settings());
    router.tell(LOST);
    // 3 s + 255/256 s, so that everybody else is first.
    assert_eq!(router.master_in_ms(), Some(3997));
    let expected = "holding although the balancer is lost: no other master";
    assert_eq!(router.instance.reason(), expected);
    assert_eq!(router.tell(SERVING), "advert:100");
}

#[test]
fn the_configured_priority_returns_with_the_balancer() {
    let mut router = Router::master(settings());
    router.tell(LOST);
    router.hear(OTHER, 90);
    router.tell(SERVING);
    assert_eq!(router.instance.effective_priority(), 100);
    // 90 does not count any more: preemption as its rules have it.
    for _ in 0..3 {
        router.hear(OTHER, 90);
        router.wait_ms(1000);
    }
    router.hear(OTHER, 90);
    assert!(router.master_in_ms().is_some_and(|waited| waited < 1000));
}

#[test]
fn a_holder_without_balancer_gives_way_to_one_that_serves_again() {
    let mut router = Router::master(settings());
    router.hello("10.0.0.2", 1, |hello| hello.balancer_lost = true);
    router.tell(LOST);
    router.wait_ms(4000);
    assert_eq!(router.state(), State::Master);
    let said = router.hello("10.0.0.2", 90, |hello| hello.incarnation = 2000);
    assert_eq!(said, "remove advert:0 backup hello:heir=2000");
}

#[test]
fn two_that_lost_their_balancers_do_not_pass_the_address_to_and_fro() {
    let mut router = Router::master(settings());
    let lost = |hello: &mut vrrp::Hello| hello.balancer_lost = true;
    router.hello(OTHER, 1, lost);
    router.tell(LOST);
    router.wait_ms(4000);
    for _ in 0..20 {
        router.hello(OTHER, 1, lost);
        router.wait_ms(1000);
        assert_eq!(router.state(), State::Master);
    }
}
