//! Every limit of supervision, named. Two limits that belong together are asserted to fit.

use std::time::Duration;

use balancer::supervision::HEARTBEAT_INTERVAL_MS;

/// A child none of whose watched threads may be silent for longer than this: ten heartbeats.
pub const HANG_LIMIT: Duration = Duration::from_millis(500);

/// A silent child is looked at for the first time after this. One that is found stopped (SIGSTOP)
/// counts as hung then: there is nothing to wait for. Any other is looked at again at the
/// `HANG_LIMIT`, to tell whether it hung or was merely starved of CPU time.
pub const STOPPED_LIMIT: Duration = Duration::from_millis(250);

/// A silent child that spent at least this part (percent) of its silence waiting for a CPU is
/// starved, not hung.
pub const STARVED_PERCENT: u128 = 75;

/// How often in a row a starved child is given another `HANG_LIMIT`.
pub const STARVED_EXTENSIONS_MAX: u32 = 3;

/// The supervisor's loop goes round at least this often while it watches a child.
pub const LOOP_PACE: Duration = Duration::from_millis(100);

/// A round later than `LOOP_PACE` by more than this means that the supervisor itself was paused:
/// silence in that time proves nothing about its children.
pub const OWN_LATENESS: Duration = Duration::from_millis(100);

/// A balancer that does not serve again within this after its death cannot be brought back for
/// now: the address goes to another machine.
pub const REVIVAL_LIMIT: Duration = Duration::from_millis(300);

/// Deaths in a row, each after less than `CALM_AFTER` of service, that make a balancer one that
/// cannot be relied upon even where each successor starts.
pub const DEATHS_IN_A_ROW: u32 = 3;

/// Service of this length ends a row of deaths.
pub const CALM_AFTER: Duration = Duration::from_secs(10);

/// Service of this length after a time of trouble makes the balancer one that serves.
pub const STABLE_AFTER: Duration = Duration::from_secs(1);

/// So many deaths in a row are followed by a new start at once.
pub const IMMEDIATE_STARTS: u32 = 2;

/// The first wait of the back-off after those; each later one is twice as long …
pub const BACK_OFF_FIRST: Duration = Duration::from_millis(100);

/// … up to this.
pub const BACK_OFF_MAX: Duration = Duration::from_secs(5);

/// A child that is not ready after this is killed. Generous: many certificates take long.
pub const START_LIMIT: Duration = Duration::from_secs(60);

/// A reload that was not answered after this is given up.
pub const RELOAD_LIMIT: Duration = Duration::from_secs(60);

/// The keeper has this long to leave (announce priority 0, remove the addresses) before it is
/// killed and its testament executed.
pub const KEEPER_LEAVE_LIMIT: Duration = Duration::from_secs(1);

/// The balancer goes on accepting for this long after the address left, for those who have not yet
/// heard that it moved.
pub const ADDRESS_SETTLES: Duration = Duration::from_millis(200);

/// Requests in flight have this long to end on SIGTERM of `keel run`.
pub const STOP_GRACE: Duration = Duration::from_secs(1);

/// A balancer told to end now is killed after this.
pub const BALANCER_STOP_LIMIT: Duration = Duration::from_millis(500);

const _: () = assert!(
    HANG_LIMIT.as_millis() >= 5 * HEARTBEAT_INTERVAL_MS as u128,
    "a few lost heartbeats are no hang"
);
const _: () = assert!(STOPPED_LIMIT.as_millis() < HANG_LIMIT.as_millis());
const _: () = assert!(
    LOOP_PACE.as_millis() + OWN_LATENESS.as_millis() <= STOPPED_LIMIT.as_millis(),
    "the supervisor notices its own pause before it suspects a child"
);
