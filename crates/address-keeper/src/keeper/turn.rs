//! The loop: wait, take what waits, look at the timers, say what changed.

use std::io;
use std::time::Duration;

use system::channel;
use system::monitor::{NetworkEvent, NetworkMonitor};
use system::vrrp_socket::Datagram;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep_until};
use vrrp::Event;

use super::Keeper;
use crate::scripts::ScriptResult;
use crate::sockets::Key;
use crate::supervision::{FromKeeper, HEARTBEAT_INTERVAL_MS, ToKeeper};

/// At most this many packets of one socket are taken before the timers are looked at, so that
/// a flood does not keep a master from advertising. A socket's buffer holds about as many.
const PACKETS_PER_TURN: usize = 1024;
/// Where nothing is due the loop still goes round this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(3600);

/// What ended the wait.
enum Turn {
    Packet(io::Result<(Key, Datagram)>),
    Network(io::Result<Vec<NetworkEvent>>),
    Supervisor(io::Result<Option<channel::Received>>),
    Script(Option<ScriptResult>),
    Timer,
    Heartbeat,
    Stop,
    Reload,
}

/// The signals that end or reload a keeper, with or without a supervisor.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Keeper {
    /// Runs until it was stopped and holds nothing any more.
    pub(crate) async fn run(mut self) -> io::Result<()> {
        let mut signals = Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        };
        let mut heartbeat = interval(Duration::from_millis(HEARTBEAT_INTERVAL_MS));
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Skip);
        self.say(&FromKeeper::Ready);
        loop {
            self.say_status();
            if self.stopping && self.routers.iter().all(|router| router.stopped) {
                return Ok(());
            }
            let turn = self.wait(&mut heartbeat, &mut signals).await;
            self.take(turn)?;
            self.take_waiting();
            self.wake();
            self.routers
                .retain(|router| !(router.removed && router.stopped));
        }
    }

    async fn wait(&mut self, heartbeat: &mut Interval, signals: &mut Signals) -> Turn {
        let deadline = self
            .routers
            .iter()
            .filter_map(|router| router.instance.deadline())
            .min();
        let latest = self.now() + LONGEST_SLEEP;
        let wake_at = self.began + deadline.unwrap_or(latest).min(latest);
        let has_channel = self.channel.is_some();
        let message = async {
            match &self.channel {
                Some(channel) => channel.read(channel::Channel::receive).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            packet = self.sockets.receive() => Turn::Packet(packet),
            events = self.monitor.read(NetworkMonitor::read) => Turn::Network(events),
            message = message => Turn::Supervisor(message),
            result = self.results.recv() => Turn::Script(result),
            () = sleep_until(wake_at.into()) => Turn::Timer,
            _ = heartbeat.tick(), if has_channel => Turn::Heartbeat,
            _ = signals.terminate.recv() => Turn::Stop,
            _ = signals.interrupt.recv() => Turn::Stop,
            _ = signals.hang_up.recv() => Turn::Reload,
        }
    }

    fn take(&mut self, turn: Turn) -> io::Result<()> {
        match turn {
            Turn::Packet(Ok((key, datagram))) => self.hear_packet(&key, &datagram),
            // An interface that went down is told so by netlink.
            Turn::Packet(Err(error)) => self.log.detail(&format!("receiving: {error}")),
            Turn::Network(events) => self.hear_network(&events?),
            Turn::Supervisor(Ok(Some(received))) => {
                match serde_json::from_slice::<ToKeeper>(&received.body) {
                    Ok(message) => self.hear_supervisor(message),
                    Err(error) => self.log.warning(&format!("supervisor's message: {error}")),
                }
            }
            Turn::Supervisor(Ok(None)) => {
                self.log.warning("the supervisor is gone: leaving");
                self.channel = None;
                self.stop();
            }
            Turn::Supervisor(Err(error)) => {
                self.log.warning(&format!("supervisor's message: {error}"));
            }
            Turn::Script(result) => {
                if let Some(result) = result {
                    self.hear_script(&result);
                }
            }
            Turn::Timer => {}
            Turn::Heartbeat => {
                self.say(&FromKeeper::Heartbeat);
                self.look_at_status();
                if self.testament_unsent {
                    self.say_testament(self.testament.clone());
                }
            }
            Turn::Stop => self.stop(),
            Turn::Reload => self.reload(),
        }
        Ok(())
    }

    /// Everything that arrived comes before the timers: after a pause the adverts that waited say
    /// whether another router is master now.
    fn take_waiting(&mut self) {
        for (key, datagram) in self.sockets.waiting(PACKETS_PER_TURN) {
            self.hear_packet(&key, &datagram);
        }
    }

    fn wake(&mut self) {
        for place in 0..self.routers.len() {
            let now = self.now();
            if self.routers[place]
                .instance
                .deadline()
                .is_some_and(|due| due <= now)
            {
                self.handle(place, Event::Timer);
            }
        }
    }
}
