//! Limits that more than one part uses.

use std::time::Duration;

/// How long an action may take where neither request nor device says (`stonith-timeout`).
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// How often an action is tried where the device does not say (`pcmk_reboot_retries` and the others:
/// the number counts the first try, too, as Pacemaker has it).
pub const DEFAULT_ATTEMPTS: u32 = 2;

/// The most devices that are read from a CIB.
pub const MAX_DEVICES: usize = 4096;

/// The most requests that run at once; further ones are refused.
pub const MAX_REQUESTS: usize = 256;

/// The most reasons that are kept of one failed request; the first ones.
pub const MAX_REASONS: usize = 32;

/// How much later than its time-out a call's result may come before the node that runs it counts as
/// lost.
pub const RESULT_GRACE: Duration = Duration::from_secs(5);
