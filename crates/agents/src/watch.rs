//! Events in place of polls: what becomes of a native agent's resource is known when it happens.

use std::fmt;
use std::pin::Pin;

use crate::outcome::Outcome;

/// A watch over one running resource. It sees what happens after it was begun, so a caller begins it
/// before or after a successful monitor, and goes on polling (less often) all the same.
///
/// It costs no more than a few hundred bytes and, where it is about a process, a descriptor: the
/// kernel's events are read once for all watches of an [`Executor`](crate::Executor). Hundreds may be
/// waited for at once, each in a task of its own; a watch that is dropped is over.
#[derive(Debug)]
pub struct Watch {
    what: Box<dyn Watching>,
}

/// A future that may be sent to another thread.
pub(crate) type Waiting<'w> = Pin<Box<dyn Future<Output = Outcome> + Send + 'w>>;

/// What an agent does for a watch.
pub(crate) trait Watching: fmt::Debug + Send {
    /// [`Watch::changed`].
    fn changed(&mut self) -> Waiting<'_>;
}

impl Watch {
    pub(crate) fn new(what: impl Watching + 'static) -> Self {
        Self {
            what: Box::new(what),
        }
    }

    /// Waits until a monitor would say something new, and answers what it would say. Safe to be
    /// cancelled and called again.
    ///
    /// An outcome whose code [is active](crate::OcfCode::is_active) brings
    /// [attributes](Outcome::attributes) to be set, and the watch goes on. Any other means that the
    /// resource has failed (which is answered at once where it is so already), and that the watch has
    /// nothing more to say until a monitor succeeds again.
    pub async fn changed(&mut self) -> Outcome {
        self.what.changed().await
    }
}
