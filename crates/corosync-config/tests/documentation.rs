//! The tables of `docs/cluster.md` are what the reader knows.
//!
//! `UPDATE_DOCUMENTS=1 cargo test -p corosync-config --test documentation` writes them.

use std::fmt::Write as _;
use std::path::Path;

use corosync_config::keywords::{CLUSTER_CONF, Meaning, Section, TOP, sections};

fn words(meaning: Meaning) -> String {
    match meaning {
        Meaning::Taken => "takes effect".to_owned(),
        Meaning::CorosyncAlone(why) | Meaning::Without(why) => format!("has no effect: {why}"),
        Meaning::Refused(why) => format!("refused: {why}"),
        Meaning::Old(why) => format!("old, has no effect: {why}"),
    }
}

/// The names that have one meaning, joined, with that meaning in words.
fn rows(section: &Section) -> Vec<(String, Vec<&'static str>)> {
    let keywords = section.keywords.iter();
    let keywords = keywords.map(|entry| (entry.name, entry.meaning));
    let sections = section.sections.iter();
    let sections = sections.map(|entry| (entry.name, entry.meaning));
    let mut rows: Vec<(String, Vec<&'static str>)> = Vec::new();
    for (name, meaning) in keywords.chain(sections) {
        if meaning == Meaning::Taken && section.subsection(name).is_some() {
            continue;
        }
        let words = words(meaning);
        match rows.iter_mut().find(|(other, _)| *other == words) {
            Some((_, names)) => names.push(name),
            None => rows.push((words, vec![name])),
        }
    }
    rows
}

/// The sections that are read for more than to say that they are not wanted.
fn wanted(top: &'static Section) -> Vec<&'static Section> {
    let all = sections(top);
    let inner = all.iter().flat_map(|section| section.sections);
    let unwanted = inner.filter(|entry| entry.meaning != Meaning::Taken);
    let unwanted: Vec<&str> = unwanted.map(|entry| entry.name).collect();
    let wanted = |section: &&&Section| !unwanted.contains(&section.path);
    all.iter().filter(wanted).copied().collect()
}

fn table(top: &'static Section, title: &str) -> String {
    let mut table = format!("| {title} | keywords | |\n| --- | --- | --- |\n");
    let of_corosync_conf = TOP.subsection("totem").and_then(|entry| entry.section);
    for section in wanted(top) {
        let names = |section: &Section| -> Vec<&str> {
            let keywords = section.keywords.iter();
            keywords.map(|entry| entry.name).collect()
        };
        let is_known = |known: &Section| names(known) == names(section);
        if !std::ptr::eq(top, &TOP) && of_corosync_conf.is_some_and(is_known) {
            let path = section.path;
            writeln!(table, "| `{path}` | as in corosync.conf | |")
                .expect("a String can be written");
            let inner = section.sections.iter();
            for entry in inner {
                let (name, words) = (entry.name, words(entry.meaning));
                writeln!(table, "| `{path}` | `{name}` | {words} |")
                    .expect("a String can be written");
            }
            continue;
        }
        for (words, names) in rows(section) {
            let path = match section.path {
                "" => "top level".to_owned(),
                path => format!("`{path}`"),
            };
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let names = names.join(", ").replace('*', "NAME");
            writeln!(table, "| {path} | {names} | {words} |").expect("a String can be written");
        }
    }
    table
}

#[test]
fn tables_are_what_is_known() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cluster.md");
    let page = std::fs::read_to_string(&path).expect("the page can be read");
    let mut expected = page.clone();
    for (file, top, title) in [
        ("corosync.conf", &TOP, "section"),
        ("cluster.conf", &CLUSTER_CONF, "element"),
    ] {
        let mark = format!("<!-- keywords of {file}: ");
        let from = expected
            .find(&mark)
            .expect("the page has a place for the table");
        let from = from + expected[from..].find('\n').expect("a line ends") + 1;
        let to = from + expected[from..].find("<!-- end -->").expect("a table ends");
        expected.replace_range(from..to, &format!("\n{}\n", table(top, title)));
    }
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::write(&path, &expected).expect("the page can be written");
    } else {
        assert!(
            page == expected,
            "write the tables anew: see the head of this file"
        );
    }
}
