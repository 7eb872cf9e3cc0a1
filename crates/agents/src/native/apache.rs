//! `ocf:heartbeat:apache`: a web server, known by its pid file, asked for its status page.
//!
//! ```text
//! parameters, environment files ──► Server ──► httpd -f CONFIGURATION ──► pid file ──► watch
//! Apache's configuration ─────────────┘                └─ status page, over loopback ──► monitor
//! ```

mod check;
mod configuration;
mod page;
mod server;
mod stop;
mod test_file;

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

use crate::executor::Settings;
use crate::operation::Operation;
use crate::outcome::{OcfCode, Outcome};
use crate::watch::{Waiting, Watch, Watching};

use server::Server;
use test_file::WebTest;

pub(super) use server::default_configuration;

/// How often is looked whether a server that is starting has written its pid file.
const START_PACE: Duration = Duration::from_millis(5);

/// A server that reads its configuration anew has no pid file for a moment.
const WITHOUT_PID_FILE: Duration = Duration::from_secs(1);

/// What Debian's administrators use; they need not be there.
const ENABLE_MODULE: &str = "/usr/sbin/a2enmod";
const CONTROL: &str = "/usr/sbin/apache2ctl";

/// Carries one operation out.
pub(super) async fn carry_out(settings: &Settings, operation: &Operation) -> Outcome {
    let done = dispatch(settings, operation).await;
    done.unwrap_or_else(|failed| *failed)
}

async fn dispatch(settings: &Settings, operation: &Operation) -> Result<Outcome, Box<Outcome>> {
    let action = operation.action.as_str();
    if !matches!(
        action,
        "start" | "stop" | "monitor" | "status" | "validate-all"
    ) {
        return Ok(Outcome::done(OcfCode::Unimplemented, ""));
    }
    let server = Server::find(settings, operation).await?;
    if let Err(invalid) = validate(operation, &server) {
        // What cannot have been started here does not run here.
        return Ok(match action {
            "stop" => ok(),
            "monitor" if operation.is_probe() => Outcome::done(OcfCode::NotRunning, ""),
            "monitor" | "status" => failed(invalid.exit_reason),
            _ => *invalid,
        });
    }
    match action {
        "start" => start(settings, operation, &server).await,
        "stop" => stop::stop(operation, &server).await,
        "validate-all" => Ok(ok()),
        _ => monitor(settings, operation, &server).await,
    }
}

/// Events in place of polls: the server's process ends. Whether it still answers has to be polled.
pub(super) fn watch(settings: &Settings, operation: &Operation) -> Watch {
    Watch::new(ServerWatch {
        settings: settings.clone(),
        monitor: operation.clone(),
    })
}

fn ok() -> Outcome {
    Outcome::done(OcfCode::Ok, "")
}

fn failed(reason: impl Into<String>) -> Outcome {
    Outcome::done(OcfCode::Error, reason)
}

fn broken(error: io::Error) -> Outcome {
    failed(error.to_string())
}

fn validate(operation: &Operation, server: &Server) -> Result<(), Box<Outcome>> {
    let missing = |what: String| Err(Box::new(Outcome::done(OcfCode::NotInstalled, what)));
    if server.program.is_none() {
        return missing("no program of an Apache web server is installed".to_owned());
    }
    if !server.configuration.is_file() {
        let file = server.configuration.display();
        return missing(format!("there is no configuration {file}"));
    }
    if let Some(file) = operation.given("testconffile")
        && fs::File::open(file).is_err()
    {
        return missing(format!(
            "there is no file {file} with tests, or it cannot be read"
        ));
    }
    Ok(())
}

async fn start(
    settings: &Settings,
    operation: &Operation,
    server: &Server,
) -> Result<Outcome, Box<Outcome>> {
    if server.running().map_err(broken)?.is_some() {
        return Ok(ok());
    }
    prepare_debians(operation, server).await?;
    if let Some(folder) = server.pid_file.parent() {
        // What is wrong with it, the server says.
        let _ = fs::create_dir_all(folder);
    }
    // One that is left of a server that died would be believed as long as the kernel knows the number.
    let _ = fs::remove_file(&server.pid_file);
    run_server(operation, server).await?;
    loop {
        // The time of the whole operation is the limit.
        if server.running().map_err(broken)?.is_some() {
            break;
        }
        sleep(START_PACE).await;
    }
    let monitored = check::check(settings, operation, server).await?;
    if monitored.code != OcfCode::Ok {
        stop::stop(operation, server).await?;
    }
    Ok(monitored)
}

/// It returns when it has gone to the background, its addresses bound.
async fn run_server(operation: &Operation, server: &Server) -> Result<(), Box<Outcome>> {
    let program = server
        .program
        .as_deref()
        .unwrap_or(Path::new("httpd"))
        .to_string_lossy();
    let configuration = server.configuration.to_string_lossy();
    let pid_file = format!("PidFile {}", server.pid_file.display());
    let options = operation.given("options").unwrap_or_default();
    let mut arguments = vec!["-DSTATUS"];
    arguments.extend(options.split_whitespace());
    arguments.extend(["-f", &configuration]);
    if server.is_told_pid_file {
        arguments.extend(["-c", &pid_file]);
    }
    let ran = server.run(operation, &program, &arguments, None).await?;
    if ran.succeeded() {
        return Ok(());
    }
    Err(Outcome {
        error_output: ran.error_output.clone(),
        ..failed(ran.last_words())
    }
    .into())
}

/// Debian's own configuration needs folders that its init script makes, and the status page.
async fn prepare_debians(operation: &Operation, server: &Server) -> Result<(), Box<Outcome>> {
    let configuration = &server.configuration;
    let is_debians = configuration.to_string_lossy().starts_with("/etc/apache2")
        && configuration.ends_with("apache2.conf");
    let Some(folder) = configuration.parent().filter(|_| is_debians) else {
        return Ok(());
    };
    let own_folder = || Some(("APACHE_CONFDIR", folder.into()));
    if !folder.join("mods-enabled/status.load").exists() && Path::new(ENABLE_MODULE).is_file() {
        // Without it the status page is missing, which the start then says.
        let _ = server
            .run(operation, ENABLE_MODULE, &["status"], own_folder())
            .await;
    }
    let has = |name| {
        server
            .variable(name)
            .is_some_and(|folder| Path::new(folder).is_dir())
    };
    if has("APACHE_RUN_DIR") && has("APACHE_LOCK_DIR") || !Path::new(CONTROL).is_file() {
        return Ok(());
    }
    let tested = server
        .run(operation, CONTROL, &["configtest"], own_folder())
        .await?;
    if tested.succeeded() {
        Ok(())
    } else {
        Err(Outcome::done(OcfCode::NotConfigured, tested.last_words()).into())
    }
}

async fn monitor(
    settings: &Settings,
    operation: &Operation,
    server: &Server,
) -> Result<Outcome, Box<Outcome>> {
    let patience = if operation.is_probe() {
        Duration::ZERO
    } else {
        WITHOUT_PID_FILE
    };
    let mut waited = Duration::ZERO;
    while server.running().map_err(broken)?.is_none() {
        if server.pid_file.exists() || waited >= patience {
            return Ok(not_running(operation, server));
        }
        sleep(START_PACE).await;
        waited += START_PACE;
    }
    check::check(settings, operation, server).await
}

fn not_running(operation: &Operation, server: &Server) -> Outcome {
    let reason = if operation.is_probe() {
        String::new()
    } else {
        format!("no process of {} runs", server.pid_file.display())
    };
    Outcome::done(OcfCode::NotRunning, reason)
}

/// A watch over a server's process.
#[derive(Debug)]
struct ServerWatch {
    settings: Settings,
    monitor: Operation,
}

impl ServerWatch {
    /// Waits until no process runs: one that took another's place does.
    async fn failed(&mut self) -> Outcome {
        let server = match Server::find(&self.settings, &self.monitor).await {
            Ok(server) => server,
            Err(failed) => return *failed,
        };
        loop {
            match server.running() {
                Ok(Some(running)) => {
                    if let Err(error) = running.ended().await {
                        return broken(error);
                    }
                }
                Ok(None) => return not_running(&self.monitor, &server),
                Err(error) => return broken(error),
            }
        }
    }
}

impl Watching for ServerWatch {
    fn changed(&mut self) -> Waiting<'_> {
        Box::pin(self.failed())
    }
}

#[cfg(test)]
mod tests;
