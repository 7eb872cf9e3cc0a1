//! The agents of this machine that are scripts, asked by running them.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::metadata::MAX_METADATA_BYTES;
use super::{AgentName, Agents, Call, CallAnswer, Metadata};

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
        let text = self.metadata_text(agent)?;
        Metadata::parse(text.as_bytes()).map_err(|it| it.to_string())
    }

    fn metadata_text(&mut self, agent: &AgentName) -> Result<String, String> {
        let kind = agent.kind.as_str();
        let missing = || "No such file or directory".to_owned();
        let fixed = |text: &str| Ok(text.to_owned());
        match (agent.standard.as_str(), &agent.provider) {
            ("ocf", Some(provider)) => {
                let script = Path::new(OCF_ROOT)
                    .join("resource.d")
                    .join(provider)
                    .join(kind);
                let native = |it: &&(&str, &str, &str)| it.0 == provider && it.1 == kind;
                if script.is_file() {
                    {
                        let mut command = Command::new(&script);
                        command.arg("meta-data");
                        ask(command, agent)
                    }
                } else if let Some((_, _, text)) = NATIVE.iter().find(native) {
                    fixed(text)
                } else {
                    Err(missing())
                }
            }
            ("stonith", _) if kind.starts_with("fence_") => {
                let script = Path::new(FENCE_FOLDER).join(kind);
                if script.is_file() {
                    {
                        let mut command = Command::new(&script);
                        command.args(["-o", "metadata"]);
                        ask(command, agent)
                    }
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
        let agent = call.agent;
        let mut command = match (agent.standard.as_str(), &agent.provider) {
            ("ocf", Some(provider)) => {
                let folder = Path::new(OCF_ROOT).join("resource.d").join(provider);
                Command::new(folder.join(&agent.kind))
            }
            ("lsb" | "service", _) if init_script(&agent.kind).is_file() => {
                Command::new(init_script(&agent.kind))
            }
            (standard, _) => {
                return Err(format!(
                    "agents of the standard '{standard}' are called by the cluster only"
                ));
            }
        };
        let is_lsb = agent.standard != "ocf";
        let action = match call.action {
            "monitor" if is_lsb => "status",
            action => action,
        };
        command.arg(action);
        if !is_lsb {
            for (name, value) in call.parameters {
                command.env(format!("OCF_RESKEY_{name}"), value);
            }
        }
        if !call.level.is_empty() {
            command.env("OCF_CHECK_LEVEL", call.level);
        }
        in_environment(&mut command, agent, call.instance);
        run(command, call.timeout)
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

/// What every agent finds in its environment.
fn in_environment(command: &mut Command, agent: &AgentName, instance: &str) {
    let provider = agent.provider.as_deref().unwrap_or("");
    command
        .env("OCF_ROOT", OCF_ROOT)
        .env("OCF_RA_VERSION_MAJOR", "1")
        .env("OCF_RA_VERSION_MINOR", "1")
        .env("OCF_RESOURCE_TYPE", &agent.kind)
        .env("OCF_RESOURCE_PROVIDER", provider)
        .env("OCF_RESOURCE_INSTANCE", instance)
        .stdin(Stdio::null());
}

/// Runs a command to its end, and reads no more of what it prints and waits no longer than is allowed.
fn run(mut command: Command, limit: Duration) -> Result<CallAnswer, String> {
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.map_err(|it| crate::files::reason(&it))?;
    let (sender, receiver) = mpsc::channel();
    let output = child.stdout.take().map(read_all);
    let errors = child.stderr.take().map(read_all);
    std::thread::spawn(move || {
        let read = |reader: Option<std::thread::JoinHandle<String>>| {
            reader.and_then(|it| it.join().ok()).unwrap_or_default()
        };
        // Nobody waits any more where the limit has passed.
        let _ = sender.send((read(output), read(errors)));
    });
    let Ok((output, errors)) = receiver.recv_timeout(limit) else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("no answer within {} s", limit.as_secs()));
    };
    let status = child.wait().map_err(|it| it.to_string())?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(CallAnswer {
        exit_code: code.ok_or_else(|| "it was killed".to_owned())?,
        output,
        errors,
    })
}

fn read_all(from: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read until an error is all there is.
        let _ = from.take(MAX_METADATA_BYTES).read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Runs an agent that prints its metadata.
fn ask(mut command: Command, agent: &AgentName) -> Result<String, String> {
    in_environment(&mut command, agent, &agent.kind);
    let answer = run(command, METADATA_LIMIT)?;
    Ok(answer.output)
}
