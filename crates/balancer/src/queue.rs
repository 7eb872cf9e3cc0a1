//! Waiting for a free slot: of a server, of any server of a backend, of a frontend.

use std::task::Poll;
use std::time::Duration;

use crate::state::WaitQueue;

/// Waits to be called, unless `free` says that there is room after all. Dropping the future gives
/// the place up.
pub(crate) async fn wait_turn(queue: &WaitQueue, free: impl Fn() -> bool) {
    let mut place = Place {
        queue,
        ticket: None,
    };
    std::future::poll_fn(|context| match place.ticket {
        None => {
            place.ticket = Some(queue.enter(context.waker()).0);
            // A slot that became free before the ticket was drawn called nobody.
            if free() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }
        Some(held) if queue.renew(held, context.waker()) => Poll::Pending,
        Some(_) => {
            place.ticket = None;
            Poll::Ready(())
        }
    })
    .await;
}

/// Waits to be called for at most `limit`; false where it ran out.
pub(crate) async fn wait_turn_within(
    queue: &WaitQueue,
    limit: Option<Duration>,
    free: impl Fn() -> bool,
) -> bool {
    let turn = wait_turn(queue, free);
    match limit {
        Some(limit) => compio::time::timeout(limit, turn).await.is_ok(),
        None => {
            turn.await;
            true
        }
    }
}

/// A place in a queue, given up when dropped.
struct Place<'a> {
    queue: &'a WaitQueue,
    ticket: Option<u64>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket
            && !self.queue.leave(ticket)
        {
            // Called at this very moment: the next one goes instead.
            self.queue.wake_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn the_first_to_come_is_the_first_to_be_called() {
        let queue = WaitQueue::default();
        let mut context = Context::from_waker(Waker::noop());
        let mut first = pin!(wait_turn(&queue, || false));
        let mut second = pin!(wait_turn(&queue, || false));
        assert!(first.as_mut().poll(&mut context).is_pending());
        assert!(second.as_mut().poll(&mut context).is_pending());
        queue.wake_one();
        assert!(second.as_mut().poll(&mut context).is_pending());
        assert!(first.as_mut().poll(&mut context).is_ready());
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn a_call_to_somebody_who_leaves_goes_to_the_next() {
        let queue = WaitQueue::default();
        let mut context = Context::from_waker(Waker::noop());
        let mut second = pin!(wait_turn(&queue, || false));
        {
            let mut first = pin!(wait_turn(&queue, || false));
            assert!(first.as_mut().poll(&mut context).is_pending());
            assert!(second.as_mut().poll(&mut context).is_pending());
            queue.wake_one();
        }
        assert!(second.as_mut().poll(&mut context).is_ready());
        assert!(queue.is_empty());
    }

    #[test]
    fn a_slot_that_was_free_all_along_needs_no_call() {
        let queue = WaitQueue::default();
        let mut context = Context::from_waker(Waker::noop());
        {
            let mut only = pin!(wait_turn(&queue, || true));
            assert!(only.as_mut().poll(&mut context).is_ready());
        }
        assert!(queue.is_empty());
    }
}
