//! The server that is meant: program, configuration, pid file, URLs.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use system::process::{Pid, Pidfd};
use tokio::task::spawn_blocking;

use crate::executor::Settings;
use crate::native::daemon::{Daemon, has_argument, open};
use crate::native::programs::{Ran, run_in};
use crate::ocf::base_environment;
use crate::operation::Operation;
use crate::outcome::Outcome;

use super::configuration::Directives;
use super::failed;

/// Where the program is looked for, where it is not where the parameter says.
const PROGRAMS: [&str; 7] = [
    "/sbin/httpd2",
    "/usr/sbin/httpd2",
    "/usr/sbin/apache2",
    "/sbin/httpd",
    "/usr/sbin/httpd",
    "/usr/sbin/apache",
    "/opt/IBMHTTPServer/bin/httpd",
];

/// Where the configuration is looked for; the last one is meant where there is none.
const CONFIGURATIONS: [&str; 3] = [
    "/etc/apache2/httpd.conf",
    "/etc/apache2/apache2.conf",
    "/etc/httpd/conf/httpd.conf",
];

/// Where the pid file is, where the configuration does not say.
const PID_FOLDER: &str = "/var/run";

/// The configuration, where no parameter names one.
pub(in crate::native) fn default_configuration() -> &'static str {
    let is_there = |path: &&&str| Path::new(path).is_file();
    CONFIGURATIONS
        .iter()
        .find(is_there)
        .unwrap_or(&CONFIGURATIONS[2])
}

/// A server, running or not.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) program: Option<PathBuf>,
    pub(super) configuration: PathBuf,
    pub(super) pid_file: PathBuf,
    /// The configuration does not name the pid file: the server has to be told.
    pub(super) is_told_pid_file: bool,
    /// What it is started with.
    environment: Vec<(String, OsString)>,
    /// The beginning of its URLs on this machine.
    pub(super) local_url: String,
    pub(super) status_url: String,
}

impl Server {
    /// Finds out, from the parameters and the configuration.
    ///
    /// # Errors
    /// The environment's files cannot be read by a shell.
    pub(super) async fn find(
        settings: &Settings,
        operation: &Operation,
    ) -> Result<Self, Box<Outcome>> {
        let environment = environment(settings, operation).await?;
        let owned = operation.clone();
        let found = spawn_blocking(move || Self::read(&owned, environment)).await;
        found.map_err(|error| failed(error.to_string()).into())
    }

    fn read(operation: &Operation, environment: BTreeMap<String, String>) -> Self {
        let given = |name: &str| operation.given(name);
        let configuration = given("configfile").unwrap_or(default_configuration());
        let directives = Directives::read(Path::new(configuration), &environment);
        let wanted = given("httpd").unwrap_or("/usr/sbin/httpd");
        let mut programs = [wanted].into_iter().chain(PROGRAMS).map(PathBuf::from);
        let program = programs.find(|path| is_program(path));
        let (pid_file, is_told_pid_file) = pid_file(operation, &directives, program.as_deref());
        let listen = given("port").or(directives.listen.as_deref());
        let listen = listen.or(directives.port.as_deref()).unwrap_or("80");
        let local_url = if listen.contains(':') {
            format!("http://{listen}")
        } else {
            format!("http://localhost:{listen}")
        };
        let status_location = directives.status_location.unwrap_or_default();
        Self {
            program,
            configuration: configuration.into(),
            pid_file,
            is_told_pid_file,
            environment: environment
                .into_iter()
                .map(|(name, value)| (name, value.into()))
                .collect(),
            status_url: given("statusurl")
                .map_or_else(|| format!("{local_url}{status_location}"), str::to_owned),
            local_url,
        }
    }

    /// The process that runs, if one does.
    pub(super) fn running(&self) -> io::Result<Option<Daemon>> {
        Daemon::find(&self.pid_file, |pid, arguments| {
            self.is_ours(pid, arguments)
        })
    }

    /// A process that was started with the configuration, or else with the program, as by an init
    /// script.
    fn is_ours(&self, pid: Pid, arguments: &[u8]) -> bool {
        let configuration = self.configuration.to_string_lossy();
        if has_argument(arguments, &configuration) {
            return true;
        }
        let Ok(path) = fs::read_link(format!("/proc/{pid}/exe")) else {
            return true; // Whose program is not shown may be ours.
        };
        let replaced = path.to_string_lossy();
        let path = replaced.strip_suffix(" (deleted)").unwrap_or(&replaced);
        self.program
            .as_deref()
            .and_then(|program| program.canonicalize().ok())
            .is_none_or(|program| Path::new(path) == program)
    }

    /// All processes that were started with program and configuration, workers included.
    pub(super) fn processes(&self) -> Vec<Pidfd> {
        let configuration = self.configuration.to_string_lossy();
        let program = self
            .program
            .as_ref()
            .map(|program| program.to_string_lossy());
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        numbers
            .filter_map(|number: i32| {
                // Opened before it is looked at, so that it is the same process.
                let process = open(number).ok()??;
                let arguments = fs::read(format!("/proc/{number}/cmdline")).ok()?;
                let is_ours = has_argument(&arguments, &configuration)
                    && program
                        .as_ref()
                        .is_some_and(|it| has_argument(&arguments, it));
                is_ours.then_some(process)
            })
            .collect()
    }

    /// A variable of its environment.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        let pair = self.environment.iter().find(|(known, _)| known == name)?;
        pair.1.to_str()
    }

    /// Runs a program in the server's environment.
    ///
    /// # Errors
    /// As [`run_in`].
    pub(super) async fn run(
        &self,
        operation: &Operation,
        program: &str,
        arguments: &[&str],
        more: Option<(&str, OsString)>,
    ) -> Result<Ran, Box<Outcome>> {
        let mut environment = self.environment.clone();
        environment.extend(more.map(|(name, value)| (name.to_owned(), value)));
        run_in(program, arguments, &environment, operation.timeout).await
    }
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Where it is, and whether the server has to be told.
fn pid_file(
    operation: &Operation,
    directives: &Directives,
    program: Option<&Path>,
) -> (PathBuf, bool) {
    match &directives.pid_file {
        Some(file) if file.starts_with('/') => (file.into(), false),
        Some(file) if file.starts_with(|first: char| first.is_ascii_alphanumeric()) => {
            let root = directives.server_root.as_deref().unwrap_or("/");
            (Path::new(root).join(file), false)
        }
        _ => {
            let name = program.and_then(Path::file_name).unwrap_or_default();
            let name = name.to_string_lossy();
            let name = name.split('-').next().unwrap_or_default();
            let file = format!("{name}-{}.pid", operation.resource.replace('/', "_"));
            (Path::new(PID_FOLDER).join(file), true)
        }
    }
}

/// What the files of `envfiles`, which are shell scripts, make of the environment.
async fn environment(
    settings: &Settings,
    operation: &Operation,
) -> Result<BTreeMap<String, String>, Box<Outcome>> {
    const SCRIPT: &str =
        r#"for file do [ -f "$file" ] && [ -r "$file" ] && . "$file"; done; exec env -0"#;
    let base = base_environment(settings);
    let files = operation.parameters.get("envfiles");
    let files = files.map_or("/etc/apache2/envvars", String::as_str);
    let files: Vec<_> = files
        .split_whitespace()
        .filter(|file| Path::new(file).is_file())
        .collect();
    let as_text = |(name, value): (String, OsString)| Some((name, value.into_string().ok()?));
    if files.is_empty() {
        return Ok(base.into_iter().filter_map(as_text).collect());
    }
    let arguments: Vec<_> = ["-c", SCRIPT, "sh"].into_iter().chain(files).collect();
    let ran = run_in("sh", &arguments, &base, operation.timeout).await?;
    if !ran.succeeded() {
        return Err(failed(format!("envfiles: {}", ran.last_words())).into());
    }
    let pairs = ran
        .output
        .split('\0')
        .filter_map(|pair| pair.split_once('='));
    Ok(pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect())
}
