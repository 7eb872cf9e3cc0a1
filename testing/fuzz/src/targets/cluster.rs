//! The cluster role's command lines: CIBs of any kind.

use cib::time::DateTime;
use cib::xml::{Document, XmlId};
use pcs::{ExitCode, MemoryFiles};

/// CIBs that edits start from.
const CIBS: [&str; 3] = [
    include_str!("../../seeds/services.xml"),
    include_str!("../../seeds/remotes.xml"),
    include_str!("../../seeds/old.xml"),
];

/// Command lines, each of which takes another way through the command.
const COMMANDS: [&[&str]; 4] = [
    &["-S", "-s", "-U", "-A", "-c"],
    &["-S", "--output-as=xml", "-A", "-c", "-s", "-U"],
    &[
        "-S",
        "--output-as=json",
        "-u",
        "new",
        "-d",
        "n2",
        "-f",
        "n3",
        "-w",
        "1",
        "-q",
        "0",
        "-g",
        "T",
        "-b",
        "T",
        "-i",
        "site_monitor_10000@n1=7",
        "-i",
        "drbd:0_demote_0@n1=1",
        "-F",
        "ip_start_0@n1=1",
    ],
    &[
        "-RQ",
        "-s",
        "-a",
        "-V",
        "-D",
        "dot",
        "-G",
        "graph",
        "-I",
        "in",
        "-O",
        "out",
        "-t",
        "2024-02-29 12:00:00",
    ],
];

/// Any text is simulated or refused.
pub fn crm_simulate(bytes: &[u8]) {
    simulate_as(&String::from_utf8_lossy(bytes), bytes.len());
}

/// Any CIB that comes of a few edits is simulated, or refused. The input says which edits.
pub fn cib_edits(bytes: &[u8]) {
    let mut script = bytes.iter().copied();
    let mut next = || usize::from(script.next().unwrap_or(0));
    let Ok(mut document) = Document::parse(CIBS[next() % CIBS.len()]) else {
        return;
    };
    // What is not checked against a schema gets further.
    if next() % 4 != 0 {
        let root = document.root().xml_id();
        document.set(root, "validate-with", "none");
    }
    // Five bytes each; the rest of a long script is not read.
    for _ in 0..(bytes.len() / 5).min(MAX_EDITS) {
        let (kind, place, attribute, value) = (next(), next() * 256 + next(), next(), next());
        edit(&mut document, kind, place, attribute, value);
    }
    // Half of them go to the scheduler whatever their schema says.
    if bytes.len() % 2 == 1 {
        let root = document.root().xml_id();
        document.set(root, "validate-with", "none");
    }
    simulate_as(&document.to_string(), next() + bytes.len());
}

/// More edits than these leave little of a CIB.
const MAX_EDITS: usize = 40;

/// Values that something is made of.
const VALUES: [&str; 24] = [
    "",
    "0",
    "1",
    "-1",
    "2",
    "1000000",
    "INFINITY",
    "-INFINITY",
    "99999999999999999999",
    "true",
    "false",
    "Stopped",
    "Promoted",
    "n1",
    "site",
    "drbd-c",
    "httpd",
    "guest",
    "far",
    "PT1M",
    "10s",
    "block",
    "fence",
    "stop",
];

fn edit(document: &mut Document, kind: usize, place: usize, attribute: usize, value: usize) {
    let elements: Vec<XmlId> = document
        .root()
        .descendants()
        .skip(1)
        .map(|element| element.xml_id())
        .collect();
    let Some(&id) = elements.get(place % elements.len().max(1)) else {
        return;
    };
    let other = elements[(attribute * 256 + value) % elements.len()];
    let element = document.element(id);
    let names: Vec<String> = element
        .attributes()
        .map(|(name, _)| name.to_owned())
        .collect();
    let name = names
        .get(attribute % names.len().max(1))
        .map_or("score", String::as_str);
    match kind % 6 {
        0 => document.remove(id),
        1 => document.set(id, name, VALUES[value % VALUES.len()]),
        2 => document.unset(id, name),
        // The value that another element has, so that references find what they should not.
        3 => {
            let borrowed = document.element(other).id().unwrap_or_default().to_owned();
            document.set(id, name, &borrowed);
        }
        4 => {
            let copy = document.clone();
            if let Some(parent) = document
                .element(other)
                .parent()
                .map(|parent| parent.xml_id())
            {
                document.append_copy(parent, copy.element(id));
            }
        }
        _ => {
            let name = document.element(other).name().to_owned();
            document.rename(id, &name);
        }
    }
}

/// Simulates in one of several ways; now and then twice, to see that the output is the same.
fn simulate_as(cib: &str, way: usize) {
    let command = COMMANDS[way % COMMANDS.len()];
    let outcome = simulate(cib, command);
    if (way / COMMANDS.len()).is_multiple_of(8) {
        assert_eq!(
            outcome,
            simulate(cib, command),
            "the same input gives the same output"
        );
    }
}

fn simulate(cib: &str, command: &[&str]) -> (String, String, ExitCode, MemoryFiles) {
    let mut files = MemoryFiles::default();
    files.files.insert("cib".to_owned(), cib.into());
    let words = ["-x", "cib"].iter().chain(command);
    let arguments: Vec<String> = words.map(|&word| word.to_owned()).collect();
    let clock = || DateTime::from_epoch_s(1_700_000_000);
    let outcome = pcs::crm_simulate::run(&arguments, clock, &mut files);
    (
        outcome.standard_output,
        outcome.standard_error,
        outcome.exit_code,
        files,
    )
}
