//! The role's process: what runs under the supervisor, or alone.

use std::path::Path;
use std::process::ExitCode;

use system::channel::Channel;
use tokio::task::LocalSet;

use crate::command_line::Options;
use crate::keeper::{Keeper, StartError};
use crate::log::Log;
use crate::supervision::FromKeeper;

/// Runs the address keeper until it is stopped. `channel` leads to the supervisor; without one the
/// keeper runs alone, obeys SIGTERM, SIGINT and SIGHUP, and nobody looks after the addresses should
/// it be killed.
///
/// Exit code 0: stopped, nothing is held any more. 1: it could not begin, or the kernel failed it;
/// the reason was said to the supervisor, else to standard error.
#[must_use]
pub fn run(channel: Option<Channel>, options: &Options) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("address keeper: {error}");
            return ExitCode::FAILURE;
        }
    };
    LocalSet::new().block_on(&runtime, serve(channel, options))
}

async fn serve(channel: Option<Channel>, options: &Options) -> ExitCode {
    let log = Log::open(options);
    // A duplicate, as the keeper takes the channel over and may refuse to begin.
    let spare = channel.as_ref().and_then(|channel| {
        use std::os::fd::AsFd;
        Channel::from_fd(channel.as_fd().try_clone_to_owned().ok()?).ok()
    });
    let keeper = match Keeper::open(channel, options, log) {
        Ok(keeper) => keeper,
        Err(error) => {
            refuse(spare, &error);
            return ExitCode::FAILURE;
        }
    };
    drop(spare);
    let pid_file = options.role_pid_file.as_deref();
    pid_file.inspect(|path| write_pid(path));
    let ended = keeper.run().await;
    if let Some(path) = pid_file {
        // Gone already is as good.
        let _ = std::fs::remove_file(path);
    }
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("address keeper: {error}");
            ExitCode::FAILURE
        }
    }
}

fn refuse(channel: Option<Channel>, error: &StartError) {
    let reason = error.to_string();
    match channel {
        Some(channel) => {
            let message = FromKeeper::Refused { reason };
            let body = serde_json::to_vec(&message).expect("messages are plain data");
            // A supervisor that is gone has nobody to be told by.
            let _ = channel.send(&body, &[]);
        }
        None => eprintln!("{reason}"),
    }
}

fn write_pid(path: &Path) {
    if let Err(error) = std::fs::write(path, format!("{}\n", std::process::id())) {
        eprintln!("pid file {}: {error}", path.display());
    }
}
