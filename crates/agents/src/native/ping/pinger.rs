//! Whether one host answers.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use system::awaited::Awaited;
use system::echo::{EchoAnswer, EchoSocket};
use system::monitor::NetworkMonitor;
use system::netlink::Netlink;
use tokio::net::lookup_host;
use tokio::time::{Instant, sleep, sleep_until};

use crate::events::Subscription;

/// How far apart requests are, as those of ping(8).
const PACE: Duration = Duration::from_secs(1);

/// When a host is taken for lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patience {
    /// After so many requests, at least one,
    pub(super) attempts: u16,
    /// to each of which no answer came for so long.
    pub(super) timeout: Duration,
}

/// Asks one host.
#[derive(Debug)]
pub(super) struct Pinger {
    host: String,
    patience: Patience,
    asked: Option<Asked>,
    sequence: u16,
    /// Changes of the network, where they are listened to.
    changes: Option<Subscription<NetworkMonitor>>,
}

/// The address of a host, and the way to ask it.
#[derive(Debug)]
struct Asked {
    address: IpAddr,
    socket: Awaited<EchoSocket>,
}

impl Pinger {
    /// By its name or address.
    pub(super) fn new(host: &str, patience: Patience) -> Self {
        Self {
            host: host.to_owned(),
            patience,
            asked: None,
            sequence: 0,
            changes: None,
        }
    }

    /// Listens to changes of the network besides.
    pub(super) fn listening(self, changes: Subscription<NetworkMonitor>) -> Self {
        Self {
            changes: Some(changes),
            ..self
        }
    }

    /// Whether an answer comes to any of the requests that patience allows for; known with the first
    /// answer, or when the last request has failed. Safe to be cancelled.
    pub(super) async fn answers(&mut self) -> bool {
        let Patience { attempts, timeout } = self.patience;
        let mut next = Instant::now();
        let mut pending: Vec<Instant> = Vec::new();
        let mut sent = 0;
        loop {
            let now = Instant::now();
            pending.retain(|deadline| *deadline > now);
            if sent < attempts && next <= now {
                sent += 1;
                next = now + PACE;
                match self.send().await {
                    Ok(()) => pending.push(now + timeout),
                    Err(error) if error.kind() == io::ErrorKind::NetworkUnreachable => {
                        return false;
                    }
                    Err(_refused_or_unknown) => {}
                }
            }
            if sent == attempts && pending.is_empty() {
                return false;
            }
            let wake = if sent < attempts { Some(next) } else { None };
            let wake = pending.iter().copied().chain(wake).min().unwrap_or(next);
            tokio::select! {
                () = way_is_lost(&mut self.changes, &self.asked) => return false,
                answer = receive(&self.asked) => match answer {
                    EchoAnswer::Reply(_) => return true,
                    EchoAnswer::Refused(_) if self.has_no_way() => return false,
                    EchoAnswer::Refused(_) => drop(pending.pop()),
                },
                () = sleep_until(wake) => {}
            }
        }
    }

    /// Waits until the host answers again. Safe to be cancelled.
    pub(super) async fn is_back(&mut self) {
        loop {
            // What cannot be sent is tried again.
            let _ = self.send().await;
            let until = Instant::now() + PACE;
            loop {
                tokio::select! {
                    answer = receive(&self.asked) => if matches!(answer, EchoAnswer::Reply(_)) {
                        return;
                    },
                    () = network_changes(&mut self.changes) => break,
                    () = sleep_until(until) => break,
                }
            }
        }
    }

    /// Waits until the next request is due, or there is no way to the host.
    pub(super) async fn rest(&mut self) {
        tokio::select! {
            () = way_is_lost(&mut self.changes, &self.asked) => {}
            () = sleep(PACE) => {}
        }
    }

    fn has_no_way(&self) -> bool {
        has_no_way(&self.asked)
    }

    async fn send(&mut self) -> io::Result<()> {
        if self.asked.is_none() {
            self.asked = Some(resolve(&self.host).await?);
        }
        self.sequence = self.sequence.wrapping_add(1);
        let sent = match &self.asked {
            Some(asked) if self.has_no_way() => {
                let reason = format!("there is no way to {}", asked.address);
                return Err(io::Error::new(io::ErrorKind::NetworkUnreachable, reason));
            }
            Some(asked) => asked.socket.inner().send(self.sequence),
            None => Ok(()),
        };
        if sent.is_err() && self.host.parse::<IpAddr>().is_err() {
            // The name may stand for another address by now.
            self.asked = None;
        }
        sent
    }
}

/// What comes back; for ever, where nothing was asked.
async fn receive(asked: &Option<Asked>) -> EchoAnswer {
    let Some(asked) = asked else {
        return std::future::pending().await;
    };
    match asked.socket.read(EchoSocket::receive).await {
        Ok(answer) => answer,
        Err(error) => {
            sleep(PACE).await;
            EchoAnswer::Refused(error)
        }
    }
}

/// Whether the kernel says that nothing can reach the host: no route, or none whose interface has a
/// carrier.
fn has_no_way(asked: &Option<Asked>) -> bool {
    let Some(asked) = asked else {
        return false; // Its name is not even known.
    };
    let looked = Netlink::open().and_then(|mut netlink| {
        let Some(interface) = netlink.interface_towards(asked.address)? else {
            return Ok(true);
        };
        let link = netlink.link(interface)?;
        Ok(link.is_none_or(|link| !link.usable()))
    });
    looked.unwrap_or(false)
}

/// Waits until a change of the network leaves no way to the host.
async fn way_is_lost(changes: &mut Option<Subscription<NetworkMonitor>>, asked: &Option<Asked>) {
    loop {
        network_changes(changes).await;
        if has_no_way(asked) {
            return;
        }
    }
}

/// Waits until links or addresses change; for ever, where nobody tells.
async fn network_changes(changes: &mut Option<Subscription<NetworkMonitor>>) {
    let Some(changes) = changes else {
        return std::future::pending().await;
    };
    if changes.next().await.is_err() {
        // Requests tell the same, a little later.
        std::future::pending().await
    }
}

async fn resolve(host: &str) -> io::Result<Asked> {
    let mut addresses = lookup_host((host, 0)).await?;
    let address = addresses.next().ok_or(io::ErrorKind::NotFound)?.ip();
    let socket = Awaited::new(EchoSocket::open(address)?)?;
    Ok(Asked { address, socket })
}
