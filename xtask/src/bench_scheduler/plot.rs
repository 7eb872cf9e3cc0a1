//! The scale runs as a table and a plot in `docs/`.

use std::fmt::Write as _;

use super::{Figure, RUN_LIMIT, ScaleRow, milliseconds, table_line};
use crate::{Outcome, root};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const MARGIN: f64 = 70.0;
/// Both axes are logarithmic: node-resource pairs from 10^2 to 10^6, milliseconds from 1 to 10^6.
const PAIRS: (f64, f64) = (2.0, 6.0);
const TIME: (f64, f64) = (0.0, 6.0);
/// Where the table stands in the page.
const BEGIN: &str = "<!-- scale: begin -->\n";
const END: &str = "<!-- scale: end -->\n";

/// Replaces the table in `docs/performance.md` and the plot `docs/scheduler-scale.svg`.
pub(super) fn write(rows: &[ScaleRow]) -> Outcome {
    let page = root().join("docs/performance.md");
    let text = std::fs::read_to_string(&page).map_err(|error| error.to_string())?;
    let (Some(begin), Some(end)) = (text.find(BEGIN), text.find(END)) else {
        return Err(format!("{} has no place for the table", page.display()));
    };
    let text = format!(
        "{}{}{}",
        &text[..begin + BEGIN.len()],
        table(rows),
        &text[end..]
    );
    std::fs::write(&page, text).map_err(|error| error.to_string())?;
    let plot = root().join("docs/scheduler-scale.svg");
    std::fs::write(&plot, svg(rows)).map_err(|error| error.to_string())
}

fn table(rows: &[ScaleRow]) -> String {
    let mut text = String::from(
        "| nodes × resources | keel: CPU | per pair | memory | crm_simulate: CPU | memory |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for row in rows {
        let _ = writeln!(text, "{}", table_line(row));
    }
    text
}

fn svg(rows: &[ScaleRow]) -> String {
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    axes(&mut text);
    let ours = rows
        .iter()
        .filter_map(|row| Some((pairs(row), milliseconds(row.ours.cost()?.cpu))));
    points(&mut text, ours, "#1f6feb", "keel", 0, Mark::Full);
    let peer = rows
        .iter()
        .filter_map(|row| Some((pairs(row), milliseconds(row.peer.cost()?.cpu))));
    points(&mut text, peer, "#d1242f", "crm_simulate", 1, Mark::Full);
    let too_long = rows
        .iter()
        .filter(|row| matches!(row.peer, Figure::TooLong))
        .map(|row| (pairs(row), RUN_LIMIT.as_secs_f64() * 1e3));
    let name = format!("crm_simulate, ended after {} s", RUN_LIMIT.as_secs());
    points(&mut text, too_long, "#d1242f", &name, 2, Mark::Hollow);
    text.push_str("</svg>\n");
    text
}

fn pairs(row: &ScaleRow) -> f64 {
    (row.nodes * row.resources) as f64
}

fn x(pairs: f64) -> f64 {
    MARGIN + (pairs.log10() - PAIRS.0) / (PAIRS.1 - PAIRS.0) * (WIDTH - 2.0 * MARGIN)
}

fn y(time_ms: f64) -> f64 {
    let share = (time_ms.max(1.0).log10() - TIME.0) / (TIME.1 - TIME.0);
    HEIGHT - MARGIN - share * (HEIGHT - 2.0 * MARGIN)
}

fn axes(text: &mut String) {
    let (left, right, bottom) = (MARGIN, WIDTH - MARGIN, HEIGHT - MARGIN);
    for exponent in PAIRS.0 as i32..=PAIRS.1 as i32 {
        let at = x(10f64.powi(exponent));
        let _ = writeln!(
            text,
            "<line x1=\"{at:.0}\" y1=\"{MARGIN}\" x2=\"{at:.0}\" y2=\"{bottom}\" stroke=\"#ddd\"/><text x=\"{at:.0}\" y=\"{:.0}\" text-anchor=\"middle\">10^{exponent}</text>",
            bottom + 18.0
        );
    }
    for exponent in TIME.0 as i32..=TIME.1 as i32 {
        let at = y(10f64.powi(exponent));
        let _ = writeln!(
            text,
            "<line x1=\"{left}\" y1=\"{at:.0}\" x2=\"{right}\" y2=\"{at:.0}\" stroke=\"#ddd\"/><text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">10^{exponent} ms</text>",
            left - 6.0,
            at + 4.0
        );
    }
    let _ = writeln!(
        text,
        "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">nodes × resources</text>",
        WIDTH / 2.0,
        HEIGHT - 14.0
    );
}

/// How points are drawn.
#[derive(Clone, Copy)]
enum Mark {
    Full,
    Hollow,
}

fn points(
    text: &mut String,
    values: impl Iterator<Item = (f64, f64)>,
    colour: &str,
    name: &str,
    row: u32,
    mark: Mark,
) {
    let fill = match mark {
        Mark::Full => colour,
        Mark::Hollow => "white",
    };
    let style = format!("r=\"4\" fill=\"{fill}\" stroke=\"{colour}\"");
    for (pairs, time_ms) in values {
        let _ = writeln!(
            text,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" {style}/>",
            x(pairs),
            y(time_ms)
        );
    }
    let at = MARGIN + 16.0 * f64::from(row) + 12.0;
    let _ = writeln!(
        text,
        "<circle cx=\"{:.0}\" cy=\"{:.0}\" {style}/><text x=\"{:.0}\" y=\"{at:.0}\">{name}</text>",
        MARGIN + 14.0,
        at - 4.0,
        MARGIN + 24.0
    );
}
