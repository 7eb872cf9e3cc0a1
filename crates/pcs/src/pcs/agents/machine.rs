//! The agents of this machine, asked what they are.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use ::agents::{self, ExecutionStatus, Executor, Standard};

use super::metadata::MAX_METADATA_BYTES;
use super::{AgentName, Agents, Call, CallAnswer, Metadata};

/// How long an agent may take to say what it is (Pacemaker's own limit).
const METADATA_LIMIT: Duration = Duration::from_secs(30);

const FENCE_FOLDER: &str = "/usr/sbin";
const LSB_FOLDER: &str = "/etc/init.d";
const UNIT_FOLDERS: &[&str] = &[
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// What an init script or a unit has, of which there are no metadata.
const SERVICE: &str = r#"<resource-agent name="service" version="1.0"><actions>
<action name="start" timeout="100s"/><action name="stop" timeout="100s"/>
<action name="monitor" timeout="100s" interval="60s"/></actions></resource-agent>"#;

/// As Pacemaker has it for init scripts.
const INIT_SCRIPT: &str = r#"<resource-agent name="init" version="1.0"><actions>
<action name="force-reload" timeout="15s"/><action name="monitor" timeout="15s" interval="15s"/>
<action name="restart" timeout="15s"/><action name="start" timeout="15s"/>
<action name="stop" timeout="15s"/></actions></resource-agent>"#;

/// The agents of this machine: those that are part of this program, and those that are installed.
#[derive(Clone, Debug, Default)]
pub struct MachineAgents {
    executor: Executor,
}

impl MachineAgents {
    /// Those of other folders.
    #[must_use]
    pub fn new(executor: Executor) -> Self {
        Self { executor }
    }

    /// The name under which the executor knows an agent.
    fn name(agent: &AgentName) -> Result<agents::AgentName, String> {
        let provider = agent.provider.as_deref();
        let name = agents::AgentName::from_parts(&agent.standard, provider, &agent.kind);
        name.map_err(|it| it.to_string())
    }

    fn ocf_metadata(&self, agent: &AgentName) -> Result<String, String> {
        let name = Self::name(agent)?;
        if !self.executor.folders().is_installed(&name) {
            return Err(missing());
        }
        let text = runtime()?.block_on(self.executor.metadata_text(&name));
        text.map_err(|it| it.to_string())
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|it| it.to_string())
}

fn missing() -> String {
    "No such file or directory".to_owned()
}

impl Agents for MachineAgents {
    fn metadata(&mut self, agent: &AgentName) -> Result<Metadata, String> {
        let text = self.metadata_text(agent)?;
        Metadata::parse(text.as_bytes()).map_err(|it| it.to_string())
    }

    fn metadata_text(&mut self, agent: &AgentName) -> Result<String, String> {
        let kind = agent.kind.as_str();
        let fixed = |text: &str| Ok(text.to_owned());
        match (agent.standard.as_str(), &agent.provider) {
            ("ocf", Some(_)) => self.ocf_metadata(agent),
            ("stonith", _) if kind.starts_with("fence_") => {
                let script = Path::new(FENCE_FOLDER).join(kind);
                if script.is_file() {
                    ask(&script)
                } else {
                    Err(missing())
                }
            }
            ("lsb", _) if init_script(kind).is_file() => fixed(INIT_SCRIPT),
            ("systemd", _) if has_unit(kind) => fixed(SERVICE),
            ("service", _) if has_unit(kind) => fixed(SERVICE),
            ("service", _) if init_script(kind).is_file() => fixed(INIT_SCRIPT),
            _ => Err(missing()),
        }
    }

    fn call(&mut self, call: &Call<'_>) -> Result<CallAnswer, String> {
        let name = Self::name(call.agent)?;
        let mut operation = agents::Operation::new(name, call.instance, call.action, call.timeout);
        operation.parameters = call.parameters.iter().cloned().collect();
        operation.check_level = call.level.parse().unwrap_or(0);
        let outcome = runtime()?.block_on(self.executor.carry_out(&operation));
        if outcome.status != ExecutionStatus::Done {
            return Err(format!("{}: {}", outcome.status, outcome.exit_reason));
        }
        Ok(CallAnswer {
            exit_code: outcome.code.number(),
            output: outcome.output,
            errors: outcome.error_output,
        })
    }

    fn installed(&mut self) -> Vec<AgentName> {
        let ocf = self.executor.folders().agents(Standard::Ocf, None);
        let mut found: BTreeSet<_> = ocf
            .iter()
            .map(|name| AgentName::new("ocf", name.provider(), name.agent()))
            .collect();
        for kind in names(Path::new(LSB_FOLDER)) {
            found.insert(AgentName::new("lsb", None, &kind));
            found.insert(AgentName::new("service", None, &kind));
        }
        for kind in names(Path::new(FENCE_FOLDER)) {
            if kind.starts_with("fence_") {
                found.insert(AgentName::new("stonith", None, &kind));
            }
        }
        if Path::new("/run/systemd/system").is_dir() {
            for unit in UNIT_FOLDERS
                .iter()
                .flat_map(|folder| names(Path::new(folder)))
            {
                if let Some(kind) = unit.strip_suffix(".service") {
                    found.insert(AgentName::new("systemd", None, kind));
                }
            }
        }
        found.into_iter().collect()
    }
}

fn init_script(kind: &str) -> PathBuf {
    Path::new(LSB_FOLDER).join(kind)
}

fn has_unit(kind: &str) -> bool {
    // An instance comes of its template.
    let template = kind
        .split_once('@')
        .map(|(name, _)| format!("{name}@.service"));
    let exact = if kind.contains('.') {
        kind.to_owned()
    } else {
        format!("{kind}.service")
    };
    UNIT_FOLDERS.iter().any(|folder| {
        let folder = Path::new(folder);
        folder.join(&exact).is_file()
            || template
                .as_ref()
                .is_some_and(|it| folder.join(it).is_file())
    })
}

/// The names in a folder; none where it cannot be read.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| !name.starts_with('.')).collect()
}

/// Has a fence agent print its metadata, and reads no more and waits no longer than is allowed.
fn ask(script: &Path) -> Result<String, String> {
    let mut child = Command::new(script)
        .args(["-o", "metadata"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|it| it.to_string())?;
    let (sender, receiver) = mpsc::channel();
    let output = child.stdout.take();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = output.map(|it| it.take(MAX_METADATA_BYTES).read_to_end(&mut bytes));
        // Nobody waits any more where the limit has passed.
        let _ = sender.send(read.is_some_and(|it| it.is_ok()).then_some(bytes));
    });
    let bytes = receiver.recv_timeout(METADATA_LIMIT);
    if bytes.is_err() {
        let _ = child.kill();
    }
    let _ = child.wait();
    match bytes {
        Ok(Some(bytes)) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Ok(None) => Err("it cannot be read".to_owned()),
        Err(_) => Err(format!("no answer within {} s", METADATA_LIMIT.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use ::agents::{AgentFolders, Settings};

    use super::*;

    #[test]
    fn what_is_part_of_this_program_is_known_without_a_script() {
        let folder = tempfile::tempdir().unwrap();
        let folders = AgentFolders {
            ocf_root: folder.path().into(),
            ..AgentFolders::default()
        };
        let mut machine = MachineAgents::new(Executor::new(Settings {
            folders,
            ..Settings::default()
        }));
        let installed = machine.installed();
        for (provider, kind, required) in [
            (
                "heartbeat",
                "Filesystem",
                &["device", "directory", "fstype"][..],
            ),
            ("heartbeat", "IPaddr2", &["ip"]),
            ("heartbeat", "apache", &[]),
            ("heartbeat", "haproxy", &[]),
            ("pacemaker", "ping", &["host_list"]),
        ] {
            let name = AgentName::new("ocf", Some(provider), kind);
            assert!(installed.contains(&name), "{name}");
            let metadata = machine.metadata(&name).unwrap();
            let needed = metadata.parameters.iter().filter(|it| it.is_required);
            let needed: Vec<_> = needed.map(|it| it.name.as_str()).collect();
            assert_eq!(needed, required, "{name}");
            assert!(metadata.operations.iter().any(|it| it.name == "monitor"));
        }
        let other = AgentName::new("ocf", Some("heartbeat"), "pgsql");
        assert_eq!(machine.metadata(&other).unwrap_err(), missing());
    }
}
