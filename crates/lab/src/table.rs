//! The figures as text: a table for people, JSON for programs.

use std::fmt::Write;

use serde::Serialize;

use crate::rehearsal::Cost;

/// One rehearsal's figures.
#[derive(Debug, Serialize)]
pub(crate) struct Run {
    /// Which engine.
    pub(crate) engine: String,
    /// Which run of it, from 1.
    pub(crate) run: u32,
    /// What each fault cost.
    pub(crate) faults: Vec<Cost>,
}

/// A table with a line per fault.
pub(crate) fn table(costs: &[Cost]) -> String {
    let mut rows = vec![
        [
            "fault",
            "sent",
            "failed",
            "longest gap",
            "holder before",
            "holder after",
            "two holders",
        ]
        .map(str::to_owned),
    ];
    for cost in costs {
        rows.push([
            cost.fault.clone(),
            cost.sent.to_string(),
            cost.failed.to_string(),
            span(cost.longest_gap_ms),
            cost.holder_before.clone(),
            cost.holder_after.clone(),
            span(cost.two_holders_ms),
        ]);
    }
    let widths: [usize; 7] = std::array::from_fn(|column| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0)
    });
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row
            .iter()
            .zip(widths)
            .enumerate()
            .map(|(column, (cell, width))| match column {
                // Figures to the right, names to the left.
                1..=3 | 6 => format!("{cell:>width$}"),
                _ => format!("{cell:<width$}"),
            })
            .collect();
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
        if index == 0 {
            let line = widths.map(|width| "-".repeat(width)).join("  ");
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

/// Milliseconds, with a fraction where it says something.
fn span(milliseconds: f64) -> String {
    if milliseconds == 0.0 {
        "0 ms".to_owned()
    } else if milliseconds < 100.0 {
        format!("{milliseconds:.1} ms")
    } else {
        format!("{milliseconds:.0} ms")
    }
}

/// `{"faults":[…]}`, one line.
pub(crate) fn json(costs: &[Cost]) -> String {
    #[derive(Serialize)]
    struct Faults<'a> {
        faults: &'a [Cost],
    }
    serde_json::to_string(&Faults { faults: costs }).expect("names and finite numbers are JSON")
}

/// `{"runs":[{"engine":"keel","run":1,"faults":[…]}]}` with more figures, one line.
pub(crate) fn json_of_runs(runs: &[Run]) -> String {
    let runs: Vec<serde_json::Value> = runs
        .iter()
        .map(|run| {
            let mut value = serde_json::json!(run);
            for (written, cost) in value["faults"]
                .as_array_mut()
                .into_iter()
                .flatten()
                .zip(&run.faults)
            {
                written["failures"] = serde_json::json!(cost.details.failures);
                written["failed_after"] = cost.details.failed_after.into();
                written["no_holder_ms"] = cost.details.no_holder_ms.into();
                written["exceeded"] = cost.details.exceeded.clone().into();
            }
            value
        })
        .collect();
    serde_json::json!({ "runs": runs }).to_string()
}

/// For each fault the medians over several runs; a holder is the one of the first run, or
/// `differs`.
pub(crate) fn medians(runs: &[&Run]) -> Vec<Cost> {
    let Some(first) = runs.first() else {
        return Vec::new();
    };
    (0..first.faults.len())
        .map(|index| {
            let costs: Vec<&Cost> = runs
                .iter()
                .filter_map(|run| run.faults.get(index))
                .collect();
            let mut cost = costs[0].clone();
            cost.sent = middle(costs.iter().map(|cost| cost.sent), u64::cmp);
            cost.failed = middle(costs.iter().map(|cost| cost.failed), u64::cmp);
            cost.longest_gap_ms = middle(costs.iter().map(|c| c.longest_gap_ms), f64::total_cmp);
            cost.two_holders_ms = middle(costs.iter().map(|c| c.two_holders_ms), f64::total_cmp);
            let same = |name: fn(&Cost) -> &String| {
                let alike = costs.iter().all(|cost| name(cost) == name(costs[0]));
                if alike {
                    name(costs[0]).clone()
                } else {
                    "differs".to_owned()
                }
            };
            cost.holder_before = same(|cost| &cost.holder_before);
            cost.holder_after = same(|cost| &cost.holder_after);
            cost
        })
        .collect()
}

fn middle<T: Copy>(
    values: impl Iterator<Item = T>,
    compare: impl Fn(&T, &T) -> std::cmp::Ordering,
) -> T {
    let mut values: Vec<T> = values.collect();
    values.sort_by(compare);
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Failures;
    use crate::rehearsal::Details;

    fn cost(gap: f64, after: &str) -> Cost {
        Cost {
            fault: "node dies".to_owned(),
            sent: 1000,
            failed: 12,
            longest_gap_ms: gap,
            holder_before: "fred".to_owned(),
            holder_after: after.to_owned(),
            two_holders_ms: 0.0,
            details: Details {
                failures: Failures::default(),
                failed_after: 1,
                no_holder_ms: 2.5,
                exceeded: Vec::new(),
            },
        }
    }

    #[test]
    fn a_table_has_one_line_a_fault() {
        assert_eq!(
            table(&[cost(3153.4, "ethyl"), cost(7.25, "fred")]),
            "\
fault      sent  failed  longest gap  holder before  holder after  two holders
---------  ----  ------  -----------  -------------  ------------  -----------
node dies  1000      12      3153 ms  fred           ethyl                0 ms
node dies  1000      12       7.2 ms  fred           fred                 0 ms
"
        );
    }

    #[test]
    fn json_has_the_promised_members_and_no_others() {
        assert_eq!(
            json(&[cost(7.25, "ethyl")]),
            r#"{"faults":[{"fault":"node dies","sent":1000,"failed":12,"longest_gap_ms":7.25,"holder_before":"fred","holder_after":"ethyl","two_holders_ms":0.0}]}"#
        );
    }

    #[test]
    fn several_runs_are_named_and_have_medians() {
        let run = |run, gap, after| Run {
            engine: "keel".to_owned(),
            run,
            faults: vec![cost(gap, after)],
        };
        let runs = [
            run(1, 30.0, "ethyl"),
            run(2, 10.0, "fred"),
            run(3, 20.0, "ethyl"),
        ];
        let medians = medians(&runs.iter().collect::<Vec<_>>());
        assert_eq!(medians[0].longest_gap_ms, 20.0);
        assert_eq!(medians[0].holder_after, "differs");
        let text = json_of_runs(&runs[..1]);
        for part in [r#""engine":"keel""#, r#""run":1"#, r#""failed_after":1"#] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
    }
}
