//! The thread for all that may wait for corosync's answer: making and ending connections,
//! votequorum, statistics. A corosync that hangs holds up this thread and nothing else.

use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use cluster_api::LinkStatus;
use corosync_group::limits::MAX_FRAME_BYTES;
use corosync_group::{Process, QuorumState};
use membership::NodeId;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rust_corosync::cpg;
use tokio::sync::mpsc as tokio_mpsc;

use super::connection::Connection;
use super::libraries::{Libraries, join};
use crate::setup::{Link, Setup};

/// How long a question of the daemon waits while nothing comes from corosync, in milliseconds.
const NAP_MS: u16 = 50;
/// How often votes and links are looked at where nothing is told.
const REVIEW: Duration = Duration::from_secs(3);
/// What may wait to be heard.
const TOLD: usize = 256;
/// How long the end of the connection is waited for.
const END: Duration = Duration::from_secs(2);
/// A CPG group's name has at most 127 bytes (cpg_join(3)).
const MAX_NAME_BYTES: usize = 127;

/// What the thread tells.
pub(super) enum Told {
    /// This process has asked to join.
    Up {
        cpg: cpg::Handle,
        process: Process,
        patience: Duration,
    },
    /// Corosync is not there, and why.
    Down(String),
    /// Votequorum answers no more.
    Lost(String),
    /// What votequorum says.
    Quorum(QuorumState),
    /// How the links do.
    Links(Vec<LinkStatus>),
    /// For the log.
    Said(String),
}

enum Ask {
    Connect,
    Close(cpg::Handle, bool),
}

/// The thread, as the daemon has it.
pub(super) struct Companion {
    asks: Sender<Ask>,
    pub told: tokio_mpsc::Receiver<Told>,
}

impl Companion {
    pub(super) fn start(setup: &Setup) -> std::io::Result<Self> {
        let (asks, asked) = channel();
        let (tell, told) = tokio_mpsc::channel(TOLD);
        let work = Work {
            asked,
            tell,
            cluster: setup.cluster().to_owned(),
            own: setup.node,
            links: setup.links.clone(),
            libraries: None,
            told: None,
            reviewed_at: Instant::now(),
        };
        thread::Builder::new()
            .name("corosync".to_owned())
            .spawn(move || work.run())?;
        Ok(Self { asks, told })
    }

    /// Looks for corosync; [`Told::Up`] or [`Told::Down`] is the answer.
    pub(super) fn connect(&self) {
        // Where the thread has ended, so does the daemon.
        let _ended = self.asks.send(Ask::Connect);
    }

    /// Ends a connection; `in_order`: the group is left first.
    pub(super) fn close(&self, connection: Connection, in_order: bool) {
        let _ended = self
            .asks
            .send(Ask::Close(connection.into_handle(), in_order));
    }

    /// Ends the thread once it has done what it was asked.
    pub(super) async fn end(self) {
        let Self { asks, mut told } = self;
        drop(asks);
        let end = async { while told.recv().await.is_some() {} };
        // A corosync that hangs is not waited for: it sees the socket close.
        let _late = tokio::time::timeout(END, end).await;
    }
}

struct Work {
    asked: Receiver<Ask>,
    tell: tokio_mpsc::Sender<Told>,
    cluster: String,
    own: NodeId,
    links: Vec<Link>,
    libraries: Option<Libraries>,
    told: Option<QuorumState>,
    reviewed_at: Instant,
}

impl Work {
    fn run(mut self) {
        loop {
            let ask = match &self.libraries {
                None => match self.asked.recv() {
                    Ok(ask) => Some(ask),
                    Err(_) => return,
                },
                Some(_) => match self.asked.try_recv() {
                    Ok(ask) => Some(ask),
                    Err(TryRecvError::Empty) => None,
                    Err(TryRecvError::Disconnected) => return,
                },
            };
            match ask {
                Some(Ask::Connect) => self.connect(),
                Some(Ask::Close(handle, in_order)) => self.close(&handle, in_order),
                None => self.watch(),
            }
        }
    }

    fn tell(&self, told: Told) {
        let _ended = self.tell.blocking_send(told);
    }

    fn group(&self) -> String {
        let name = format!("keel.{}", self.cluster);
        if name.len() > MAX_NAME_BYTES {
            "keel".to_owned()
        } else {
            name
        }
    }

    fn connect(&mut self) {
        self.libraries = None;
        self.told = None;
        match self.try_connect() {
            Ok(up) => {
                self.tell(up);
                self.review();
            }
            Err(why) => {
                self.libraries = None;
                self.tell(Told::Down(why));
            }
        }
    }

    fn try_connect(&mut self) -> Result<Told, String> {
        let (handle, running) = join(&self.group())?;
        if running.process.node != self.own {
            return Err(format!(
                "corosync on this machine is node {}, but this daemon is node {}",
                running.process.node, self.own
            ));
        }
        if running.max_bytes < MAX_FRAME_BYTES {
            return Err(format!(
                "corosync carries {} bytes at most, less than the {MAX_FRAME_BYTES} that are needed",
                running.max_bytes
            ));
        }
        if running.cluster.as_ref() != Some(&self.cluster) {
            let runs = running.cluster.unwrap_or_default();
            self.tell(Told::Said(format!(
                "warning: corosync runs cluster '{runs}', and this configuration is of cluster '{}': one of them is out of date",
                self.cluster
            )));
        }
        self.libraries = Some(Libraries::connect(self.own)?);
        Ok(Told::Up {
            cpg: handle,
            process: running.process,
            patience: running.patience,
        })
    }

    fn close(&mut self, handle: &cpg::Handle, in_order: bool) {
        self.libraries = None;
        if in_order {
            // Who is gone already has left.
            let _gone = cpg::leave(handle, &self.group());
        }
    }

    /// Waits for votequorum, or for the time to look at everything.
    fn watch(&mut self) {
        let Some(libraries) = &self.libraries else {
            return;
        };
        let mut descriptors = [PollFd::new(libraries.descriptor.as_fd(), PollFlags::POLLIN)];
        let came = poll(&mut descriptors, PollTimeout::from(NAP_MS)).is_ok_and(|count| count > 0);
        if came {
            self.pass_quorum();
        }
        if self.reviewed_at.elapsed() >= REVIEW {
            self.review();
        }
    }

    fn review(&mut self) {
        self.reviewed_at = Instant::now();
        self.pass_quorum();
        if let Some(libraries) = &self.libraries {
            self.tell(Told::Links(libraries.links(&self.links)));
        }
    }

    fn pass_quorum(&mut self) {
        let Some(libraries) = &mut self.libraries else {
            return;
        };
        match libraries.quorum() {
            Ok(Some(state)) => {
                if self.told.as_ref() != Some(&state) {
                    self.told = Some(state.clone());
                    self.tell(Told::Quorum(state));
                }
            }
            Ok(None) => {}
            Err(why) => {
                self.libraries = None;
                self.tell(Told::Lost(why));
            }
        }
    }
}
