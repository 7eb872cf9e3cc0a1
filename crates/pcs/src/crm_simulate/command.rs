//! One run of the command.

use std::io;

use cib::time::DateTime;
use cib::xml::Document;
use scheduler::model::{Message, Severity};
use scheduler::simulation::{Fault, carry_out, inject};
use scheduler::walk::Ending;
use scheduler::{Plan, Transition, Wishes, decide, expansion, graph, read};

use super::input::{self, Refusal};
use super::options::{Options, Question, Source};
use super::report::{self, Moment, Report};
use super::{NAME, explain, profile};
use crate::output::{Format, could_not_create};
use crate::status::{View, fail_counts};
use crate::{ExitCode, Files, Outcome, said, summary};

/// The run: what was asked for, what it needs, and where results go.
pub(super) struct Command<'a> {
    options: &'a Options,
    clock: &'a dyn Fn() -> DateTime,
    files: &'a mut dyn Files,
    report: Box<dyn Report>,
    /// What goes to standard error, whatever the form of the report.
    standard_error: String,
}

impl<'a> Command<'a> {
    pub fn new(
        options: &'a Options,
        arguments: &[String],
        clock: &'a dyn Fn() -> DateTime,
        files: &'a mut dyn Files,
        format: Format,
    ) -> Self {
        Self {
            options,
            clock,
            files,
            report: report::new(format, options, arguments),
            standard_error: String::new(),
        }
    }

    /// Runs the command, and adds what came of it to `outcome`, except the report, which it gives.
    pub fn run(mut self, outcome: &mut Outcome) -> String {
        let result = match &self.options.profile {
            Some(folder) => profile::run(
                self.options,
                folder,
                self.clock,
                self.files,
                &mut *self.report,
            ),
            None => self.simulate(),
        };
        if let Err(refusal) = result {
            if !refusal.text.is_empty() {
                self.say(&refusal.text);
            }
            outcome.exit_code = refusal.exit_code;
        }
        let (text, errors) = self.report.finish(outcome.exit_code);
        outcome.standard_error.push_str(&self.standard_error);
        outcome.standard_error.push_str(&errors);
        text
    }

    fn say(&mut self, text: &str) {
        self.standard_error.push_str(text);
        self.standard_error.push('\n');
    }

    fn simulate(&mut self) -> Result<(), Refusal> {
        let options = self.options;
        input::check_destinations(options)?;
        let input = input::read(&options.source, self.files)?;
        for notice in input.notices {
            self.say(&notice);
        }
        let mut cib = input.cib;
        // Where the result cannot be saved, nothing is begun.
        self.save_result(&cib)?;
        let result = self.simulate_with(&mut cib);
        let saved = self.save_result(&cib);
        result.and(saved)
    }

    fn simulate_with(&mut self, cib: &mut Document) -> Result<(), Refusal> {
        let options = self.options;
        let expanded = self.expand(cib);
        let mut plan = self.read(&expanded);
        self.show_messages(&plan.messages);
        if self.shows_status() {
            let view = self.view(&mut plan, true);
            self.report.status(&plan, Moment::Current, &view);
        }
        if options.injections.is_empty() {
            return self.proceed(cib, plan);
        }
        let now_s = (self.clock)().epoch_s();
        let events = inject(cib, &plan, &options.injections, now_s).map_err(broken)?;
        self.report.modifications(&events);
        let expanded = self.expand(cib);
        let plan = self.read(&expanded);
        self.proceed(cib, plan)
    }

    /// From the CIB that counts, with `plan` as it was read from it, to the end.
    fn proceed(&mut self, cib: &mut Document, mut plan: Plan<'_>) -> Result<(), Refusal> {
        let options = self.options;
        if let Some(path) = &options.save_input {
            self.save_cib(path, cib)?;
        }
        if !options.run {
            return Ok(());
        }
        let shown = plan.messages.len();
        let transition = decide(&mut plan);
        self.show_messages(&plan.messages[shown..]);
        if options.common.verbosity > 0 && !options.show_scores && !options.show_utilization {
            self.show_messages(&said::actions(&plan));
        }
        self.report.scores(&plan, options);
        if let Some(path) = &options.save_graph {
            self.save_transition(path, &plan, &transition)?;
        }
        if let Some(path) = &options.save_dot {
            let dot = graph::to_dot(&plan, options.all_actions, options.common.verbosity > 0);
            self.save_drawing(path, &dot)?;
        }
        match &options.explain {
            Some(question) => self.explain(&plan, question)?,
            None => self.report.summary(&summary::changes(&plan)),
        }
        let ending = if options.simulate {
            self.carry_out(cib, &plan, &transition)?
        } else {
            Ending::Complete
        };
        if self.files.are_for_last_command() {
            std::mem::forget(plan);
        }
        match ending {
            Ending::Complete | Ending::Stopped => Ok(()),
            Ending::Terminated => Err(Refusal::new("", ExitCode::ERROR)),
        }
    }

    fn carry_out(
        &mut self,
        cib: &mut Document,
        plan: &Plan<'_>,
        transition: &Transition,
    ) -> Result<Ending, Refusal> {
        let options = self.options;
        let graph = transition
            .to_document(plan)
            .map_err(|error| Refusal::new(error.to_string(), ExitCode::SOFTWARE))?;
        let execution = carry_out(
            cib,
            plan,
            &graph,
            &options.failing_operations,
            options.injections.adds_nodes(),
            (self.clock)().epoch_s(),
        )
        .map_err(broken)?;
        self.report.transition(&execution);
        if self.shows_status() {
            let expanded = self.expand(cib);
            let mut revised = self.read(&expanded);
            let view = self.view(&mut revised, false);
            self.report.status(&revised, Moment::Revised, &view);
        }
        Ok(execution.ending)
    }

    /// Whether the status of the cluster is shown at all.
    fn shows_status(&self) -> bool {
        self.options.explain.is_none() && self.report.wants_status()
    }

    fn explain(&mut self, plan: &Plan<'_>, question: &Question) -> Result<(), Refusal> {
        let explanation =
            scheduler::explain::explain(plan, &question.resource, question.node.as_deref());
        match explanation {
            Ok(explanation) => {
                self.report.explanation(&explanation);
                Ok(())
            }
            Err(unknown) => Err(Refusal::new(explain::unknown(&unknown), ExitCode::NO_SUCH)),
        }
    }

    fn expand(&self, cib: &Document) -> Document {
        expansion::expand(cib)
    }

    /// Reads what a CIB says at the time that counts, and says which one that is.
    fn read<'c>(&mut self, expanded: &'c Document) -> Plan<'c> {
        let wishes = Wishes {
            show_scores: self.options.show_scores,
            show_utilization: self.options.show_utilization,
            explain: self.options.explain.is_some(),
            sanitized: self.options.source != Source::Live,
        };
        let time = input::effective_time(self.options, expanded, (self.clock)());
        self.report.time(time, self.options.date.as_deref());
        let mut plan = read(expanded, time.moment(), wishes);
        let remarks = std::mem::take(&mut plan.findings);
        self.report.remarks(&plan, &remarks);
        plan
    }

    fn view(&self, plan: &mut Plan<'_>, pending: bool) -> View {
        View {
            pending,
            attributes: self.options.show_attributes,
            fail_counts: self
                .options
                .show_fail_counts
                .then(|| fail_counts::collect(plan)),
            doubt: None,
        }
    }

    /// Shows what the scheduler has to say, as far as `--verbose` asks for it: errors, then warnings
    /// and so on with each repetition.
    fn show_messages(&mut self, messages: &[Message]) {
        const LEVELS: [Severity; 4] = [
            Severity::Error,
            Severity::Warning,
            Severity::Notice,
            Severity::Info,
        ];
        let wanted = &LEVELS[..self.options.common.verbosity.min(LEVELS.len())];
        for message in messages {
            if wanted.contains(&message.severity) {
                self.say(&said::line(message));
            }
        }
    }

    /// Saves the graph piece by piece: that of a large cluster has hundreds of megabytes.
    fn save_transition(
        &mut self,
        path: &str,
        plan: &Plan<'_>,
        transition: &Transition,
    ) -> Result<(), Refusal> {
        self.files
            .write_with(path, &mut |out| transition.write_xml(plan, out))
            .map_err(|error| not_saved(path, &error, ExitCode::INPUT_OUTPUT))
    }

    /// Saves a drawing of the graph.
    fn save_drawing(&mut self, path: &str, text: &str) -> Result<(), Refusal> {
        self.files
            .write(path, text)
            .map_err(|error| not_saved(path, &error, ExitCode::INPUT_OUTPUT))
    }

    fn save_cib(&mut self, path: &str, cib: &Document) -> Result<(), Refusal> {
        self.files
            .write(path, &cib.to_string())
            .map_err(|error| not_saved(path, &error, ExitCode::of(&error)))
    }

    /// Saves the CIB where the result is wanted.
    fn save_result(&mut self, cib: &Document) -> Result<(), Refusal> {
        match self.options.result_file() {
            Some(path) => self.save_cib(path, cib),
            None => Ok(()),
        }
    }
}

fn not_saved(path: &str, error: &io::Error, exit_code: ExitCode) -> Refusal {
    let text = could_not_create(path, error);
    Refusal::new(format!("{NAME}: {text}"), exit_code)
}

fn broken(fault: Fault) -> Refusal {
    Refusal::new(fault.to_string(), ExitCode::SOFTWARE)
}
