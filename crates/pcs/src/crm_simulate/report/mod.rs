//! What the command has to say, in the form that was asked for.

mod json;
mod text;
mod xml;

use scheduler::Plan;
use scheduler::explain::Explanation;
use scheduler::model::Finding;
use scheduler::simulation::{Event, Execution};
use scheduler::walk::Ending;

use super::input::EffectiveTime;
use super::options::Options;
use crate::ExitCode;
use crate::output::Format;
use crate::status::View;
use crate::summary::Change;

/// When a status is that of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Before the transition.
    Current,
    /// After it.
    Revised,
}

/// The duration of one profiled input.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Timing {
    pub file: String,
    pub seconds: f64,
}

/// Takes what there is to say, in order.
pub(super) trait Report {
    /// Whether the status of the cluster is to be shown at all.
    fn wants_status(&self) -> bool;
    /// The time at which the CIB is looked at, and the words that asked for it.
    fn time(&mut self, time: EffectiveTime, asked: Option<&str>);
    /// A problem that does not end the run.
    fn error(&mut self, text: &str);
    /// The state of the cluster. The current one comes with what limits the cluster as a whole.
    fn status(&mut self, plan: &Plan<'_>, moment: Moment, view: &View);
    /// What was changed on request.
    fn modifications(&mut self, events: &[Event]);
    /// What came up while the CIB was read.
    /// Reports for programs leave that out.
    fn remarks(&mut self, _plan: &Plan<'_>, _remarks: &[Finding]) {}
    /// Scores and utilization, as far as `options` ask for them.
    fn scores(&mut self, plan: &Plan<'_>, options: &Options);
    /// What the transition changes.
    fn summary(&mut self, changes: &[Change]);
    /// Why a resource is where it is.
    fn explanation(&mut self, explanation: &Explanation);
    /// How the transition was carried out.
    fn transition(&mut self, execution: &Execution);
    /// What is said until the end of timings is about profiled inputs.
    fn begin_timings(&mut self);
    /// What decided the placement in `plan`, as a part of what is being said.
    fn findings(&mut self, plan: &Plan<'_>);
    /// How long a profiled input took.
    fn timing(&mut self, timing: &Timing);
    /// That was the last one.
    fn end_timings(&mut self);
    /// The end. Gives what goes to standard output (or its file), and to standard error.
    fn finish(self: Box<Self>, exit_code: ExitCode) -> (String, String);
}

/// The report in that form that `options` ask for; `arguments` are those of the command.
pub(super) fn new(format: Format, options: &Options, arguments: &[String]) -> Box<dyn Report> {
    match format {
        Format::Text => Box::new(text::Text::new(options)),
        Format::Xml => Box::new(xml::Xml::new(arguments)),
        Format::Json => Box::new(json::Json::new(arguments)),
        Format::None | Format::Html => Box::new(text::Text::silent()),
    }
}

/// What there is to say of a walk that did not come to its end, line by line.
fn walk_problems(ending: Ending) -> &'static [&'static str] {
    match ending {
        Ending::Complete | Ending::Stopped => &[],
        Ending::Terminated => &[
            "Transition failed: terminated",
            "An invalid transition was produced",
        ],
    }
}
