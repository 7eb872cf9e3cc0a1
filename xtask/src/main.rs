//! The developer's one entry: `cargo xtask VERB`.
//!
//! ```text
//! test    all tests; what cannot run here is counted as skipped, with the reason
//! tidy    formatting, clippy, licences, links in the documents
//! bench   figures, with the peer beside them
//! sim     many seeds of a simulation
//! conformance  cases with known answers
//! lab     machines under random faults, for hours
//! linearizability  whether one copy explains what clients saw
//! fuzz    one fuzz target, coverage-guided, for a bounded time
//! ```

mod bench_balancer;
mod bench_cluster;
mod bench_cluster_failover;
mod bench_failover;
mod bench_scheduler;
mod conformance;
mod figures;
mod fuzz;
mod linearizability;
mod sim;
mod test;
mod tidy;
mod torture;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask VERB [OPTIONS]

  test [--no-skips] [CARGO TEST ARGUMENTS]   run all tests; --no-skips fails when one was skipped
  tidy                                       formatting, clippy as errors, licences, links
  fuzz list | fuzz TARGET [--seconds N]      run a fuzz target, 60 seconds unless told
  sim vrrp [--seeds N] [--from SEED]         play seeds of the simulated virtual routers
  sim cluster [--seeds N] [--from SEED] [--long] [--jobs N]
                                             play seeds of the simulated clusters; --long: 200,000
  sim resources [--seeds N] [--from SEED] [--long] [--jobs N]
                                             play seeds of clusters that run resources; --long: 50,000
  linearizability FILE                       whether one copy explains the history in FILE
  conformance scheduler [--cases DIR] [--release] [--diff] [--list] [NAME...]
                                             the scheduler against cases with known answers
  lab torture [--hours H] [--minutes M] [--seed S] [--debug]
                                             three machines of a cluster under random faults; ends
                                             non-zero where a promise was broken
  bench balancer [--json] [--runs N]         CPU time per request, beside the installed haproxy
  bench cluster [--runs N] [--case NAME]... [--no-peer] [--write] [--saturate-minutes M]
                                             how fast a cluster notices, orders and remembers, beside
                                             the installed corosync
  bench cluster-failover [--runs N] [--case NAME]... [--no-peer] [--write] [--verbose]
                       [--keel FILE]
                                             what a client sees of a cluster's failures, and what an
                                             operator waits for, beside the installed Pacemaker and pcs
  bench failover [--runs N] [--pair v2|v3] [--no-peers]
                                             what a client sees of failures, beside the peers
  bench scheduler [--cases DIR] [--no-peer] [--no-scale] [--no-cases] [--write]
                                             CPU time of a decision, beside the installed crm_simulate
";

/// How a verb ends: an error is a sentence for the terminal.
type Outcome = Result<(), String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (verb, rest) = match arguments.split_first() {
        Some((verb, rest)) => (verb.as_str(), rest),
        None => ("help", &[][..]),
    };
    if verb == bench_scheduler::cost::VERB {
        return bench_scheduler::cost::measured(rest);
    }
    let outcome = match verb {
        "test" => test::run(rest),
        "tidy" => tidy::run(),
        "fuzz" => fuzz::run(rest),
        "sim" => sim::run(rest),
        "linearizability" => linearizability::run(rest),
        "conformance" => conformance::run(rest),
        "bench" if rest.first().is_some_and(|what| what == "balancer") => {
            bench_balancer::run(&rest[1..])
        }
        "bench" if rest.first().is_some_and(|what| what == "cluster") => {
            bench_cluster::run(&rest[1..])
        }
        "bench" if rest.first().is_some_and(|what| what == "cluster-failover") => {
            bench_cluster_failover::run(&rest[1..])
        }
        "bench" if rest.first().is_some_and(|what| what == "failover") => {
            bench_failover::run(&rest[1..])
        }
        "bench" if rest.first().is_some_and(|what| what == "scheduler") => {
            bench_scheduler::run(&rest[1..])
        }
        "lab" if rest.first().is_some_and(|what| what == "torture") => torture::run(&rest[1..]),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        unknown => Err(format!("unknown verb '{unknown}'\n\n{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace's root folder.
fn root() -> std::path::PathBuf {
    let manifest = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest
        .parent()
        .expect("xtask lies in the workspace's root")
        .to_path_buf()
}

/// `cargo` as this process was started by it, in the workspace's root.
fn cargo() -> std::process::Command {
    let mut command =
        std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Runs a command to its end; a failure names what was being done.
fn complete(command: &mut std::process::Command, what: &str) -> Outcome {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{what} failed: {status}")),
        Err(error) => Err(format!("{what} could not be started: {error}")),
    }
}
