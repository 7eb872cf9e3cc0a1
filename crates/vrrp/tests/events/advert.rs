//! `Event::Advert` in each state.

use std::time::Duration;

use crate::router::{OTHER, Router, address, settings};
use vrrp::{Authentication, Event, Received, State, Version, encode};

#[test]
fn a_master_answers_by_priority_then_by_address() {
    let check = |source: &str, priority, expected: &str, state| {
        let mut router = Router::master(settings());
        assert_eq!(
            router.hear(source, priority),
            expected,
            "{source} {priority}"
        );
        assert_eq!(router.state(), state, "{source} {priority}");
    };
    check(OTHER, 101, "remove backup", State::Backup);
    check(OTHER, 100, "remove backup", State::Backup);
    check(
        "10.0.0.0",
        100,
        "advert:100 announce:2 heardlower",
        State::Master,
    );
    check(OTHER, 99, "advert:100 announce:2 heardlower", State::Master);
    check(OTHER, 0, "advert:100", State::Master);
    // Our own address: somebody's mistake, but no reason to give up.
    check("10.0.0.1", 100, "", State::Master);
}

#[test]
fn options_change_a_masters_answer() {
    let mut quiet = settings();
    quiet.lower_priority_no_advert = true;
    assert_eq!(
        Router::master(quiet).hear(OTHER, 99),
        "announce:2 heardlower"
    );
    let mut last_word = settings();
    last_word.higher_priority_send_advert = true;
    assert_eq!(
        Router::master(last_word).hear(OTHER, 101),
        "advert:100 remove backup"
    );
}

#[test]
fn two_owners_of_the_addresses_are_settled() {
    let mut settings = settings();
    settings.priority = 255;
    let mut router = Router::master(settings);
    assert_eq!(router.hear(OTHER, 255), "remove backup");
    assert_eq!(router.instance.effective_priority(), 254);
}

#[test]
fn an_owner_may_be_told_to_ignore_the_others() {
    let mut settings = settings();
    settings.priority = 255;
    settings.owner_ignores_adverts = true;
    let mut router = Router::master(settings);
    for priority in [0, 99, 255] {
        assert_eq!(router.hear(OTHER, priority), "", "{priority}");
    }
    assert_eq!(router.state(), State::Master);
}

#[test]
fn a_backup_waits_as_long_as_the_advert_tells_it_to() {
    // From the advert on: how long until we are master.
    let check = |priority, preempt, expected_ms| {
        let mut settings = settings();
        settings.preempt = preempt;
        let mut router = Router::backup(settings);
        router.wait_ms(1000);
        router.hear(OTHER, priority);
        assert_eq!(
            router.master_in_ms(),
            Some(expected_ms),
            "{priority} preempt {preempt}"
        );
    };
    check(200, true, 3610);
    check(100, true, 3610);
    // A lower master does not count: 3.610 s from the start, not from the advert.
    check(99, true, 2610);
    check(99, false, 3610);
    // It stops: the skew time.
    check(0, true, 610);
}

#[test]
fn preempt_delay_holds_a_better_router_back() {
    let mut settings = settings();
    settings.preempt_delay = Duration::from_secs(10);
    let mut router = Router::backup(settings);
    let mut waited_s = 0;
    while router.state() == State::Backup && waited_s < 60 {
        router.hear(OTHER, 99);
        router.wait_ms(1000);
        waited_s += 1;
    }
    // The delay, then the master down interval after the last advert that counted.
    assert_eq!(waited_s, 13);
}

#[test]
fn version_3_learns_the_masters_interval() {
    let mut ours = settings();
    ours.version = Version::V3;
    let mut theirs = ours.clone();
    theirs.advert_interval = Duration::from_millis(100);
    let mut router = Router::backup(ours);
    router.hear_as(OTHER, 200, &theirs);
    // 3 × 100 ms + 156/256 of 100 ms.
    assert_eq!(router.master_in_ms(), Some(361));
    assert_eq!(
        router.wait_ms(1000),
        "advert:100",
        "its own interval is the configured one"
    );
}

#[test]
fn adverts_that_fail_a_check_do_nothing_and_are_counted() {
    type Change = fn(&mut vrrp::Settings);
    let changes: &[(&str, Change)] = &[
        ("version", |theirs| theirs.version = Version::V3),
        ("interval", |theirs| {
            theirs.advert_interval = Duration::from_secs(2)
        }),
        ("addresses", |theirs| {
            theirs.addresses = vec![address("10.0.0.201")]
        }),
        ("addresses", |theirs| {
            theirs.addresses.push(address("10.0.0.201"))
        }),
        ("authentication type", |theirs| {
            theirs.authentication = Authentication::pass(b"x")
        }),
    ];
    for (name, change) in changes {
        let mut theirs = settings();
        change(&mut theirs);
        let mut router = Router::master(settings());
        assert_eq!(router.hear_as(OTHER, 200, &theirs), "", "{name}");
        assert_eq!(
            router.instance.counters().refused.get(name),
            Some(&1),
            "{name}"
        );
    }
}

#[test]
fn packets_from_afar_or_damaged_are_refused() {
    let source = address(OTHER);
    let group = settings().group;
    let good = encode(&settings().advert(200), source, group);
    let check = |name: &str, destination, hop_limit, payload: &[u8]| {
        let mut router = Router::master(settings());
        let hop_limit = Some(hop_limit);
        router.tell(Event::Advert(Received {
            source,
            destination,
            hop_limit,
            payload,
        }));
        assert_eq!(
            router.instance.counters().refused.get(name),
            Some(&1),
            "{name}"
        );
        assert_eq!(router.state(), State::Master, "{name}");
    };
    let mut damaged = good.clone();
    damaged[2] ^= 1;
    check("hop limit", group, 254, &good);
    check("checksum", group, 255, &damaged);
    check("length", group, 255, &good[..good.len() - 1]);
    check("length", group, 255, &[]);
    check("unicast or multicast", address("10.0.0.1"), 255, &good);
}

#[test]
fn the_password_must_be_the_same() {
    let check = |password: &[u8], accepted: bool| {
        let mut ours = settings();
        ours.authentication = Authentication::pass(b"secret12");
        let mut theirs = ours.clone();
        theirs.authentication = Authentication::pass(password);
        let mut router = Router::master(ours);
        router.hear_as(OTHER, 200, &theirs);
        assert_eq!(router.state() == State::Backup, accepted, "{password:?}");
    };
    check(b"secret12", true);
    // Only eight bytes travel.
    check(b"secret123", true);
    check(b"secret1", false);
    check(b"", false);
}

#[test]
fn unicast_peers_may_be_far_but_must_be_known() {
    let check = |source: &str, hop_limit, check_source, accepted: bool| {
        let mut settings = settings();
        settings.unicast_peers = vec![address("10.0.0.8")];
        settings.unicast_hop_limits = vec![60..=255];
        settings.check_unicast_source = check_source;
        let mut router = Router::master(settings.clone());
        let source = address(source);
        let destination = address("10.0.0.1");
        let payload = encode(&settings.advert(200), source, destination);
        let hop_limit = Some(hop_limit);
        router.tell(Event::Advert(Received {
            source,
            destination,
            hop_limit,
            payload: &payload,
        }));
        assert_eq!(
            router.state() == State::Backup,
            accepted,
            "{source} {check_source}"
        );
    };
    check("10.0.0.8", 255, true, true);
    check("10.0.0.8", 60, true, true);
    check("10.0.0.8", 59, true, false);
    check("10.0.0.9", 255, false, true);
    check("10.0.0.9", 255, true, false);
}
