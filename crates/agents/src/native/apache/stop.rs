//! The end of a server, gracefully at first.

use std::time::Duration;

use system::process::{Pidfd, Signal};
use tokio::time::timeout;

use crate::native::daemon::wait_for_end;
use crate::operation::Operation;
use crate::outcome::Outcome;

use super::{Server, broken, failed, ok};

/// How long a server has between `SIGTERM` and what follows it.
const TERMINATION: Duration = Duration::from_secs(10);

/// How long its processes have after each signal, at most.
const PATIENCE: Duration = Duration::from_secs(1);

/// Ends it: in the first half of the time it finishes what it has begun.
pub(super) async fn stop(operation: &Operation, server: &Server) -> Result<Outcome, Box<Outcome>> {
    if let Some(running) = server.running().map_err(broken)? {
        // What is left is for the others and for the answer.
        for (signal, patience) in [
            (Signal::SIGWINCH, operation.timeout / 2),
            (Signal::SIGTERM, TERMINATION.min(operation.timeout / 4)),
        ] {
            running.signal(signal).map_err(broken)?;
            if timeout(patience, running.ended()).await.is_ok() {
                break;
            }
        }
    }
    end_all(server, PATIENCE.min(operation.timeout / 16)).await;
    match server.running().map_err(broken)? {
        Some(stuck) => Ok(failed(format!("process {} does not end", stuck.pid()))),
        None => Ok(ok()),
    }
}

/// Ends workers whose server died, and one that does not hear.
async fn end_all(server: &Server, patience: Duration) {
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        let processes = server.processes();
        if processes.is_empty() {
            return;
        }
        for process in &processes {
            // One that has ended needs none.
            let _ = process.signal(signal);
        }
        // Whoever is left hears the next signal.
        let _ = timeout(patience, all_end(processes)).await;
    }
}

async fn all_end(processes: Vec<Pidfd>) {
    for process in processes {
        let _ = wait_for_end(process).await;
    }
}
