//! Power switches: machines that speak IPMI, of whose word the lab switches other machines off and on.
//!
//! ```text
//! fence agent ── IPMI ──► ipmi_sim ── its script writes a file ──► watch ──► kill_node, start_node
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::plan::{Bmc, Command};
use crate::protocol::NodeSpec;
use crate::{Lab, Result};

/// How often the switches are looked at.
const PACE: Duration = Duration::from_millis(5);
/// Where a power switch keeps what is wanted of it, and what is.
const STATE: &str = "/var/lib/bmc";
/// The file with what is wanted: a number that rises with each word, and the word.
const WANTED: &str = "wanted";
/// The file with what is: 1 for on, 0 for off.
const POWER: &str = "power";

/// The name of a power switch's command.
const COMMAND: &str = "bmc";

/// What a power switch runs: the simulator of Debian's openipmi.
#[must_use]
pub fn command() -> Command {
    let words = "ipmi_sim -n -c /etc/bmc/lan.conf -f /etc/bmc/mc.emu -s /var/lib/bmc";
    Command {
        name: COMMAND.to_owned(),
        argv: words.split(' ').map(str::to_owned).collect(),
    }
}

/// Makes a power switch of a machine, which is to run [`command`]. `state`: the folder of this
/// computer where it keeps whether there is power; at first, there is.
///
/// # Errors
///
/// Where the folder cannot be made.
pub fn prepare(node: &mut NodeSpec, bmc: &Bmc, state: &Path) -> Result<()> {
    fs::create_dir_all(state)?;
    fs::write(state.join(POWER), "1\n")?;
    node.kept
        .insert(STATE.to_owned(), state.display().to_string());
    let methods = "none md2 md5 straight";
    let levels: String = ["callback", "user", "operator", "admin"]
        .map(|level| format!("allowed_auths_{level} {methods}\n"))
        .concat();
    let Bmc { user, password, .. } = bmc;
    let lan = format!(
        "name \"bmc\"\nset_working_mc 0x20\nstartlan 1\naddr 0.0.0.0 623\npriv_limit admin\n\
         {levels}guid a123456789abcdefa123456789abcdef\nendlan\n\
         chassis_control \"sh /etc/bmc/switch\"\nuser 1 true \"\" \"\" user 10 {methods}\n\
         user 2 true \"{user}\" \"{password}\" admin 10 {methods}\n"
    );
    let controller = "mc_setbmc 0x20\n\
         mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\n\
         sel_enable 0x20 1000 0x0a\nmc_enable 0x20\n";
    // Called as `switch get power`, `switch set power 0`, `switch set reset 1`.
    let script = format!(
        "cd {STATE} || exit 1\ncase \"$1 $2\" in\n'get power') echo power:$(cat {POWER});;\n\
         'set power'|'set reset') word=$3; [ \"$2\" = reset ] && word=reset\n\
         echo \"$$.$(date +%N) $word\" > {WANTED}.new && mv {WANTED}.new {WANTED};;\nesac\n"
    );
    for (name, text) in [
        ("lan.conf", lan.as_str()),
        ("mc.emu", controller),
        ("switch", &script),
    ] {
        node.files.insert(format!("/etc/bmc/{name}"), text.into());
    }
    Ok(())
}

/// A machine's power, as its switch wants it.
pub struct Power {
    node: String,
    state: PathBuf,
    /// What the machine runs when it has power.
    commands: Vec<Command>,
    /// What was wanted last.
    done: String,
}

/// Does what power switches want, on a thread of its own, until it is dropped.
pub struct PowerSwitches {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl PowerSwitches {
    /// From now on.
    #[must_use]
    pub fn watch(mut machines: Vec<Power>, lab: &Arc<Lab>) -> Self {
        let (lab, is_over) = (Arc::clone(lab), Arc::new(AtomicBool::new(false)));
        let over = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                for machine in &mut machines {
                    machine.look(&lab);
                }
                thread::sleep(PACE);
            }
        });
        Self {
            is_over,
            thread: Some(thread),
        }
    }
}

impl Drop for PowerSwitches {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Power {
    /// Of a machine, with a switch that keeps its state in that folder of this computer, and with what
    /// the machine runs when it has power.
    #[must_use]
    pub fn of(node: &str, state: PathBuf, commands: Vec<Command>) -> Self {
        Self {
            node: node.to_owned(),
            state,
            commands,
            done: String::new(),
        }
    }

    fn look(&mut self, lab: &Lab) {
        let wanted = fs::read_to_string(self.state.join(WANTED)).unwrap_or_default();
        if wanted == self.done {
            return;
        }
        match wanted.split_whitespace().last() {
            Some("0") => self.switch_off(lab),
            Some("1") => self.switch_on(lab),
            Some("reset") => {
                self.switch_off(lab);
                self.switch_on(lab);
            }
            _ => {}
        }
        self.done = wanted;
    }

    /// A machine that has no power already is no mistake, nor is one that has.
    fn switch_off(&self, lab: &Lab) {
        let _ = lab.kill_node(&self.node);
        self.note("0");
    }

    fn switch_on(&self, lab: &Lab) {
        if lab.start_node(&self.node).is_ok() {
            let machine = lab.node(&self.node);
            for command in &self.commands {
                let _ = machine.spawn(&command.name, &command.argv);
            }
        }
        self.note("1");
    }

    fn note(&self, power: &str) {
        let _ = fs::write(Path::new(&self.state).join(POWER), format!("{power}\n"));
    }
}
