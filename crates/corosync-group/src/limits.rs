//! Every limit of the group, by name.

use std::time::Duration;

/// What CPG carries in one piece at least: its buffer of 1 MiB, less its own headers, generously.
pub const MAX_FRAME_BYTES: usize = 1024 * 1024 - 2048;
/// One message of the layer above.
pub const MAX_MESSAGE_BYTES: usize = MAX_FRAME_BYTES - 2048;
/// Messages are put together into one frame up to this.
pub const BATCH_BYTES: usize = 64 * 1024;
/// Own messages that were multicast and have not come back: in bytes.
pub const FLIGHT_BYTES: usize = 1024 * 1024;
/// See [`FLIGHT_BYTES`]; in number.
pub const FLIGHT_MESSAGES: usize = 8192;
/// Beats that were multicast and have not come back.
pub const MAX_BEATS: usize = 32;
/// Beats in the time for which one vouches.
pub const BEATS_IN_LEASE: u32 = 6;
/// The shortest time between beats.
pub const MIN_BEAT: Duration = Duration::from_millis(10);
/// Of the time before which corosync's other nodes go on without this one, what is relied on:
/// nine tenths, as clocks differ.
pub const LEASE_TENTHS: u32 = 9;
