//! What is asked of this machine, and whether by somebody who may.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use cluster_api::{Client, Life};
use pcsd_api::{
    Answer, Bundle, Call, KnownHosts, Member, NodeStatus, Quorum, Refusal, RefusalKind, Replaces,
    Request, Secret,
};

use crate::attempts::Attempts;
use crate::daemon::{Daemon, ENABLED, Order};
use crate::files::{self, PUBLIC};
use crate::node_files::{self, Prepared};
use crate::tokens::Tokens;
use crate::{Place, known_hosts, password};

/// How long the cluster's daemon may take to say how it is.
const STATUS_LIMIT: Duration = Duration::from_secs(2);

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Root of this machine, or who started pcsd: the kernel says so.
    Local,
    /// Somebody on the network.
    Remote(IpAddr),
}

impl fmt::Display for Caller {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => out.write_str("this machine"),
            Self::Remote(from) => from.fmt(out),
        }
    }
}

/// Everything that answers need.
pub(crate) struct Desk {
    place: Place,
    daemon: Daemon,
    tokens: Tokens,
    attempts: Mutex<Attempts>,
    /// One password at a time: each costs what it costs.
    passwords: tokio::sync::Semaphore,
    /// One at a time: what a machine is to become is one thing.
    prepared: tokio::sync::Mutex<Option<Prepared>>,
    began_at: Instant,
}

impl Desk {
    /// With the tokens of the file.
    ///
    /// # Errors
    /// Where that cannot be read.
    pub(crate) fn open(place: &Place, daemon: Daemon) -> io::Result<Self> {
        Ok(Self {
            place: place.clone(),
            daemon,
            tokens: Tokens::read(place)?,
            attempts: Mutex::default(),
            passwords: tokio::sync::Semaphore::new(1),
            prepared: tokio::sync::Mutex::new(None),
            began_at: Instant::now(),
        })
    }

    /// Whether a caller may ask for this.
    pub(crate) fn is_authorized(&self, caller: Caller, call: &Call) -> bool {
        caller == Caller::Local
            || call
                .token
                .as_ref()
                .is_some_and(|it| self.tokens.is_good(it))
    }

    /// Carries out a request of somebody who may ask for it.
    pub(crate) async fn answer(&self, caller: Caller, request: Request) -> Answer {
        if let Some(deed) = request.deed() {
            eprintln!("keel pcsd: {caller}: {deed}");
        }
        let done = match request {
            // Who may ask already may have another token.
            Request::Authenticate { .. } => return self.issue(),
            Request::Status => return Answer::Status(Box::new(self.status().await)),
            Request::Configuration => return self.configuration(),
            Request::Start { joined_within_ms } => self.start(joined_within_ms).await,
            Request::Stop => self.daemon.order(Order::Stop).await.map_err(failed),
            Request::Kill => self.daemon.order(Order::Kill).await.map_err(failed),
            Request::Enable => self.enable(),
            Request::Disable => files::remove(&self.place.file(ENABLED)).map_err(failed),
            Request::Destroy => self.destroy().await,
            Request::Prepare(bundle) => self.prepare(*bundle).await,
            Request::Commit { id } => self.commit(&id).await,
            Request::Abort { id } => self.abort(&id).await,
            Request::Hosts { known, forgotten } => self.change_hosts(&known, &forgotten),
        };
        match done {
            Ok(()) => Answer::Done,
            Err(refusal) => Answer::Refused(refusal),
        }
    }

    /// Compares a password, if not too many were wrong of late.
    pub(crate) async fn authenticate(
        &self,
        from: IpAddr,
        user: String,
        password: Secret,
    ) -> Answer {
        let refused = |kind, reason: &str| Answer::Refused(Refusal::new(kind, reason));
        if !self.attempts().may_try(from, self.began_at.elapsed()) {
            let reason = "too many wrong passwords from there: wait a minute";
            return refused(RefusalKind::Limit, reason);
        }
        let Ok(_one) = self.passwords.acquire().await else {
            return refused(RefusalKind::Failed, "pcsd is ending");
        };
        let place = self.place.clone();
        let compared =
            tokio::task::spawn_blocking(move || password::is_right(&place, &user, &password)).await;
        match compared {
            Ok(Ok(true)) => {
                self.attempts().succeeded(from);
                self.issue()
            }
            Ok(Ok(false)) => {
                self.attempts().failed(from, self.began_at.elapsed());
                eprintln!("keel pcsd: a wrong password from {from}");
                let reason = "Username and/or password is incorrect";
                refused(RefusalKind::NotAuthorized, reason)
            }
            Ok(Err(reason)) => refused(RefusalKind::Failed, &reason),
            Err(_) => refused(RefusalKind::Failed, "the password could not be compared"),
        }
    }

    fn attempts(&self) -> std::sync::MutexGuard<'_, Attempts> {
        self.attempts
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn issue(&self) -> Answer {
        match self.tokens.issue() {
            Ok(token) => Answer::Token(token),
            Err(error) => Answer::Refused(failed(error)),
        }
    }

    async fn status(&self) -> NodeStatus {
        let is_running = self.daemon.is_running().await;
        let host = nix::unistd::gethostname().unwrap_or_default();
        NodeStatus {
            host: host.to_string_lossy().into_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            cluster: self.place.configured().map(|it| it.cluster_name.value),
            is_running,
            is_enabled: self.place.file(ENABLED).exists(),
            is_managed: std::env::var_os("INVOCATION_ID").is_some(),
            quorum: if is_running {
                self.quorum().await
            } else {
                None
            },
        }
    }

    async fn quorum(&self) -> Option<Quorum> {
        let socket = self.place.cluster_socket.clone();
        let asked = tokio::task::spawn_blocking(move || {
            let mut client = Client::connect_to(&socket)?;
            client.limit(Some(STATUS_LIMIT))?;
            client.ask(&cluster_api::Request::Status)
        });
        let Ok(Ok(cluster_api::Answer::Status(status))) = asked.await else {
            return None;
        };
        let members = status.members.iter();
        let members = members.filter(|member| member.life == Life::Member);
        Some(Quorum {
            is_quorate: status.quorum.is_quorate,
            votes: status.quorum.total_votes,
            needed: status.quorum.needed,
            members: members
                .map(|member| Member {
                    name: member.name.clone(),
                    votes: member.votes,
                })
                .collect(),
        })
    }

    fn configuration(&self) -> Answer {
        const MAX_BYTES: u64 = corosync_config::MAX_TEXT_BYTES as u64;
        match files::read(&self.place.configuration, MAX_BYTES) {
            Ok(text) => Answer::Configuration(text),
            Err(error) => Answer::Refused(failed(error)),
        }
    }

    async fn start(&self, joined_within_ms: Option<u64>) -> Result<(), Refusal> {
        let is_configured =
            self.place.configuration.exists() || self.place.cman_configuration.exists();
        if !is_configured {
            return Err(failed("cluster is not configured on this node"));
        }
        self.daemon.order(Order::Start).await.map_err(failed)?;
        let Some(limit_ms) = joined_within_ms else {
            return Ok(());
        };
        let socket = self.place.cluster_socket.clone();
        let limit = Duration::from_millis(limit_ms);
        let joined = tokio::task::spawn_blocking(move || joined(&socket, limit)).await;
        joined
            .map_err(|error| failed(error.to_string()))?
            .map_err(failed)
    }

    fn enable(&self) -> Result<(), Refusal> {
        files::replace(&self.place.file(ENABLED), "", PUBLIC).map_err(failed)
    }

    async fn destroy(&self) -> Result<(), Refusal> {
        // A daemon that cannot leave in order is ended: nothing of it is kept.
        if self.daemon.order(Order::Stop).await.is_err() {
            self.daemon.order(Order::Kill).await.map_err(failed)?;
        }
        node_files::forget_cluster(&self.place).map_err(failed)
    }

    async fn prepare(&self, bundle: Bundle) -> Result<(), Refusal> {
        let is_running = self.daemon.is_running().await;
        let mut prepared = self.prepared.lock().await;
        if let Some(earlier) = prepared.take() {
            // Who prepared it did not come back.
            earlier.abort();
        }
        let place = self.place.clone();
        // Names are looked up, which may take its time.
        let work = move || node_files::prepare(&place, bundle, is_running);
        let done = tokio::task::spawn_blocking(work).await;
        *prepared = Some(done.map_err(failed)??);
        Ok(())
    }

    async fn commit(&self, id: &str) -> Result<(), Refusal> {
        let mut prepared = self.prepared.lock().await;
        let prepared = prepared.take_if(|it| it.bundle().id == id);
        let prepared = prepared.ok_or_else(|| failed("nothing is prepared under that name"))?;
        if prepared.bundle().replaces == Replaces::AnyCluster
            && self.daemon.order(Order::Stop).await.is_err()
        {
            self.daemon.order(Order::Kill).await.map_err(failed)?;
        }
        prepared.commit(&self.place).map_err(failed)?;
        self.change_hosts(&prepared.bundle().hosts, &[])
    }

    async fn abort(&self, id: &str) -> Result<(), Refusal> {
        let mut prepared = self.prepared.lock().await;
        if let Some(prepared) = prepared.take_if(|it| it.bundle().id == id) {
            prepared.abort();
        }
        Ok(())
    }

    fn change_hosts(&self, known: &KnownHosts, forgotten: &[String]) -> Result<(), Refusal> {
        let mut all = known_hosts::read_known_hosts(&self.place).map_err(failed)?;
        forgotten
            .iter()
            .for_each(|name| drop(all.hosts.remove(name)));
        if !all.add(known) {
            return Err(Refusal::new(RefusalKind::Limit, "too many hosts are known"));
        }
        known_hosts::write_known_hosts(&self.place, &all).map_err(failed)
    }
}

fn failed(reason: impl ToString) -> Refusal {
    Refusal::new(RefusalKind::Failed, reason.to_string())
}

/// Waits until the node has joined its peers, and they have one CIB.
fn joined(socket: &std::path::Path, limit: Duration) -> Result<(), String> {
    use cluster_api::{Answer, Request, Topic};
    let end = Instant::now() + limit;
    let mut client = Client::connect_to(socket).map_err(|error| error.to_string())?;
    let topics = vec![Topic::Views, Topic::Quorum, Topic::Cib];
    let text = |error: cluster_api::ClientError| error.to_string();
    client.ask(&Request::Subscribe { topics }).map_err(text)?;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let waited_s = limit.as_secs();
            return Err(format!(
                "the node has not joined the cluster within {waited_s} s"
            ));
        }
        client.limit(Some(left)).map_err(text)?;
        if let Answer::Status(status) = client.ask(&Request::Status).map_err(text)?
            && status.quorum.is_quorate
            && status.cib.is_established
        {
            return Ok(());
        }
        if let Err(error) = client.next_event()
            && Instant::now() < end
        {
            return Err(error.to_string());
        }
    }
}
