//! What each option does.

use super::table::Meaning;
use super::{Format, Options, Question, Refused, Source};

impl Options {
    pub(super) fn apply(&mut self, meaning: Meaning, argument: String) -> Result<(), Refused> {
        let injections = &mut self.injections;
        match meaning {
            Meaning::OutputAs => {
                self.format = match &*argument {
                    "text" => Format::Text,
                    "xml" => Format::Xml,
                    "json" => Format::Json,
                    "none" => Format::None,
                    _ => {
                        return Err(Refused::Format(argument));
                    }
                };
            }
            Meaning::OutputTo => self.output_to = Some(argument).filter(|path| path != "-"),
            Meaning::Run => self.run = true,
            Meaning::Simulate => (self.run, self.simulate) = (true, true),
            Meaning::InPlace => (self.run, self.simulate, self.in_place) = (true, true, true),
            Meaning::ShowAttributes => self.show_attributes = true,
            Meaning::ShowFailCounts => self.show_fail_counts = true,
            Meaning::ShowScores => (self.run, self.show_scores) = (true, true),
            Meaning::ShowUtilization => (self.run, self.show_utilization) = (true, true),
            Meaning::Explain => {
                self.run = true;
                self.explain = Some(Question {
                    resource: argument,
                    node: None,
                });
            }
            Meaning::Profile => self.profile = Some(argument),
            Meaning::Repeat => self.repeat = repeat(&argument)?,
            Meaning::NodeUp => injections.node_up.push(argument),
            Meaning::NodeDown => injections.node_down.push(argument),
            Meaning::NodeFail => injections.node_fail.push(argument),
            Meaning::OperationInject => injections.operations.push(argument),
            Meaning::OperationFail => {
                (self.run, self.simulate) = (true, true);
                self.failing_operations.push(argument);
            }
            Meaning::SetDate => self.date = Some(argument),
            Meaning::Quorum => injections.quorum = Some(argument),
            Meaning::Watchdog => injections.watchdog = Some(argument),
            Meaning::TicketGrant => injections.ticket_grant.push(argument),
            Meaning::TicketRevoke => injections.ticket_revoke.push(argument),
            Meaning::TicketStandby => injections.ticket_standby.push(argument),
            Meaning::TicketActivate => injections.ticket_activate.push(argument),
            Meaning::SaveInput => self.save_input = Some(argument),
            Meaning::SaveOutput => self.save_output = Some(argument),
            Meaning::SaveGraph => (self.run, self.save_graph) = (true, Some(argument)),
            Meaning::SaveDot => (self.run, self.save_dot) = (true, Some(argument)),
            Meaning::AllActions => self.all_actions = true,
            Meaning::Live => self.source = Source::Live,
            Meaning::File if argument == "-" => self.source = Source::StandardInput,
            Meaning::File => self.source = Source::File(argument),
            Meaning::Pipe => self.source = Source::StandardInput,
            Meaning::Verbose => self.verbosity += 1,
            Meaning::Quiet => self.quiet = true,
            // Pending actions are always shown; the others end the reading of options.
            Meaning::Pending
            | Meaning::Help
            | Meaning::HelpAll
            | Meaning::HelpGroup(_)
            | Meaning::Version => {}
        }
        Ok(())
    }
}

fn repeat(argument: &str) -> Result<u32, Refused> {
    match argument.parse::<i32>() {
        Ok(times) => Ok(u32::try_from(times).unwrap_or(0)),
        Err(_) => Err(Refused::Usage(format!(
            "Cannot parse integer value \u{201c}{argument}\u{201d} for -N"
        ))),
    }
}
