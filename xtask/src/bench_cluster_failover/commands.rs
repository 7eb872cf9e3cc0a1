//! What an operator waits for: the wall time of commands.

use std::time::Instant;

use super::Bench;
use super::machines::{Kind, LIMIT, Machines, said};
use super::outage::row;
use crate::figures::{Row, Times};

/// How often a command is run in each run of the bench.
const AT_ONCE: u32 = 5;

/// `pcs status`, `pcs resource create`, and what the measurement itself costs.
pub fn commands(bench: &Bench, kind: Kind) -> Result<Vec<Row>, String> {
    let machines = bench.configured(kind, 2)?;
    machines.holder()?;
    let (mut nothing, mut status, mut create) =
        (Times::default(), Times::default(), Times::default());
    for number in 0..bench.runs * AT_ONCE {
        nothing.add(wall_ms(&machines, &["env".to_owned(), "true".to_owned()])?);
        status.add(wall_ms(&machines, &machines.words(1, &["pcs", "status"]))?);
        let name = format!("dummy-{number}");
        let words = ["pcs", "resource", "create", &name, "ocf:heartbeat:Dummy"];
        create.add(wall_ms(&machines, &machines.words(1, &words))?);
        machines.until("the resource runs", || {
            machines
                .cib(1)
                .is_ok_and(|cib| cib.contains(&format!("{name}_start_0")))
        })?;
    }
    let rows = [
        ("a command that does nothing", nothing, ""),
        ("pcs status", status, "≤ 30 ms"),
        ("pcs resource create", create, "≤ 60 ms"),
    ];
    let rows = rows.map(|(case, times, aim)| row(case, kind, times.median_and_worst(), aim));
    Ok(rows.into_iter().collect())
}

fn wall_ms(machines: &Machines, words: &[String]) -> Result<f64, String> {
    let node = machines.node(1);
    let began = Instant::now();
    let output = node.run(words, LIMIT).map_err(said)?;
    let took = began.elapsed();
    if output.success() {
        return Ok(took.as_secs_f64() * 1000.0);
    }
    let words = words.join(" ");
    Err(format!("{words}: {}{}", output.stdout, output.stderr))
}
