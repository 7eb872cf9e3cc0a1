//! Planned and unplanned hand-overs between two `keel`s: how long nobody, and how long both hold
//! the address.

use std::time::Duration;

use vrrp_sim::{Dice, RouterPlan, Scenario, World};

/// Two routers of VRRPv2, one advert each second: router 0 is preferred.
fn pair(hellos: bool) -> World {
    let settings = |host: u8| {
        let source = std::net::Ipv4Addr::new(10, 0, 0, host).into();
        let virtual_address = std::net::Ipv4Addr::new(10, 0, 0, 200).into();
        let mut settings = vrrp::Settings::new(51, source, vec![virtual_address]);
        settings.priority = 102 - host;
        if !hellos {
            settings.hello = None;
        }
        settings
    };
    let routers = [1, 2]
        .map(|host| RouterPlan {
            settings: settings(host),
            clock_rate_ppm: 0,
        })
        .to_vec();
    let scenario = Scenario {
        routers,
        chaos: Duration::ZERO,
        loss_percent: 0,
        longest_delay: Duration::from_micros(200),
    };
    let mut world = World::new(&scenario, Dice::new(1));
    world.run_until(Duration::from_secs(10));
    assert_eq!(world.holders(), [0]);
    world
}

/// Lets five seconds pass; how long nobody and how long both held the address.
fn watch(world: &mut World) -> (Duration, Duration) {
    let end = world.now() + Duration::from_secs(5);
    let (mut nobody, mut both) = (Duration::ZERO, Duration::ZERO);
    while world.now() < end {
        let (from, holders) = (world.now(), world.holders().len());
        world.step(end);
        match holders {
            0 => nobody += world.now() - from,
            1 => {}
            _ => both += world.now() - from,
        }
    }
    (nobody, both)
}

const MILLISECOND: Duration = Duration::from_millis(1);

#[test]
fn a_stop_beside_a_keel_leaves_no_gap() {
    let mut world = pair(true);
    world.stop(0);
    let (nobody, both) = watch(&mut world);
    assert_eq!(world.holders(), [1]);
    assert_eq!(nobody, Duration::ZERO);
    // The last answers of the leaving one.
    let answers = Duration::from_millis(50);
    assert!((answers..answers + MILLISECOND).contains(&both), "{both:?}");
}

#[test]
fn a_stop_beside_another_implementation_takes_its_skew_time() {
    let mut world = pair(false);
    world.stop(0);
    let (nobody, both) = watch(&mut world);
    assert_eq!(world.holders(), [1]);
    // 156/256 s at priority 100, and the packet's way.
    assert!((609..612).contains(&nobody.as_millis()), "{nobody:?}");
    assert_eq!(both, Duration::ZERO);
}

#[test]
fn a_killed_keeper_is_followed_at_once() {
    let mut world = pair(true);
    world.kill(0, true);
    let (nobody, both) = watch(&mut world);
    assert_eq!(world.holders(), [1]);
    assert!(nobody < MILLISECOND, "{nobody:?}");
    assert_eq!(both, Duration::ZERO);
}

#[test]
fn a_lost_balancer_is_followed_at_once() {
    let mut world = pair(true);
    world.balancer(0, false);
    let (nobody, both) = watch(&mut world);
    assert_eq!(world.holders(), [1]);
    assert!(nobody < MILLISECOND, "{nobody:?}");
    assert_eq!(both, Duration::ZERO);
}

#[test]
fn a_better_router_that_comes_back_leaves_no_gap() {
    let mut world = pair(true);
    world.kill(0, true);
    world.run_until(world.now() + Duration::from_secs(10));
    world.start(0);
    let (nobody, both) = watch(&mut world);
    assert_eq!(world.holders(), [0]);
    assert_eq!(nobody, Duration::ZERO);
    assert!(both < MILLISECOND, "{both:?}");
}

#[test]
fn two_lost_balancers_do_not_make_the_address_wander() {
    let mut world = pair(true);
    world.balancer(0, false);
    world.run_until(world.now() + Duration::from_secs(5));
    world.balancer(1, false);
    world.run_until(world.now() + Duration::from_secs(10));
    let settled = world.transitions();
    world.run_until(world.now() + Duration::from_secs(60));
    assert_eq!(world.transitions(), settled);
    assert_eq!(world.holders().len(), 1);
}
