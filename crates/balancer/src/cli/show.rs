//! Commands that only look.

use std::fmt::Write as _;
use std::sync::PoisonError;
use std::time::SystemTime;

use haproxy_config::model::Server as ConfiguredServer;

use super::command::{Call, level_name};
use crate::snapshot::{Backend, Server, ServerAddress, Snapshot};
use crate::state::ServerDetail;
use crate::stats::column::Column;
use crate::stats::{collect, info, table};

/// Appends formatted text.
macro_rules! put {
    ($text:expr, $($arguments:tt)*) => {
        write!($text, $($arguments)*).expect("a String takes every write")
    };
}

/// `show info [json|typed]`
pub(super) fn info(call: Call<'_>) -> String {
    let mut facts = info::facts(
        &call.shared.snapshot(),
        &call.shared.rates,
        SystemTime::now(),
    );
    if call.shared.stopping.get() {
        for fact in facts.iter_mut().filter(|fact| fact.name == "Stopping") {
            fact.value = table::Value::U32(1);
        }
    }
    match call.argument(0) {
        "" => info::plain(&facts),
        "typed" => info::typed(&facts),
        "json" => info::json(&facts),
        other => format!("'show info {other}' is not built yet: 'typed' and 'json' are.\n"),
    }
}

/// `show stat [{<iid>|<proxy>} <type> <sid>] [typed|json] [up|no-maint]`
pub(super) fn stat(call: Call<'_>) -> String {
    let snapshot = call.shared.snapshot();
    let mut rows = collect::rows(&snapshot, &call.shared.rates, SystemTime::now());
    let mut arguments = call.arguments.iter().map(String::as_str).peekable();
    if arguments.next_if_eq(&"domain").is_some() && arguments.next() != Some("proxy") {
        return "Only the domain 'proxy' has statistics.\n".to_owned();
    }
    let is_form = |word: &str| matches!(word, "typed" | "json" | "desc" | "up" | "no-maint");
    if let Some(which) = arguments.next_if(|word| !is_form(word)) {
        // -1 selects all, as does a selection without a number.
        let number = |word: Option<&str>| word.and_then(|word| word.parse::<i64>().ok());
        let id = match number(Some(which)) {
            Some(id) => id,
            None => match snapshot
                .config
                .proxies
                .iter()
                .find(|p| p.name.value == which)
            {
                Some(proxy) => i64::from(proxy.id),
                None => return "No such proxy.\n".to_owned(),
            },
        };
        let kinds = number(arguments.next_if(|word| !is_form(word))).unwrap_or(-1);
        let service = number(arguments.next_if(|word| !is_form(word))).unwrap_or(-1);
        rows.retain(|row| {
            (id < 0 || i64::from(row.proxy_id) == id)
                && (kinds < 0 || kinds & i64::from(row.kind.bit()) != 0)
                && (service < 0 || i64::from(row.service_id) == service)
        });
    }
    let mut render: fn(&[table::Row]) -> String = table::csv;
    for word in arguments {
        match word {
            "typed" => render = table::typed,
            "json" => render = table::json,
            "up" => rows.retain(|row| !row.text(Column::Status).starts_with("DOWN")),
            "no-maint" => rows.retain(|row| row.text(Column::Status) != "MAINT"),
            other => return format!("'show stat … {other}' is not built yet.\n"),
        }
    }
    render(&rows)
}

/// `show backend`
pub(super) fn backends(call: Call<'_>) -> String {
    let mut text = "# name\n".to_owned();
    for backend in &call.shared.snapshot().backends {
        put!(text, "{}\n", backend.name);
    }
    text
}

/// `show cli sockets`
pub(super) fn sockets(call: Call<'_>) -> String {
    let mut text = "# socket lvl processes\n".to_owned();
    for (address, level) in call.shared.sockets.borrow().iter() {
        put!(text, "{address} {} all\n", level_name(*level));
    }
    text
}

/// `get weight <bk>/<srv>`
pub(super) fn weight(call: Call<'_>) -> String {
    let snapshot = call.shared.snapshot();
    match find_server(&snapshot, call.argument(0)) {
        Ok((_, server)) => format!("{} (initial {})\n", server.state.weight(), server.weight),
        Err(problem) => problem.to_owned(),
    }
}

/// A server by `BACKEND/SERVER`, each by name or `#id`.
///
/// # Errors
///
/// HAProxy's words for what is wrong.
pub(super) fn find_server<'a>(
    snapshot: &'a Snapshot,
    name: &str,
) -> Result<(&'a Backend, &'a Server), &'static str> {
    let (backend, server) = name.split_once('/').ok_or("Require 'backend/server'.\n")?;
    let id = |word: &str| word.strip_prefix('#').and_then(|id| id.parse::<u32>().ok());
    let backend = match id(backend) {
        Some(id) => snapshot.backends.iter().find(|backend| backend.id == id),
        None => snapshot.backend(backend),
    }
    .ok_or("No such backend.\n")?;
    let server = match id(server) {
        Some(id) => backend.servers.iter().find(|server| server.id == id),
        None => backend.server(server),
    }
    .ok_or("No such server.\n")?;
    Ok((backend, server))
}

/// The backends that `show servers … [<backend>]` is about.
fn chosen<'a>(snapshot: &'a Snapshot, name: &str) -> Result<Vec<&'a Backend>, &'static str> {
    if name.is_empty() {
        return Ok(snapshot.backends.iter().map(AsRef::as_ref).collect());
    }
    match snapshot.backend(name) {
        Some(backend) => Ok(vec![backend]),
        None => Err("Can't find backend.\n"),
    }
}

/// `show servers state [<backend>]`: version 1 of the format that `load-server-state-from-file`
/// reads.
pub(super) fn server_states(call: Call<'_>) -> String {
    let snapshot = call.shared.snapshot();
    let backends = match chosen(&snapshot, call.argument(0)) {
        Ok(backends) => backends,
        Err(problem) => return problem.to_owned(),
    };
    let now = SystemTime::now();
    let mut text = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state \
        srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result \
        srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn \
        srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr \
        srv_agent_port\n"
        .to_owned();
    for backend in backends {
        for server in &backend.servers {
            let configured = &snapshot.config.proxies[backend.proxy].servers[server.index];
            server_state(backend, server, configured, now, &mut text);
        }
    }
    text
}

fn server_state(
    backend: &Backend,
    server: &Server,
    configured: &ConfiguredServer,
    now: SystemTime,
    text: &mut String,
) {
    let detail = server
        .state
        .detail
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let since = now.duration_since(detail.changed).unwrap_or_default();
    let (address, port) = address_and_port(&server.address);
    let (check_status, check_result) = check_numbers(&detail, configured.check.is_some());
    let checked = configured.check.is_some();
    let in_maintenance = detail.admin.in_maintenance();
    // 2: configured, 4: enabled, 8: paused.
    let check_state = match (checked, in_maintenance) {
        (false, _) => 0,
        (true, false) => 6,
        (true, true) => 14,
    };
    let check_port = configured.check.as_ref().and_then(|check| check.port);
    put!(
        text,
        "{} {} {} {} {address} {} {} {} {} {} {check_status} {check_result} {} {check_state} 0 0 0 \
         - {port} - 0 {} - - 0\n",
        backend.id,
        backend.name,
        server.id,
        server.name,
        // 0: stopped, 2: running.
        if detail.running && !in_maintenance {
            2
        } else {
            0
        },
        u8::from(detail.admin.forced_maintenance)
            | u8::from(detail.admin.configured_maintenance) << 2
            | u8::from(detail.admin.forced_drain) << 3,
        server.state.weight(),
        server.weight,
        since.as_secs(),
        detail.health,
        check_port.unwrap_or(0),
    );
}

/// HAProxy's numbers for a check's status and result (0 unknown, 2 failed, 3 passed).
fn check_numbers(detail: &ServerDetail, checked: bool) -> (u8, u8) {
    if !checked {
        return (1, 0);
    }
    match detail.check.status {
        Some("SOCKERR") => (5, 2),
        Some("L4OK") => (6, 3),
        Some("L4TOUT") => (7, 2),
        Some("L4CON") => (8, 2),
        Some("L7TOUT") => (12, 2),
        Some("L7RSP") => (13, 2),
        Some("L7OK") => (15, 3),
        Some("L7STS") => (17, 2),
        _ => (1, 0),
    }
}

/// `show servers conn [<backend>]`
pub(super) fn server_connections(call: Call<'_>) -> String {
    let snapshot = call.shared.snapshot();
    let backends = match chosen(&snapshot, call.argument(0)) {
        Ok(backends) => backends,
        Err(problem) => return problem.to_owned(),
    };
    let workers = snapshot.process.counters.iter().count();
    let mut text = format!(
        "# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb \
         safe_nb idle_lim idle_cur idle_per_thr[{workers}]\n"
    );
    for backend in backends {
        for server in &backend.servers {
            let (address, port) = address_and_port(&server.address);
            let totals = server.state.counters.total();
            put!(
                text,
                "{}/{} {}/{} {address} {port} - {} {} {} 0 0 {} {} {}",
                backend.name,
                server.name,
                backend.id,
                server.id,
                server.idle_purge.as_millis(),
                totals.sessions,
                totals.sessions_max,
                totals.idle_connections,
                server.idle_max.map_or(-1, i64::from),
                totals.idle_connections,
            );
            for worker in server.state.counters.iter() {
                put!(text, " {}", worker.idle_connections.read());
            }
            text.push('\n');
        }
    }
    text
}

fn address_and_port(address: &ServerAddress) -> (String, u16) {
    match address {
        ServerAddress::Inet(address) => (address.ip().to_string(), address.port()),
        ServerAddress::MappedPort { ip, .. } => (ip.to_string(), 0),
        ServerAddress::Unix(_) | ServerAddress::Abstract(_) => ("-".to_owned(), 0),
    }
}
