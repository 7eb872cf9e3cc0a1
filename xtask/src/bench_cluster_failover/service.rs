//! The process of a service dies: it starts again in its place, or the group moves.

use std::net::SocketAddr;
use std::time::Duration;

use lab::probe::Question;

use super::Bench;
use super::machines::{ADDRESS, GROUP, Kind, LIMIT, Machines, said};
use super::outage::{Fault, Over, outages, row};
use crate::Outcome;
use crate::figures::{Row, Times};

/// The resource.
const SERVICE: &str = "service";
/// Where its process says who it is.
const PID_FILE: &str = "/run/service.pid";
/// Where it answers.
const PORT: u16 = 7001;
/// How long is waited for it to come back in place.
const IN_PLACE: Duration = Duration::from_secs(3);
/// Where the balancer is found under the name that its configuration and its agent expect.
const BALANCER: &str = "/run/haproxy";
const BALANCER_FILE: &str = "/etc/haproxy/haproxy.cfg";
/// The balancer's processes are killed together, as it restarts what dies of it.
const KILL_BALANCER: &str = "kill -9 $(cat \"$1\") $(cat /proc/$(cat \"$1\")/task/*/children)";
const KILL: &str = "kill -9 $(cat \"$1\")";

/// What serves.
struct Service {
    title: &'static str,
    kill: &'static str,
    install: fn(&Machines) -> Outcome,
    question: fn() -> Question,
}

const BALANCER_SERVICE: Service = Service {
    title: "ocf:heartbeat:haproxy",
    kill: KILL_BALANCER,
    install: install_balancer,
    question: || Question::Http {
        address: SocketAddr::from((ADDRESS, PORT)),
        host: "service".to_owned(),
        path: "/".to_owned(),
    },
};

const SCRIPTED: Service = Service {
    title: "ocf:heartbeat:anything, monitored each second",
    kill: KILL,
    install: install_scripted,
    question: || Question::Echo(SocketAddr::from((ADDRESS, PORT))),
};

/// A balancer with ours, and a process under a script with both.
pub fn deaths(bench: &Bench, kind: Kind) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    if kind == Kind::Keel {
        rows.extend(deaths_of(bench, kind, &BALANCER_SERVICE)?);
    }
    rows.extend(deaths_of(bench, kind, &SCRIPTED)?);
    Ok(rows)
}

fn deaths_of(bench: &Bench, kind: Kind, service: &Service) -> Result<Vec<Row>, String> {
    let machines = bench.configured(kind, 2)?;
    (service.install)(&machines)?;
    let question = (service.question)();
    let strike = |machines: &Machines, node: u32| {
        let words = ["sh", "-c", service.kill, "kill", PID_FILE];
        machines
            .node(node)
            .run(&words, LIMIT)
            .map(drop)
            .map_err(said)
    };
    let heal = |machines: &Machines, _| machines.forget_failures();
    let mut fault = Fault {
        strike: &strike,
        over: Over::After(IN_PLACE),
        heal: &heal,
    };
    let in_place = outages(bench, &machines, &question, &fault)?;
    let threshold = ["resource", "meta", SERVICE, "migration-threshold=1"];
    machines.pcs(1, &threshold)?;
    fault.over = Over::Moved;
    let moved = outages(bench, &machines, &question, &fault)?;
    let title = service.title;
    let mut start = Times::default();
    start.add(start_ms(&machines)?);
    Ok(vec![
        row(
            &format!("start of {title}, by its history"),
            kind,
            start.median_and_worst(),
            "",
        ),
        in_place.row(
            &format!("process dies ({title}): restart in place"),
            kind,
            "≤ 100 ms + its start",
        ),
        moved.row(
            &format!("process dies ({title}): the group moves"),
            kind,
            "≤ 100 ms + its start",
        ),
    ])
}

/// The time of the last start, as the CIB has it.
fn start_ms(machines: &Machines) -> Result<f64, String> {
    let cib = machines.cib(1)?;
    let key = format!("operation_key=\"{SERVICE}_start_0\"");
    let operations = cib.split("<lrm_rsc_op ");
    let started = operations.filter_map(|operation| {
        let (attributes, _) = operation.split_once('>')?;
        let (_, time) = attributes.split_once(" exec-time=\"")?;
        let (time, _) = time.split_once('"')?;
        attributes.contains(&key).then(|| time.parse().ok())?
    });
    started
        .last()
        .ok_or_else(|| format!("the CIB has no start of {SERVICE}"))
}

/// The balancer is this same program under the peer's name.
fn install_balancer(machines: &Machines) -> Outcome {
    let text = format!(
        "defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 1s\n\
         frontend service\n bind {}:{PORT}\n http-request return status 200\n",
        ADDRESS
    );
    for node in machines.all() {
        let node = machines.node(node);
        node.write_file(BALANCER_FILE, text.as_bytes())
            .map_err(said)?;
        let link = format!("ln -s \"$(command -v keel)\" {BALANCER}");
        node.run(&["sh", "-c", &link], LIMIT).map_err(said)?;
    }
    let (program, pid_file) = (format!("binpath={BALANCER}"), format!("pidfile={PID_FILE}"));
    create(machines, "ocf:heartbeat:haproxy", &[&program, &pid_file])
}

fn install_scripted(machines: &Machines) -> Outcome {
    // The script gives its process another environment, without the lab's search path.
    let words = ["sh", "-c", "command -v keel"];
    let output = machines.node(1).run(&words, LIMIT).map_err(said)?;
    let program = format!("binfile={}", output.stdout.trim());
    let address = ADDRESS;
    let options = format!("cmdline_options=lab echo --listen {address}:{PORT}");
    let pid_file = format!("pidfile={PID_FILE}");
    create(
        machines,
        "ocf:heartbeat:anything",
        &[&program, &options, &pid_file],
    )
}

fn create(machines: &Machines, agent: &str, parameters: &[&str]) -> Outcome {
    let words = ["resource", "create", SERVICE, agent];
    let monitor = ["op", "monitor", "interval=1s", "--group", GROUP];
    machines
        .pcs(1, &[&words[..], parameters, &monitor[..]].concat())
        .map(drop)
}
