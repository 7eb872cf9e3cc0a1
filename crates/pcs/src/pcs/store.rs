//! Where a CIB is read from and written to: a file, or the cluster.

use std::io;

use ::cib::CibVersion;
use ::cib::patch;
use ::cib::xml::Document;
use cluster_api::{Answer, Change, Client, ClientError, Edit, Request};

use crate::Files;
use crate::files::reason;

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

    fn write(&mut self, _before: &Document, mut after: Document) -> Result<Written, StoreError> {
        CibVersion::of(after.root()).next(true).write(&mut after);
        let text = after.to_string();
        let written = self.files.write(self.path, &text);
        written.map_err(|it| self.failed(&it))?;
        Ok(Written::Done)
    }
}

/// The cluster's CIB, through the daemon of this machine.
#[derive(Debug, Default)]
pub struct ClusterStore {
    client: Option<Client>,
    name: Option<String>,
}

impl ClusterStore {
    /// The cluster's name, once it was asked.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Asks the daemon of this machine.
    ///
    /// # Errors
    /// Where it does not run, or does not answer.
    pub fn ask(&mut self, request: &Request) -> Result<Answer, StoreError> {
        let client = match &mut self.client {
            Some(client) => client,
            none => none.insert(Client::connect()?),
        };
        Ok(client.ask(request)?)
    }
}

impl Store for ClusterStore {
    fn read(&mut self) -> Result<Document, StoreError> {
        if self.name.is_none()
            && let Answer::Status(status) = self.ask(&Request::Status)?
        {
            self.name = Some(status.cluster);
        }
        match self.ask(&Request::Cib { ordered: false })? {
            Answer::Cib(cib) => parse(&cib.xml),
            Answer::Refused(refusal) => Err(StoreError::Refused(refusal.reason)),
            _ => Err(StoreError::Odd),
        }
    }

    /// As a patch that holds for the configuration that was read only. The status goes on changing
    /// while an operator types: unless the patch is about the status, it does not matter.
    fn write(&mut self, before: &Document, after: Document) -> Result<Written, StoreError> {
        let Some(mut patch) = patch::diff(before, &after) else {
            return Ok(Written::Done);
        };
        patch::remove_versions(&mut patch);
        let is_whole = patch::touches(&patch, "/cib/status");
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

fn parse(text: &str) -> Result<Document, StoreError> {
    let cib = Document::parse_without_text(text).map_err(|it| StoreError::Parse(it.to_string()))?;
    if cib.root().name() != "cib" || cib.root().child("configuration").is_none() {
        return Err(StoreError::Parse("this is no cib".to_owned()));
    }
    Ok(cib)
}
