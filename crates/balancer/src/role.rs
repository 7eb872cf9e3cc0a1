//! The balancer's process: what it does between its first message and its end.
//!
//! ```text
//! supervisor ──Listeners, Configure──► main thread ──snapshot──► workers ──► log thread
//!            ◄──Ready, Refused, Drained──┘  checks, stats sockets      │
//!            ◄──────────────────────Heartbeat──────────────────────────┘
//! ```
//!
//! The main thread is the control thread: the channel, the health checks and the stats sockets are
//! tasks of its runtime. The workers never wait for it.

mod running;
mod voice;

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use compio::runtime::Runtime;
use futures_util::future::{Either, select};
use nix::sys::signal::{SigSet, Signal};
use system::channel::{Channel, Received};

use crate::load;
use crate::supervision::{Bundle, FromBalancer, ToBalancer};
use running::Running;
use voice::Voice;

/// Longest wait for the last log lines at the end of the process.
const LAST_LINES_LIMIT: Duration = Duration::from_millis(200);

/// Exit code of a balancer that ended as it was told to.
const ENDED: u8 = 0;
/// Exit code of a balancer that could not start or lost a part of itself.
const FAILED: u8 = 1;

/// Runs the balancer until the supervisor says so or is gone. Call it on the main thread of a
/// process of its own: it gives up privileges for good.
///
/// Returns the process's exit code: 0 after `Stop`, `Drain` or the supervisor's end; 1 where the
/// first configuration could not be put in force or a worker thread died.
#[must_use]
pub fn run(channel: Channel) -> u8 {
    // Signals are for the supervisor, which speaks to us through the channel; an operator's
    // `killall -USR2 haproxy` reaches both of us. SIGTERM keeps its effect.
    let mut signals = SigSet::empty();
    for signal in [
        Signal::SIGUSR1,
        Signal::SIGUSR2,
        Signal::SIGHUP,
        Signal::SIGINT,
    ] {
        signals.add(signal);
    }
    let _ = signals.thread_block();
    let Ok(runtime) = Runtime::new() else {
        return FAILED;
    };
    runtime.block_on(async {
        match Voice::new(channel) {
            Ok(voice) => {
                Role {
                    voice: Arc::new(voice),
                    sockets: HashMap::new(),
                    running: None,
                }
                .serve()
                .await
            }
            Err(_) => FAILED,
        }
    })
}

struct Role {
    voice: Arc<Voice>,
    /// Listening sockets by key, as the supervisor handed them over.
    sockets: HashMap<String, Arc<OwnedFd>>,
    /// None until the first configuration is in force.
    running: Option<Running>,
}

impl Role {
    async fn serve(&mut self) -> u8 {
        let code = loop {
            let voice = Arc::clone(&self.voice);
            let receive = std::pin::pin!(voice.receive());
            let ended = std::pin::pin!(voice.workers_ended());
            match select(receive, ended).await {
                Either::Left((Ok(Some(received)), _)) => {
                    if let Some(code) = self.follow(received).await {
                        break code;
                    }
                }
                // Without a supervisor nobody could stop or reload us.
                Either::Left((Ok(None), _)) => break ENDED,
                Either::Left((Err(_), _)) => break FAILED,
                Either::Right((drained, _)) => {
                    if drained {
                        self.voice.say(&FromBalancer::Drained).await;
                        break ENDED;
                    }
                    break FAILED;
                }
            }
        };
        if let Some(running) = &mut self.running {
            running.stop();
            running.log.flush(LAST_LINES_LIMIT);
        }
        code
    }

    /// Does what a message says; an exit code ends the process.
    async fn follow(&mut self, received: Received) -> Option<u8> {
        let message = match serde_json::from_slice(&received.body) {
            Ok(message) => message,
            // A supervisor of another version: not understanding it must not end traffic.
            Err(_) => return None,
        };
        match message {
            ToBalancer::Listeners { keys } => {
                let sockets = received.descriptors.into_iter().map(Arc::new);
                self.sockets.extend(keys.into_iter().zip(sockets));
                None
            }
            ToBalancer::Configure(bundle) => self.configure(&bundle).await,
            ToBalancer::Drain => {
                match &mut self.running {
                    Some(running) => running.drain(&self.voice),
                    None => return Some(ENDED),
                }
                None
            }
            ToBalancer::Stop => Some(ENDED),
        }
    }

    async fn configure(&mut self, bundle: &Bundle) -> Option<u8> {
        let generation = bundle.generation;
        let refusal = match load::prepare(bundle) {
            (Some(prepared), _) => {
                self.sockets
                    .retain(|key, _| prepared.listeners.iter().any(|l| l.key == *key));
                let result = match &mut self.running {
                    Some(running) => running.replace(generation, prepared, &self.sockets),
                    None => Running::start(generation, prepared, &self.sockets, &self.voice)
                        .map(|running| self.running = Some(running)),
                };
                match result {
                    Ok(()) => {
                        self.voice.say(&FromBalancer::Ready { generation }).await;
                        return None;
                    }
                    Err(error) => error.to_string(),
                }
            }
            (None, report) => report.errors(),
        };
        self.voice
            .say(&FromBalancer::Refused {
                generation,
                reason: refusal,
            })
            .await;
        self.running.is_none().then_some(FAILED)
    }
}

#[cfg(test)]
mod tests;
