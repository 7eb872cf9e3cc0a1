//! `Event::Stop` in each state.

use crate::router::{OTHER, Router, settings};
use vrrp::{Event, State};

#[test]
fn a_backup_leaves_without_a_word_of_priority_zero() {
    let mut router = Router::backup(settings());
    assert_eq!(router.tell(Event::Stop), "hello:leaving stop stopped");
    assert_eq!(router.hear(OTHER, 0), "");
    assert_eq!(router.instance.deadline(), None);
}

#[test]
fn a_master_beside_other_implementations_withdraws_then_says_so() {
    let mut router = Router::master(settings());
    assert_eq!(
        router.tell(Event::Stop),
        "remove advert:0 hello:leaving stop stopped"
    );
}

#[test]
fn a_master_beside_a_keel_serves_until_the_heir_has_announced() {
    let mut router = Router::master(settings());
    router.hello(OTHER, 90, |_| {});
    assert_eq!(router.tell(Event::Stop), "hello:leavingheir=1090");
    assert_eq!(router.tell(Event::Stop), "", "told twice");
    assert_eq!(router.hear(OTHER, 90), "");
    assert_eq!(router.hear(OTHER, 90), "", "the last answers go out");
    let after = router.wait_ms(50);
    assert_eq!(after, "remove hello:leaving stop stopped");
}

#[test]
fn whatever_happens_while_it_leaves_it_does_leave() {
    let check = |event: Event<'_>, at_once: bool| {
        let mut router = Router::master(settings());
        router.hello(OTHER, 90, |_| {});
        router.tell(Event::Stop);
        let said = router.tell(event);
        assert_eq!(said.ends_with("stopped"), at_once, "{said}");
        if !at_once {
            let said = router.wait_ms(20);
            assert!(said.ends_with("stopped"), "{said}");
        }
    };
    check(
        Event::InterfaceDown {
            reason: "eth0 is down",
        },
        true,
    );
    check(
        Event::Tracked(vrrp::Tracked::Failed {
            reason: "down".to_owned(),
        }),
        true,
    );
    check(Event::Tracked(vrrp::Tracked::Fit { weight: -50 }), false);
    check(Event::Balancer { serving: false }, false);
    check(Event::Reconfigured(Box::new(settings())), false);
    check(Event::AddressLost(settings().addresses[0]), false);
    check(Event::InterfaceUp, false);
}

#[test]
fn an_heir_that_does_not_come_is_not_waited_for() {
    let mut router = Router::master(settings());
    router.hello(OTHER, 90, |_| {});
    router.tell(Event::Stop);
    assert_eq!(router.wait_ms(19), "");
    assert_eq!(
        router.wait_ms(1),
        "remove advert:0 hello:leavingheir=1090 stop stopped"
    );
}

#[test]
fn a_master_without_balancer_does_not_make_anybody_wait() {
    let mut router = Router::master(settings());
    router.tell(Event::Balancer { serving: false });
    router.wait_ms(4000);
    assert_eq!(router.state(), State::Master);
    router.hello(OTHER, 90, |hello| hello.state = State::Fault);
    assert_eq!(
        router.tell(Event::Stop),
        "remove advert:0 hello:leaving stop stopped"
    );
}

#[test]
fn the_farewell_for_a_dead_keeper_names_the_heir() {
    let mut router = Router::master(settings());
    router.hello(OTHER, 90, |_| {});
    let (advert, hello) = router.instance.farewell();
    assert_eq!(advert.map(|advert| advert.priority), Some(0));
    assert_eq!(
        hello.map(|hello| (hello.heir, hello.leaving)),
        Some((Some(1090), true))
    );
    let (advert, hello) = Router::backup(settings()).instance.farewell();
    assert_eq!(advert, None);
    assert_eq!(
        hello.map(|hello| (hello.heir, hello.leaving)),
        Some((None, true))
    );
}
