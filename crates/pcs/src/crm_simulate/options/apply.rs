//! What each option does.

use super::table::Meaning;
use super::{Options, Question, Source};
use crate::command_line::Given;

impl Options {
    pub(super) fn apply(&mut self, meaning: Meaning, given: Given<'_>) -> Result<(), String> {
        let argument = given.argument.to_owned();
        let injections = &mut self.injections;
        match meaning {
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
            Meaning::Repeat => self.repeat = repeat(&given)?,
            Meaning::NodeUp => injections.node_up.push(argument),
            Meaning::NodeDown => injections.node_down.push(argument),
            Meaning::NodeFail => injections.node_fail.push(argument),
            Meaning::OperationInject => injections.operations.push(argument),
            Meaning::OperationFail => {
                (self.run, self.simulate) = (true, true);
                self.failing_operations.push(argument);
            }
            Meaning::SetDate => self.date = Some(argument),
            Meaning::Quorum => injections.quorum = Some(quorum(&given)?),
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
            // Pending actions are always shown.
            Meaning::Pending => {}
        }
        Ok(())
    }
}

/// A boolean as the schema has it: with any other, the CIB would not be valid.
fn quorum(given: &Given<'_>) -> Result<String, String> {
    let Given { name, argument } = given;
    match *argument {
        "0" | "1" | "false" | "true" => Ok((*argument).to_owned()),
        _ => Err(format!(
            "Invalid value '{argument}' for {name}: use '1', 'true', '0' or 'false'"
        )),
    }
}

/// A number as C writes them: decimal, octal after `0`, hexadecimal after `0x`.
fn repeat(given: &Given<'_>) -> Result<u32, String> {
    let Given { name, argument } = given;
    let text = argument.trim_ascii_start();
    let (is_negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (digits, base) = match digits.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (&digits[2..], 16),
        [b'0', _, ..] => (&digits[1..], 8),
        _ => (digits, 10),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(base)) {
        return Err(format!(
            "Cannot parse integer value \u{201c}{argument}\u{201d} for {name}"
        ));
    }
    match i32::from_str_radix(digits, base) {
        Ok(_) if is_negative => Ok(0),
        Ok(times) => Ok(times.unsigned_abs()),
        Err(_) => Err(format!(
            "Integer value \u{201c}{argument}\u{201d} for {name} out of range"
        )),
    }
}
