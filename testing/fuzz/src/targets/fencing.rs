//! Fencing: what agents print, and what a CIB says of devices.

use fencing::{HostMap, Metadata, host_list};

/// Any text is metadata or refused; of what was read, every answer can be had.
pub fn metadata(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for (name, value) in HostMap::parse(&text).iter() {
        assert!(!name.is_empty() && !value.is_empty());
    }
    assert!(host_list(&text).iter().all(|name| !name.is_empty()));
    let Ok(metadata) = Metadata::parse(&text) else {
        return;
    };
    let names: Vec<&str> = metadata
        .parameters
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    let _ = metadata.problems(&[]);
    let problems = metadata.problems(&names);
    assert!(
        problems.len() <= names.len(),
        "what an agent knows is not unknown: {problems:?}"
    );
    let _ = (
        metadata.unfences(),
        metadata.on_target(),
        metadata.host_argument(),
    );
}
