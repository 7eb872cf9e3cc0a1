//! Every bound of this crate, in one place.

use std::time::Duration;

/// How long one message of the group may be, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// How much of a large change or of a state goes into one message, in bytes. Small enough that
/// other messages find their way between.
pub const PART_BYTES: usize = 256 * 1024;

/// How long a CIB may be as text, in bytes; as long may a change be.
pub const MAX_CIB_BYTES: usize = 64 << 20;

/// How many operations one change may have.
pub const MAX_OPERATIONS: usize = 4096;

/// How many requests of clients may wait on one node, those under way included.
pub const MAX_REQUESTS: usize = 4096;

/// How many changes may wait for the end of a state exchange. The ones after that are refused, on
/// every member alike.
pub const MAX_DEFERRED: usize = 1024;

/// How many of the latest changes a copy remembers, to tell an ancestor from another line and to
/// know a change that comes a second time.
pub const HISTORY: usize = 256;

/// How many parts of a state are under way at once.
pub const PARTS_UNDER_WAY: usize = 8;

/// How many own requests the group has at once that it has not ordered.
pub const MAX_UNDER_WAY: usize = 1024;

/// How many bytes of them, before another one is submitted. With the parts above, this is well below
/// what the group takes ([`membership::limits::MAX_PENDING_BYTES`]).
pub const MAX_UNDER_WAY_BYTES: usize = 2 << 20;

/// How many violations of the schema an answer names.
pub const MAX_VIOLATIONS: usize = 20;

/// How large a part of a version may be made by hand. What is left above is enough for a change
/// every millisecond for 30 million years.
pub const MAX_VERSION_PART: i64 = 1_000_000_000;

/// After how many edits a tree is copied afresh, which leaves behind what was removed.
pub const EDITS_BEFORE_COMPACTION: u64 = 20_000;

/// How long to wait after the first write that failed, before it is tried again. Doubles each time.
pub const FIRST_RETRY: Duration = Duration::from_millis(100);

/// The longest such wait.
pub const LONGEST_RETRY: Duration = Duration::from_secs(5);

/// How many writes may fail in a row before the node says that it is not durable.
pub const WRITE_FAILURES: u32 = 5;

/// How many generations are kept on disk. Pacemaker keeps as many unless told otherwise.
pub const GENERATIONS: usize = 100;

/// How many lost copies are kept on disk.
pub const LOST_COPIES: usize = 100;
