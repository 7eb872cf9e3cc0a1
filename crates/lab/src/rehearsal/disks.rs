//! Folders of the machines that outlive their death: on this computer, for as long as the rehearsal
//! lasts.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::Result;
use crate::protocol::NodeSpec;

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// See above. They go when this is dropped.
pub(super) struct Disks {
    folder: PathBuf,
}

impl Disks {
    pub(super) fn create() -> Result<Self> {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("keel-lab-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    /// Lets a machine keep what it has at `path`.
    pub(super) fn keep(&self, node: &mut NodeSpec, path: &str) -> Result<()> {
        let folder = self.of(&node.name, path);
        fs::create_dir_all(&folder)?;
        node.kept
            .insert(path.to_owned(), folder.display().to_string());
        Ok(())
    }

    /// Where this computer has what a machine keeps at `path`.
    pub(super) fn of(&self, node: &str, path: &str) -> PathBuf {
        self.folder.join(node).join(path.trim_start_matches('/'))
    }
}

impl Drop for Disks {
    fn drop(&mut self) {
        // What cannot be removed lies in the folder for what is temporary.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
