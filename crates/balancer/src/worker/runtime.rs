//! The runtime of one worker thread: io_uring where the kernel permits it, else epoll.

use std::io;

use compio::driver::{DriverType, ProactorBuilder};
use compio::runtime::{Runtime, RuntimeBuilder};

/// Entries of the submission queue: operations that one round may start.
const SUBMISSION_QUEUE_ENTRIES: u32 = 1_024;
/// Tasks that other threads may wake at once without waiting.
const REMOTE_WAKES_MAX: usize = 4_096;

/// Builds it, pinned to a processor where one is named.
pub(super) fn build(processor: Option<usize>) -> io::Result<Runtime> {
    let with = |driver: DriverType| {
        let mut proactor = ProactorBuilder::new();
        proactor
            .driver_type(driver)
            .capacity(SUBMISSION_QUEUE_ENTRIES)
            .single_issuer(true)
            .coop_taskrun(true)
            .defer_taskrun(true);
        let mut builder = RuntimeBuilder::new();
        builder
            .with_proactor(proactor)
            .sync_queue_size(REMOTE_WAKES_MAX);
        if let Some(processor) = processor {
            builder.thread_affinity([processor].into());
        }
        builder.build()
    };
    with(DriverType::IoUring).or_else(|_| with(DriverType::Poll))
}
