//! Figures of several runs, and the tables of the benches.

use std::fmt::Write as _;
use std::fs;

use crate::{Outcome, root};

/// Where the tables are written to.
const PAGE: &str = "docs/performance.md";

/// A case of one engine.
#[derive(Debug)]
pub struct Row {
    /// What was done.
    pub case: String,
    /// By whom.
    pub engine: &'static str,
    /// What came out.
    pub figure: String,
    /// What is aimed at, for ours.
    pub aim: &'static str,
}

/// Several times, in milliseconds.
#[derive(Debug, Default)]
pub struct Times(Vec<f64>);

impl Times {
    /// One more.
    pub fn add(&mut self, ms: f64) {
        self.0.push(ms);
        self.0.sort_by(f64::total_cmp);
    }

    /// The one in the middle.
    pub fn median(&self) -> Option<f64> {
        self.0.get(self.0.len() / 2).copied()
    }

    /// The worst.
    pub fn worst(&self) -> Option<f64> {
        self.0.last().copied()
    }

    /// The one in the middle, and the worst.
    pub fn median_and_worst(&self) -> String {
        let (Some(median), Some(worst)) = (self.median(), self.worst()) else {
            return "–".to_owned();
        };
        format!("{} ms, worst {} ms", figure(median), figure(worst))
    }

    /// What half and what 99 of 100 are below.
    pub fn percentiles(&self) -> String {
        let at = |share: usize| self.0.get(self.0.len() * share / 100).copied();
        match (at(50), at(99)) {
            (Some(half), Some(most)) => {
                format!("p50 {} ms, p99 {} ms", figure(half), figure(most))
            }
            _ => "–".to_owned(),
        }
    }
}

/// Three digits at most.
pub fn figure(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

/// The middle of several values.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The rows as a table in Markdown.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from("| case | | measured | aim |\n| --- | --- | --- | --- |\n");
    for row in rows {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            row.case, row.engine, row.figure, row.aim
        );
    }
    text
}

/// Puts a table into the page, between the marks of its name.
pub fn write(name: &str, rows: &[Row]) -> Outcome {
    let begin_mark = format!("<!-- {name}: begin -->\n");
    let end_mark = format!("<!-- {name}: end -->");
    let path = root().join(PAGE);
    let text = fs::read_to_string(&path).map_err(|error| format!("{PAGE}: {error}"))?;
    let (Some(begin), Some(end)) = (text.find(&begin_mark), text.find(&end_mark)) else {
        return Err(format!(
            "{PAGE} has no place for the table: '{}'",
            begin_mark.trim()
        ));
    };
    let text = format!(
        "{}{}{}",
        &text[..begin + begin_mark.len()],
        table(rows),
        &text[end..]
    );
    fs::write(&path, text).map_err(|error| format!("{PAGE}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let mut times = Times::default();
        for ms in [3.0, 1.0, 200.4] {
            times.add(ms);
        }
        assert_eq!(times.median_and_worst(), "3.00 ms, worst 200 ms");
        assert_eq!(median(vec![5.0, 1.0, 2.0]), 2.0);
    }
}
