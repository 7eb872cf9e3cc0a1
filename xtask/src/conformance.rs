//! `cargo xtask conformance scheduler`: the scheduler against cases with known answers.
//!
//! A folder of cases holds `xml/NAME.xml`, a CIB, and what the right scheduler makes of it. Each
//! case is two runs of the real binary:
//!
//! | run | compared with |
//! | --- | --- |
//! | `crm_simulate -x F -S` | `summary/NAME.summary`: all that is printed |
//! | `crm_simulate -x F -D DOT -G EXP -sSQ` | `scores/NAME.scores`: what is printed, sorted; `dot/NAME.dot` and `exp/NAME.exp`: the files |
//!
//! White space and blank lines do not count.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::{Outcome, cargo, complete, root};

/// Where cases are looked for unless a folder is given.
pub(crate) const CASES: &str = "../shared/scheduler-cases";
/// How long one run may take.
const RUN_LIMIT: Duration = Duration::from_secs(30);
/// Differing lines shown for each part of a case.
const SHOWN_DIFFERENCES: usize = 12;

/// Cases whose answers depend on the time, which is given with `-t`.
const TIMES: [(&str, &str); 4] = [
    ("date-1", "2005-020"),
    ("date-2", "2005-020T12:30"),
    ("date-3", "2005-020T11:30"),
    ("origin", "2014-05-07 00:28:00"),
];

/// What is compared of a case, in the order in which a difference is easiest to understand.
const PARTS: [&str; 4] = ["scores", "exp", "dot", "summary"];

const USAGE: &str = "\
usage: cargo xtask conformance scheduler [--cases DIR] [--release] [--diff] [--list] [NAME...]

  --cases DIR   the folder with the cases; otherwise ../shared/scheduler-cases, if it exists
  --release     run the optimized binary
  --diff        show differing lines (as with NAMEs)
  --list        list the names of failing cases with the parts that differ
";

/// Runs the cases; an error names how many differ.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let wishes = Wishes::parse(arguments)?;
    let Some(folder) = wishes.cases.clone() else {
        println!("skipped: there is no {CASES}; name a folder of cases with --cases DIR");
        return Ok(());
    };
    let names = wishes.names_in(&folder)?;
    let keel = build(wishes.release)?;
    let started = Instant::now();
    let failures = run_all(&keel, &folder, &names)?;
    report(&wishes, &names, &failures);
    println!(
        "{} cases in {:.1} s",
        names.len(),
        started.elapsed().as_secs_f64()
    );
    match failures.len() {
        0 => Ok(()),
        count => Err(format!("{count} of {} cases differ", names.len())),
    }
}

struct Wishes {
    cases: Option<PathBuf>,
    release: bool,
    diff: bool,
    list: bool,
    names: Vec<String>,
}

impl Wishes {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut arguments = arguments.iter();
        if arguments
            .next()
            .is_none_or(|subject| subject != "scheduler")
        {
            return Err(USAGE.to_owned());
        }
        let usual = root().join(CASES);
        let mut wishes = Self {
            cases: usual.is_dir().then_some(usual),
            release: false,
            diff: false,
            list: false,
            names: Vec::new(),
        };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--cases" => {
                    let folder = arguments.next().ok_or("--cases needs a folder")?;
                    wishes.cases = Some(PathBuf::from(folder));
                }
                "--release" => wishes.release = true,
                "--diff" => wishes.diff = true,
                "--list" => wishes.list = true,
                name if !name.starts_with('-') => wishes.names.push(name.to_owned()),
                unknown => return Err(format!("unknown option '{unknown}'\n\n{USAGE}")),
            }
        }
        wishes.diff |= !wishes.names.is_empty();
        Ok(wishes)
    }

    /// The cases to run, sorted by name.
    fn names_in(&self, folder: &Path) -> Result<Vec<String>, String> {
        if !self.names.is_empty() {
            return Ok(self.names.clone());
        }
        names(folder)
    }
}

/// The names of all cases in `folder`, sorted.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>, String> {
    let xml = folder.join("xml");
    let entries = std::fs::read_dir(&xml)
        .map_err(|error| format!("{} cannot be listed: {error}", xml.display()))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            name.strip_suffix(".xml").map(str::to_owned)
        })
        .collect();
    names.sort();
    if names.is_empty() {
        return Err(format!("{} holds no case", xml.display()));
    }
    Ok(names)
}

/// Builds the binary and says where it is.
pub(crate) fn build(release: bool) -> Result<PathBuf, String> {
    let mut command = cargo();
    command.args(["build", "--quiet", "--package", "keel"]);
    if release {
        command.arg("--release");
    }
    complete(&mut command, "the build of keel")?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(target
        .join(if release { "release" } else { "debug" })
        .join("keel"))
}

/// What differs, by part: lines with `-` are missing, lines with `+` are ours alone.
type Differences = BTreeMap<usize, Vec<String>>;

fn run_all(
    keel: &Path,
    folder: &Path,
    names: &[String],
) -> Result<BTreeMap<String, Differences>, String> {
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(BTreeMap::new());
    let broken = Mutex::new(None);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match run_case(keel, folder, name) {
                        Ok(differences) if differences.is_empty() => {}
                        Ok(differences) => {
                            let mut failures = failures.lock().expect("no thread panics");
                            failures.insert(name.clone(), differences);
                        }
                        Err(error) => *broken.lock().expect("no thread panics") = Some(error),
                    }
                }
            });
        }
    });
    match broken.into_inner().expect("no thread panics") {
        Some(error) => Err(error),
        None => Ok(failures.into_inner().expect("no thread panics")),
    }
}

fn run_case(keel: &Path, folder: &Path, name: &str) -> Result<Differences, String> {
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let (dot, exp) = (scratch.path().join("dot"), scratch.path().join("exp"));
    let input = folder.join("xml").join(format!("{name}.xml"));
    let base = || {
        let mut command = Command::new(keel);
        command
            .arg("crm_simulate")
            .arg("-x")
            .arg(&input)
            .env("LC_ALL", "C");
        if let Some((_, time)) = TIMES.iter().find(|(case, _)| *case == name) {
            command.args(["-t", time]);
        }
        command
    };
    let summary = output(base().arg("-S"), true)?;
    let scores = output(
        base().arg("-D").arg(&dot).arg("-G").arg(&exp).arg("-sSQ"),
        false,
    )?;
    let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
    let ours = [
        sorted(&scores),
        comparable_graph(&read(&exp)),
        sorted_dot(&read(&dot)),
        summary,
    ];

    let mut differences = Differences::new();
    for (index, part) in PARTS.iter().enumerate() {
        let path = folder.join(part).join(format!("{name}.{part}"));
        let expected = std::fs::read_to_string(&path)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        let lines = difference(&expected, &ours[index]);
        if !lines.is_empty() {
            differences.insert(index, lines);
        }
    }
    Ok(differences)
}

/// What a run prints: standard output, with standard error after it where asked for.
fn output(command: &mut Command, with_errors: bool) -> Result<String, String> {
    let scratch = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
    let file = || {
        scratch
            .reopen()
            .map(Stdio::from)
            .map_err(|error| error.to_string())
    };
    let mut both = scratch.reopen().map_err(|error| error.to_string())?;
    command.stdin(Stdio::null());
    if with_errors {
        // One file for both, as a terminal would show them.
        let again = both.try_clone().map_err(|error| error.to_string())?;
        command.stdout(Stdio::from(
            both.try_clone().map_err(|error| error.to_string())?,
        ));
        command.stderr(Stdio::from(again));
    } else {
        command.stdout(file()?).stderr(Stdio::null());
    }
    let mut child = command
        .spawn()
        .map_err(|error| format!("keel does not start: {error}"))?;
    let started = Instant::now();
    let mut timed_out = false;
    loop {
        if child
            .try_wait()
            .map_err(|error| error.to_string())?
            .is_some()
        {
            break;
        }
        if started.elapsed() > RUN_LIMIT {
            child.kill().map_err(|error| error.to_string())?;
            timed_out = true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut bytes = Vec::new();
    std::io::Seek::rewind(&mut both).map_err(|error| error.to_string())?;
    std::io::Read::read_to_end(&mut both, &mut bytes).map_err(|error| error.to_string())?;
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    if timed_out {
        text.push_str("\n(stopped: the run took too long)\n");
    }
    Ok(text)
}

fn sorted(text: &str) -> String {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// A dot file with what stands between its first and last line sorted, each line once.
fn sorted_dot(text: &str) -> String {
    let mut lines: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    if let [_, between @ .., _] = lines.as_mut_slice() {
        between.sort_unstable();
    }
    lines.dedup();
    lines.join("\n")
}

/// A graph without the attributes that depend on the version.
fn comparable_graph(text: &str) -> String {
    let mut text = text.to_owned();
    for attribute in ["crm_feature_set=\"", "batch-limit=\""] {
        while let Some(start) = text.find(attribute) {
            let value = start + attribute.len();
            let end = text[value..]
                .find('"')
                .map_or(text.len(), |length| value + length + 1);
            text.replace_range(start..end, "");
        }
    }
    text
}

/// Lines of either text that the other lacks, in order.
fn difference(expected: &str, ours: &str) -> Vec<String> {
    let expected = comparable_lines(expected);
    let ours = comparable_lines(ours);
    let keys = |lines: &[(String, String)]| -> Vec<String> {
        lines.iter().map(|(key, _)| key.clone()).collect()
    };
    if keys(&expected) == keys(&ours) {
        return Vec::new();
    }
    let mut count: BTreeMap<&str, i32> = BTreeMap::new();
    for (key, _) in &expected {
        *count.entry(key).or_default() += 1;
    }
    for (key, _) in &ours {
        *count.entry(key).or_default() -= 1;
    }
    let missing = expected
        .iter()
        .filter(|(key, _)| count[key.as_str()] > 0)
        .map(|(_, line)| format!("-{line}"));
    let extra = ours
        .iter()
        .filter(|(key, _)| count[key.as_str()] < 0)
        .map(|(_, line)| format!("+{line}"));
    let mut lines: Vec<String> = missing.chain(extra).collect();
    if lines.is_empty() {
        lines.push("~ the same lines in another order".to_owned());
        let first = expected
            .iter()
            .zip(&ours)
            .find(|((left, _), (right, _))| left != right);
        if let Some(((_, left), (_, right))) = first {
            lines.push(format!("-{left}"));
            lines.push(format!("+{right}"));
        }
    }
    lines
}

/// Each line that is not blank: without white space, and as it is.
fn comparable_lines(text: &str) -> Vec<(String, String)> {
    text.lines()
        .map(|line| (line.split_whitespace().collect::<String>(), line.to_owned()))
        .filter(|(key, _)| !key.is_empty())
        .collect()
}

fn report(wishes: &Wishes, names: &[String], failures: &BTreeMap<String, Differences>) {
    for (name, differences) in failures {
        let parts: Vec<_> = differences.keys().map(|&part| PARTS[part]).collect();
        if wishes.list || wishes.diff {
            println!("{name}: {}", parts.join(" "));
        }
        if wishes.diff {
            for (&part, lines) in differences {
                println!("  {}", PARTS[part]);
                for line in lines.iter().take(SHOWN_DIFFERENCES) {
                    println!("    {line}");
                }
            }
        }
    }
    println!("matching, of {}:", names.len());
    for (index, part) in PARTS.iter().enumerate() {
        let differ = failures
            .values()
            .filter(|parts| parts.contains_key(&index))
            .count();
        println!("  {part:<8} {}", names.len() - differ);
    }
    println!("  all      {}", names.len() - failures.len());
}
