//! What each verb does.

mod ask;
mod haproxy;
mod hosts;
mod keepalived;
mod launch;
mod pacemaker;
mod run;
mod status_text;

use std::process::ExitCode;

use system::channel::Channel;

use crate::invocation::{Invocation, ROLE_BALANCER, ROLE_KEEPER};

/// Runs it; the process's exit code.
pub fn run(invocation: Invocation) -> ExitCode {
    match invocation {
        Invocation::Haproxy(words) => haproxy::haproxy(words),
        Invocation::Keepalived(words) => keepalived::keepalived(words),
        Invocation::CrmMon(words) => pacemaker::crm_mon(&words),
        Invocation::PacemakerTool(name, words) => pacemaker::tool(&name, &words),
        Invocation::CrmSimulate(words) => pacemaker::crm_simulate(&words),
        Invocation::CrmVerify(words) => pacemaker::crm_verify(&words),
        Invocation::Pcs(words) => pacemaker::pcs(&words),
        Invocation::Run(options) => run::run(&options),
        Invocation::Status(options) => ask::status(&options),
        Invocation::Reload(options) => ask::reload(&options),
        Invocation::Lab(words) => lab::command_line(words),
        Invocation::Cluster(words) => cluster::command_line(words),
        Invocation::Ccs(words) => pacemaker::ccs(&words),
        Invocation::Service(name, words) => pcsd::service(&name, &words),
        Invocation::Pcsd(words) => {
            name_process("pcsd");
            pcsd::command_line(words)
        }
        Invocation::Witness(words) => cluster::witness_command_line(words),
        Invocation::RoleBalancer => role_balancer(),
        Invocation::RoleKeeper(words) => role_keeper(words),
        Invocation::NotBuilt(name) => failure(&format!(
            "keel: the command '{name}' is known but not built yet"
        )),
        Invocation::Print { text, code: 0 } => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Invocation::Print { text, code } => {
            eprint!("{text}");
            ExitCode::from(code)
        }
    }
}

fn failure(text: &str) -> ExitCode {
    eprintln!("{}", text.trim_end());
    ExitCode::FAILURE
}

/// The channel to the supervisor, which alone starts these processes.
fn channel(verb: &str) -> Result<Channel, String> {
    match Channel::from_environment() {
        Ok(Some(channel)) => Ok(channel),
        Ok(None) => Err(format!("keel {verb} is started by a supervisor only")),
        Err(error) => Err(format!(
            "keel {verb}: no channel to the supervisor: {error}"
        )),
    }
}

fn role_balancer() -> ExitCode {
    name_process("haproxy");
    match channel(ROLE_BALANCER) {
        Ok(channel) => ExitCode::from(balancer::role::run(channel)),
        Err(error) => failure(&error),
    }
}

fn role_keeper(words: Vec<String>) -> ExitCode {
    use address_keeper::command_line::{Request, parse};
    name_process("keepalived");
    let channel = match channel(ROLE_KEEPER) {
        Ok(channel) => channel,
        Err(error) => return failure(&error),
    };
    match parse(words) {
        Ok(Request::Run(options)) => address_keeper::role::run(Some(channel), &options),
        Ok(_) => failure("keel role-keeper: the supervisor asked for something else than to run"),
        Err(error) => failure(&error.to_string()),
    }
}

/// A name that is not set is an inconvenience to operators' scripts, and no reason not to serve.
fn name_process(name: &str) {
    if let Err(error) = system::process::set_process_name(name) {
        eprintln!("keel: the process cannot be named {name}: {error}");
    }
}
