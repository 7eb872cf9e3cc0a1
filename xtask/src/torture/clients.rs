//! Clients on every machine: one gives unique attributes, one writes registers and compares-and-sets
//! them, one reads them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cluster_api::{Answer, CibText, Client, Durability, Request};
use cluster_lab::{LabCluster, change_attribute};
use dice::Dice;
use linearizability::Action;

use super::history::{History, Told};
use super::judge::attributes;

/// How many registers the clients share.
pub const REGISTERS: u64 = 5;
/// After this a client gives a request up: whether it is carried out is not known then.
const PATIENCE: Duration = Duration::from_secs(4);
/// A client waits at most so long between two requests; half as long on average.
const PAUSE: Duration = Duration::from_millis(150);
/// How long until the next try, where no daemon listens.
const AGAIN: Duration = Duration::from_millis(50);

/// What a client of a kind does again and again. An error: its connection is of no use any more.
type Deed = fn(&mut Session<'_>) -> Result<(), ()>;

/// The clients of a round.
pub struct Clients {
    stopped: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// A client while it is connected.
struct Session<'a> {
    client: Client,
    history: &'a History,
    dice: &'a mut Dice,
}

impl Clients {
    /// Starts them.
    pub fn start(cluster: &LabCluster, history: &Arc<History>, seed: u64) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        let mut dice = Dice::new(seed);
        let deeds: [Deed; 3] = [give_attribute, change_register, read_registers];
        for node in cluster.ids() {
            for deed in deeds {
                let (stopped, history) = (Arc::clone(&stopped), Arc::clone(history));
                let (socket, dice) = (cluster.socket(node), Dice::new(dice.throw()));
                threads.push(thread::spawn(move || {
                    live(&socket, &stopped, &history, dice, deed);
                }));
            }
        }
        Self { stopped, threads }
    }

    /// Waits until all have their last answer, or have given it up.
    pub fn stop(self) {
        self.stopped.store(true, Relaxed);
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

fn live(socket: &Path, stopped: &AtomicBool, history: &History, mut dice: Dice, deed: Deed) {
    while !stopped.load(Relaxed) {
        let connected = Client::connect_to(socket);
        let Ok(client) = connected.and_then(|client| {
            client.limit(Some(PATIENCE))?;
            Ok(client)
        }) else {
            thread::sleep(AGAIN);
            continue;
        };
        let mut session = Session {
            client,
            history,
            dice: &mut dice,
        };
        while !stopped.load(Relaxed) && deed(&mut session).is_ok() {
            let pause = session.dice.time_below(PAUSE);
            thread::sleep(pause);
        }
    }
}

fn give_attribute(session: &mut Session<'_>) -> Result<(), ()> {
    let name = session.history.name("a", session.history.number());
    session.change(&name, None, "given", None)
}

fn change_register(session: &mut Session<'_>) -> Result<(), ()> {
    let name = session.register();
    let value = session.history.number().to_string();
    if session.dice.happens(50) {
        return session.change(&name, None, &value, None);
    }
    let Some(cib) = session.read()? else {
        return Ok(());
    };
    let held = attributes(&cib.xml).get(name.as_str()).copied();
    session.change(&name, Some(held), &value, Some(cib.version))
}

fn read_registers(session: &mut Session<'_>) -> Result<(), ()> {
    let invoked = session.history.now();
    let Some(cib) = session.read()? else {
        return Ok(());
    };
    let answered = session.history.now();
    let held = attributes(&cib.xml);
    for number in 0..REGISTERS {
        let name = session.history.name("r", number);
        let value = held.get(name.as_str()).copied();
        session.history.read(invoked, answered, &name, value);
    }
    Ok(())
}

impl Session<'_> {
    fn register(&mut self) -> String {
        let number = self.dice.within(0..REGISTERS);
        self.history.name("r", number)
    }

    /// Gives a register a value. `held`: only what it holds, which it does if the CIB still has that
    /// version.
    fn change(
        &mut self,
        name: &str,
        held: Option<Option<&str>>,
        value: &str,
        if_version: Option<String>,
    ) -> Result<(), ()> {
        let invoked = self.history.now();
        let answer = self.client.ask(&change_attribute(name, value, if_version));
        let told = match &answer {
            Ok(Answer::Changed(made)) if made.durability == Durability::ExclusiveQuorum => {
                Told::Acknowledged
            }
            Ok(Answer::Changed(_)) => Told::WithoutQuorum,
            Ok(Answer::Refused(refusal)) if !refusal.is_unknown => Told::Refused,
            _ => Told::Unknown,
        };
        let value = Some(value.to_owned());
        let action = match held {
            None => Action::Write(value),
            Some(held) => Action::CompareAndSet(held.map(str::to_owned), value),
        };
        self.history.changed(invoked, name, action, told);
        answer.map(drop).map_err(drop)
    }

    /// The CIB, if a quorum vouches for it that no other part of the cluster can have.
    fn read(&mut self) -> Result<Option<CibText>, ()> {
        match self.client.ask(&Request::Cib { ordered: true }) {
            Ok(Answer::Cib(cib)) => Ok(cib.is_exclusive.then_some(cib)),
            Ok(_) => Ok(None),
            Err(_) => Err(()),
        }
    }
}
