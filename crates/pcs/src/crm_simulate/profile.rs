//! `--profile`: how long the scheduler takes for each CIB in a folder.

use std::time::Instant;

use cib::time::DateTime;
use scheduler::{Wishes, decide, expansion, read};

use super::input::{self, Refusal};
use super::options::{Options, Source};
use super::report::{Report, Timing};
use crate::files::reason;
use crate::{ExitCode, Files};

/// Times all CIBs in `folder` whose names end in `.xml`, by name.
pub(super) fn run(
    options: &Options,
    folder: &str,
    clock: &dyn Fn() -> DateTime,
    files: &mut dyn Files,
    report: &mut dyn Report,
) -> Result<(), Refusal> {
    let mut names = files.list(folder).map_err(|error| Refusal {
        text: format!("crm_simulate: {folder}: {}", reason(&error)),
        exit_code: ExitCode::NO_SUCH,
    })?;
    names.retain(|name| name.ends_with(".xml") && !name.starts_with('.'));
    names.sort_unstable();
    let timings: Vec<Timing> = names
        .iter()
        .filter_map(|name| time(options, format!("{folder}/{name}"), clock, files))
        .collect();
    if !timings.is_empty() {
        report.timings(&timings);
    }
    Ok(())
}

/// How long one file takes; `None` for one that cannot be used.
fn time(
    options: &Options,
    file: String,
    clock: &dyn Fn() -> DateTime,
    files: &mut dyn Files,
) -> Option<Timing> {
    let cib = input::read(&Source::File(file.clone()), files).ok()?.cib;
    let wishes = Wishes {
        show_scores: options.show_scores,
        show_utilization: options.show_utilization,
        ..Wishes::default()
    };
    let now = input::effective_time(options, &cib, clock()).moment();
    let start = Instant::now();
    for _ in 0..options.repeat {
        let expanded = expansion::expand(&cib);
        let mut plan = read(&expanded, now, wishes);
        decide(&mut plan);
    }
    let seconds = start.elapsed().as_secs_f64();
    Some(Timing { file, seconds })
}
