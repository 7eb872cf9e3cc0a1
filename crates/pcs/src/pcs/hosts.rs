//! The machines of a cluster, as commands reach them: each has a pcsd.

use std::collections::BTreeSet;

use corosync_config::Configuration;
use diagnostics::Sources;
use pcsd_api::{
    Answer, CallError, Destination, KnownHost, KnownHosts, NodeKeys, NodeStatus, RefusalKind,
    Request, Secret,
};

use super::session::{Done, Refusal, Session};
use crate::files::reason;

/// How long a host may take to answer, in seconds, unless `--request-timeout` says otherwise.
const DEFAULT_TIMEOUT_S: u64 = 60;

/// Somebody at a host's door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Where the host is.
    pub destinations: Vec<Destination>,
    /// The certificate that it must show, where it is known.
    pub certificate: Option<String>,
    /// The user.
    pub user: String,
    /// The user's password.
    pub password: Secret,
}

/// What makes the keys of further nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// Its certificate, PEM.
    pub certificate: String,
    /// Its key, PEM.
    pub key: Secret,
}

/// The way to the machines of a cluster, or what stands for it in a test.
pub trait Hosts {
    /// The hosts that this machine knows.
    ///
    /// # Errors
    /// Why they cannot be read.
    fn known(&mut self) -> Result<KnownHosts, String>;

    /// Makes these the hosts that this machine knows.
    ///
    /// # Errors
    /// Why they cannot be kept.
    fn keep(&mut self, known: &KnownHosts) -> Result<(), String>;

    /// Asks hosts, all at once; the answers come in the order of the requests.
    fn ask(
        &mut self,
        requests: &[(KnownHost, Request)],
        timeout_s: u64,
    ) -> Vec<Result<Answer, CallError>>;

    /// Asks this machine.
    ///
    /// # Errors
    /// Where its pcsd does not run, or refuses.
    fn ask_local(&mut self, request: &Request) -> Result<Answer, CallError>;

    /// Shows hosts a password, all at once; the answers come in the order of the logins.
    fn authenticate(
        &mut self,
        logins: &[Login],
        timeout_s: u64,
    ) -> Vec<Result<KnownHost, CallError>>;

    /// Whether a name is that of an address.
    fn is_resolved(&mut self, name: &str) -> bool;

    /// Asks whoever types. `is_hidden`: what is typed is not shown.
    ///
    /// # Errors
    /// Why there is no answer.
    fn question(&mut self, prompt: &str, is_hidden: bool) -> Result<String, String>;

    /// Keys for nodes of a cluster, by id and name, with this authority or with a new one.
    ///
    /// # Errors
    /// Why they cannot be made.
    fn make_keys(
        &mut self,
        cluster: &str,
        authority: Option<&Authority>,
        nodes: &[(u32, String)],
    ) -> Result<Vec<NodeKeys>, String>;

    /// 128 bits of chance, in hexadecimal digits.
    ///
    /// # Errors
    /// Where there is none.
    fn random_digits(&mut self) -> Result<String, String>;
}

/// What came of asking a host.
pub(super) type Asked = Result<Answer, CallError>;

impl Session<'_> {
    /// How long a host may take to answer, in seconds.
    pub(super) fn timeout_s(&self) -> Done<u64> {
        let Some(text) = self.options.value("--request-timeout") else {
            return Ok(DEFAULT_TIMEOUT_S);
        };
        let limit = text.parse().ok().filter(|limit| *limit > 0);
        limit.ok_or_else(|| {
            Refusal::said(format!(
                "'{text}' is not a valid --request-timeout value, use a positive integer"
            ))
        })
    }

    /// The hosts that this machine knows.
    pub(super) fn known_hosts(&mut self) -> Done<KnownHosts> {
        let known = self.hosts.known();
        known.map_err(|it| Refusal::said(format!("Unable to read the known-hosts file: {it}")))
    }

    /// Asks hosts the same, all at once. One that is not known refuses.
    pub(super) fn ask_hosts(
        &mut self,
        names: &[String],
        request: &Request,
    ) -> Done<Vec<(String, Asked)>> {
        let requests = names.iter().map(|name| (name.clone(), request.clone()));
        self.ask_each(requests.collect())
    }

    /// Asks each host something, all at once. One that is not known refuses.
    pub(super) fn ask_each(
        &mut self,
        requests: Vec<(String, Request)>,
    ) -> Done<Vec<(String, Asked)>> {
        let known = self.known_hosts()?;
        let timeout_s = self.timeout_s()?;
        let is_known = |(name, request): &(String, Request)| {
            Some((known.host(name)?.clone(), request.clone()))
        };
        let sent: Vec<_> = requests.iter().filter_map(is_known).collect();
        let mut answers = self.hosts.ask(&sent, timeout_s).into_iter();
        let each = requests.into_iter().map(|(name, _)| {
            let asked = match known.host(&name) {
                Some(_) => answers.next(),
                None => None,
            };
            (name, asked.unwrap_or_else(|| Err(not_known())))
        });
        Ok(each.collect())
    }

    /// The configuration of the cluster that this machine is a node of.
    pub(super) fn configuration(&mut self) -> Done<Configuration> {
        let (path, text) = self.configuration_text()?;
        let mut sources = Sources::default();
        let loaded = if text.trim_start().starts_with('<') {
            corosync_config::load_cluster_conf(&path, &text, &mut sources)
        } else {
            corosync_config::load(&path, &text, &mut sources)
        };
        loaded.configuration.ok_or_else(|| {
            let messages = loaded.diagnostics.iter();
            let rendered: String = messages
                .map(|message| diagnostics::render(&sources, message, false))
                .collect();
            Refusal::said(format!("Unable to parse {path}\n{}", rendered.trim_end()))
        })
    }

    /// The file of the configuration, and its text.
    pub(super) fn configuration_text(&mut self) -> Done<(String, String)> {
        let named = self.options.value("--corosync_conf").map(str::to_owned);
        let path = named
            .clone()
            .unwrap_or_else(|| corosync_config::COROSYNC_CONF.to_owned());
        let read = match self.files.read(&path) {
            Err(error) if named.is_none() => {
                let cman = corosync_config::CLUSTER_CONF;
                let read = self.files.read(cman).map(|bytes| (cman.to_owned(), bytes));
                read.map_err(|_| error)
            }
            read => read.map(|bytes| (path.clone(), bytes)),
        };
        let (path, bytes) = read
            .map_err(|error| Refusal::said(format!("Unable to read {path}: {}", reason(&error))))?;
        Ok((path, String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The names of the cluster's nodes.
    pub(super) fn node_names(&mut self) -> Done<Vec<String>> {
        let configuration = self.configuration()?;
        let names = configuration.nodes.iter();
        Ok(names.map(|node| node.name.value.clone()).collect())
    }

    /// How this machine is, where its pcsd can be asked.
    pub(super) fn local_status(&mut self) -> Option<NodeStatus> {
        match self.hosts.ask_local(&Request::Status) {
            Ok(Answer::Status(status)) => Some(*status),
            _ => None,
        }
    }

    /// Asks the pcsd of this machine to do something.
    pub(super) fn do_locally(&mut self, request: &Request, failure: &str) -> Done {
        match self.hosts.ask_local(request) {
            Ok(_) => Ok(()),
            Err(CallError::Unreachable(why)) => Err(Refusal::said(format!(
                "{failure}: pcsd is not running on this node ({why}): start it with 'systemctl start pcsd' or 'keel pcsd'"
            ))),
            Err(error) => Err(Refusal::said(format!("{failure}: {error}"))),
        }
    }
}

fn not_known() -> CallError {
    let reason = "it is not known to this machine";
    CallError::Refused(pcsd_api::Refusal::new(RefusalKind::NotAuthorized, reason))
}

/// What is wrong with a host, in pcs's words.
pub(super) fn failure_text(host: &str, error: &CallError) -> String {
    match error {
        CallError::Unreachable(why) => format!(
            "Unable to connect to {host}, check if pcsd is running there or try setting higher \
             timeout with --request-timeout option ({why})"
        ),
        CallError::OtherCertificate => format!(
            "Unable to authenticate to {host} ({error}), try running 'pcs host auth {host}'"
        ),
        CallError::Refused(refusal) if refusal.kind == RefusalKind::NotAuthorized => format!(
            "Unable to authenticate to {host} ({}), try running 'pcs host auth {host}'",
            refusal.reason
        ),
        CallError::Refused(refusal) => refusal.reason.clone(),
        CallError::Odd(_) => error.to_string(),
    }
}

/// Names in quotes, in order, each once.
pub(super) fn quoted<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: BTreeSet<&str> = names.into_iter().collect();
    let names: Vec<String> = names.into_iter().map(|name| format!("'{name}'")).collect();
    names.join(", ")
}
