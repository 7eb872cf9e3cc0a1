//! The CIB: documents, rules, dates, queries.

use cib::rules::{Findings, Input};
use cib::time::{DateTime, Duration, interval_ms, parse_interval_ms, parse_ms};
use cib::xml::Document;
use cib::{Score, Values, digest, nvset, patch, query, rules, schema, views};
use pcs::MemoryFiles;

/// A document that was understood is the same once written again; one that follows its schema follows
/// the current one after its upgrade, and the upgrade is a patch like any other.
pub fn document(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(document) = Document::parse(&text) else {
        return;
    };
    let written = document.to_string();
    let again = Document::parse(&written).expect("what is written can be read");
    // White space beside text is not kept, nor does it count.
    assert_eq!(
        digest::of_stored_cib(again.root()),
        digest::of_stored_cib(document.root())
    );
    let violations = schema::validate(&document);
    let mut upgraded = document.clone();
    let notices = schema::upgrade(&mut upgraded);
    if matches!((&violations, &notices), (Ok(found), Ok(_)) if found.is_empty()) {
        let found = schema::validate(&upgraded).expect("the current schema is known");
        assert_eq!(found, [], "an upgrade leads to what the schema allows");
    }
    check_patch(&document, &mut upgraded);
    let mut findings = Findings::default();
    let _ = views::alerts::alerts(&document, DateTime::default(), &mut findings);
    let levels = views::fencing_levels::levels(&document);
    let _ = views::fencing_levels::for_node(&levels, "n1", &Values::new());
    let permissions = views::access::permissions(&document, "u", &["g"], &mut findings);
    if let Ok(access) = views::access::Access::new(&document, &permissions) {
        let _ = access.readable_copy(&document);
    }
}

/// What differs between two versions of a document can be made again.
fn check_patch(old: &Document, new: &mut Document) {
    let version = cib::CibVersion::of(old.root()).next(true);
    version.write(new);
    let Some(patch) = patch::diff(old, new) else {
        return;
    };
    let mut result = old.clone();
    // Versions at the end of their range, and text, which patches do not carry, may be in the way.
    if patch::apply(&mut result, &patch).is_ok() {
        let (result, new) = (result.root(), new.root());
        assert_eq!(digest::of_content(result), digest::of_content(new));
    }
}

/// Any patch is applied or refused.
pub fn patches(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(patch) = Document::parse(&text) else {
        return;
    };
    let mut cib = Document::parse(
        "<cib admin_epoch='0' epoch='1' num_updates='0'><configuration><!--c--><a id='1'/>\
         <a id='2'><b/></a></configuration></cib>",
    )
    .expect("well-formed");
    let before = cib.to_string();
    if patch::apply(&mut cib, &patch).is_err() {
        assert_eq!(
            cib.to_string(),
            before,
            "a patch is applied in full or not at all"
        );
    }
}

/// Any rule is evaluated, the same way each time, and so is any set of pairs.
pub fn rule(bytes: &[u8]) {
    let text = format!("<rules>{}</rules>", String::from_utf8_lossy(bytes));
    let Ok(document) = Document::parse(&text) else {
        return;
    };
    let mut attributes = Values::new();
    attributes.set("#uname", "n1");
    attributes.set("pingd", "100.5");
    let input = Input {
        now: DateTime::from_epoch_s(1_106_224_215).with_offset_s(3600),
        node_attributes: Some(&attributes),
        class: Some("ocf"),
        operation: Some("monitor"),
        operation_interval_ms: 10_000,
        captures: Some(&[Some("ab"), None]),
        ..Input::default()
    };
    let evaluate = || {
        let mut findings = Findings::default();
        let root = document.root();
        let rules = root.children_named("rule").take(8);
        let verdicts: Vec<_> = rules
            .map(|rule| rules::evaluate(rule, &input, &mut findings))
            .collect();
        let mut values = Values::new();
        nvset::collect(
            root,
            "set",
            Some("first"),
            &input,
            &mut values,
            &mut findings,
        );
        (verdicts, format!("{values:?}"), findings)
    };
    assert_eq!(evaluate(), evaluate());
}

/// A date that was understood is the same once written again; any other text is a number, a span of
/// time or a query, or none.
pub fn texts(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let now = DateTime::from_epoch_s(1_106_224_215).with_offset_s(-5400);
    if let Ok(date) = DateTime::parse(&text, now) {
        let again = DateTime::parse(&date.to_string(), now).expect("what is written can be read");
        // Zones are written in minutes.
        if date.offset_s() % 60 == 0 {
            assert_eq!((again, again.fields()), (date, date.fields()));
        }
        let _ = date.to_ctime_text();
        if let Ok(duration) = Duration::parse("P1Y1M1DT1S") {
            assert!(duration.after(date) >= date);
        }
    }
    if let Ok(duration) = Duration::parse(&text) {
        let _ = duration.after(now).fields();
        let _ = duration.nominal_s();
    }
    if let Some(interval) = parse_interval_ms(&text) {
        assert_eq!(interval_ms(&text), interval);
    }
    let _ = parse_ms(&text);
    if let Some(score) = Score::parse(&text) {
        assert_eq!(Score::parse(&score.to_string()), Some(score));
    }
    if let Ok(query) = query::Query::parse(&text) {
        let document = Document::parse(include_str!("../../seeds/services.xml"));
        // Any answer will do, as long as there is one.
        let _ = query.select(&document.expect("well-formed"));
    }
}

/// Any text is verified or refused.
pub fn crm_verify(bytes: &[u8]) {
    let mut files = MemoryFiles {
        standard_input: bytes.to_owned(),
        ..MemoryFiles::default()
    };
    let arguments = ["-p", "-VVVV"].map(str::to_owned);
    let clock = || DateTime::from_epoch_s(1_700_000_000);
    let outcome = pcs::crm_verify::run(&arguments, clock, &mut files);
    assert!([0, 78].contains(&outcome.exit_code.0));
}

/// Any CIB is shown, in every form, or refused.
pub fn crm_mon(bytes: &[u8]) {
    let clock = || DateTime::from_epoch_s(1_700_000_000);
    for form in ["text", "html", "xml", "json"] {
        let mut files = with_cib(bytes);
        let arguments = ["-1", "-r", "-R", "-A", "-f", "-o", "-t", "-c", "-L"].map(str::to_owned);
        let mut arguments = arguments.to_vec();
        arguments.push(format!("--output-as={form}"));
        let mut screen = pcs::crm_mon::Screen {
            out: &mut std::io::sink(),
            is_terminal: false,
        };
        let _ = pcs::crm_mon::run(&arguments, &clock, &mut files, &mut screen);
    }
}

fn with_cib(cib: &[u8]) -> MemoryFiles {
    let mut files = MemoryFiles::default();
    files.files.insert("cib".to_owned(), cib.to_owned());
    let variables = [
        ("CIB_file", "cib"),
        ("OCF_RESKEY_CRM_meta_on_node", "node1"),
    ];
    for (name, value) in variables {
        files.variables.insert(name.to_owned(), value.to_owned());
    }
    files
}

/// A tool of Pacemaker's with any words (the first line) on any CIB (the rest): what it leaves is a
/// document.
pub fn crm_tools(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (line, cib) = bytes.split_at(end.unwrap_or(bytes.len()));
    let line = String::from_utf8_lossy(line);
    let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let Some((name, words)) = words.split_first() else {
        return;
    };
    let mut files = with_cib(cib);
    let Some((_, tool)) = pcs::TOOLS.iter().find(|(tool, _)| tool == name) else {
        return;
    };
    let before = files.files.get("cib").cloned();
    let _ = tool(words, DateTime::from_epoch_s(1_700_000_000), &mut files);
    if files.files.get("cib") != before.as_ref() {
        let after = files.text("cib").expect("it is text");
        let _ = Document::parse(after).expect("what is written can be read");
    }
}

/// What an agent prints of itself.
pub fn agent_metadata(bytes: &[u8]) {
    let _ = pcs::pcs::agents::Metadata::parse(bytes);
}
