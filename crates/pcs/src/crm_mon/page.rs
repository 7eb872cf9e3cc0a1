//! One page: everything that is to be shown, in the form that was asked for.

use std::collections::BTreeSet;

use cib::schema::{self, Schema};
use cib::xml::Document;
use cluster_api::Status;
use scheduler::model::options::NoQuorumPolicy;
use scheduler::{Plan, Wishes, constraints, expansion};
use serde_json::{Map, Value};

use super::head::Head;
use super::options::Section;
use super::{Look, Monitor, NAME, history, placing};
use crate::outline::Outline;
use crate::output::Format;
use crate::status::doubt::Doubt;
use crate::status::fail_counts::{self, NodeFailures};
use crate::status::{Shape, View, json, text, xml};
use crate::store::StoreError;
use crate::{ExitCode, document};

/// Makes the page of `cib`.
pub(super) fn page(
    monitor: &Monitor<'_>,
    mut cib: Document,
    status: Option<&Status>,
    doubt: impl FnOnce(NoQuorumPolicy) -> Option<Doubt>,
) -> Result<Look, StoreError> {
    if cib.root().child("status").is_none() {
        let root = cib.root().xml_id();
        cib.append(root, "status");
    }
    if let Ok(Schema::Version(_)) = schema::claimed(&cib) {
        schema::upgrade(&mut cib).map_err(|it| StoreError::Parse(it.to_string()))?;
    }
    let expanded = expansion::expand(&cib);
    let now = (monitor.clock)();
    let wishes = Wishes {
        sanitized: status.is_none(),
        ..Wishes::default()
    };
    let mut plan = scheduler::read(&expanded, now, wishes);
    let counts = fail_counts::collect(&mut plan);
    let doubt = doubt(plan.options.no_quorum_policy);
    let shape = shape(monitor, &plan, doubt.clone());
    let is_for_programs = matches!(monitor.format, Format::Xml | Format::Json);
    let page = Page {
        monitor,
        shown: monitor.options.sections(is_for_programs),
        shape,
        status,
        counts,
    };
    let head = Head {
        plan: &plan,
        now,
        status,
    };
    let (line, is_well) = head.simple();
    let text = if monitor.options.simple {
        format!("{line}\n")
    } else {
        match monitor.format {
            Format::Xml => page.xml(&mut plan, now),
            Format::Json => page.json(&mut plan, now),
            Format::Html => page.html(&mut plan, now),
            Format::Text | Format::None => page.text(&mut plan, now, Outline::new(false)),
        }
    };
    Ok(Look {
        text,
        is_well,
        doubt,
    })
}

fn shape(monitor: &Monitor<'_>, plan: &Plan<'_>, doubt: Option<Doubt>) -> Shape {
    let options = &monitor.options;
    let tagged = |name: &String| {
        let mut all: Vec<String> = vec![name.clone()];
        let refs = plan.tags.get(name.as_str()).into_iter().flatten();
        all.extend(refs.map(|it| (*it).to_owned()));
        all
    };
    let only_nodes = options.only_node.as_ref().map(|name| {
        let names = tagged(name).into_iter();
        let nodes = names.filter_map(|it| plan.node_by_name(&it).or(plan.node_by_uuid(&it)));
        nodes.collect()
    });
    Shape {
        pending: true,
        inactive: options.inactive,
        by_node: options.by_node,
        detail: options.detail,
        brief: options.brief,
        technical: options.detail,
        only_nodes,
        only_resources: options.only_resource.as_ref().map(tagged),
        doubt,
    }
}

struct Page<'m> {
    monitor: &'m Monitor<'m>,
    shown: BTreeSet<Section>,
    shape: Shape,
    status: Option<&'m Status>,
    counts: Vec<NodeFailures>,
}

impl Page<'_> {
    fn has(&self, section: Section) -> bool {
        self.shown.contains(&section)
    }

    fn head<'p, 'c>(&'p self, plan: &'p Plan<'c>, now: cib::time::DateTime) -> Head<'p, 'c> {
        Head {
            plan,
            now,
            status: self.status,
        }
    }

    fn text(&self, plan: &mut Plan<'_>, now: cib::time::DateTime, mut outline: Outline) -> String {
        let shape = &self.shape;
        let mut printed = self.head(plan, now).write(&mut outline, &self.shown, shape);
        if self.has(Section::Nodes) || shape.by_node {
            if printed {
                outline.spacer();
            }
            printed |= text::write_nodes(&mut outline, plan, shape);
        }
        if self.has(Section::Resources) {
            printed |= text::write_resources(&mut outline, plan, shape, printed);
        }
        if self.has(Section::Attributes) {
            printed |= text::write_attributes(&mut outline, plan, shape, printed);
        }
        let with_counts = self.has(Section::FailCounts);
        if self.has(Section::Operations) {
            let counts = with_counts.then_some(self.counts.as_slice());
            let timing = self.monitor.options.timing;
            printed |= history::write(&mut outline, plan, shape, counts, timing, printed);
        } else if with_counts {
            printed |= text::write_fail_counts(&mut outline, plan, shape, &self.counts, printed);
        }
        if self.has(Section::Failures) {
            printed |= text::write_failures(&mut outline, plan, shape, printed);
        }
        if self.has(Section::Tickets) {
            printed |= placing::write_tickets(&mut outline, plan, printed);
        }
        if self.has(Section::Bans) {
            constraints::unpack(plan);
            let bans = placing::bans(plan, &self.monitor.options.ban_prefix, shape);
            placing::write_bans(&mut outline, plan, shape, &bans, printed);
        }
        outline.into_text()
    }

    fn html(&self, plan: &mut Plan<'_>, now: cib::time::DateTime) -> String {
        let body = self.text(plan, now, Outline::html());
        let options = &self.monitor.options;
        let escaped = |text: &str| {
            let mut escaped = String::new();
            // Writing to a String cannot fail.
            let _ = cib::xml::escape_attribute(&mut escaped, text);
            escaped
        };
        let title = escaped(options.html_title.as_deref().unwrap_or("Cluster Status"));
        let refresh = match options.one_shot {
            true => String::new(),
            false => format!(
                "<meta http-equiv=\"refresh\" content=\"{}\">\n",
                options.interval.as_secs()
            ),
        };
        let stylesheet = options.html_stylesheet.as_deref().map(|it| {
            let it = escaped(it);
            format!("<link rel=\"stylesheet\" href=\"{it}\">\n")
        });
        let stylesheet = stylesheet.unwrap_or_default();
        let cgi = if options.html_cgi {
            "Content-Type: text/html\n\n"
        } else {
            ""
        };
        format!(
            "{cgi}<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<title>{title}</title>\n\
             <meta charset=\"utf-8\">\n{refresh}{stylesheet}</head>\n<body>\n{body}</body>\n</html>\n"
        )
    }

    fn xml(&self, plan: &mut Plan<'_>, now: cib::time::DateTime) -> String {
        let mut document = if self.monitor.options.as_xml {
            let mut document = Document::new("crm_mon");
            let root = document.root().xml_id();
            document.set(root, "version", document::VERSION);
            document
        } else {
            document::new_xml(NAME, self.monitor.arguments)
        };
        self.fill(&mut document, plan, now, true);
        if self.monitor.options.as_xml {
            return document.to_string();
        }
        document::xml_text(document, ExitCode::OK, &[])
    }

    /// Appends everything for programs; nodes and resources `with_status` only.
    fn fill(
        &self,
        document: &mut Document,
        plan: &mut Plan<'_>,
        now: cib::time::DateTime,
        with_status: bool,
    ) {
        let root = document.root().xml_id();
        self.head(plan, now).append(document, root, &self.shown);
        let shape = &self.shape;
        if with_status {
            let mut writer = xml::Writer::new(document, plan, shape);
            if self.has(Section::Nodes) || shape.by_node {
                writer.nodes(root);
            }
            if self.has(Section::Resources) {
                writer.resources(root);
            }
            if self.has(Section::Attributes) {
                writer.attributes(root);
            }
        }
        if self.has(Section::Operations) || self.has(Section::FailCounts) {
            let counts = self
                .has(Section::FailCounts)
                .then_some(self.counts.as_slice());
            history::append(document, root, plan, shape, counts);
        }
        if self.has(Section::Failures) {
            xml::Writer::new(document, plan, shape).failures(root);
        }
        if self.has(Section::Tickets) {
            placing::append_tickets(document, root, plan);
        }
        if self.has(Section::Bans) {
            constraints::unpack(plan);
            let bans = placing::bans(plan, &self.monitor.options.ban_prefix, shape);
            placing::append_bans(document, root, plan, &bans);
        }
        if let Some(doubt) = &shape.doubt {
            let element = document.append(root, "doubt");
            document.set(element, "text", &doubt.sentence());
        }
    }

    fn json(&self, plan: &mut Plan<'_>, now: cib::time::DateTime) -> String {
        let view = View {
            pending: true,
            attributes: self.has(Section::Attributes),
            fail_counts: None,
            doubt: self.shape.doubt.clone(),
        };
        let mut content = document::new_json(NAME, self.monitor.arguments);
        let Value::Object(status) = json::value(plan, &view) else {
            return String::new();
        };
        let mut rest = Document::new("rest");
        self.fill(&mut rest, plan, now, false);
        if let Value::Object(rest) = document::json_of(rest.root()) {
            content.extend(rest.into_iter().map(|(name, list)| (name, unlisted(list))));
        }
        let status: Map<String, Value> = status;
        content.extend(status);
        document::json_text(content, ExitCode::OK, &[])
    }
}

/// What there is once is no list.
fn unlisted(value: Value) -> Value {
    match value {
        Value::Array(mut list) if list.len() == 1 => list.remove(0),
        other => other,
    }
}
