//! Where agents are installed, and which ones there are.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use diagnostics::nearest;

use crate::name::{AgentName, NameError, Standard};
use crate::native::Native;

/// How many entries of one folder are looked at.
pub const MAX_AGENTS_LISTED: usize = 10_000;

/// The kinds of systemd's units that can be resources, as Pacemaker lists them.
const UNIT_KINDS: [&str; 6] = [
    ".service", ".socket", ".mount", ".timer", ".path", ".target",
];

/// The unit's whole name: an agent without an ending is a service.
pub(crate) fn unit_name(agent: &str) -> String {
    if UNIT_KINDS.iter().any(|kind| agent.ends_with(kind)) {
        agent.to_owned()
    } else {
        format!("{agent}.service")
    }
}

/// The folders of a machine in which agents are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentFolders {
    /// `OCF_ROOT`; agents are in `resource.d/PROVIDER/AGENT` below it.
    pub ocf_root: PathBuf,
    /// Init scripts.
    pub init_scripts: PathBuf,
    /// systemd's unit files.
    pub systemd_units: Vec<PathBuf>,
    /// A folder that is there while systemd runs the machine (sd_booted(3)).
    pub systemd_running: PathBuf,
}

impl Default for AgentFolders {
    /// Where Debian and Red Hat have them.
    fn default() -> Self {
        let unit_folders = [
            "/etc/systemd/system",
            "/run/systemd/system",
            "/usr/local/lib/systemd/system",
            "/usr/lib/systemd/system",
            "/lib/systemd/system",
        ];
        Self {
            ocf_root: "/usr/lib/ocf".into(),
            init_scripts: "/etc/init.d".into(),
            systemd_units: unit_folders.map(PathBuf::from).to_vec(),
            systemd_running: "/run/systemd/system".into(),
        }
    }
}

impl AgentFolders {
    /// The standards of which this machine can have agents, sorted: systemd's only where it runs.
    #[must_use]
    pub fn standards(&self) -> Vec<Standard> {
        Standard::ALL
            .into_iter()
            .filter(|standard| *standard != Standard::Systemd || self.systemd_runs())
            .collect()
    }

    /// The providers of OCF agents, sorted.
    #[must_use]
    pub fn providers(&self) -> Vec<String> {
        let native = Native::names().filter_map(|name| Some(name.provider()?.to_owned()));
        let found: BTreeSet<_> = entries(&self.ocf_agents())
            .filter(|(path, _)| path.is_dir())
            .map(|(_, name)| name)
            .chain(native)
            .collect();
        found.into_iter().collect()
    }

    /// The agents of a standard, sorted; of one provider, where it is named. Those that are part of
    /// this program are there without a script, too.
    #[must_use]
    pub fn agents(&self, standard: Standard, provider: Option<&str>) -> Vec<AgentName> {
        let named = |names: BTreeSet<String>| -> Vec<AgentName> {
            let parse = |name: &String| AgentName::from_parts(standard.as_str(), None, name).ok();
            names.iter().filter_map(parse).collect()
        };
        match standard {
            Standard::Ocf => self.ocf_names(provider),
            Standard::Lsb => named(executables(&self.init_scripts)),
            Standard::Systemd => named(self.units()),
            Standard::Service => {
                let mut names = executables(&self.init_scripts);
                names.extend(self.units());
                named(names)
            }
        }
    }

    /// All agents, by standard.
    #[must_use]
    pub fn all(&self) -> Vec<AgentName> {
        self.standards()
            .into_iter()
            .flat_map(|standard| self.agents(standard, None))
            .collect()
    }

    /// The agent that was written: by its full name, which must be installed, or by the last part
    /// alone in any case, as long as one agent only has it.
    ///
    /// # Errors
    /// [`NameError`], with the installed agent that was probably meant.
    pub fn find(&self, written: &str) -> Result<AgentName, NameError> {
        if !written.contains(':') {
            return self.find_bare(written);
        }
        let name: AgentName = written.parse()?;
        if self.is_installed(&name) {
            return Ok(name);
        }
        let installed = self.agents(name.standard(), None);
        let texts: Vec<_> = installed.iter().map(ToString::to_string).collect();
        let same_agent = installed
            .iter()
            .position(|known| known.agent().eq_ignore_ascii_case(name.agent()));
        let suggestion = same_agent
            .map(|index| texts[index].as_str())
            .or_else(|| nearest(&name.to_string(), texts.iter().map(String::as_str)))
            .map(str::to_owned);
        Err(NameError::NotInstalled { name, suggestion })
    }

    fn find_bare(&self, written: &str) -> Result<AgentName, NameError> {
        let all = self.all();
        let mut candidates: Vec<_> = all
            .iter()
            .filter(|name| name.agent().eq_ignore_ascii_case(written))
            .cloned()
            .collect();
        match candidates.len() {
            1 => Ok(candidates.remove(0)),
            0 => Err(NameError::NotFound {
                written: written.to_owned(),
                suggestion: nearest(written, all.iter().map(AgentName::agent)).map(str::to_owned),
            }),
            _ => Err(NameError::Ambiguous {
                written: written.to_owned(),
                candidates,
            }),
        }
    }

    /// Whether there is such an agent here.
    #[must_use]
    pub fn is_installed(&self, name: &AgentName) -> bool {
        match name.standard() {
            Standard::Ocf | Standard::Lsb => {
                Native::of(name).is_some()
                    || self.script(name).is_some_and(|path| is_executable(&path))
            }
            Standard::Systemd => self.has_unit(name.agent()),
            Standard::Service => self.resolve_service(name).is_some(),
        }
    }

    /// What `service:X` stands for here: an init script, or else a unit of systemd (Pacemaker
    /// Explained, "System Services").
    #[must_use]
    pub fn resolve_service(&self, name: &AgentName) -> Option<AgentName> {
        [Standard::Lsb, Standard::Systemd]
            .into_iter()
            .map(|standard| name.under(standard))
            .find(|name| self.is_installed(name))
    }

    /// Whether systemd runs this machine.
    #[must_use]
    pub fn systemd_runs(&self) -> bool {
        self.systemd_running.is_dir()
    }

    /// The script of an OCF or LSB agent, whether it exists or not.
    pub(crate) fn script(&self, name: &AgentName) -> Option<PathBuf> {
        match (name.standard(), name.provider()) {
            (Standard::Ocf, Some(provider)) => {
                Some(self.ocf_agents().join(provider).join(name.agent()))
            }
            (Standard::Lsb, _) => Some(self.init_scripts.join(name.agent())),
            _ => None,
        }
    }

    fn ocf_agents(&self) -> PathBuf {
        self.ocf_root.join("resource.d")
    }

    fn ocf_names(&self, provider: Option<&str>) -> Vec<AgentName> {
        let scripts = |provider: String| {
            executables(&self.ocf_agents().join(&provider))
                .into_iter()
                .filter_map(move |agent| AgentName::ocf(&provider, &agent).ok())
        };
        let is_wanted = |known: &str| provider.is_none_or(|wanted| wanted == known);
        let native = Native::names().filter(|name| name.provider().is_some_and(is_wanted));
        let found: BTreeSet<_> = self
            .providers()
            .into_iter()
            .filter(|known| is_wanted(known))
            .flat_map(scripts)
            .chain(native)
            .collect();
        found.into_iter().collect()
    }

    /// Names of units: services without their ending, as operators write them.
    fn units(&self) -> BTreeSet<String> {
        if !self.systemd_runs() {
            return BTreeSet::new();
        }
        self.systemd_units
            .iter()
            .flat_map(|folder| entries(folder))
            .map(|(_, name)| name)
            .filter(|name| UNIT_KINDS.iter().any(|kind| name.ends_with(kind)))
            .map(|name| name.strip_suffix(".service").unwrap_or(&name).to_owned())
            .collect()
    }

    fn has_unit(&self, agent: &str) -> bool {
        let units = self.units();
        let agent = agent.strip_suffix(".service").unwrap_or(agent);
        // An instance is there where its template is (systemd.unit(5)).
        let template = agent
            .split_once('@')
            .map(|(template, _)| format!("{template}@"));
        units.contains(agent) || template.is_some_and(|template| units.contains(&template))
    }
}

/// The visible entries of a folder: path and name. A folder that cannot be read has none.
fn entries(folder: &Path) -> impl Iterator<Item = (PathBuf, String)> + use<> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .take(MAX_AGENTS_LISTED)
        .filter_map(|entry| Some((entry.path(), entry.file_name().into_string().ok()?)))
        .filter(|(_, name)| !name.starts_with('.'))
}

fn executables(folder: &Path) -> BTreeSet<String> {
    entries(folder)
        .filter(|(path, _)| is_executable(path))
        .map(|(_, name)| name)
        .collect()
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests;
