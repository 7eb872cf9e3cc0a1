//! One run of the command.

use cib::time::DateTime;
use cib::xml::Document;
use scheduler::simulation::{Fault, carry_out, inject};
use scheduler::walk::Ending;
use scheduler::{Plan, Transition, Wishes, decide, expansion, graph, read};

use super::input::{self, Refusal};
use super::options::{Options, Question, Source};
use super::report::{self, Moment, Report};
use super::{explain, profile, summary};
use crate::files::reason;
use crate::status::{View, fail_counts};
use crate::{ExitCode, Files, Outcome};

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
    ) -> Self {
        Self {
            options,
            clock,
            files,
            report: report::new(options, arguments),
            standard_error: String::new(),
        }
    }

    pub fn run(mut self) -> Outcome {
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
        let exit_code = match result {
            Ok(()) => ExitCode::OK,
            Err(refusal) => {
                if !refusal.text.is_empty() {
                    self.say(&refusal.text);
                }
                refusal.exit_code
            }
        };
        let (text, errors) = self.report.finish(exit_code);
        let mut outcome = Outcome {
            standard_output: String::new(),
            standard_error: self.standard_error + &errors,
            exit_code,
        };
        match &self.options.output_to {
            None => outcome.standard_output = text,
            Some(path) => {
                if let Err(error) = self.files.write(path, &text) {
                    outcome.standard_error.push_str(&format!(
                        "Error creating output format: {path}: {}
",
                        reason(&error)
                    ));
                    outcome.exit_code = ExitCode::NO_SUCH;
                }
            }
        }
        outcome
    }

    fn say(&mut self, text: &str) {
        self.standard_error.push_str(text);
        self.standard_error.push('\n');
    }

    fn simulate(&mut self) -> Result<(), Refusal> {
        let options = self.options;
        let input = input::read(&options.source, self.files)?;
        for notice in input.notices {
            self.say(&notice);
        }
        let mut cib = input.cib;
        let expanded = self.expand(&cib);
        let mut plan = self.read(&expanded);
        self.show_messages(&plan, 0);
        if self.shows_status() {
            let view = self.view(&mut plan, true);
            self.report.status(&plan, Moment::Current, &view);
        }
        if options.injections.is_empty() {
            return self.proceed(&mut cib, plan);
        }
        let now_s = (self.clock)().epoch_s();
        let events = inject(&mut cib, &plan, &options.injections, now_s).map_err(broken)?;
        self.report.modifications(&events);
        let expanded = self.expand(&cib);
        let plan = self.read(&expanded);
        self.proceed(&mut cib, plan)
    }

    /// From the CIB that counts, with `plan` as it was read from it, to the end.
    fn proceed(&mut self, cib: &mut Document, mut plan: Plan<'_>) -> Result<(), Refusal> {
        let options = self.options;
        if let Some(path) = &options.save_input {
            self.save(path, &cib.to_string())?;
        }
        if !options.run {
            return self.save_result(cib);
        }
        let messages = plan.messages.len();
        let transition = decide(&mut plan);
        self.show_messages(&plan, messages);
        self.report.scores(&plan, options);
        if let Some(path) = &options.save_graph {
            self.save_transition(path, &plan, &transition)?;
        }
        if let Some(path) = &options.save_dot {
            let dot = graph::to_dot(&plan, options.all_actions, options.verbosity > 0);
            self.save_artifact(path, &dot)?;
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
        self.save_result(cib)?;
        match ending {
            Ending::Complete | Ending::Stopped => Ok(()),
            Ending::Terminated => Err(Refusal {
                text: String::new(),
                exit_code: ExitCode::ERROR,
            }),
        }
    }

    fn carry_out(
        &mut self,
        cib: &mut Document,
        plan: &Plan<'_>,
        transition: &Transition,
    ) -> Result<Ending, Refusal> {
        let options = self.options;
        let graph = transition.to_document(plan).map_err(|error| Refusal {
            text: error.to_string(),
            exit_code: ExitCode::SOFTWARE,
        })?;
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
            Err(unknown) => Err(Refusal {
                text: explain::unknown(&unknown),
                exit_code: ExitCode::NO_SUCH,
            }),
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
        }
    }

    /// Shows what the scheduler has to say, as far as `--verbose` asks for it: errors, then warnings
    /// and so on with each repetition.
    ///
    /// The first `shown` messages have been shown before.
    fn show_messages(&mut self, plan: &Plan<'_>, shown: usize) {
        use scheduler::model::Severity;
        const LEVELS: [(Severity, &str); 4] = [
            (Severity::Error, "error"),
            (Severity::Warning, "warning"),
            (Severity::Notice, "notice"),
            (Severity::Info, "info"),
        ];
        let wanted = &LEVELS[..self.options.verbosity.min(LEVELS.len())];
        for message in plan.messages.iter().skip(shown) {
            if let Some((_, name)) = wanted.iter().find(|(level, _)| *level == message.severity) {
                self.say(&format!("{name}: {}", message.text));
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
            .map_err(|error| Refusal {
                text: format!(
                    "crm_simulate: Could not create '{path}': {}",
                    reason(&error)
                ),
                exit_code: ExitCode::INPUT_OUTPUT,
            })
    }

    fn save(&mut self, path: &str, text: &str) -> Result<(), Refusal> {
        self.files.write(path, text).map_err(|error| Refusal {
            text: format!(
                "crm_simulate: Could not create '{path}': {}",
                reason(&error)
            ),
            exit_code: ExitCode::CANNOT_CREATE,
        })
    }

    /// Saves a graph, in any form.
    fn save_artifact(&mut self, path: &str, text: &str) -> Result<(), Refusal> {
        self.save(path, text).map_err(|refusal| Refusal {
            exit_code: ExitCode::INPUT_OUTPUT,
            ..refusal
        })
    }

    /// Saves the CIB as it is at the end.
    fn save_result(&mut self, cib: &Document) -> Result<(), Refusal> {
        let path = match &self.options.source {
            Source::File(path) if self.options.in_place => Some(path),
            _ => self.options.save_output.as_ref(),
        };
        match path {
            Some(path) => self.save(path, &cib.to_string()),
            None => Ok(()),
        }
    }
}

fn broken(fault: Fault) -> Refusal {
    Refusal {
        text: fault.to_string(),
        exit_code: ExitCode::SOFTWARE,
    }
}
