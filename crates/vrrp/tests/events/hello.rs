//! `Event::Hello`: the next in line takes over at once, and only then.

use crate::router::{OTHER, OURS, Router, address, settings};
use vrrp::{Event, Hello, HelloError, HelloKey, State};

#[test]
fn the_named_heir_takes_over_at_once() {
    let mut router = Router::backup(settings());
    router.hear(OTHER, 200);
    router.hello(OTHER, 200, |hello| hello.state = State::Master);
    let said = router.hello(OTHER, 200, |hello| {
        hello.heir = Some(OURS);
        hello.leaving = true;
    });
    // The leaving master still serves: it hears the advert last.
    assert_eq!(said, "add announce:5 advert:100 master");
}

#[test]
fn nobody_else_takes_over_by_a_hello() {
    let check = |why: &str, source: &str, change: fn(&mut Hello)| {
        let mut router = Router::backup(settings());
        router.hear(OTHER, 200);
        router.hello(source, 200, change);
        assert_eq!(router.state(), State::Backup, "{why}");
    };
    check("another heir", OTHER, |hello| hello.heir = Some(OURS + 1));
    check("no heir", OTHER, |hello| hello.leaving = true);
    check("not from the master", "10.0.0.8", |hello| {
        hello.heir = Some(OURS)
    });
    check("another router id", OTHER, |hello| {
        hello.heir = Some(OURS);
        hello.virtual_router_id = 52;
    });
}

#[test]
fn a_replayed_hello_does_nothing() {
    let mut router = Router::backup(settings());
    router.hear(OTHER, 200);
    router.hello(OTHER, 200, |hello| hello.sequence = 10);
    for old in [9, 10] {
        router.hello(OTHER, 200, |hello| {
            hello.sequence = old;
            hello.heir = Some(OURS);
        });
        assert_eq!(router.state(), State::Backup);
    }
    assert_eq!(router.instance.counters().hellos_refused, 2);
}

#[test]
fn a_hello_from_afar_or_with_another_key_does_nothing() {
    let hello = Hello {
        family: vrrp::Family::V4,
        virtual_router_id: 51,
        priority: 200,
        state: State::Master,
        primary: address(OTHER),
        incarnation: 5,
        sequence: 1,
        leaving: true,
        balancer_lost: false,
        preempts: false,
        heir: Some(OURS),
    };
    let check = |hop_limit, key: &HelloKey| {
        let mut router = Router::backup(settings());
        router.hear(OTHER, 200);
        let payload = hello.encode(key);
        let source = address(OTHER);
        router.tell(Event::Hello {
            source,
            hop_limit: Some(hop_limit),
            payload: &payload,
        });
        assert_eq!(router.state(), State::Backup, "{hop_limit}");
        assert_eq!(router.instance.counters().hellos_refused, 1, "{hop_limit}");
    };
    check(254, &HelloKey::none());
    check(255, &HelloKey::password(b"secret12"));
}

#[test]
fn a_hello_survives_the_wire_and_damage_does_not() {
    let hello = Hello {
        family: vrrp::Family::V6,
        virtual_router_id: 53,
        priority: 254,
        state: State::Fault,
        primary: address("fe80::1"),
        incarnation: u64::MAX,
        sequence: 42,
        leaving: true,
        balancer_lost: true,
        preempts: true,
        heir: Some(3),
    };
    let key = HelloKey::password(b"secret12");
    let bytes = hello.encode(&key);
    assert_eq!(Hello::parse(&bytes, &key), Ok(hello));
    assert_eq!(Hello::virtual_router_id_of(&bytes), Some(53));
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x40;
        assert!(Hello::parse(&damaged, &key).is_err(), "byte {place}");
        assert_eq!(
            Hello::parse(&bytes[..place], &key),
            Err(HelloError::Foreign)
        );
    }
}

#[test]
fn two_masters_settle_it_by_one_advert() {
    let mut router = Router::master(settings());
    let said = router.hello(OTHER, 99, |hello| hello.state = State::Master);
    assert_eq!(said, "advert:100");
}

#[test]
fn a_master_announces_once_more_when_the_other_one_has_stepped_down() {
    let mut router = Router::master(settings());
    router.hello(OTHER, 99, |hello| hello.state = State::Master);
    assert_eq!(router.hello(OTHER, 99, |_| {}), "announce:5");
    assert_eq!(router.hello(OTHER, 99, |_| {}), "");
}

#[test]
fn a_preempting_router_lets_a_living_keel_serve_until_it_announced() {
    let mut router = Router::backup(settings());
    for _ in 0..4 {
        router.hello(OTHER, 90, |hello| hello.state = State::Master);
        router.hear(OTHER, 90);
        router.wait_ms(900);
    }
    router.hear(OTHER, 90);
    assert_eq!(router.wait_ms(20), "add announce:5 advert:100 master");
}
