//! Notify scripts: told of each change of state, never waited for.
//!
//! keepalived.conf(5), "notify scripts": `notify_STATE` first, then `notify` with the arguments
//! `INSTANCE NAME STATE PRIORITY` added.

use keepalived_config::model::{Command, Global, Notify};
use system::awaited::Awaited;
use system::process::Child;
use vrrp::Notification;

use crate::executable::Executable;
use crate::log::Log;

/// Runs what is configured for a change of state of a router.
pub(crate) fn notify(
    name: &str,
    scripts: &Notify,
    notification: Notification,
    priority: u8,
    global: &Global,
    log: &Log,
) {
    let (specific, state) = match notification {
        Notification::Master => (&scripts.master, "MASTER"),
        Notification::Backup => (&scripts.backup, "BACKUP"),
        Notification::Fault => (&scripts.fault, "FAULT"),
        Notification::Stop => (&scripts.stop, "STOP"),
        Notification::HeardLower => (&scripts.master_heard_lower, "MASTER_RX_LOWER_PRI"),
    };
    tell(
        name,
        scripts,
        specific.as_ref(),
        state,
        priority,
        global,
        log,
    );
}

/// Runs what is configured for a router that is gone from the configuration.
pub(crate) fn notify_deleted(
    name: &str,
    scripts: &Notify,
    priority: u8,
    global: &Global,
    log: &Log,
) {
    if scripts.tell_deleted || scripts.deleted.is_some() {
        tell(
            name,
            scripts,
            scripts.deleted.as_ref(),
            "DELETED",
            priority,
            global,
            log,
        );
    }
}

fn tell(
    name: &str,
    scripts: &Notify,
    specific: Option<&Command>,
    state: &str,
    priority: u8,
    global: &Global,
    log: &Log,
) {
    if let Some(command) = specific {
        start(name, command, &[], global, log);
    }
    if let Some(command) = &scripts.any {
        let words = ["INSTANCE", name, state, &priority.to_string()].map(str::to_owned);
        start(name, command, &words, global, log);
    }
}

fn start(name: &str, command: &Command, arguments: &[String], global: &Global, log: &Log) {
    let executable = match Executable::prepare(command, global, arguments) {
        Ok(executable) => executable,
        Err(unusable) => {
            log.warning(&format!("({name}) notify script not run: {unusable}"));
            return;
        }
    };
    match executable.spawn().and_then(Awaited::new) {
        // Collected when it ends; it may outlive this process.
        Ok(child) => drop(tokio::spawn(async move { child.read(Child::exit).await })),
        Err(error) => log.warning(&format!(
            "({name}) notify script '{}': {error}",
            command.words[0]
        )),
    }
}
