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

use super::disks::Disks;
use crate::plan::{Bmc, Command, Engine, Plan};
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

/// Makes a power switch of a machine.
pub(super) fn prepare(node: &mut NodeSpec, bmc: &Bmc, disks: &Disks) -> Result<()> {
    disks.keep(node, STATE)?;
    fs::write(disks.of(&bmc.name, STATE).join(POWER), "1\n")?;
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

/// Does what power switches want, on a thread of its own, until it is dropped.
pub(super) struct PowerSwitches {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

struct Switch {
    node: String,
    state: PathBuf,
    /// What the machine runs when it has power.
    commands: Vec<Command>,
    /// What was wanted last.
    done: String,
}

impl PowerSwitches {
    pub(super) fn watch(
        plan: &Plan,
        engine: &Engine,
        lab: &Arc<Lab>,
        disks: &Disks,
    ) -> Option<Self> {
        let mut switches: Vec<Switch> = plan
            .bmcs
            .iter()
            .map(|bmc| Switch {
                node: bmc.node.clone(),
                state: disks.of(&bmc.name, STATE),
                commands: plan.commands_of(&bmc.node, engine),
                done: String::new(),
            })
            .collect();
        if switches.is_empty() {
            return None;
        }
        let (lab, is_over) = (Arc::clone(lab), Arc::new(AtomicBool::new(false)));
        let over = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                for switch in &mut switches {
                    switch.look(&lab);
                }
                thread::sleep(PACE);
            }
        });
        Some(Self {
            is_over,
            thread: Some(thread),
        })
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

impl Switch {
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
