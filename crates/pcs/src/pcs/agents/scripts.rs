//! The agents of this machine that are scripts, asked by running them.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::metadata::MAX_METADATA_BYTES;
use super::{AgentName, Agents, Metadata};

/// How long an agent may take to say what it is (Pacemaker's own limit).
const METADATA_LIMIT: Duration = Duration::from_secs(30);

/// Where OCF agents lie (`OCF_ROOT`), by provider.
const OCF_ROOT: &str = "/usr/lib/ocf";
const FENCE_FOLDER: &str = "/usr/sbin";
const LSB_FOLDER: &str = "/etc/init.d";
const UNIT_FOLDERS: &[&str] = &[
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// Agents that need no script: what they say of themselves.
const NATIVE: &[(&str, &str, &str)] = &[("heartbeat", "haproxy", HAPROXY)];

/// The parameters of the `ocf:heartbeat:haproxy` that operators download, which is in no package.
const HAPROXY: &str = r#"<resource-agent name="haproxy" version="1.0">
<shortdesc lang="en">Manages a HAProxy instance</shortdesc>
<parameters>
<parameter name="binpath"><content type="string" default="/usr/sbin/haproxy"/></parameter>
<parameter name="conffile"><content type="string" default="/etc/haproxy/haproxy.cfg"/></parameter>
<parameter name="pidfile"><content type="string"/></parameter>
<parameter name="extraopts"><content type="string"/></parameter>
</parameters>
<actions>
<action name="start" timeout="20s"/>
<action name="stop" timeout="20s"/>
<action name="monitor" timeout="20s" interval="10s" depth="0"/>
</actions>
</resource-agent>"#;

/// What an init script or a unit has, of which there are no metadata.
const SERVICE: &str = r#"<resource-agent name="service" version="1.0"><actions>
<action name="start" timeout="100s"/><action name="stop" timeout="100s"/>
<action name="monitor" timeout="100s" interval="60s"/></actions></resource-agent>"#;

/// As Pacemaker has it for init scripts.
const INIT_SCRIPT: &str = r#"<resource-agent name="init" version="1.0"><actions>
<action name="force-reload" timeout="15s"/><action name="monitor" timeout="15s" interval="15s"/>
<action name="restart" timeout="15s"/><action name="start" timeout="15s"/>
<action name="stop" timeout="15s"/></actions></resource-agent>"#;

/// The agents of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScriptAgents;

impl Agents for ScriptAgents {
    fn metadata(&mut self, agent: &AgentName) -> Result<Metadata, String> {
        let kind = agent.kind.as_str();
        let missing = || "No such file or directory".to_owned();
        let fixed = |text: &str| Metadata::parse(text.as_bytes()).map_err(|it| it.to_string());
        match (agent.standard.as_str(), &agent.provider) {
            ("ocf", Some(provider)) => {
                let script = Path::new(OCF_ROOT)
                    .join("resource.d")
                    .join(provider)
                    .join(kind);
                let native = |it: &&(&str, &str, &str)| it.0 == provider && it.1 == kind;
                if script.is_file() {
                    ask(Command::new(&script).arg("meta-data"), agent)
                } else if let Some((_, _, text)) = NATIVE.iter().find(native) {
                    fixed(text)
                } else {
                    Err(missing())
                }
            }
            ("stonith", _) if kind.starts_with("fence_") => {
                let script = Path::new(FENCE_FOLDER).join(kind);
                if script.is_file() {
                    ask(Command::new(&script).args(["-o", "metadata"]), agent)
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

    fn installed(&mut self) -> Vec<AgentName> {
        let mut found = BTreeSet::new();
        let providers = names(&Path::new(OCF_ROOT).join("resource.d"));
        for provider in providers {
            for kind in names(&Path::new(OCF_ROOT).join("resource.d").join(&provider)) {
                found.insert(AgentName::new("ocf", Some(&provider), &kind));
            }
        }
        for (provider, kind, _) in NATIVE {
            found.insert(AgentName::new("ocf", Some(provider), kind));
        }
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

/// Runs an agent that prints its metadata, and reads no more and waits no longer than is allowed.
fn ask(command: &mut Command, agent: &AgentName) -> Result<Metadata, String> {
    let provider = agent.provider.as_deref().unwrap_or("");
    let mut child = command
        .env("OCF_ROOT", OCF_ROOT)
        .env("OCF_RA_VERSION_MAJOR", "1")
        .env("OCF_RA_VERSION_MINOR", "1")
        .env("OCF_RESOURCE_TYPE", &agent.kind)
        .env("OCF_RESOURCE_PROVIDER", provider)
        .env("OCF_RESOURCE_INSTANCE", &agent.kind)
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
        Ok(Some(bytes)) => Metadata::parse(&bytes).map_err(|it| it.to_string()),
        Ok(None) => Err("it cannot be read".to_owned()),
        Err(_) => Err(format!("no answer within {} s", METADATA_LIMIT.as_secs())),
    }
}
