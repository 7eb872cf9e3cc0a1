//! The report for people.

use scheduler::Plan;
use scheduler::explain::Explanation;
use scheduler::model::Finding;
use scheduler::simulation::{Event, Execution};

use super::{Moment, Report, Timing, walk_problems};
use crate::ExitCode;
use crate::crm_simulate::explain;
use crate::crm_simulate::input::EffectiveTime;
use crate::crm_simulate::options::Options;
use crate::outline::Outline;
use crate::status::{self, View};
use crate::summary::{self, Change};

pub(super) struct Text {
    outline: Outline,
    errors: String,
    quiet: bool,
    /// Whether anything was said that the next section is set off from.
    printed: bool,
}

impl Text {
    /// Quiet reports have scores only; these then stand for themselves, without any headings.
    pub fn new(options: &Options) -> Self {
        Self {
            outline: Outline::new(options.common.quiet && options.show_scores),
            errors: String::new(),
            quiet: options.common.quiet,
            printed: false,
        }
    }

    /// A report of errors only.
    pub fn silent() -> Self {
        Self {
            outline: Outline::new(true),
            errors: String::new(),
            quiet: true,
            printed: false,
        }
    }

    fn space(&mut self) {
        if self.printed {
            self.outline.spacer();
        }
        self.printed = true;
    }

    /// What limits the cluster as a whole. Says whether there is anything.
    fn limits(&mut self, plan: &Plan<'_>) -> bool {
        let mut printed = false;
        if plan.options.maintenance {
            self.outline
                .line("\n              *** Resource management is DISABLED ***");
            self.outline
                .line("  The cluster will not attempt to start, stop or recover services");
            printed = true;
        }
        let counts = plan.instance_counts();
        if counts.disabled > 0 || counts.blocked > 0 {
            if printed {
                self.outline.spacer();
            }
            self.outline.line(&format!(
                "{} of {} resource instances DISABLED and {} BLOCKED \
                 from further action due to failure",
                counts.disabled, counts.all, counts.blocked
            ));
            printed = true;
        }
        printed
    }

    fn event(&mut self, event: &Event) {
        let item = match event {
            Event::Quorum(value) => format!("Setting quorum: {value}"),
            Event::Watchdog(value) => format!("Setting watchdog: {value}"),
            Event::Node { change, node } => match *change {
                "Online" => format!("Bringing node {node} online"),
                "Offline" => format!("Taking node {node} offline"),
                _ => format!("Failing node {node}"),
            },
            Event::Ticket { change, ticket } if *change == "Standby" => {
                format!("Making ticket {ticket} standby")
            }
            Event::Ticket { change, ticket } => format!("{change} ticket {ticket}"),
            Event::Operation(specification) => {
                format!("Injecting {specification} into the configuration")
            }
            Event::Attribute {
                name,
                value,
                node_uuid,
            } => format!("Injecting attribute {name}={value} into /node_state '{node_uuid}'"),
            Event::Pseudo { key, node: None } => format!("Pseudo action:   {key}"),
            Event::Pseudo {
                key,
                node: Some(node),
            } => format!("Pseudo action:   {key} on {node}"),
            Event::Resource {
                resource,
                task,
                interval_ms: 0,
                node,
            } => format!("Resource action: {resource:<15} {task} on {node}"),
            Event::Resource {
                resource,
                task,
                interval_ms,
                node,
            } => format!("Resource action: {resource:<15} {task}={interval_ms} on {node}"),
            Event::Cluster {
                task,
                resource: None,
                node,
            } => format!("Cluster action:  {task} on {node}"),
            Event::Cluster {
                task,
                resource: Some(resource),
                node,
            } => format!("Cluster action:  {task} for {resource} on {node}"),
            Event::Fencing { target, operation } => format!("Fencing {target} ({operation})"),
            Event::Failure { action, result } => {
                let line = format!("Pretending action {action} failed with rc={result}");
                return self.outline.line(&line);
            }
            Event::Error(text) => return self.error(text),
        };
        self.outline.item(&item);
    }

    fn events(&mut self, heading: &str, events: &[Event]) {
        self.space();
        if self.quiet {
            for event in events {
                if let Event::Error(text) = event {
                    self.error(text);
                }
            }
            return;
        }
        self.outline.begin(heading);
        for event in events {
            self.event(event);
        }
        self.outline.end();
    }
}

impl Report for Text {
    fn wants_status(&self) -> bool {
        !self.quiet
    }

    fn time(&mut self, time: EffectiveTime, asked: Option<&str>) {
        if self.quiet {
            return;
        }
        match time {
            EffectiveTime::Given(_) => {
                let asked = asked.unwrap_or_default();
                self.outline
                    .line(&format!("Setting effective cluster time: {asked}"));
            }
            EffectiveTime::Original(moment) => {
                let moment = moment.to_utc_text();
                self.outline
                    .line(&format!("Using the original execution date of: {moment}"));
            }
            EffectiveTime::Now(_) => {}
        }
    }

    fn error(&mut self, text: &str) {
        self.errors.push_str(text);
        self.errors.push('\n');
    }

    fn status(&mut self, plan: &Plan<'_>, moment: Moment, view: &View) {
        let title = match moment {
            Moment::Current => {
                self.printed = self.limits(plan);
                "Current cluster status"
            }
            Moment::Revised => "Revised Cluster Status",
        };
        self.space();
        status::text::write(&mut self.outline, plan, title, view);
    }

    fn modifications(&mut self, events: &[Event]) {
        self.events("Performing Requested Modifications", events);
    }

    fn remarks(&mut self, plan: &Plan<'_>, remarks: &[Finding]) {
        if self.quiet {
            return;
        }
        for remark in remarks {
            self.outline.line(&remark.text(plan));
        }
    }

    fn scores(&mut self, plan: &Plan<'_>, options: &Options) {
        let heading = match (options.show_scores, options.show_utilization) {
            (true, true) => "Assignment Scores and Utilization Information",
            (true, false) => "Assignment Scores",
            (false, true) => "Utilization Information",
            (false, false) => return,
        };
        self.space();
        self.outline.begin(heading);
        self.findings(plan);
        self.outline.end();
    }

    fn summary(&mut self, changes: &[Change]) {
        if self.quiet {
            return;
        }
        self.space();
        self.outline.begin("Transition Summary");
        for line in summary::lines(changes) {
            self.outline.item(&line);
        }
        self.outline.end();
    }

    fn explanation(&mut self, explanation: &Explanation) {
        self.space();
        for line in explain::text::text(explanation).lines() {
            self.outline.line(line);
        }
    }

    fn transition(&mut self, execution: &Execution) {
        self.events("Executing Cluster Transition", &execution.events);
        for problem in walk_problems(execution.ending) {
            self.error(problem);
        }
    }

    fn begin_timings(&mut self) {
        self.outline.begin("Timings");
    }

    fn findings(&mut self, plan: &Plan<'_>) {
        for finding in &plan.findings {
            match finding {
                Finding::Remark(_) if self.quiet => {}
                Finding::Remark(text) => self.outline.line(text),
                _ => self.outline.item(&finding.text(plan)),
            }
        }
    }

    fn timing(&mut self, Timing { file, seconds }: &Timing) {
        self.outline
            .item(&format!("Testing {file} ... {seconds:.2} secs"));
    }

    fn end_timings(&mut self) {
        self.outline.end();
    }

    fn finish(self: Box<Self>, _: ExitCode) -> (String, String) {
        (self.outline.into_text(), self.errors)
    }
}
