//! `keel pcsd`.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use pcsd_api::{PORT, Secret};
use system::process::{Daemonized, ReadySignal, daemonize};
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;

use crate::daemon::Daemon;
use crate::requests::Desk;
use crate::{Place, files, node_files, own_certificate, password, server, service};

#[derive(Debug, Parser)]
#[command(
    name = "keel pcsd",
    about = "The daemon by which this machine is made a node of a cluster, started and stopped",
    after_help = "It stays in the foreground. Ending it does not end the cluster: see 'pcs cluster stop'."
)]
struct CommandLine {
    #[command(flatten)]
    run: RunOptions,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Args)]
struct RunOptions {
    /// Go to the background once it serves
    #[arg(long)]
    background: bool,
    /// Listen there instead of on port 2224 of all addresses; may be given several times
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Vec<SocketAddr>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Set the password for pcsd, in place of the one that user hacluster has on this machine
    Password(PasswordOptions),
    /// Run it in the background, unless it runs
    Start,
    /// End it; the cluster goes on
    Stop,
    /// Both
    Restart,
    /// Say whether it runs
    #[command(after_help = "Exit codes: 0 it runs, 3 it does not.")]
    Status,
}

#[derive(Debug, Args)]
struct PasswordOptions {
    /// Read it from standard input
    #[arg(long)]
    stdin: bool,
}

/// Runs `keel pcsd` with the words after `pcsd`.
#[must_use]
pub fn command_line(words: Vec<OsString>) -> ExitCode {
    let words = std::iter::once(OsString::from("keel pcsd")).chain(words);
    let line = match CommandLine::try_parse_from(words) {
        Ok(line) => line,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let place = Place::of_environment();
    let result = match line.verb {
        Some(Verb::Password(options)) => set_password(&place, &options),
        Some(Verb::Start) => return service("pcsd", &["start".to_owned()]),
        Some(Verb::Stop) => return service("pcsd", &["stop".to_owned()]),
        Some(Verb::Restart) => return service("pcsd", &["restart".to_owned()]),
        Some(Verb::Status) => return service("pcsd", &["status".to_owned()]),
        None => run(&place, &line.run),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("keel pcsd: {error}");
            ExitCode::FAILURE
        }
    }
}

fn set_password(place: &Place, options: &PasswordOptions) -> io::Result<()> {
    let read = |prompt: &str| {
        if options.stdin || !io::stdin().is_terminal() {
            let mut line = String::new();
            io::stdin().read_line(&mut line)?;
            return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
        }
        system::terminal::ask(prompt, system::terminal::Echo::Off)
    };
    let password = read("New password: ")?;
    if !options.stdin && io::stdin().is_terminal() && read("Retype new password: ")? != password {
        return Err(io::Error::other("the two are not the same"));
    }
    password::set(place, &Secret::new(password))
}

fn run(place: &Place, options: &RunOptions) -> io::Result<()> {
    let starter = if options.background {
        match daemonize()? {
            Daemonized::Parent(wait) => std::process::exit(i32::from(wait.wait())),
            Daemonized::Daemon(ready) => Some(ready),
        }
    } else {
        None
    };
    files::secret_folder(&place.folder)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(place, options, starter))
}

async fn serve(
    place: &Place,
    options: &RunOptions,
    starter: Option<ReadySignal>,
) -> io::Result<()> {
    // The sockets first: they tell that another pcsd runs before anything of it is touched.
    let local = server::listen_locally(place)?;
    let listeners = server::listen(&options.listen, PORT)?;
    let tls = TlsAcceptor::from(Arc::new(own_certificate::server_config(place)?));
    node_files::sweep(place);
    let daemon = Daemon::attend(place)?;
    let desk = Arc::new(Desk::open(place, daemon)?);
    let places = server::places();
    for listener in listeners {
        let (tls, desk, places) = (tls.clone(), desk.clone(), places.clone());
        tokio::spawn(server::serve(listener, tls, desk, places));
    }
    tokio::spawn(server::serve_locally(local, desk));
    if let Err(error) = system::service_manager::notify_ready() {
        eprintln!("keel pcsd: the service manager cannot be told that it runs: {error}");
    }
    if let Some(starter) = starter {
        starter.ready(0)?;
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    files::remove(&place.socket)
}
