//! `cargo xtask bench scheduler`: what a decision of the scheduler costs, and what it costs
//! Pacemaker.
//!
//! Two tables. *Cases*: CPU time, user and system, of whole processes, one figure a case (both
//! runs of the case, see `conformance`), the median over all cases; ours and the installed
//! `crm_simulate` in turns. *Scale*: generated clusters, CPU time and memory of one run each.

pub(crate) mod cost;
mod generator;
mod plot;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::{Outcome, conformance, root};
use cost::Cost;
use generator::Cluster;

/// Ours may cost at most this much CPU time a case, in milliseconds.
const CASE_LIMIT_MS: f64 = 6.0;
/// Ours may cost at most this share of the peer's CPU time a case.
const RATIO_LIMIT: f64 = 0.2;
/// The largest generated cluster may take this long, in milliseconds.
const LARGEST_LIMIT_MS: f64 = 2000.0;
/// How long one run may take; a peer that is not done then counts as not finishing.
const RUN_LIMIT: Duration = Duration::from_secs(120);
/// Sizes of the generated clusters.
const NODES: [usize; 3] = [4, 16, 64];
const RESOURCES: [usize; 3] = [100, 1_000, 10_000];

const USAGE: &str = "\
usage: cargo xtask bench scheduler [--cases DIR] [--no-peer] [--no-scale] [--no-cases] [--write]

  --write   write the table and the plot of the scale runs into docs/
";

/// Runs the bench. An error names each limit that is exceeded.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let mut cases = Some(root().join(conformance::CASES)).filter(|folder| folder.is_dir());
    let (mut with_peer, mut with_scale, mut with_cases, mut write) = (true, true, true, false);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--cases" => cases = arguments.next().map(PathBuf::from),
            "--no-peer" => with_peer = false,
            "--no-scale" => with_scale = false,
            "--no-cases" => with_cases = false,
            "--write" => write = true,
            unknown => return Err(format!("unknown option '{unknown}'\n\n{USAGE}")),
        }
    }
    let ours = Contender {
        name: "keel",
        program: conformance::build(true)?,
        verb: Some("crm_simulate"),
    };
    let peer = with_peer.then(find_peer).flatten();
    if with_peer && peer.is_none() {
        println!(
            "no crm_simulate is installed (package pacemaker-cli-utils): no peer to compare with"
        );
    }
    let mut exceeded = Vec::new();
    match cases.filter(|_| with_cases) {
        Some(folder) => bench_cases(&ours, peer.as_ref(), &folder, &mut exceeded)?,
        None => println!("no cases: name a folder with --cases DIR"),
    }
    if with_scale {
        bench_scale(&ours, peer.as_ref(), write, &mut exceeded)?;
    }
    if exceeded.is_empty() {
        Ok(())
    } else {
        Err(exceeded.join("; "))
    }
}

/// A program that understands `crm_simulate`'s arguments.
struct Contender {
    name: &'static str,
    program: PathBuf,
    verb: Option<&'static str>,
}

impl Contender {
    fn command(&self, input: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(self.verb)
            .arg("-x")
            .arg(input)
            .env("LC_ALL", "C");
        command
    }
}

fn find_peer() -> Option<Contender> {
    let program = testing_support::find_command("crm_simulate")?;
    Some(Contender {
        name: "crm_simulate",
        program,
        verb: None,
    })
}

fn bench_cases(
    ours: &Contender,
    peer: Option<&Contender>,
    folder: &Path,
    exceeded: &mut Vec<String>,
) -> Outcome {
    let names = conformance::names(folder)?;
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut figures: Vec<(&str, Vec<f64>)> = std::iter::once(ours)
        .chain(peer)
        .map(|contender| (contender.name, Vec::new()))
        .collect();
    for name in &names {
        let input = folder.join("xml").join(format!("{name}.xml"));
        for (index, contender) in std::iter::once(ours).chain(peer).enumerate() {
            let mut simulate = contender.command(&input);
            simulate.arg("-S");
            let mut decide = contender.command(&input);
            decide.arg("-D").arg(scratch.path().join("dot")).arg("-G");
            decide.arg(scratch.path().join("exp")).arg("-sSQ");
            let cost = cost::measure(&simulate, RUN_LIMIT)?.unwrap_or_default().cpu
                + cost::measure(&decide, RUN_LIMIT)?.unwrap_or_default().cpu;
            figures[index].1.push(milliseconds(cost));
        }
    }
    println!("CPU time a case (two runs), {} cases, in ms", names.len());
    println!(
        "{:<14} {:>8} {:>8} {:>8} {:>9}",
        "", "median", "p90", "worst", "all"
    );
    for (name, values) in &mut figures {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values[((values.len() - 1) as f64 * share) as usize];
        let all: f64 = values.iter().sum();
        println!(
            "{name:<14} {:>8.2} {:>8.2} {:>8.2} {all:>9.0}",
            at(0.5),
            at(0.9),
            at(1.0)
        );
    }
    let median = |values: &[f64]| values[(values.len() - 1) / 2];
    let our_median = median(&figures[0].1);
    if our_median > CASE_LIMIT_MS {
        exceeded.push(format!(
            "a case costs {our_median:.2} ms, more than {CASE_LIMIT_MS}"
        ));
    }
    if let Some((_, values)) = figures.get(1) {
        let ratio = our_median / median(values);
        println!("ratio {ratio:.3} (limit {RATIO_LIMIT})");
        if ratio > RATIO_LIMIT {
            exceeded.push(format!(
                "a case costs {ratio:.3} of the peer's, more than {RATIO_LIMIT}"
            ));
        }
    }
    Ok(())
}

/// One generated cluster and what a decision about it costs each contender.
struct ScaleRow {
    nodes: usize,
    resources: usize,
    ours: Figure,
    peer: Figure,
}

/// What came of a run.
#[derive(Clone, Copy)]
enum Figure {
    /// There was none.
    NotRun,
    /// It was ended after [`RUN_LIMIT`].
    TooLong,
    /// It came to its end.
    Done(Cost),
}

impl Figure {
    fn of(contender: &Contender, input: &Path) -> Result<Self, String> {
        let cost = cost::measure(&decision(contender, input), RUN_LIMIT)?;
        Ok(cost.map_or(Self::TooLong, Self::Done))
    }

    fn cost(self) -> Option<Cost> {
        match self {
            Self::Done(cost) => Some(cost),
            Self::NotRun | Self::TooLong => None,
        }
    }
}

fn bench_scale(
    ours: &Contender,
    peer: Option<&Contender>,
    write: bool,
    exceeded: &mut Vec<String>,
) -> Outcome {
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut rows = Vec::new();
    for nodes in NODES {
        for resources in RESOURCES {
            let input = scratch.path().join(format!("{nodes}x{resources}.xml"));
            let text = Cluster { nodes, resources }.to_xml();
            std::fs::write(&input, text).map_err(|error| error.to_string())?;
            let row = ScaleRow {
                nodes,
                resources,
                ours: Figure::of(ours, &input)?,
                peer: peer.map_or(Ok(Figure::NotRun), |peer| Figure::of(peer, &input))?,
            };
            println!("{}", table_line(&row));
            rows.push(row);
        }
    }
    let largest = rows
        .last()
        .and_then(|row| row.ours.cost())
        .map(|cost| milliseconds(cost.cpu));
    match largest {
        Some(time) if time <= LARGEST_LIMIT_MS => {}
        Some(time) => exceeded.push(format!(
            "the largest cluster takes {time:.0} ms, more than {LARGEST_LIMIT_MS}"
        )),
        None => exceeded.push("the largest cluster is not done in time".to_owned()),
    }
    if write {
        plot::write(&rows)?;
    }
    Ok(())
}

/// One decision: the transition is worked out in full, nothing is simulated or written.
fn decision(contender: &Contender, input: &Path) -> Command {
    let mut command = contender.command(input);
    command.arg("-R").arg("-Q");
    command
}

fn table_line(row: &ScaleRow) -> String {
    let time = |figure: Figure| match figure {
        Figure::NotRun => "not run".to_owned(),
        Figure::TooLong => format!("> {} s", RUN_LIMIT.as_secs()),
        Figure::Done(cost) => format!("{:.0} ms", milliseconds(cost.cpu)),
    };
    let memory = |figure: Figure| match figure.cost() {
        Some(cost) => format!("{} MB", cost.peak_kib / 1024),
        None => "–".to_owned(),
    };
    let per_pair = match row.ours.cost() {
        Some(cost) => format!(
            "{:.1} µs",
            milliseconds(cost.cpu) * 1e3 / (row.nodes * row.resources) as f64
        ),
        None => "–".to_owned(),
    };
    format!(
        "| {:>2} × {:>6} | {:>8} | {per_pair:>8} | {:>7} | {:>8} | {:>7} |",
        row.nodes,
        row.resources,
        time(row.ours),
        memory(row.ours),
        time(row.peer),
        memory(row.peer),
    )
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
