//! A cluster in the lab, for one test.

use std::ops::Deref;
use std::path::Path;

use cluster_lab::{Error, LabCluster, Shape};
use tempfile::TempDir;
use testing_support::eventually;

/// The program.
pub const KEEL: &str = env!("CARGO_BIN_EXE_keel");

/// A cluster, and the folder that goes with it.
pub struct Running {
    cluster: LabCluster,
    _folder: TempDir,
}

impl Deref for Running {
    type Target = LabCluster;

    fn deref(&self) -> &LabCluster {
        &self.cluster
    }
}

impl Running {
    /// The machines, without daemons. `None` (and a recorded skip) where this computer allows none.
    pub fn start(shape: Shape) -> Option<Self> {
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        match LabCluster::start(Path::new(KEEL), folder.path(), shape) {
            Ok(cluster) => Some(Self {
                cluster,
                _folder: folder,
            }),
            Err(Error::Lab(lab::Error::NotAllowed { reason, enable })) => {
                testing_support::skip(&reason, &enable);
                None
            }
            Err(error) => panic!("{error}"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for node in self.cluster.ids() {
                eprintln!("--- node{node}\n{}", self.cluster.said(node));
                let (_, cib) = self.cluster.ask(KEEL.as_ref(), node, &["cib"]);
                eprintln!("--- the CIB of node{node}\n{cib}");
            }
        }
    }
}

/// Waits until these nodes are in one view, alone, with quorum and one CIB.
#[track_caller]
pub fn together(cluster: &LabCluster, nodes: &[u32]) {
    let what = format!("nodes {nodes:?} are together, with quorum");
    eventually(&what, || cluster.is_together(nodes).then_some(()));
}
