//! Where a CIB is read from and written to: a file, or the cluster.
//!
//! An edit is a function of the CIB. Should somebody else change the cluster's CIB meanwhile, it is
//! played once more on the newer one ([`Target::edit`]).

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use ::cib::CibVersion;
use ::cib::patch;
use ::cib::xml::{Document, Element};
use cluster_api::{Answer, Change, Client, ClientError, Edit, Event, Request, Status, Topic};

use crate::Files;
use crate::files::reason;
use crate::source::file_for_cluster;

/// How often an edit is played again because the CIB was changed meanwhile.
pub const MAX_ATTEMPTS: usize = 10;

/// Why a CIB cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be used.
    #[error("unable to use '{path}': {reason}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The file or the cluster has no CIB.
    #[error("unable to parse the cib: {0}")]
    Parse(String),
    /// Nobody is there to be asked.
    #[error("cluster is not currently running on this node")]
    NotRunning,
    /// The cluster cannot be asked.
    #[error("{0}")]
    Cluster(ClientError),
    /// The cluster does not do it.
    #[error("unable to update the cib: {0}")]
    Refused(String),
    /// The cluster may have done it.
    #[error("it is not known whether the cib was changed: {0}")]
    Unknown(String),
    /// The cluster answers something else.
    #[error("the cluster's daemon gives an answer that does not fit")]
    Odd,
    /// Somebody else was faster each time.
    #[error("the cib was changed by somebody else {0} times while this command was at work")]
    Contended(usize),
}

impl From<ClientError> for StoreError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::NotRunning { .. } => Self::NotRunning,
            other => Self::Cluster(other),
        }
    }
}

/// What came of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is there.
    Done,
    /// Nothing was written: the CIB is no longer the one that was read.
    Outdated,
}

/// Where a CIB is kept.
pub trait Store {
    /// The CIB as it is now.
    ///
    /// # Errors
    /// It cannot be read.
    fn read(&mut self) -> Result<Document, StoreError>;

    /// Makes `after` of what is there, if that is still `before`.
    ///
    /// # Errors
    /// It cannot be written.
    fn write(&mut self, before: &Document, after: Document) -> Result<Written, StoreError>;
}

/// A CIB in a file.
pub struct FileStore<'f> {
    path: &'f str,
    files: &'f mut dyn Files,
}

impl<'f> FileStore<'f> {
    /// The CIB in the file `path`.
    pub fn new(path: &'f str, files: &'f mut dyn Files) -> Self {
        Self { path, files }
    }

    fn failed(&self, error: &io::Error) -> StoreError {
        StoreError::File {
            path: self.path.to_owned(),
            reason: reason(error),
        }
    }
}

impl Store for FileStore<'_> {
    fn read(&mut self) -> Result<Document, StoreError> {
        let bytes = self.files.read(self.path).map_err(|it| self.failed(&it))?;
        let text = ::cib::xml::decode(&bytes).map_err(|it| StoreError::Parse(it.to_string()))?;
        parse(&text)
    }

    fn write(&mut self, before: &Document, mut after: Document) -> Result<Written, StoreError> {
        let version = CibVersion::of(before.root());
        if CibVersion::of(after.root()) == version {
            let configuration = |cib: &Document| {
                let section = cib.root().child("configuration");
                section.map(Element::to_compact_text)
            };
            let is_changed = configuration(before) != configuration(&after);
            version.next(is_changed).write(&mut after);
        }
        let text = after.to_string();
        // Words may hold what XML does not: that must not cost the CIB that is there.
        parse(&text)?;
        let written = self.files.write(self.path, &text);
        written.map_err(|it| self.failed(&it))?;
        Ok(Written::Done)
    }
}

/// The cluster's CIB, through the daemon of this machine.
#[derive(Debug)]
pub struct ClusterStore {
    socket: PathBuf,
    client: Option<Client>,
    last_status: Option<Status>,
}

impl ClusterStore {
    /// The CIB of the cluster whose daemon listens there.
    #[must_use]
    pub fn at(socket: PathBuf) -> Self {
        Self {
            socket,
            client: None,
            last_status: None,
        }
    }

    /// How the cluster was when it was last asked.
    #[must_use]
    pub fn last_status(&self) -> Option<&Status> {
        self.last_status.as_ref()
    }

    /// Asks the daemon.
    ///
    /// # Errors
    /// Nobody is there, or there is no answer.
    pub fn ask(&mut self, request: &Request) -> Result<Answer, StoreError> {
        let client = match &mut self.client {
            Some(client) => client,
            none => none.insert(Client::connect_to(&self.socket)?),
        };
        Ok(client.ask(request)?)
    }

    /// How the cluster is, as this node knows it.
    ///
    /// # Errors
    /// Nobody is there, or there is no answer.
    pub fn status(&mut self) -> Result<Status, StoreError> {
        match self.ask(&Request::Status)? {
            Answer::Status(status) => {
                self.last_status = Some((*status).clone());
                Ok(*status)
            }
            Answer::Refused(refusal) => Err(StoreError::Refused(refusal.reason)),
            _ => Err(StoreError::Odd),
        }
    }

    /// Makes a change as it stands, whatever the CIB's version is.
    ///
    /// # Errors
    /// It was not made, or nobody knows.
    pub fn change(&mut self, edits: Vec<Edit>) -> Result<(), StoreError> {
        let change = Change {
            if_version: None,
            edits,
        };
        match self.ask(&Request::Change(change))? {
            Answer::Changed(_) => Ok(()),
            Answer::Refused(refusal) if refusal.is_unknown => {
                Err(StoreError::Unknown(refusal.reason))
            }
            Answer::Refused(refusal) => Err(StoreError::Refused(refusal.reason)),
            _ => Err(StoreError::Odd),
        }
    }

    /// A connection on which events of `topics` come.
    ///
    /// # Errors
    /// Nobody is there, or there is no answer.
    pub fn subscribe(&self, topics: Vec<Topic>) -> Result<Events, StoreError> {
        let mut client = Client::connect_to(&self.socket)?;
        match client.ask(&Request::Subscribe { topics })? {
            Answer::Done => Ok(Events { client }),
            Answer::Refused(refusal) => Err(StoreError::Refused(refusal.reason)),
            _ => Err(StoreError::Odd),
        }
    }
}

/// What the daemon tells unasked.
#[derive(Debug)]
pub struct Events {
    client: Client,
}

impl Events {
    /// The next event, or nothing where none comes within `limit` (for ever where none).
    ///
    /// # Errors
    /// The daemon has gone.
    pub fn next(&mut self, limit: Option<Duration>) -> Result<Option<Event>, StoreError> {
        // A limit of nothing is refused by the system.
        let limit = limit.map(|it| it.max(Duration::from_millis(1)));
        self.client.limit(limit)?;
        match self.client.next_event() {
            Ok(event) => Ok(Some(event)),
            Err(ClientError::Silent(error))
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Store for ClusterStore {
    fn read(&mut self) -> Result<Document, StoreError> {
        if self.last_status.is_none() {
            self.status()?;
        }
        match self.ask(&Request::Cib { ordered: false })? {
            Answer::Cib(cib) => parse(&cib.xml),
            Answer::Refused(refusal) => Err(StoreError::Refused(refusal.reason)),
            _ => Err(StoreError::Odd),
        }
    }

    /// As a patch that holds for the configuration that was read only. The status goes on changing
    /// while an operator types: unless the patch is about the status, it does not matter.
    fn write(&mut self, before: &Document, mut after: Document) -> Result<Written, StoreError> {
        let version = CibVersion::of(before.root());
        let is_raised = CibVersion::of(after.root()).admin_epoch != version.admin_epoch;
        if !is_raised {
            // The cluster counts.
            version.write(&mut after);
        }
        let Some(mut patch) = patch::diff(before, &after) else {
            return Ok(Written::Done);
        };
        if !is_raised {
            patch::remove_versions(&mut patch);
        }
        let is_whole = is_raised || patch::touches(&patch, "/cib/status");
        let version_of = |cib: &Document| match CibVersion::of(cib.root()) {
            version if is_whole => version.to_string(),
            version => format!("{}.{}", version.admin_epoch, version.epoch),
        };
        let version = version_of(before);
        let change = Change {
            if_version: Some(version.clone()),
            edits: vec![Edit::Patch {
                xml: patch.root().to_compact_text(),
            }],
        };
        match self.ask(&Request::Change(change))? {
            Answer::Changed(_) => Ok(Written::Done),
            Answer::Refused(refusal) if refusal.is_unknown => {
                Err(StoreError::Unknown(refusal.reason))
            }
            Answer::Refused(refusal) => {
                let now = self.read()?;
                if version_of(&now) == version {
                    Err(StoreError::Refused(refusal.reason))
                } else {
                    Ok(Written::Outdated)
                }
            }
            _ => Err(StoreError::Odd),
        }
    }
}

/// The CIB that a command works on.
#[derive(Debug)]
pub enum Target {
    /// A file that stands for the cluster.
    File(String),
    /// The running cluster.
    Cluster(Box<ClusterStore>),
}

impl Target {
    /// What the environment names, or else the running cluster.
    #[must_use]
    pub fn of(files: &dyn Files) -> Self {
        match file_for_cluster(files) {
            Some(path) => Self::File(path),
            None => Self::Cluster(Box::new(ClusterStore::at(files.daemon()))),
        }
    }

    /// The running cluster, where that is meant.
    pub fn cluster(&mut self) -> Option<&mut ClusterStore> {
        match self {
            Self::File(_) => None,
            Self::Cluster(cluster) => Some(cluster),
        }
    }

    /// The CIB as it is now.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(&mut self, files: &mut dyn Files) -> Result<Document, StoreError> {
        match self {
            Self::File(path) => FileStore::new(path, files).read(),
            Self::Cluster(cluster) => cluster.read(),
        }
    }

    /// Makes `after` of what is there, if that is still `before`.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(
        &mut self,
        files: &mut dyn Files,
        before: &Document,
        after: Document,
    ) -> Result<Written, StoreError> {
        match self {
            Self::File(path) => FileStore::new(path, files).write(before, after),
            Self::Cluster(cluster) => cluster.write(before, after),
        }
    }

    /// Plays `act` on the CIB, and again on a newer one where somebody else was faster. Nothing is
    /// written where it fails or changes nothing.
    ///
    /// # Errors
    /// What `act` refuses, or a CIB that cannot be read or written.
    pub fn edit<T, E: From<StoreError>>(
        &mut self,
        files: &mut dyn Files,
        mut act: impl FnMut(&mut Document) -> Result<T, E>,
    ) -> Result<T, E> {
        for _ in 0..MAX_ATTEMPTS {
            let before = self.read(files)?;
            let mut after = before.clone();
            let done = act(&mut after)?;
            if after.edits() == before.edits()
                || self.write(files, &before, after)? == Written::Done
            {
                return Ok(done);
            }
        }
        Err(StoreError::Contended(MAX_ATTEMPTS).into())
    }
}

fn parse(text: &str) -> Result<Document, StoreError> {
    let cib = Document::parse_without_text(text).map_err(|it| StoreError::Parse(it.to_string()))?;
    if cib.root().name() != "cib" || cib.root().child("configuration").is_none() {
        return Err(StoreError::Parse("this is no cib".to_owned()));
    }
    Ok(cib)
}
