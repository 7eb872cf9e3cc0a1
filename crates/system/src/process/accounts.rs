//! Users and groups of this machine.

use std::ffi::CString;
use std::io;

use nix::unistd::{Gid, Group, Uid, getgrouplist};

/// A user of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The number.
    pub id: u32,
    /// The number of its own group.
    pub group: u32,
    /// All its groups, its own included.
    pub groups: Vec<u32>,
}

/// Looks a user up by name, else by number; `None` where there is none.
pub fn user(name_or_number: &str) -> io::Result<Option<User>> {
    let mut found = nix::unistd::User::from_name(name_or_number)?;
    if let (None, Ok(number)) = (&found, name_or_number.parse()) {
        found = nix::unistd::User::from_uid(Uid::from_raw(number))?;
    }
    let Some(found) = found else {
        return Ok(None);
    };
    let groups = getgrouplist(&CString::new(found.name.as_str())?, found.gid)?;
    Ok(Some(User {
        name: found.name,
        id: found.uid.as_raw(),
        group: found.gid.as_raw(),
        groups: groups.into_iter().map(Gid::as_raw).collect(),
    }))
}

/// Looks a group's number up by name, else by number; `None` where there is none.
pub fn group(name_or_number: &str) -> io::Result<Option<u32>> {
    let mut found = Group::from_name(name_or_number)?;
    if let (None, Ok(number)) = (&found, name_or_number.parse()) {
        found = Group::from_gid(Gid::from_raw(number))?;
    }
    Ok(found.map(|group| group.gid.as_raw()))
}
