//! The calls to systemd's manager and units.

use std::io;

use zbus::connection::{Builder, Connection};
use zbus::message::Type;
use zbus::{MatchRule, MessageStream, OwnedObjectPath, OwnedVariant};

use crate::outcome::{ExecutionStatus, OcfCode};

const SERVICE: &str = "org.freedesktop.systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
const UNIT: &str = "org.freedesktop.systemd1.Unit";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// Why systemd did not do what was asked for.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    /// It cannot be reached, or refused.
    #[error("systemd: {0}")]
    Bus(#[from] zbus::Error),
    /// It answered something else than its manual says.
    #[error("systemd's answer for {0} could not be understood")]
    Garbled(&'static str),
    /// A drop-in could not be written or removed.
    #[error("the drop-in of the unit: {0}")]
    DropIn(#[from] io::Error),
}

impl Problem {
    /// What it means for the resource.
    pub(super) fn code(&self) -> OcfCode {
        match self.name() {
            "org.freedesktop.systemd1.NoSuchUnit" => OcfCode::NotInstalled,
            "org.freedesktop.systemd1.UnitMasked" => OcfCode::NotConfigured,
            "org.freedesktop.DBus.Error.InvalidArgs" => OcfCode::InvalidParameter,
            "org.freedesktop.DBus.Error.AccessDenied"
            | "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired" => {
                OcfCode::InsufficientPrivileges
            }
            _ => OcfCode::Error,
        }
    }

    /// Whether systemd answered at all.
    pub(super) fn status(&self) -> ExecutionStatus {
        if self.name().is_empty() {
            ExecutionStatus::Error
        } else {
            ExecutionStatus::Done
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Bus(zbus::Error::MethodError(name, ..)) => name.as_str(),
            Self::Bus(zbus::Error::FDO(error)) => match **error {
                zbus::fdo::Error::AccessDenied(_) => "org.freedesktop.DBus.Error.AccessDenied",
                zbus::fdo::Error::InvalidArgs(_) => "org.freedesktop.DBus.Error.InvalidArgs",
                zbus::fdo::Error::InteractiveAuthorizationRequired(_) => {
                    "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"
                }
                _ => "",
            },
            Self::Bus(_) | Self::Garbled(_) | Self::DropIn(_) => "",
        }
    }
}

/// A unit that systemd has loaded, or knows to be missing.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) name: String,
    path: OwnedObjectPath,
}

impl Unit {
    /// Whether it is the one that a signal is about.
    pub(super) fn has_path(&self, path: &OwnedObjectPath) -> bool {
        self.path == *path
    }
}

/// A connection to systemd.
#[derive(Debug)]
pub(super) struct Systemd {
    connection: Connection,
}

impl Systemd {
    /// Over that address, or over the system bus.
    pub(super) async fn connect(address: Option<&str>) -> Result<Self, Problem> {
        let builder = address.map_or_else(Builder::system, Builder::address);
        Ok(Self {
            connection: builder.build().await?,
        })
    }

    /// The unit of that name, which may be missing.
    pub(super) async fn load(&self, name: &str) -> Result<Unit, Problem> {
        let answer = self
            .connection
            .call_method(
                Some(SERVICE),
                MANAGER_PATH,
                Some(MANAGER),
                "LoadUnit",
                &(name,),
            )
            .await?;
        Ok(Unit {
            name: name.to_owned(),
            path: answer.body().deserialize()?,
        })
    }

    /// Orders a job for a unit, in place of any other that waits for it.
    pub(super) async fn order(&self, method: &'static str, unit: &Unit) -> Result<(), Problem> {
        let arguments = (unit.name.as_str(), "replace");
        self.connection
            .call_method(
                Some(SERVICE),
                MANAGER_PATH,
                Some(MANAGER),
                method,
                &arguments,
            )
            .await?;
        Ok(())
    }

    /// Has it read all unit files and drop-ins anew.
    pub(super) async fn reread(&self) -> Result<(), Problem> {
        self.connection
            .call_method(Some(SERVICE), MANAGER_PATH, Some(MANAGER), "Reload", &())
            .await?;
        Ok(())
    }

    /// What it says of all units' properties from now on.
    pub(super) async fn signals(&self) -> Result<MessageStream, Problem> {
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender(SERVICE)
            .interface(PROPERTIES)
            .member("PropertiesChanged")
            .build()?;
        let signals = MessageStream::for_match_rule(rule, &self.connection, None).await?;
        self.connection
            .call_method(Some(SERVICE), MANAGER_PATH, Some(MANAGER), "Subscribe", &())
            .await?;
        Ok(signals)
    }

    /// Whether there is no such unit.
    pub(super) async fn is_missing(&self, unit: &Unit) -> Result<bool, Problem> {
        Ok(self.text(unit, "LoadState").await? == "not-found")
    }

    /// `active`, `inactive`, `failed`, `activating`, …
    pub(super) async fn active_state(&self, unit: &Unit) -> Result<String, Problem> {
        self.text(unit, "ActiveState").await
    }

    /// What the unit says of itself, in one line.
    pub(super) async fn description(&self, unit: &Unit) -> Result<String, Problem> {
        self.text(unit, "Description").await
    }

    /// Whether a job for the unit waits or goes on.
    pub(super) async fn has_job(&self, unit: &Unit) -> Result<bool, Problem> {
        let value = self.property(unit, "Job").await?;
        let (number, _path): (u32, OwnedObjectPath) =
            value.try_into().map_err(|_| Problem::Garbled("Job"))?;
        Ok(number != 0)
    }

    async fn text(&self, unit: &Unit, name: &'static str) -> Result<String, Problem> {
        let value = self.property(unit, name).await?;
        value.try_into().map_err(|_| Problem::Garbled(name))
    }

    async fn property(&self, unit: &Unit, name: &'static str) -> Result<OwnedVariant, Problem> {
        let answer = self
            .connection
            .call_method(
                Some(SERVICE),
                &unit.path,
                Some(PROPERTIES),
                "Get",
                &(UNIT, name),
            )
            .await?;
        Ok(answer.body().deserialize()?)
    }
}
