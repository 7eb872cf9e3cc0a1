//! A configuration in force: workers, checks, stats sockets and log around one snapshot.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use compio::runtime::JoinHandle;
use haproxy_config::model::{Global, LogTarget};
use nix::sys::resource::{Resource, setrlimit};

use super::voice::Voice;
use crate::check::Checks;
use crate::cli::Cli;
use crate::command_line::Options;
use crate::load::Prepared;
use crate::log::{self, level};
use crate::log_record::LogQueue;
use crate::privileges::{self, UnknownAccount};
use crate::snapshot::{BuildError, Snapshot};
use crate::state::{ProcessState, WORKERS_MAX};
use crate::stats;
use crate::stats::rates::{self, Rates};
use crate::worker::{self, Sockets, WorkerHandle, WorkerSetup};

/// How often the main thread looks whether a worker thread has died.
const WORKER_WATCH_INTERVAL: Duration = Duration::from_millis(100);

/// Descriptors beside two for each connection: logs, checks, stats, the runtimes' own.
const DESCRIPTORS_RESERVED: u64 = 200;
/// Where the kernel grants few, those take at most this part of them: one in four.
const DESCRIPTORS_RESERVED_SHARE: u64 = 4;

/// Why a configuration could not be put in force.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Account(#[from] UnknownAccount),
    #[error("cannot give up privileges: {0}")]
    Privileges(io::Error),
    #[error("cannot start the log thread: {0}")]
    Log(io::Error),
    #[error("cannot start worker {0}: {1}")]
    Worker(u16, io::Error),
}

pub(super) struct Running {
    pub(super) log: LogQueue,
    snapshot: Arc<Snapshot>,
    workers: Arc<Vec<WorkerHandle>>,
    rates: Arc<Rates>,
    /// The checks and the sampling of rates; replaced with the snapshot.
    tasks: Tasks,
    cli: Cli,
    /// Dropped with us, which ends it.
    _watch: JoinHandle<()>,
}

/// What the main thread does for a snapshot. Dropping it ends that.
struct Tasks {
    _checks: Checks,
    _rates: JoinHandle<()>,
}

impl Tasks {
    fn start(snapshot: &Arc<Snapshot>, log: &LogQueue, rates: &Arc<Rates>) -> Self {
        let sampling = rates::keep_sampling(Arc::clone(rates), Arc::clone(snapshot));
        Self {
            _checks: Checks::start(snapshot, log),
            _rates: compio::runtime::spawn(sampling),
        }
    }
}

impl Running {
    /// Starts everything, as the user that the configuration names by the time a connection is
    /// accepted.
    pub(super) fn start(
        generation: u64,
        mut prepared: Prepared,
        sockets: &HashMap<String, Arc<OwnedFd>>,
        voice: &Arc<Voice>,
    ) -> Result<Self, StartError> {
        let workers = worker_count(&prepared);
        let process = ProcessState::new(workers);
        let (log, queue) = LogQueue::new(Arc::clone(&process));
        let rates = Arc::new(Rates::default());
        let wanted = privileges::wanted(&prepared.config.global)?;
        limit_connections(&mut prepared.config.global);
        limit_memory(&prepared.options);
        // Each thread inherits it from the one that starts it: before the first is started. HAProxy
        // does the same unless `insecure-setuid-wanted` is given, which is not built.
        system::process::forbid_new_privileges().map_err(StartError::Privileges)?;
        let pid = known_pid(&prepared.options);
        process.pid.store(pid, Ordering::Relaxed);
        let sender = log::sender_of(&prepared.config.global, pid, !prepared.options.quiet);
        let targets = log_targets(&prepared);
        log::start(queue, sender, &targets, Arc::clone(&process)).map_err(StartError::Log)?;
        let snapshot = Arc::new(Snapshot::build(
            generation,
            Arc::new(prepared.config.clone()),
            &prepared.materials(stats::handler(log.clone(), Arc::clone(&rates))),
            process,
            workers,
            None,
        )?);
        // The workers' rings are made while root (where io_uring is not for everybody), but accept
        // only after root is gone.
        let handles = (0..workers)
            .map(|index| start_worker(index, &snapshot, &log, voice))
            .collect::<Result<Vec<_>, _>>()?;
        system::process::drop_privileges(&wanted).map_err(StartError::Privileges)?;
        voice.workers_are(workers);
        let handles = Arc::new(handles);
        let mut running = Self {
            tasks: Tasks::start(&snapshot, &log, &rates),
            cli: Cli::start(&snapshot, &rates, &log),
            rates,
            log,
            _watch: compio::runtime::spawn(watch(Arc::clone(&handles), Arc::clone(voice))),
            snapshot,
            workers: handles,
        };
        running.install(&prepared, sockets);
        Ok(running)
    }

    /// Takes a new configuration in place: connections go on, state is kept by name.
    pub(super) fn replace(
        &mut self,
        generation: u64,
        mut prepared: Prepared,
        sockets: &HashMap<String, Arc<OwnedFd>>,
    ) -> Result<(), StartError> {
        limit_connections(&mut prepared.config.global);
        for setting in fixed_until_restart(&self.snapshot.config.global, &prepared.config.global) {
            let text = format!("A change of '{setting}' takes effect with the next start.");
            self.log
                .notice(&prepared.config.global.log, level::WARNING, text);
        }
        self.snapshot = Arc::new(Snapshot::build(
            generation,
            Arc::new(prepared.config.clone()),
            &prepared.materials(stats::handler(self.log.clone(), Arc::clone(&self.rates))),
            Arc::clone(&self.snapshot.process),
            self.workers.len(),
            Some(&self.snapshot),
        )?);
        self.tasks = Tasks::start(&self.snapshot, &self.log, &self.rates);
        self.install(&prepared, sockets);
        Ok(())
    }

    fn install(&mut self, prepared: &Prepared, sockets: &HashMap<String, Arc<OwnedFd>>) {
        self.cli
            .install(&self.snapshot, &prepared.listeners, sockets);
        let sockets: Sockets = Arc::new(sockets.clone());
        for worker in self.workers.iter() {
            worker.install(Arc::clone(&self.snapshot), Arc::clone(&sockets));
        }
    }

    /// Accepts no more; the voice says when the last connection is gone, or when `hard-stop-after`
    /// has passed.
    pub(super) fn drain(&mut self, voice: &Arc<Voice>) {
        if let Some(limit) = self.snapshot.config.global.hard_stop_after {
            let voice = Arc::clone(voice);
            let giving_up = async move {
                compio::time::sleep(limit).await;
                voice.give_up_draining();
            };
            compio::runtime::spawn(giving_up).detach();
        }
        self.cli.note_stopping();
        for worker in self.workers.iter() {
            worker.drain();
        }
    }

    /// Ends every connection.
    pub(super) fn stop(&mut self) {
        for worker in self.workers.iter() {
            worker.stop();
        }
        for proxy in &self.snapshot.config.proxies {
            let total = |state: Option<u64>| state.unwrap_or(0);
            let name = &proxy.name.value;
            let frontend = self.snapshot.frontend(name);
            let backend = self.snapshot.backend(name);
            let text = format!(
                "Proxy {name} stopped (cumulated conns: FE: {}, BE: {}).",
                total(frontend.map(|f| f.state.counters.total().connections_total)),
                total(backend.map(|b| b.state.counters.total().sessions_total)),
            );
            self.log.notice(&proxy.log, level::WARNING, text);
        }
    }
}

fn start_worker(
    index: usize,
    snapshot: &Arc<Snapshot>,
    log: &LogQueue,
    voice: &Arc<Voice>,
) -> Result<WorkerHandle, StartError> {
    let index = u16::try_from(index).expect("there are at most 64 workers");
    let (beats, drains) = (Arc::clone(voice), Arc::clone(voice));
    worker::spawn(WorkerSetup {
        index,
        processor: None,
        snapshot: Arc::clone(snapshot),
        sockets: Sockets::default(),
        log: log.clone(),
        heartbeat: Arc::new(move |worker| beats.heartbeat(worker)),
        drained: Arc::new(move |_| drains.worker_drained()),
    })
    .map_err(|error| StartError::Worker(index, error))
}

/// A worker thread that panicked takes its listeners' share of connections with it: the supervisor
/// has to start anew.
async fn watch(workers: Arc<Vec<WorkerHandle>>, voice: Arc<Voice>) {
    loop {
        compio::time::sleep(WORKER_WATCH_INTERVAL).await;
        voice.workers_gone(workers.iter().filter(|worker| worker.has_ended()).count());
    }
}

/// Settings of `global` that differ and that a running process cannot change.
fn fixed_until_restart(old: &Global, new: &Global) -> Vec<&'static str> {
    fn value<T>(setting: &Option<diagnostics::Spanned<T>>) -> Option<&T> {
        setting.as_ref().map(|setting| &setting.value)
    }
    [
        ("nbthread", old.nbthread != new.nbthread),
        ("user", value(&old.user) != value(&new.user)),
        ("group", value(&old.group) != value(&new.group)),
        ("chroot", value(&old.chroot) != value(&new.chroot)),
        ("log-tag", old.log_tag != new.log_tag),
        (
            "log-send-hostname",
            old.log_send_hostname != new.log_send_hostname,
        ),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}

/// The process id in log lines and `show info`: the one that was started and that a pidfile names,
/// our supervisor's. In master-worker mode operators tell the two apart, and it is our own.
fn known_pid(options: &Options) -> u32 {
    let parent = u32::try_from(nix::unistd::getppid().as_raw()).ok();
    match parent.filter(|parent| *parent > 1 && !options.master_worker) {
        Some(parent) => parent,
        None => std::process::id(),
    }
}

/// `nbthread`, or one for each processor that this process may use.
fn worker_count(prepared: &Prepared) -> usize {
    let global = &prepared.config.global;
    global
        .nbthread
        .map(usize::from)
        .or_else(|| Some(system::process::allowed_processors().ok()?.len()))
        .unwrap_or(1)
        .clamp(1, WORKERS_MAX)
}

/// Asks the kernel for two descriptors for each connection. Without `maxconn` there may be as many
/// connections as the descriptors that it grants allow, as with HAProxy.
fn limit_connections(global: &mut Global) {
    let wanted = global.maxconn.map_or(u64::MAX, |maxconn| {
        u64::from(maxconn) * 2 + DESCRIPTORS_RESERVED
    });
    // A smaller limit than wanted shows as refused connections in the log, not as a failed start.
    if let Ok(granted) = system::process::raise_descriptor_limit(wanted) {
        let reserved = DESCRIPTORS_RESERVED.min(granted / DESCRIPTORS_RESERVED_SHARE);
        let connections = (granted - reserved) / 2;
        let connections = u32::try_from(connections).unwrap_or(u32::MAX);
        global.maxconn.get_or_insert(connections.max(1));
    }
}

/// `-m`: the address space of this process, in MiB, as HAProxy limits its own.
fn limit_memory(options: &Options) {
    if let Some(mib) = options.memory_limit_mib.filter(|mib| *mib > 0) {
        let bytes = u64::from(mib) * 1024 * 1024;
        // A hard limit below that holds already.
        let _ = setrlimit(Resource::RLIMIT_AS, bytes, bytes);
    }
}

/// Every target of the configuration, to be opened before a chroot hides its path.
fn log_targets(prepared: &Prepared) -> Vec<LogTarget> {
    let proxies = prepared.config.proxies.iter().flat_map(|proxy| &proxy.log);
    let mut targets: Vec<LogTarget> = Vec::new();
    for target in prepared.config.global.log.iter().chain(proxies) {
        if targets.iter().all(|known| known.to != target.to) {
            targets.push(target.clone());
        }
    }
    targets
}
