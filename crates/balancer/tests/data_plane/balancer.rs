//! A balancer inside this process: worker threads around a configuration text, without a
//! supervisor.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;

use ::balancer::load::{self, Prepared};
use ::balancer::log_record::{LogEntry, LogQueue};
use ::balancer::snapshot::Snapshot;
use ::balancer::state::ProcessState;
use ::balancer::stats_hook::{StatsHandler, StatsResponse};
use ::balancer::supervision::Bundle;
use ::balancer::worker::{self, Sockets, WorkerHandle, WorkerSetup};

/// Running workers.
pub struct Balancer {
    pub snapshot: Arc<Snapshot>,
    pub workers: Vec<WorkerHandle>,
    pub drained: Arc<AtomicUsize>,
    pub records: Option<Receiver<LogEntry>>,
    sockets: Sockets,
}

/// Reads a configuration text.
pub fn prepare(text: &str) -> Prepared {
    // The supervisor's part: the files that the text names.
    let files = text
        .split_whitespace()
        .filter(|word| word.ends_with(".pem") || word.ends_with(".http"))
        .filter_map(|path| Some((path.to_owned(), std::fs::read(path).ok()?)))
        .collect();
    let bundle = Bundle {
        texts: vec![("test.cfg".to_owned(), text.to_owned())],
        files,
        ..Bundle::default()
    };
    let (prepared, report) = load::prepare(&bundle);
    prepared.unwrap_or_else(|| panic!("{report:?}"))
}

fn build(
    generation: u64,
    prepared: &Prepared,
    process: Arc<ProcessState>,
    workers: usize,
    previous: Option<&Snapshot>,
) -> Arc<Snapshot> {
    let stats: StatsHandler = Arc::new(|request| StatsResponse {
        status: 200,
        headers: vec!["Content-Type: text/plain".to_owned()],
        body: format!("stats of {} at {}", request.proxy, request.target).into_bytes(),
    });
    let config = Arc::new(prepared.config.clone());
    let materials = prepared.materials(stats);
    Arc::new(
        Snapshot::build(generation, config, &materials, process, workers, previous)
            .expect("the configuration can be built"),
    )
}

impl Balancer {
    /// Starts `workers` threads on that configuration; `sockets` are listening sockets by
    /// `ADDRESS:PORT`.
    pub fn start(text: &str, workers: usize, sockets: HashMap<String, Arc<OwnedFd>>) -> Self {
        let process = ProcessState::new(workers);
        let (log, records) = LogQueue::new(Arc::clone(&process));
        let snapshot = build(1, &prepare(text), process, workers, None);
        let sockets = Arc::new(sockets);
        let drained = Arc::new(AtomicUsize::new(0));
        let workers = (0..workers)
            .map(|index| {
                let drained = Arc::clone(&drained);
                worker::spawn(WorkerSetup {
                    index: u16::try_from(index).expect("few workers"),
                    processor: None,
                    snapshot: Arc::clone(&snapshot),
                    sockets: Arc::clone(&sockets),
                    log: log.clone(),
                    heartbeat: Arc::new(|_| {}),
                    drained: Arc::new(move |_| {
                        drained.fetch_add(1, Ordering::SeqCst);
                    }),
                })
                .expect("a worker starts")
            })
            .collect();
        Self {
            snapshot,
            workers,
            drained,
            records: Some(records),
            sockets,
        }
    }

    /// Replaces the configuration in place.
    pub fn reload(&mut self, text: &str) {
        self.snapshot = build(
            self.snapshot.generation + 1,
            &prepare(text),
            Arc::clone(&self.snapshot.process),
            self.workers.len(),
            Some(&self.snapshot),
        );
        for worker in &self.workers {
            worker.install(Arc::clone(&self.snapshot), Arc::clone(&self.sockets));
        }
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        for worker in self.workers.drain(..) {
            worker.stop();
            let ended = worker.join();
            if !std::thread::panicking() {
                ended.expect("a worker ends without a panic");
            }
        }
    }
}
