//! `keel cluster timing`.

use std::process::ExitCode;

use clap::Args;
use diagnostics::Span;

use super::{Place, failure, print_json};
use crate::setup::{self, Setup, TimingReport};

/// Options of `timing`.
#[derive(Debug, Args)]
pub(super) struct TimingOptions {
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn timing(options: &TimingOptions) -> ExitCode {
    match report(options) {
        Ok(report) if options.json => print_json(&report),
        Ok(report) => print!("{}", text(&report)),
        Err(error) => return failure(&error),
    }
    ExitCode::SUCCESS
}

fn report(options: &TimingOptions) -> Result<TimingReport, String> {
    let (configuration, sources) = setup::read(&options.place.path())?;
    let timing = Setup::timing_of(&configuration, &sources)?;
    let place = |span: Span| {
        let position = sources.position(span);
        format!("{}:{}", sources.name(span.source), position.line)
    };
    Ok(TimingReport::of(&configuration, &timing, place))
}

fn text(report: &TimingReport) -> String {
    let mut text =
        String::from("A node dies. Until the others have a view with quorum, at worst:\n");
    for part in report.detection.iter().chain(&report.takeover) {
        text += &format!("{:>10.1} ms  {}: {}\n", part.ms, part.what, part.option);
    }
    text += &format!("{:>10.1} ms  in all\n\n", report.worst_ms);
    text += &format!(
        "Where heartbeats have been irregular (a busy machine, a slow network), up to {:.0} ms.\n\
         A node that is cut off stops acting {:.0} ms after it was last confirmed, before the others go on.\n\
         corosync would need {:.0} ms with the same file (token and consensus).\n",
        report.busy_worst_ms, report.lease_ms, report.corosync_ms
    );
    text
}
