//! `Event::Tracked`, `Event::InterfaceUp` and `Event::InterfaceDown`.

use crate::router::{OTHER, Router, settings};
use vrrp::{Event, State, Tracked};

fn failed() -> Tracked {
    Tracked::Failed {
        reason: "script check is down".to_owned(),
    }
}

const DOWN: Event<'static> = Event::InterfaceDown {
    reason: "eth0 is down",
};

#[test]
fn weights_are_added_and_kept_inside_the_election() {
    let check = |base, weight, expected| {
        let mut settings = settings();
        settings.priority = base;
        let mut router = Router::backup(settings);
        router.tell(Event::Tracked(Tracked::Fit { weight }));
        assert_eq!(
            router.instance.effective_priority(),
            expected,
            "{base} {weight}"
        );
    };
    check(101, 2, 103);
    check(101, -20, 81);
    check(101, -253, 1);
    check(200, 100, 254);
    check(255, -100, 255);
    check(100, i32::MAX, 254);
}

#[test]
fn a_changed_priority_changes_the_wait_that_goes_on() {
    let mut router = Router::backup(settings());
    router.wait_ms(3600);
    router.tell(Event::Tracked(Tracked::Fit { weight: 100 }));
    // 100/256 s less than the 10 ms that were left: at once.
    assert_eq!(router.master_in_ms(), Some(1));
}

#[test]
fn a_failure_of_weight_zero_is_fault_until_it_is_mended() {
    let mut router = Router::master(settings());
    let said = router.tell(Event::Tracked(failed()));
    assert_eq!(said, "remove advert:0 fault");
    assert_eq!(router.instance.reason(), "script check is down");
    assert_eq!(router.hear(OTHER, 0), "");
    assert_eq!(router.wait_ms(10_000), "");
    assert_eq!(
        router.tell(Event::Tracked(Tracked::Fit { weight: 0 })),
        "backup"
    );
    assert_eq!(router.master_in_ms(), Some(3610));
}

#[test]
fn an_interface_that_goes_down_is_fault_in_each_state() {
    let mut backup = Router::backup(settings());
    assert_eq!(backup.tell(DOWN), "fault");
    assert_eq!(backup.tell(DOWN), "", "told twice");
    assert_eq!(backup.tell(Event::InterfaceUp), "backup");
    let mut master = Router::master(settings());
    assert_eq!(master.tell(DOWN), "remove advert:0 fault");
    assert_eq!(
        master.tell(Event::Tracked(failed())),
        "",
        "one failure more"
    );
    assert_eq!(
        master.tell(Event::InterfaceUp),
        "",
        "the script is still down"
    );
    assert_eq!(master.state(), State::Fault);
}

#[test]
fn a_master_that_falls_behind_a_keel_offers_it_the_addresses_and_serves_on() {
    let check = |weight, change: fn(&mut vrrp::Hello), expected: &str| {
        let mut router = Router::master(settings());
        router.hello("10.0.0.2", 90, change);
        let said = router.tell(Event::Tracked(Tracked::Fit { weight }));
        assert_eq!(said, expected, "{weight}");
        assert_eq!(router.state(), State::Master);
    };
    check(-20, |_| {}, "hello:heir=1090");
    check(-10, |_| {}, "");
    check(20, |_| {}, "");
    check(-20, |hello| hello.preempts = false, "");
    check(-20, |hello| hello.state = State::Fault, "");
}

#[test]
fn a_failing_master_names_its_heir() {
    let mut router = Router::master(settings());
    router.hello("10.0.0.2", 90, |_| {});
    router.hello("10.0.0.3", 95, |_| {});
    let said = router.tell(Event::Tracked(failed()));
    assert_eq!(said, "remove advert:0 hello:heir=1095 fault");
}
