//! Commands that change something.

use std::sync::atomic::Ordering;

use super::command::Call;
use super::show::find_server;
use crate::check;
use crate::health::{Change, Place};
use crate::log::level;
use crate::snapshot::{Backend, Server, Snapshot};
use crate::state::TrafficCounters;

/// The highest weight (configuration.txt, `weight`).
const WEIGHT_MAX: u32 = 256;

/// `set server <bk>/<srv> state|weight|health …`
pub(super) fn set_server(call: Call<'_>) -> String {
    let snapshot = call.shared.snapshot();
    let (backend, server) = match find_server(&snapshot, call.argument(0)) {
        Ok(found) => found,
        Err(problem) => return problem.to_owned(),
    };
    let limits = check::limits_of(&snapshot.config, backend, server);
    let change = match (call.argument(1), call.argument(2)) {
        ("weight", weight) => return weigh(backend, server, weight),
        ("state", "ready") => Change::Ready { limits },
        ("state", "drain") => Change::Drain,
        ("state", "maint") => Change::Maintenance,
        ("state", _) => {
            return "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n".to_owned();
        }
        ("health", word) => match (word, limits) {
            (_, None) => {
                return "health checks are not enabled on this server.\n".to_owned();
            }
            ("up", Some(limits)) => Change::Health { up: true, limits },
            ("down", Some(limits)) => Change::Health { up: false, limits },
            ("stopping", _) => {
                return "'set server <srv> health stopping' is known but not built yet; \
                        'state drain' keeps new sessions away.\n"
                    .to_owned();
            }
            _ => {
                return "'set server <srv> health' expects 'up', 'stopping', or 'down'.\n"
                    .to_owned();
            }
        },
        (
            word @ ("addr" | "agent" | "agent-addr" | "agent-port" | "agent-send" | "check-addr"
            | "check-port" | "fqdn" | "ssl" | "name"),
            _,
        ) => return format!("'set server <srv> {word}' is known but not built yet.\n"),
        _ => {
            return "usage: set server <backend>/<server> state [ready|drain|maint] | \
                    weight <weight>[%] | health [up|down]\n"
                .to_owned();
        }
    };
    apply(&call, &snapshot, backend, server, change)
}

/// `enable server` and `disable server <bk>/<srv>`
pub(super) fn enable_server(call: &Call<'_>, enable: bool) -> String {
    let snapshot = call.shared.snapshot();
    match find_server(&snapshot, call.argument(0)) {
        Ok((backend, server)) => {
            let limits = check::limits_of(&snapshot.config, backend, server);
            let change = if enable {
                Change::Ready { limits }
            } else {
                Change::Maintenance
            };
            apply(call, &snapshot, backend, server, change)
        }
        Err(problem) => problem.to_owned(),
    }
}

fn apply(
    call: &Call<'_>,
    snapshot: &Snapshot,
    backend: &Backend,
    server: &Server,
    change: Change,
) -> String {
    Place {
        snapshot,
        backend,
        server,
        log: &call.shared.log,
    }
    .apply(change);
    String::new()
}

/// `set weight <bk>/<srv> <weight>[%]`
pub(super) fn set_weight(call: Call<'_>) -> String {
    let snapshot = call.shared.snapshot();
    match find_server(&snapshot, call.argument(0)) {
        Ok((backend, server)) => weigh(backend, server, call.argument(1)),
        Err(problem) => problem.to_owned(),
    }
}

fn weigh(backend: &Backend, server: &Server, wanted: &str) -> String {
    match weight(wanted, server.weight) {
        Ok(weight) => {
            backend.state.set_weight(&server.state, weight);
            String::new()
        }
        Err(problem) => problem.to_owned(),
    }
}

/// A weight as written: absolute, or in percent of the configured one, which it then does not pass
/// 256 either.
fn weight(wanted: &str, configured: u32) -> Result<u32, &'static str> {
    if wanted.is_empty() {
        return Err("Require <weight> or <weight%>.\n");
    }
    if let Some(percent) = wanted.strip_suffix('%') {
        let percent: u32 = percent
            .parse()
            .map_err(|_| "Trailing garbage in weight string.\n")?;
        if percent > 100 * WEIGHT_MAX {
            return Err("Relative weight must be positive.\n");
        }
        return Ok((configured * percent / 100).min(WEIGHT_MAX));
    }
    let absolute: i64 = wanted
        .parse()
        .map_err(|_| "Trailing garbage in weight string.\n")?;
    u32::try_from(absolute)
        .ok()
        .filter(|weight| *weight <= WEIGHT_MAX)
        .ok_or("Absolute weight can only be between 0 and 256 inclusive.\n")
}

/// `shutdown sessions server <bk>/<srv>`
pub(super) fn shutdown_sessions(call: Call<'_>) -> String {
    let snapshot = call.shared.snapshot();
    match find_server(&snapshot, call.argument(0)) {
        Ok((_, server)) => {
            server.state.shutdown_sessions();
            String::new()
        }
        Err(problem) => problem.to_owned(),
    }
}

/// `disable frontend` and `enable frontend <frontend>`
pub(super) fn pause_frontend(call: &Call<'_>, pause: bool) -> String {
    let snapshot = call.shared.snapshot();
    let name = call.argument(0);
    if name.is_empty() {
        return "A frontend name is expected.\n".to_owned();
    }
    let Some(frontend) = snapshot.frontend(name) else {
        return "No such frontend.\n".to_owned();
    };
    let was = frontend.state.paused.swap(pause, Ordering::AcqRel);
    if was == pause {
        let state = if pause { "disabled" } else { "enabled" };
        return format!("Frontend is already {state}.\n");
    }
    let word = if pause { "Paused" } else { "Resumed" };
    let text = format!("{word} proxy {name}.");
    call.shared
        .log
        .notice(&frontend.log.targets, level::WARNING, text);
    String::new()
}

/// `clear counters`
pub(super) fn clear_maxima(call: Call<'_>) -> String {
    for_each_copy(&call.shared.snapshot(), |counters| {
        counters.sessions_max.clear();
        counters.queued_max.clear();
    });
    call.shared.rates.clear_maxima();
    String::new()
}

/// `clear counters all`: everything but what is a count of the moment.
pub(super) fn clear_all_counters(call: Call<'_>) -> String {
    let snapshot = call.shared.snapshot();
    for_each_copy(&snapshot, TrafficCounters::clear_events);
    call.shared.rates.clear_maxima();
    String::new()
}

/// `clear counters server <bk>/<srv> [force]`; there is no shared file of counters that `force`
/// would have to override.
pub(super) fn clear_server_counters(call: Call<'_>) -> String {
    let snapshot = call.shared.snapshot();
    match find_server(&snapshot, call.argument(0)) {
        Ok((_, server)) => {
            for counters in server.state.counters.iter() {
                counters.clear_events();
            }
            "Server counters cleared.\n".to_owned()
        }
        Err(problem) => problem.to_owned(),
    }
}

fn for_each_copy(snapshot: &Snapshot, mut work: impl FnMut(&TrafficCounters)) {
    for frontend in &snapshot.frontends {
        frontend.state.counters.iter().for_each(&mut work);
    }
    for backend in &snapshot.backends {
        backend.state.counters.iter().for_each(&mut work);
        for server in &backend.servers {
            server.state.counters.iter().for_each(&mut work);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::weight;

    #[test]
    fn weights_are_absolute_or_relative_to_the_configured_one() {
        let out = Err("Absolute weight can only be between 0 and 256 inclusive.\n");
        for (wanted, configured, expected) in [
            ("0", 10, Ok(0)),
            ("256", 10, Ok(256)),
            ("257", 10, out),
            ("-1", 10, out),
            ("50%", 10, Ok(5)),
            ("50%", 1, Ok(0)),
            ("1000%", 100, Ok(256)),
            ("x", 1, Err("Trailing garbage in weight string.\n")),
            ("", 1, Err("Require <weight> or <weight%>.\n")),
        ] {
            assert_eq!(weight(wanted, configured), expected, "{wanted}");
        }
    }
}
