//! The parameters of a mount, read.

use std::path::{Path, PathBuf};

use crate::operation::Operation;

/// File systems that are on no device of this machine, or that look after their device themselves.
const WITHOUT_DEVICE: [&str; 16] = [
    "ceph",
    "cifs",
    "cvfs",
    "efs",
    "glusterfs",
    "lustre",
    "nfs",
    "nfs4",
    "none",
    "overlay",
    "overlayfs",
    "rozofs",
    "smbfs",
    "tmpfs",
    "zfs",
    "",
];

/// Those that need no check before they are mounted, or whose check is done by others.
const WITHOUT_CHECK: [&str; 27] = [
    "ceph",
    "cifs",
    "cvfs",
    "efs",
    "ext3",
    "ext4",
    "ext4dev",
    "fat",
    "gfs2",
    "glusterfs",
    "jfs",
    "lustre",
    "nfs",
    "nfs4",
    "none",
    "nss",
    "ocfs2",
    "overlay",
    "overlayfs",
    "reiser4",
    "reiserfs",
    "rozofs",
    "smbfs",
    "tmpfs",
    "vfat",
    "xfs",
    "zfs",
];

/// Those that may be mounted on several nodes at once.
const FOR_CLONES: [&str; 15] = [
    "ceph",
    "cifs",
    "cvfs",
    "efs",
    "gfs2",
    "glusterfs",
    "lustre",
    "nfs",
    "nfs4",
    "none",
    "ocfs2",
    "overlay",
    "overlayfs",
    "smbfs",
    "tmpfs",
];

/// Those that must not, not even for reading, unless the operator insists: they write for themselves.
const NEVER_FOR_CLONES: [&str; 7] = [
    "ext3", "ext4", "ext4dev", "jfs", "reiser4", "reiserfs", "xfs",
];

/// Those whose server may be gone when they are unmounted.
const OF_SERVERS: [&str; 5] = ["cifs", "efs", "nfs", "nfs4", "smbfs"];

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) device: Device,
    /// Without slashes at its end.
    pub(super) folder: Option<PathBuf>,
    /// The kind of file system; empty: mount(8) finds out.
    pub(super) kind: String,
    pub(super) options: Option<String>,
    /// Where status files are, below the folder.
    status_prefix: String,
    pub(super) is_checked: bool,
    pub(super) stops_fast: bool,
    pub(super) signals_users: bool,
    pub(super) is_block_device: bool,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Device {
    /// `-U`, `-L`, `--uuid` or `--label`, where it is looked for by one of these.
    pub(super) option: Option<String>,
    pub(super) name: String,
}

impl Wanted {
    /// Reads the parameters.
    ///
    /// # Errors
    /// What is wrong with them, for people.
    pub(super) fn read(operation: &Operation) -> Result<Self, String> {
        let given = |name| operation.given(name);
        let device = Device::read(given("device").ok_or("the parameter device is required")?);
        let kind = given("fstype").unwrap_or_default().to_owned();
        let options = given("options").map(str::to_owned);
        let is_block_device = is_block_device(&device, &kind, options.as_deref());
        let folder = given("directory").map(|folder| match folder.trim_end_matches('/') {
            "" => "/",
            folder => folder,
        });
        if folder.is_none() && (operation.action == "start" || !is_block_device) {
            return Err("the parameter directory is required".to_owned());
        }
        if folder == Some("/") {
            return Err("the root of this machine cannot be a resource".to_owned());
        }
        let wanted = Self {
            folder: folder.map(PathBuf::from),
            status_prefix: given("statusfile_prefix")
                .unwrap_or(".Filesystem_status/")
                .to_owned(),
            is_checked: is_checked(given("run_fsck"), &kind),
            stops_fast: operation.is_true("fast_stop"),
            signals_users: given("force_unmount") == Some("safe")
                || given("force_unmount").is_none()
                || operation.is_true("force_unmount"),
            is_block_device,
            device,
            kind,
            options,
        };
        if operation.action == "start" && operation.is_clone() {
            wanted.fit_for_clones(operation)?;
        }
        Ok(wanted)
    }

    /// Whether an option is among those for mount(8).
    pub(super) fn has_option(&self, name: &str) -> bool {
        let options = self.options.as_deref().unwrap_or_default();
        options.split(',').any(|option| option.trim() == name)
    }

    /// Another place for what is mounted already.
    pub(super) fn is_bind(&self) -> bool {
        self.has_option("bind")
    }

    /// Whether its server may be gone when it is unmounted.
    pub(super) fn is_of_server(&self) -> bool {
        OF_SERVERS.contains(&self.kind.as_str())
    }

    /// Whether the device on which it is mounted is known to the kernel by that mount alone.
    pub(super) fn may_have_device(&self) -> bool {
        !WITHOUT_DEVICE.contains(&self.kind.as_str()) || self.kind.is_empty()
    }

    /// The file that the most thorough monitor writes.
    pub(super) fn status_file(&self, operation: &Operation) -> Option<String> {
        let folder = self.folder.as_ref()?.display();
        let clone = operation.meta.get("clone");
        let clone = clone.map_or_else(String::new, |number| format!("_{number}"));
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let (prefix, resource) = (&self.status_prefix, &operation.resource);
        Some(format!(
            "{folder}/{prefix}{resource}{clone}_{}",
            host.trim()
        ))
    }

    fn fit_for_clones(&self, operation: &Operation) -> Result<(), String> {
        let kind = self.kind.as_str();
        let insists = operation.is_true("force_clones");
        let is_fit = FOR_CLONES.contains(&kind)
            || (NEVER_FOR_CLONES.contains(&kind) && insists)
            || (!NEVER_FOR_CLONES.contains(&kind) && self.has_option("ro"));
        if is_fit {
            return Ok(());
        }
        Err(format!(
            "{kind} on {} cannot be mounted on several nodes at once without harm: it must not be a \
             clone",
            self.device.name
        ))
    }
}

impl Device {
    fn read(text: &str) -> Self {
        let looked_for = ["--uuid", "--label", "-U", "-L"]
            .into_iter()
            .find_map(|option| {
                let name = text.strip_prefix(option)?;
                let name = name.trim_start_matches(['=', ' ', '\t']);
                (!name.is_empty()).then(|| (option.to_owned(), name.to_owned()))
            });
        match looked_for {
            Some((option, name)) => Self {
                option: Some(option),
                name,
            },
            None => Self {
                option: None,
                name: text.to_owned(),
            },
        }
    }

    /// The device file, where it is known without asking anybody.
    pub(super) fn file(&self) -> Option<PathBuf> {
        match self.option.as_deref() {
            Some("-U" | "--uuid") => Some(Path::new("/dev/disk/by-uuid").join(&self.name)),
            Some(_) => Some(Path::new("/dev/disk/by-label").join(&self.name)),
            None => None,
        }
    }
}

impl Operation {
    fn is_clone(&self) -> bool {
        let max = self.meta.get("clone-max");
        max.and_then(|max| max.parse::<u32>().ok())
            .is_some_and(|max| max > 0)
    }
}

fn is_block_device(device: &Device, kind: &str, options: Option<&str>) -> bool {
    let is_loop = options.is_some_and(|options| options.split(',').any(|option| option == "loop"));
    let has_none = WITHOUT_DEVICE.contains(&kind) && !kind.is_empty();
    !has_none && !is_loop && device.option.is_none() && !Path::new(&device.name).is_dir()
}

fn is_checked(wanted: Option<&str>, kind: &str) -> bool {
    match wanted {
        Some("force") => true,
        Some("no") => false,
        _automatic => !WITHOUT_CHECK.contains(&kind),
    }
}
