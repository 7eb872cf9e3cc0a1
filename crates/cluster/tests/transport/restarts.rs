//! Processes that die and come back.

use std::time::{Duration, Instant};

use bytes::Bytes;
use cluster::NodeId;
use cluster::transport::{Event, Lost};
use tokio::sync::oneshot;

use crate::support::{Node, PATIENCE, Plan, frame, own_address, pair};

/// A node in a thread and runtime of its own, so that it can die as a process does: at once, in the
/// middle of everything, and without a farewell.
struct Process {
    thread: std::thread::JoinHandle<()>,
    end: oneshot::Sender<()>,
}

impl Process {
    async fn start(plan: &Plan, id: NodeId) -> Self {
        let settings = plan.settings(id);
        let (end, ended) = oneshot::channel();
        let (started, has_started) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let node = runtime.block_on(async {
                let node = Node::start(settings);
                started.send(()).unwrap();
                let _ = ended.await;
                node
            });
            // The tasks are gone before the transport can say anything.
            drop(runtime);
            drop(node);
        });
        has_started.await.unwrap();
        Self { thread, end }
    }

    async fn kill(self) {
        drop(self.end);
        let join = || self.thread.join().unwrap();
        tokio::task::spawn_blocking(join).await.unwrap();
    }
}

/// Node `survivor` sees the other one die and come back, and says why it was lost.
async fn restart(survivor: NodeId, reborn: NodeId) -> (Lost, Duration) {
    let plan = Plan::new(2, 1);
    let process = Process::start(&plan, reborn).await;
    let mut node = plan.start(survivor);
    let first = node.connected(reborn, 0).await;
    process.kill().await;
    let second = Process::start(&plan, reborn).await;
    let begin = Instant::now();
    // What the layer above sends in any case is what finds out.
    let why = loop {
        let _ = node.send(reborn, 0, Bytes::from_static(b"heartbeat heartbeat"));
        let wait = tokio::time::timeout(Duration::from_millis(10), node.events.recv());
        match wait.await {
            Ok(Some(Event::Disconnected { why, .. })) => break why,
            Ok(event) => panic!("{event:?}"),
            Err(_) => assert!(begin.elapsed() < PATIENCE),
        }
    };
    let noticed = begin.elapsed();
    assert_ne!(node.connected(reborn, 0).await, first);
    second.kill().await;
    (why, noticed)
}

#[tokio::test]
async fn the_end_that_dials_notices_a_restart() {
    let (why, noticed) = restart(1, 2).await;
    assert_eq!(why, Lost::Restarted);
    assert!(noticed < PATIENCE, "{noticed:?}");
}

#[tokio::test]
async fn the_end_that_accepts_notices_a_restart() {
    let (why, noticed) = restart(2, 1).await;
    assert!(
        matches!(why, Lost::Restarted | Lost::Replaced(_)),
        "{why:?}"
    );
    assert!(noticed < PATIENCE, "{noticed:?}");
}

#[tokio::test]
async fn a_peer_that_is_silent_is_dialled_anew() {
    let plan = Plan::new(2, 1);
    let process = Process::start(&plan, 2).await;
    let mut node = plan.start(1);
    node.connected(2, 0).await;
    process.kill().await;
    let begin = Instant::now();
    let why = loop {
        let _ = node.send(2, 0, frame(100, 0));
        let wait = tokio::time::timeout(Duration::from_millis(50), node.events.recv());
        match wait.await {
            Ok(Some(Event::Disconnected { why, .. })) => break why,
            Ok(event) => panic!("{event:?}"),
            Err(_) => assert!(begin.elapsed() < PATIENCE),
        }
    };
    assert_eq!(why, Lost::Silent);
    let path = &node.transport.links()[0].paths[0];
    assert!(!path.connected);
    // Whenever it comes back, it is found.
    let process = Process::start(&plan, 2).await;
    node.connected(2, 0).await;
    process.kill().await;
}

#[tokio::test]
async fn an_idle_connection_is_not_silent() {
    let plan = Plan::new(2, 1);
    let (mut one, mut two) = pair(&plan).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(one.events.try_recv(), None);
    assert_eq!(two.events.try_recv(), None);
    let _ = two.send(1, 0, Bytes::from_static(b"still here"));
    one.frame().await;
}

#[tokio::test]
async fn a_second_process_of_a_node_replaces_the_first() {
    let mut plan = Plan::new(2, 1);
    let mut two = plan.start(2);
    let one = plan.start(1);
    two.connected(1, 0).await;
    // From another address: the certificate says who it is.
    let elsewhere = own_address();
    plan.addresses.insert((1, 0), elsewhere);
    let again = plan.start(1);
    let (peer, _, why) = two.disconnected().await;
    assert_eq!((peer, why), (1, Lost::Replaced(elsewhere)));
    two.connected(1, 0).await;
    drop((one, again));
}
