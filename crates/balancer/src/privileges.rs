//! Whom `global` wants the balancer to be: looked up while the machine's files can still be read,
//! assumed once the sockets exist.

use haproxy_config::model::{Account, Global};
use system::process::Privileges;

/// A user or group that this machine does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownAccount {
    /// `user NAME`.
    #[error("user '{0}' does not exist on this machine")]
    User(String),
    /// `group NAME`.
    #[error("group '{0}' does not exist on this machine")]
    Group(String),
}

/// The number of a user.
///
/// # Errors
///
/// [`UnknownAccount::User`].
pub fn user_id(account: &Account) -> Result<u32, UnknownAccount> {
    match account {
        Account::Id(id) => Ok(*id),
        Account::Name(name) => match system::process::user(name) {
            Ok(Some(user)) => Ok(user.id),
            _ => Err(UnknownAccount::User(name.clone())),
        },
    }
}

/// The number of a group.
///
/// # Errors
///
/// [`UnknownAccount::Group`].
pub fn group_id(account: &Account) -> Result<u32, UnknownAccount> {
    match account {
        Account::Id(id) => Ok(*id),
        Account::Name(name) => match system::process::group(name) {
            Ok(Some(id)) => Ok(id),
            _ => Err(UnknownAccount::Group(name.clone())),
        },
    }
}

/// What `user`, `group` and `chroot` ask for.
///
/// # Errors
///
/// A user or group that does not exist.
pub fn wanted(global: &Global) -> Result<Privileges, UnknownAccount> {
    Ok(Privileges {
        chroot: global.chroot.as_ref().map(|path| path.value.clone()),
        group: global
            .group
            .as_ref()
            .map(|group| group_id(group))
            .transpose()?,
        supplementary_groups: Vec::new(),
        user: global.user.as_ref().map(|user| user_id(user)).transpose()?,
    })
}
