//! The life of the cluster's daemon, `keel cluster run`.
//!
//! ```text
//!            start                    READY=1
//!  absent ─────────► starting ──────────────────► serving ──┐ stop: Leave; kill: SIGKILL
//!    ▲ ▲                │ ends: why, to who started it      ▼
//!    │ └────────────────┘                                leaving ── ends ──► absent
//!    └── ends unasked: again, at once, then after 1 s, 2 s, … ──┘
//! ```
//!
//! Whether it is wanted is kept in a file that a restart of the machine takes away: a pcsd that
//! follows another goes on where that one was.

mod process;

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use cluster_api::{Answer, Client, Request};
use system::process::Signal;
use system::service_manager::READY;
use tokio::net::UnixDatagram;
use tokio::sync::{mpsc, oneshot};

use crate::Place;
use crate::files::{self, PUBLIC};
use crate::pace::Pace;
use process::{End, Process};

/// Present: the daemon is started with the machine.
pub(crate) const ENABLED: &str = "enabled";
/// `1` where the daemon is to run, `0` where it was stopped.
const WANTED: &str = "pcsd.wanted";
/// Where the daemon says that it serves.
const NOTIFY: &str = "pcsd.notify";
/// Orders that wait.
const WAITING: usize = 64;
/// How long the daemon may take to answer whether it leaves.
const LEAVE_ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// What came of an order.
pub(crate) type Done = Result<(), String>;

/// What can be wanted of the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// To serve.
    Start,
    /// To leave in order and end.
    Stop,
    /// To end at once.
    Kill,
}

enum Message {
    Order(Order, oneshot::Sender<Done>),
    IsRunning(oneshot::Sender<bool>),
    /// The daemon does not leave, and why.
    Stays(String),
}

/// A way to who looks after the daemon.
#[derive(Clone)]
pub(crate) struct Daemon {
    messages: mpsc::Sender<Message>,
}

impl Daemon {
    /// Finds the daemon if it runs, starts it if it is to run, and looks after it from now on.
    ///
    /// # Errors
    /// Where it cannot be looked after.
    pub(crate) fn attend(place: &Place) -> io::Result<Self> {
        let (messages, orders) = mpsc::channel(WAITING);
        let keeper = Keeper::new(place, messages.downgrade())?;
        tokio::spawn(keeper.run(orders));
        Ok(Self { messages })
    }

    /// Carries out an order, and answers once it is carried out.
    ///
    /// # Errors
    /// A sentence that says what went wrong.
    pub(crate) async fn order(&self, order: Order) -> Done {
        let (tell, done) = oneshot::channel();
        // Who looks after the daemon ends only with this process.
        let _ = self.messages.send(Message::Order(order, tell)).await;
        done.await
            .unwrap_or_else(|_| Err("pcsd is ending".to_owned()))
    }

    /// Whether the daemon serves, or is about to.
    pub(crate) async fn is_running(&self) -> bool {
        let (tell, answer) = oneshot::channel();
        let _ = self.messages.send(Message::IsRunning(tell)).await;
        answer.await.unwrap_or(false)
    }
}

/// Who looks after the daemon.
struct Keeper {
    place: Place,
    program: PathBuf,
    notifications: UnixDatagram,
    messages: mpsc::WeakSender<Message>,
    process: Option<Process>,
    is_serving: bool,
    starters: Vec<oneshot::Sender<Done>>,
    stoppers: Vec<oneshot::Sender<Done>>,
    is_wanted: bool,
    pace: Pace,
    started_at: Instant,
    again_at: Option<Instant>,
}

/// What happened.
enum Event {
    Message(Message),
    Ended(End),
    Notified(Vec<u8>),
    TimeToStart,
}

impl Keeper {
    fn new(place: &Place, messages: mpsc::WeakSender<Message>) -> io::Result<Self> {
        let notify = place.passing_file(NOTIFY);
        files::remove(&notify)?;
        let process = Process::find(&place.cluster_socket)?;
        let is_wanted = match files::read(&place.passing_file(WANTED), 16)? {
            Some(text) => text.trim() == "1",
            None => place.file(ENABLED).exists(),
        };
        Ok(Self {
            // As it is now: after an upgrade the path leads to the new one.
            program: std::env::current_exe()?,
            notifications: UnixDatagram::bind(&notify).map_err(|it| files::at(&notify, it))?,
            place: place.clone(),
            messages,
            is_serving: process.is_some(),
            is_wanted: is_wanted || process.is_some(),
            process,
            starters: Vec::new(),
            stoppers: Vec::new(),
            pace: Pace::default(),
            started_at: Instant::now(),
            again_at: None,
        })
    }

    async fn run(mut self, mut orders: mpsc::Receiver<Message>) {
        match &self.process {
            Some(process) => eprintln!(
                "keel pcsd: the cluster's daemon runs already, process {}",
                process.pid()
            ),
            None if self.is_wanted => self.start(),
            None => {}
        }
        loop {
            let event = tokio::select! {
                message = orders.recv() => match message {
                    Some(message) => Event::Message(message),
                    None => return,
                },
                end = process::end(self.process.as_ref()) => Event::Ended(end),
                text = receive(&self.notifications) => Event::Notified(text),
                () = until(self.again_at) => Event::TimeToStart,
            };
            match event {
                Event::Message(Message::Order(order, tell)) => self.hear_order(order, tell),
                Event::Message(Message::IsRunning(tell)) => {
                    let _ = tell.send(self.process.is_some());
                }
                Event::Message(Message::Stays(why)) => answer(&mut self.stoppers, &Err(why)),
                Event::Ended(end) => self.hear_end(&end),
                Event::Notified(text) => self.hear_notification(&text),
                Event::TimeToStart => self.start(),
            }
        }
    }

    fn hear_order(&mut self, order: Order, tell: oneshot::Sender<Done>) {
        let remembered = self.want(order == Order::Start);
        if let Err(error) = remembered {
            let _ = tell.send(Err(error.to_string()));
            return;
        }
        self.again_at = None;
        self.pace.forget();
        match (order, &self.process) {
            (Order::Start, Some(_)) if self.is_serving && self.stoppers.is_empty() => {
                let _ = tell.send(Ok(()));
            }
            (Order::Start, Some(_)) => self.starters.push(tell),
            (Order::Start, None) => {
                self.starters.push(tell);
                self.start();
            }
            (Order::Stop | Order::Kill, None) => {
                let _ = tell.send(Ok(()));
            }
            (Order::Stop, Some(process)) => {
                if self.stoppers.is_empty() {
                    self.ask_to_leave(process.pid());
                }
                self.stoppers.push(tell);
            }
            (Order::Kill, Some(process)) => {
                // Gone already is what is wanted.
                let _ = process.signal(Signal::SIGKILL);
                self.stoppers.push(tell);
            }
        }
    }

    /// Remembers whether the daemon is to run.
    fn want(&mut self, is_wanted: bool) -> io::Result<()> {
        if self.is_wanted != is_wanted || !self.place.passing_file(WANTED).exists() {
            let text = if is_wanted { "1\n" } else { "0\n" };
            files::replace(&self.place.passing_file(WANTED), text, PUBLIC)?;
        }
        self.is_wanted = is_wanted;
        Ok(())
    }

    fn start(&mut self) {
        self.again_at = None;
        self.is_serving = false;
        self.started_at = Instant::now();
        let notify = self.place.passing_file(NOTIFY);
        match Process::start(&self.program, &notify) {
            Ok(process) => self.process = Some(process),
            Err(error) => self.hear_end(&End::failed(format!(
                "the cluster's daemon cannot be started: {error}"
            ))),
        }
    }

    /// The daemon's own socket takes some of the work that a reader would wait for.
    fn ask_to_leave(&self, pid: i32) {
        let socket = self.place.cluster_socket.clone();
        let messages = self.messages.clone();
        tokio::task::spawn_blocking(move || {
            let asked = Client::connect_to(&socket).and_then(|mut client| {
                client.limit(Some(LEAVE_ANSWER_LIMIT))?;
                client.ask(&Request::Leave)
            });
            let why = match asked {
                Ok(Answer::Refused(refusal)) => refusal.reason,
                Ok(_) => return,
                // It does not listen: not yet, or no more.
                Err(_) => match process::terminate(pid) {
                    Ok(()) => return,
                    Err(error) => format!("the cluster's daemon cannot be stopped: {error}"),
                },
            };
            if let Some(messages) = messages.upgrade() {
                let _ = messages.blocking_send(Message::Stays(why));
            }
        });
    }

    fn hear_notification(&mut self, text: &[u8]) {
        let is_ready = text
            .split(|byte| *byte == b'\n')
            .any(|line| line == READY.trim_end().as_bytes());
        if is_ready && self.process.is_some() {
            self.is_serving = true;
            answer(&mut self.starters, &Ok(()));
        }
    }

    fn hear_end(&mut self, end: &End) {
        self.process = None;
        let was_serving = std::mem::take(&mut self.is_serving);
        let was_asked = !self.stoppers.is_empty();
        answer(&mut self.stoppers, &Ok(()));
        if was_asked {
            eprintln!("keel pcsd: the cluster's daemon has ended, as was asked for");
            // Who asked for its start meanwhile gets it.
            if !self.starters.is_empty() && self.is_wanted {
                self.start();
            }
            return;
        }
        if !was_serving && !self.starters.is_empty() {
            // Who started it looks after it.
            let _ = self.want(false);
            answer(&mut self.starters, &Err(end.why()));
            return;
        }
        if end.is_orderly() || !self.is_wanted {
            eprintln!(
                "keel pcsd: the cluster's daemon has left by itself: {}",
                end.why()
            );
            let _ = self.want(false);
            return;
        }
        let wait = self.pace.next(self.started_at.elapsed());
        eprintln!(
            "keel pcsd: the cluster's daemon died ({}); it is started again {}",
            end.why(),
            if wait.is_zero() {
                "now".to_owned()
            } else {
                format!("in {} s", wait.as_secs())
            }
        );
        self.again_at = Some(Instant::now() + wait);
    }
}

fn answer(waiting: &mut Vec<oneshot::Sender<Done>>, done: &Done) {
    for tell in waiting.drain(..) {
        // Who asked may be gone.
        let _ = tell.send(done.clone());
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

async fn receive(socket: &UnixDatagram) -> Vec<u8> {
    const LONGEST: usize = 4096;
    let mut buffer = vec![0; LONGEST];
    match socket.recv(&mut buffer).await {
        Ok(len) => buffer.truncate(len),
        Err(_) => buffer.clear(),
    }
    buffer
}
