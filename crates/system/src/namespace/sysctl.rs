//! Kernel settings, by the names that `sysctl` knows them by.

use std::io;

/// Writes a kernel setting such as `net.ipv4.ip_nonlocal_bind`; for `net.*` that of the calling
/// thread's network namespace. Where the name holds a slash, dots stand for themselves, as in
/// `net/ipv4/conf/eth0.1/arp_ignore`.
///
/// # Errors
/// `InvalidInput`: the name leads out of the settings.
pub fn write_sysctl(name: &str, value: &str) -> io::Result<()> {
    std::fs::write(sysctl_path(name)?, value)
}

/// Reads a kernel setting, without its final newline.
///
/// # Errors
/// As [`write_sysctl`].
pub fn read_sysctl(name: &str) -> io::Result<String> {
    let text = std::fs::read_to_string(sysctl_path(name)?)?;
    Ok(text.trim_end().to_owned())
}

fn sysctl_path(name: &str) -> io::Result<String> {
    let path = if name.contains('/') {
        name.to_owned()
    } else {
        name.replace('.', "/")
    };
    let sound = path
        .split('/')
        .all(|part| !part.is_empty() && part != "." && part != "..");
    if sound {
        Ok(format!("/proc/sys/{path}"))
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("'{name}' names no kernel setting"),
        ))
    }
}
