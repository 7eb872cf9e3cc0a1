//! `--profile`: how long the scheduler takes for each CIB in a folder.

use std::time::Instant;

use cib::time::DateTime;
use scheduler::{Wishes, decide, expansion, read};

use super::NAME;
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
    let mut names = files.list(folder).map_err(|error| {
        let text = format!("{NAME}: {folder}: {}", reason(&error));
        Refusal::new(text, ExitCode::of(&error))
    })?;
    names.retain(|name| name.ends_with(".xml") && !name.starts_with('.'));
    names.sort_unstable();
    if names.is_empty() {
        return Ok(());
    }
    report.begin_timings();
    for name in names {
        time(options, format!("{folder}/{name}"), clock, files, report);
    }
    report.end_timings();
    Ok(())
}

/// Says how long one file takes; nothing for one that cannot be used.
fn time(
    options: &Options,
    file: String,
    clock: &dyn Fn() -> DateTime,
    files: &mut dyn Files,
    report: &mut dyn Report,
) {
    let Ok(input) = input::read(&Source::File(file.clone()), files) else {
        return;
    };
    let wishes = Wishes {
        show_scores: options.show_scores,
        show_utilization: options.show_utilization,
        ..Wishes::default()
    };
    let time = input::effective_time(options, &input.cib, clock());
    let mut seconds = 0.0;
    for _ in 0..options.repeat {
        let start = Instant::now();
        let expanded = expansion::expand(&input.cib);
        let mut plan = read(&expanded, time.moment(), wishes);
        decide(&mut plan);
        seconds += start.elapsed().as_secs_f64();
        if options.date.is_some() {
            report.time(time, options.date.as_deref());
        }
        report.findings(&plan);
    }
    report.timing(&Timing { file, seconds });
}
