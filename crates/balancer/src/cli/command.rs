//! The table of commands: their words, who may use them, what they do.

use std::time::Duration;

use haproxy_config::CLAIMED_VERSION;
use haproxy_config::model::CliLevel;

use super::session::Session;
use super::{Shared, change, show};

/// Answer to a command above the session's level.
const PERMISSION_DENIED: &str = "Permission denied\n";

/// The words behind a command's own, and what it runs on.
pub(super) struct Call<'a> {
    pub(super) shared: &'a Shared,
    pub(super) session: &'a mut Session,
    pub(super) arguments: &'a [String],
}

impl Call<'_> {
    /// The n-th argument; empty where there is none, as HAProxy reads it.
    pub(super) fn argument(&self, index: usize) -> &str {
        self.arguments.get(index).map_or("", String::as_str)
    }
}

type Run = fn(Call<'_>) -> String;

/// One command.
struct Command {
    /// Its leading words.
    words: &'static [&'static str],
    /// Its line in `help`.
    usage: &'static str,
    /// What it does, in `help`.
    about: &'static str,
    /// The least level that may use it.
    level: CliLevel,
    run: Run,
}

const COMMANDS: &[Command] = &[
    command(
        &["clear", "counters", "all"],
        "clear counters all",
        "clear every counter",
        CliLevel::Admin,
        change::clear_all_counters,
    ),
    command(
        &["clear", "counters", "server"],
        "clear counters server <bk>/<srv> [force]",
        "clear the counters of one server",
        CliLevel::Admin,
        change::clear_server_counters,
    ),
    command(
        &["clear", "counters"],
        "clear counters [all]",
        "clear max statistics counters (or all counters)",
        CliLevel::Operator,
        change::clear_maxima,
    ),
    command(
        &["disable", "frontend"],
        "disable frontend <frontend>",
        "temporarily disable specific frontend",
        CliLevel::Admin,
        |call| change::pause_frontend(&call, true),
    ),
    command(
        &["disable", "server"],
        "disable server <bk>/<srv>",
        "disable a server for maintenance",
        CliLevel::Admin,
        |call| change::enable_server(&call, false),
    ),
    command(
        &["enable", "frontend"],
        "enable frontend <frontend>",
        "re-enable specific frontend",
        CliLevel::Admin,
        |call| change::pause_frontend(&call, false),
    ),
    command(
        &["enable", "server"],
        "enable server <bk>/<srv>",
        "enable a disabled server",
        CliLevel::Admin,
        |call| change::enable_server(&call, true),
    ),
    command(
        &["get", "weight"],
        "get weight <bk>/<srv>",
        "report a server's current weight",
        CliLevel::User,
        show::weight,
    ),
    command(
        &["operator"],
        "operator",
        "lower the level of the current CLI session to operator",
        CliLevel::User,
        |call| lower(call, CliLevel::Operator),
    ),
    command(
        &["set", "server"],
        "set server <bk>/<srv> [opts]",
        "change a server's state, weight or health",
        CliLevel::Admin,
        change::set_server,
    ),
    command(
        &["set", "timeout"],
        "set timeout [cli] <delay>",
        "change a timeout setting",
        CliLevel::User,
        set_timeout,
    ),
    command(
        &["set", "weight"],
        "set weight <bk>/<srv> <weight>[%]",
        "change a server's weight",
        CliLevel::Admin,
        change::set_weight,
    ),
    command(
        &["show", "backend"],
        "show backend",
        "list backends in the current running config",
        CliLevel::User,
        show::backends,
    ),
    command(
        &["show", "cli", "level"],
        "show cli level",
        "display the level of the current CLI session",
        CliLevel::User,
        |call| format!("{}\n", level_name(call.session.level)),
    ),
    command(
        &["show", "cli", "sockets"],
        "show cli sockets",
        "dump list of cli sockets",
        CliLevel::Operator,
        show::sockets,
    ),
    command(
        &["show", "info"],
        "show info [json|typed]",
        "report information about the running process",
        CliLevel::User,
        show::info,
    ),
    command(
        &["show", "servers", "conn"],
        "show servers conn [<backend>]",
        "dump server connections status",
        CliLevel::Operator,
        show::server_connections,
    ),
    command(
        &["show", "servers", "state"],
        "show servers state [<backend>]",
        "dump volatile server information",
        CliLevel::Operator,
        show::server_states,
    ),
    command(
        &["show", "stat"],
        "show stat [json|typed|no-maint|up] [{<iid>|<proxy>} <type> <sid>]",
        "report counters for each proxy and server",
        CliLevel::User,
        show::stat,
    ),
    command(
        &["show", "version"],
        "show version",
        "show version of the current process",
        CliLevel::User,
        |_| format!("{CLAIMED_VERSION}\n"),
    ),
    command(
        &["shutdown", "sessions", "server"],
        "shutdown sessions server <bk>/<srv>",
        "kill sessions on a server",
        CliLevel::Admin,
        change::shutdown_sessions,
    ),
    command(
        &["user"],
        "user",
        "lower the level of the current CLI session to user",
        CliLevel::User,
        |call| lower(call, CliLevel::User),
    ),
    command(
        &["help"],
        "help [<command>]",
        "list matching or all commands",
        CliLevel::User,
        |call| help(call.arguments, call.session.level),
    ),
    command(
        &["prompt"],
        "prompt [n|i|p]",
        "toggle interactive mode with prompt",
        CliLevel::User,
        prompt,
    ),
    command(&["quit"], "quit", "disconnect", CliLevel::User, |call| {
        call.session.ended = true;
        String::new()
    }),
];

const fn command(
    words: &'static [&'static str],
    usage: &'static str,
    about: &'static str,
    level: CliLevel,
    run: Run,
) -> Command {
    Command {
        words,
        usage,
        about,
        level,
        run,
    }
}

/// Commands of management.txt, 9.3, that are not built.
const NOT_BUILT: &[&str] = &[
    "abort ssl",
    "add acl",
    "add backend",
    "add map",
    "add server",
    "add ssl",
    "clear acl",
    "clear map",
    "clear table",
    "commit acl",
    "commit map",
    "commit ssl",
    "debug",
    "del acl",
    "del backend",
    "del map",
    "del server",
    "del ssl",
    "disable agent",
    "disable dynamic-cookie",
    "disable health",
    "dump",
    "echo",
    "enable agent",
    "enable dynamic-cookie",
    "enable health",
    "experimental-mode",
    "expert-mode",
    "get acl",
    "get map",
    "get var",
    "httpclient",
    "new ssl",
    "prepare acl",
    "prepare map",
    "publish backend",
    "set anon",
    "set dynamic-cookie-key",
    "set map",
    "set maxconn",
    "set profiling",
    "set rate-limit",
    "set severity-output",
    "set ssl",
    "set table",
    "set var",
    "show acl",
    "show activity",
    "show anon",
    "show cache",
    "show default-server",
    "show defaults",
    "show dev",
    "show env",
    "show errors",
    "show events",
    "show fd",
    "show libs",
    "show map",
    "show peers",
    "show pools",
    "show profiling",
    "show resolvers",
    "show quic",
    "show schema",
    "show sess",
    "show ssl",
    "show startup-logs",
    "show table",
    "show tasks",
    "show threads",
    "show tls-keys",
    "show trace",
    "shutdown frontend",
    "shutdown session",
    "shutdown sessions",
    "trace",
    "unpublish backend",
    "update ssl",
    "wait",
];

/// Runs one command and returns its answer, which ends in a newline unless it is empty.
pub(super) fn execute(
    shared: &Shared,
    session: &mut Session,
    words: &[String],
    payload: Option<&str>,
) -> String {
    if words.is_empty() {
        // An empty line asks for help, unless a prompt shows that somebody just pressed return.
        return if session.interactive {
            String::new()
        } else {
            help(&[], session.level)
        };
    }
    let matching = COMMANDS.iter().find(|command| {
        command.words.len() <= words.len()
            && command
                .words
                .iter()
                .zip(words)
                .all(|(own, word)| own == word)
    });
    let Some(command) = matching else {
        let line = words.join(" ");
        let known = NOT_BUILT
            .iter()
            .find(|known| line == **known || line.starts_with(&format!("{known} ")));
        return match known {
            Some(known) => format!("The command '{known}' is known but not built yet.\n"),
            None => unknown(words, session.level),
        };
    };
    if session.level < command.level {
        return PERMISSION_DENIED.to_owned();
    }
    if payload.is_some() {
        return format!(
            "The command '{}' takes no payload.\n",
            command.words.join(" ")
        );
    }
    (command.run)(Call {
        shared,
        session,
        arguments: &words[command.words.len()..],
    })
}

fn help(wanted: &[String], level: CliLevel) -> String {
    let mut text = "The following commands are valid at this level:\n".to_owned();
    let fits = |command: &&Command| {
        wanted.iter().zip(command.words).all(|(w, own)| w == own) && command.level <= level
    };
    list(COMMANDS.iter().filter(fits), &mut text);
    text
}

fn unknown(words: &[String], level: CliLevel) -> String {
    let first = &words[0];
    let starts: Vec<&str> = COMMANDS.iter().map(|command| command.words[0]).collect();
    let meant = if starts.contains(&first.as_str()) {
        Some(first.as_str())
    } else {
        diagnostics::nearest(first, starts)
    };
    let seconds = |command: &&Command| {
        let close = match (words.get(1), command.words.get(1)) {
            (Some(written), Some(own)) => {
                diagnostics::nearest(written, [*own]).is_some() || own.starts_with(written.as_str())
            }
            _ => true,
        };
        Some(command.words[0]) == meant && command.level <= level && close
    };
    let mut near: Vec<&Command> = COMMANDS.iter().filter(seconds).collect();
    if near.is_empty() {
        near = COMMANDS
            .iter()
            .filter(|command| Some(command.words[0]) == meant && command.level <= level)
            .collect();
    }
    let mut text = format!("Unknown command: '{first}'");
    if near.is_empty() {
        text.push_str(". Please enter one of the following commands only:\n");
        near = COMMANDS.iter().filter(|c| c.level <= level).collect();
    } else {
        text.push_str(", but maybe one of the following ones is a better match:\n");
    }
    list(near, &mut text);
    text
}

fn list<'a>(commands: impl IntoIterator<Item = &'a Command>, text: &mut String) {
    for command in commands {
        text.push_str(&format!("  {:<39} : {}\n", command.usage, command.about));
    }
}

fn prompt(call: Call<'_>) -> String {
    match call.argument(0) {
        "" => {
            call.session.interactive = !call.session.interactive;
            call.session.prompt = call.session.interactive;
        }
        "n" => (call.session.interactive, call.session.prompt) = (false, false),
        "i" => (call.session.interactive, call.session.prompt) = (true, false),
        "p" => (call.session.interactive, call.session.prompt) = (true, true),
        _ => return "'prompt' expects 'n', 'i' or 'p'.\n".to_owned(),
    }
    String::new()
}

fn set_timeout(call: Call<'_>) -> String {
    if call.argument(0) != "cli" {
        return "'set timeout' only supports 'cli'.\n".to_owned();
    }
    // Seconds unless a unit is written, as HAProxy has it here.
    match seconds(call.argument(1)) {
        Some(limit) if !limit.is_zero() => {
            call.session.idle_timeout = limit;
            String::new()
        }
        _ => "Invalid timeout value.\n".to_owned(),
    }
}

/// A duration with an optional unit: `us`, `ms`, `s`, `m`, `h`, `d`; seconds where none is written.
fn seconds(text: &str) -> Option<Duration> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let milliseconds = match &text[digits..] {
        "us" => return Some(Duration::from_micros(number)),
        "ms" => 1,
        "" | "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(milliseconds).map(Duration::from_millis)
}

/// A session may give up rights, never gain them.
fn lower(call: Call<'_>, level: CliLevel) -> String {
    call.session.level = call.session.level.min(level);
    String::new()
}

pub(super) const fn level_name(level: CliLevel) -> &'static str {
    match level {
        CliLevel::User => "user",
        CliLevel::Operator => "operator",
        CliLevel::Admin => "admin",
    }
}
