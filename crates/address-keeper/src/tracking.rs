//! What scripts and interfaces say about a router's fitness and priority.

use std::collections::BTreeMap;

use keepalived_config::model::{TrackScript, Weight};
use vrrp::Tracked;

use crate::network::Network;
use crate::plan::RouterPlan;

/// A script's results, counted as keepalived does.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Script {
    rise: u32,
    fall: u32,
    /// 0..rise is down, rise..rise+fall is up.
    count: u32,
    /// No result yet, and not `init_fail`.
    unknown: bool,
    disabled: bool,
}

impl Script {
    fn is_up(&self) -> bool {
        self.count >= self.rise
    }
}

/// All tracked scripts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tracking {
    scripts: BTreeMap<String, Script>,
}

impl Tracking {
    /// Begins to track a script; one that is tracked already keeps its results where rise and fall
    /// are as before.
    pub(crate) fn track(&mut self, script: &TrackScript, disabled: bool) {
        let fresh = Script {
            rise: script.rise.max(1),
            fall: script.fall.max(1),
            // One success is enough at the start.
            count: if script.starts_failed {
                0
            } else {
                script.rise.max(1) - 1
            },
            unknown: !script.starts_failed,
            disabled,
        };
        let name = script.name.value.clone();
        match self.scripts.get_mut(&name) {
            Some(known) if (known.rise, known.fall) == (fresh.rise, fresh.fall) => {
                known.disabled = disabled;
            }
            _ => {
                self.scripts.insert(name, fresh);
            }
        }
    }

    /// Forgets the scripts that are not named.
    pub(crate) fn keep_only(&mut self, names: &[String]) {
        self.scripts.retain(|name, _| names.contains(name));
    }

    /// Counts a result; says whether the script went up or down by it.
    pub(crate) fn count(&mut self, name: &str, success: bool) -> Option<bool> {
        let script = self.scripts.get_mut(name)?;
        let was_unknown = std::mem::take(&mut script.unknown);
        let was_up = script.is_up();
        let top = script.rise + script.fall - 1;
        if success {
            script.count = if script.count + 1 < script.rise {
                script.count + 1
            } else {
                top
            };
        } else {
            script.count = if script.count > script.rise {
                script.count - 1
            } else {
                0
            };
        }
        let is_up = script.is_up();
        (was_unknown || was_up != is_up).then_some(is_up)
    }

    /// What the scripts and interfaces that a router tracks say.
    pub(crate) fn judge(&self, router: &RouterPlan, network: &Network) -> Tracked {
        let mut weight = 0;
        let mut unknown = false;
        let scripts = router.track_scripts.iter().filter_map(|tracked| {
            let script = self
                .scripts
                .get(&tracked.name.value)
                .filter(|known| !known.disabled)?;
            let is_up = (!script.unknown).then(|| script.is_up());
            Some(("script", &tracked.name.value, tracked.weight, is_up))
        });
        let interfaces = router.track_interfaces.iter().map(|tracked| {
            let link = network.link(&tracked.name.value);
            let is_up = Some(link.is_some_and(system::link::Link::usable));
            ("interface", &tracked.name.value, tracked.weight, is_up)
        });
        for (kind, name, how, is_up) in scripts.chain(interfaces) {
            match effect(how, is_up) {
                Effect::Points(points) => weight += points,
                Effect::Unknown => unknown = true,
                Effect::Fault => {
                    let reason = match is_up {
                        Some(true) => format!("{kind} {name} is up, and is tracked in reverse"),
                        _ => format!("{kind} {name} is down"),
                    };
                    return Tracked::Failed { reason };
                }
            }
        }
        if unknown {
            Tracked::Unknown
        } else {
            Tracked::Fit { weight }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Points(i32),
    Unknown,
    Fault,
}

/// keepalived.conf(5), "weight": zero is FAULT while down; positive is added while up, negative
/// while down. A script without a result yet has no points, and with weight zero holds the router
/// back.
fn effect(weight: Weight, is_up: Option<bool>) -> Effect {
    let points = i32::from(weight.value);
    let Some(is_up) = is_up else {
        return if points == 0 {
            Effect::Unknown
        } else {
            Effect::Points(0)
        };
    };
    match points {
        0 if is_up == weight.reverse => Effect::Fault,
        // In reverse keepalived turns the sign of what is added.
        _ if (points > 0) == is_up => Effect::Points(if weight.reverse { -points } else { points }),
        _ => Effect::Points(0),
    }
}

#[cfg(test)]
mod tests {
    use system::monitor::NetworkEvent;

    use super::*;
    use crate::plan::tests::{instance, link, machine, planned};

    fn script(rise: u32, fall: u32) -> Script {
        Script {
            rise,
            fall,
            count: rise - 1,
            unknown: true,
            disabled: false,
        }
    }

    /// `results` as letters: `+` success, `-` failure; `expected` after each one: `U`p, `D`own, or
    /// `.` for no change.
    #[test]
    fn rise_and_fall_count_results_in_a_row() {
        let check = |rise, fall, results: &str, expected: &str| {
            let mut tracking = Tracking::default();
            tracking
                .scripts
                .insert("check".to_owned(), script(rise, fall));
            let seen: String = results
                .chars()
                .map(|result| match tracking.count("check", result == '+') {
                    Some(true) => 'U',
                    Some(false) => 'D',
                    None => '.',
                })
                .collect();
            assert_eq!(seen, expected, "rise {rise} fall {fall}: {results}");
        };
        check(1, 1, "+-+", "UDU");
        check(1, 1, "--+", "D.U");
        check(2, 3, "+---++", "U..D.U");
        check(3, 1, "-++-+++", "D.....U");
        check(2, 2, "+-+--", "U...D");
    }

    /// `states` of the scripts `a` (weight 0) and `b` (weight 5): up, down, or unknown.
    #[test]
    fn a_router_is_judged_by_everything_it_tracks() {
        let text = "vrrp_script a {\n script /bin/true\n}\n\
                    vrrp_script b {\n script /bin/true\n weight 5\n}\n"
            .to_owned()
            + &instance("track_script {\n a\n b\n }\n track_interface {\n eth1\n }");
        let (plan, messages) = planned(&text);
        assert_eq!(messages, Vec::<String>::new());
        let judge = |states: [Option<bool>; 2], eth1_runs: bool| {
            let mut network = machine();
            network.apply(&NetworkEvent::Link(link(2, "eth1", eth1_runs)));
            let mut tracking = Tracking::default();
            for (name, state) in ["a", "b"].into_iter().zip(states) {
                tracking.scripts.insert(name.to_owned(), script(1, 1));
                if let Some(success) = state {
                    tracking.count(name, success);
                }
            }
            tracking.judge(&plan.routers[0], &network)
        };
        let failed = |reason: &str| Tracked::Failed {
            reason: reason.to_owned(),
        };
        let (up, down) = (Some(true), Some(false));
        assert_eq!(judge([up, up], true), Tracked::Fit { weight: 5 });
        assert_eq!(judge([up, down], true), Tracked::Fit { weight: 0 });
        assert_eq!(judge([None, up], true), Tracked::Unknown);
        assert_eq!(judge([up, None], true), Tracked::Fit { weight: 0 });
        assert_eq!(judge([down, up], true), failed("script a is down"));
        assert_eq!(judge([None, up], false), failed("interface eth1 is down"));
    }

    #[test]
    fn weights_have_keepaliveds_effect() {
        let check = |value, reverse, is_up, expected| {
            assert_eq!(
                effect(Weight { value, reverse }, is_up),
                expected,
                "{value} {is_up:?}"
            );
        };
        check(0, false, Some(true), Effect::Points(0));
        check(0, false, Some(false), Effect::Fault);
        check(0, true, Some(true), Effect::Fault);
        check(0, false, None, Effect::Unknown);
        check(2, false, Some(true), Effect::Points(2));
        check(2, false, Some(false), Effect::Points(0));
        check(2, false, None, Effect::Points(0));
        check(-5, false, Some(true), Effect::Points(0));
        check(-5, false, Some(false), Effect::Points(-5));
        check(2, true, Some(true), Effect::Points(-2));
    }
}
