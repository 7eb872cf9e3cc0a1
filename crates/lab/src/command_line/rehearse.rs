//! `keel lab demo`, `rehearse` and `up`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use nix::sys::signal::{SigSet, Signal};

use crate::handle::Terminator;
use crate::plan::{Engine, Fault, Plan};
use crate::rehearsal::{Cost, Rehearsal};
use crate::table::{self, Run};

use super::{Failure, Outcome};

/// The most runs of one command.
const MAX_RUNS: u32 = 1_000;
/// The engine that is ours.
const OWN_ENGINE: &str = "keel";
/// The files of `examples/landlord/`, built in.
const LANDLORD: &str = include_str!("../../../../examples/landlord/lab.toml");
const LANDLORD_FILES: [(&str, &str); 4] = [
    (
        "haproxy-today.cfg",
        include_str!("../../../../examples/landlord/haproxy-today.cfg"),
    ),
    (
        "haproxy.cfg",
        include_str!("../../../../examples/landlord/haproxy.cfg"),
    ),
    (
        "fred/keepalived.conf",
        include_str!("../../../../examples/landlord/fred/keepalived.conf"),
    ),
    (
        "ethyl/keepalived.conf",
        include_str!("../../../../examples/landlord/ethyl/keepalived.conf"),
    ),
];

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    file: Option<PathBuf>,
    engine: Option<String>,
    runs: u32,
    faults: Vec<String>,
    json: bool,
    keep_logs: Option<PathBuf>,
}

impl Options {
    fn parse(words: &[String]) -> Result<Self, Failure> {
        let mut options = Self {
            file: None,
            engine: None,
            runs: 1,
            faults: Vec::new(),
            json: false,
            keep_logs: None,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || {
                let value = words.next().cloned();
                value.ok_or_else(|| Failure::Usage(format!("{word} needs a value")))
            };
            match word.as_str() {
                "--engine" => options.engine = Some(value()?),
                "--runs" => {
                    let text = value()?;
                    let runs = text
                        .parse()
                        .ok()
                        .filter(|runs| (1..=MAX_RUNS).contains(runs));
                    options.runs = runs.ok_or_else(|| {
                        Failure::Usage(format!("'{text}' is no number from 1 to {MAX_RUNS}"))
                    })?;
                }
                "--fault" => options.faults.push(value()?),
                "--json" => options.json = true,
                "--keep-logs" => options.keep_logs = Some(value()?.into()),
                file if !file.starts_with('-') && options.file.is_none() => {
                    options.file = Some(file.into());
                }
                unknown => return Err(Failure::Usage(format!("unknown option '{unknown}'"))),
            }
        }
        Ok(options)
    }
}

pub(super) fn demo(words: &[String]) -> Outcome {
    let options = Options::parse(words)?;
    if options.file.is_some() {
        return Err(Failure::Usage("demo has a file of its own".to_owned()));
    }
    play(&landlord()?, &options)
}

pub(super) fn rehearse(words: &[String]) -> Outcome {
    let options = Options::parse(words)?;
    play(&read_plan(&options)?, &options)
}

pub(super) fn up(words: &[String]) -> Outcome {
    let options = Options::parse(words)?;
    let plan = read_plan(&options)?;
    let engines = chosen(&plan, options.engine.as_deref())?;
    let [(_, engine)] = engines.as_slice() else {
        return Err(Failure::Usage("up takes one engine".to_owned()));
    };
    Interruptions::block()?.watch()?;
    let rehearsal = Rehearsal::start(&plan, engine, &program()?)?;
    Interruptions::end_on_interruption(rehearsal.lab().terminator());
    for node in rehearsal.lab().node_names() {
        if let Some(pid) = crate::room::process_on_host(
            rehearsal.lab().process_id(),
            rehearsal.lab().node(node).first_process()?,
        ) {
            let user = if rehearsal.lab().rootless() {
                " -U --preserve-credentials"
            } else {
                ""
            };
            say(&format!("{node}: nsenter{user} -t {pid} -m -u -i -n -p"));
        }
    }
    rehearsal.prepare(&say)?;
    say("the machines run; Ctrl-C ends them");
    rehearsal.lab().wait_for_end();
    Err(Failure::Failed("the machines are gone".to_owned()))
}

fn landlord() -> Result<Plan, Failure> {
    Ok(Plan::parse("landlord/lab.toml", LANDLORD, |file| {
        let found = LANDLORD_FILES.iter().find(|(name, _)| *name == file);
        found
            .map(|(_, text)| text.as_bytes().to_vec())
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    })?)
}

fn read_plan(options: &Options) -> Result<Plan, Failure> {
    let file = options.file.as_deref();
    let file = file.ok_or_else(|| Failure::Usage("which lab.toml?".to_owned()))?;
    Ok(Plan::read(file)?)
}

fn program() -> Result<PathBuf, Failure> {
    std::env::current_exe()
        .map_err(|error| Failure::Failed(format!("cannot find this program's file: {error}")))
}

fn play(plan: &Plan, options: &Options) -> Outcome {
    let engines = chosen(plan, options.engine.as_deref())?;
    let faults = chosen_faults(plan, &options.faults)?;
    let program = program()?;
    Interruptions::block()?.watch()?;
    let began = Instant::now();
    let say = |word: &str| say(&format!("[{:5.1} s] {word}", began.elapsed().as_secs_f64()));
    let mut runs = Vec::new();
    for run in 1..=options.runs {
        for (name, engine) in &engines {
            let logs = options.keep_logs.as_ref().map(|folder| {
                if options.runs == 1 && engines.len() == 1 {
                    folder.clone()
                } else {
                    folder.join(format!("{name}-{run}"))
                }
            });
            let faults = play_once(plan, engine, &faults, &program, &say, logs.as_deref())?;
            runs.push(Run {
                engine: (*name).clone(),
                run,
                faults,
            });
        }
    }
    print(&runs, &engines, options);
    judge(&runs, engines.len() > 1)
}

fn play_once(
    plan: &Plan,
    engine: &Engine,
    faults: &[&Fault],
    program: &Path,
    say: &dyn Fn(&str),
    logs: Option<&Path>,
) -> Result<Vec<Cost>, Failure> {
    say("starting the machines");
    let rehearsal = Rehearsal::start(plan, engine, program)?;
    Interruptions::end_on_interruption(rehearsal.lab().terminator());
    if rehearsal.lab().rootless() {
        say("(without root: every user of the machines is number 0 there)");
    }
    let outcome = play_faults(&rehearsal, faults, say);
    keep_logs(rehearsal.lab(), logs)?;
    outcome
}

fn play_faults(
    rehearsal: &Rehearsal<'_>,
    faults: &[&Fault],
    say: &dyn Fn(&str),
) -> Result<Vec<Cost>, Failure> {
    rehearsal.prepare(say)?;
    let mut costs = Vec::new();
    for fault in faults {
        let holder = rehearsal.settle()?;
        say(&format!("{holder} holds the address; now: {}", fault.name));
        let cost = rehearsal.play(fault)?;
        say(&format!(
            "  longest gap {:.1} ms, {} of {} requests failed{}, the address: {} → {}",
            cost.longest_gap_ms,
            cost.failed,
            cost.sent,
            match cost.failed {
                0 => String::new(),
                _ => format!(" ({})", cost.details.failures),
            },
            cost.holder_before,
            cost.holder_after
        ));
        for limit in &cost.details.exceeded {
            say(&format!("  over the limit: {limit}"));
        }
        costs.push(cost);
    }
    Ok(costs)
}

fn print(runs: &[Run], engines: &[(&String, &Engine)], options: &Options) {
    if options.json {
        match runs {
            [run] => println!("{}", table::json(&run.faults)),
            _ => println!("{}", table::json_of_runs(runs)),
        }
        return;
    }
    for (name, _) in engines {
        let own: Vec<&Run> = runs.iter().filter(|run| run.engine == **name).collect();
        if engines.len() > 1 || own.len() > 1 {
            println!("{name}, medians of {} runs:", own.len());
        }
        println!("{}", table::table(&table::medians(&own)).trim_end());
    }
}

/// Limits are ours to keep: beside our own engine the others are only measured.
fn judge(runs: &[Run], several: bool) -> Outcome {
    let exceeded: Vec<String> = runs
        .iter()
        .filter(|run| !several || run.engine == OWN_ENGINE)
        .flat_map(|run| &run.faults)
        .flat_map(|cost| {
            let limits = cost.details.exceeded.iter();
            limits.map(|limit| format!("{}: {limit}", cost.fault))
        })
        .collect();
    if exceeded.is_empty() {
        Ok(())
    } else {
        let list = exceeded.join("\n  ");
        Err(Failure::Failed(format!("over the limit:\n  {list}")))
    }
}

fn chosen<'a>(
    plan: &'a Plan,
    wanted: Option<&str>,
) -> Result<Vec<(&'a String, &'a Engine)>, Failure> {
    let names = || plan.engines.keys().map(String::as_str);
    let wanted = match wanted {
        Some("both" | "all") => return Ok(plan.engines.iter().collect()),
        Some(name) => name,
        None if plan.engines.len() == 1 => names().next().unwrap_or(OWN_ENGINE),
        None => OWN_ENGINE,
    };
    match plan.engines.get_key_value(wanted) {
        Some(engine) => Ok(vec![engine]),
        None => {
            let known = names().collect::<Vec<_>>().join(", ");
            Err(Failure::Usage(format!(
                "there is no engine '{wanted}' in the file (there are: {known})"
            )))
        }
    }
}

fn chosen_faults<'a>(plan: &'a Plan, wanted: &[String]) -> Result<Vec<&'a Fault>, Failure> {
    if wanted.is_empty() {
        return Ok(plan.faults.iter().collect());
    }
    wanted
        .iter()
        .map(|name| {
            let found = plan.faults.iter().find(|fault| fault.name == *name);
            found.ok_or_else(|| {
                let known = plan.faults.iter().map(|fault| fault.name.as_str());
                let meant = diagnostics::nearest(name, known.clone()).map_or_else(
                    || format!("there are: {}", known.collect::<Vec<_>>().join(", ")),
                    |word| format!("did you mean '{word}'?"),
                );
                Failure::Usage(format!("there is no fault '{name}' ({meant})"))
            })
        })
        .collect()
}

fn keep_logs(lab: &crate::Lab, folder: Option<&Path>) -> Outcome {
    let Some(folder) = folder else { return Ok(()) };
    let written = |error: io::Error| Failure::Failed(format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(written)?;
    for (node, command) in lab.logs()? {
        let text = lab.node(&node).log(&command)?;
        std::fs::write(folder.join(format!("{node}-{command}.log")), text).map_err(written)?;
    }
    Ok(())
}

/// SIGINT, SIGTERM and SIGHUP of this process: the lab is ended in order, and waited for.
struct Interruptions(SigSet);

/// Set before the lab is ended by an interruption: what fails from then on fails because of it.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static RUNNING: std::sync::Mutex<Option<Terminator>> = std::sync::Mutex::new(None);

/// Leaves the last word to the interruption, if there was one.
pub(super) fn give_way_to_interruption() {
    while INTERRUPTED.load(Ordering::SeqCst) {
        std::thread::park();
    }
}

/// A line on standard error, for whoever still listens.
fn say(word: &str) {
    let _ = writeln!(io::stderr(), "{word}");
}

impl Interruptions {
    fn block() -> Result<Self, Failure> {
        let mut set = SigSet::empty();
        for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
            set.add(signal);
        }
        set.thread_block()
            .map_err(|error| Failure::Failed(error.to_string()))?;
        Ok(Self(set))
    }

    fn wait(&self) -> i32 {
        self.0.wait().map_or(0, |signal| signal as i32)
    }

    /// From now on an interruption ends the lab and then this process.
    fn watch(self) -> Outcome {
        std::thread::Builder::new()
            .name("interruptions".to_owned())
            .spawn(move || {
                let signal = self.wait();
                INTERRUPTED.store(true, Ordering::SeqCst);
                let running = RUNNING
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                if let Some(lab) = running.as_ref() {
                    lab.end();
                }
                say("keel lab: interrupted; the machines are gone");
                std::process::exit(128 + signal);
            })
            .map(drop)
            .map_err(|error| Failure::Failed(error.to_string()))
    }

    fn end_on_interruption(lab: Terminator) {
        let mut running = RUNNING
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *running = Some(lab);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_is_the_example() {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
        let built_in = landlord().ok().expect("the demo's file is good");
        assert_eq!(
            built_in,
            Plan::read(&examples.join("landlord/lab.toml")).unwrap()
        );
        for folder in std::fs::read_dir(&examples).unwrap() {
            let file = folder.unwrap().path().join("lab.toml");
            if file.exists() {
                let plan = Plan::read(&file).unwrap_or_else(|error| panic!("{error}"));
                assert!(plan.engines.contains_key(OWN_ENGINE), "{}", file.display());
            }
        }
    }
}
