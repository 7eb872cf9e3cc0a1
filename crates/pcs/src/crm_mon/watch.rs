//! The watch: a page each time that something has happened.

use std::time::Duration;

use cluster_api::Topic;

use super::{Look, Monitor, Screen, failure};
use crate::output::Output;
use crate::store::{ClusterStore, Events, StoreError};
use crate::{Files, Outcome};

/// What happens within that time after an event is shown with it: changes come in bursts.
const BURST: Duration = Duration::from_millis(100);

/// How often a page is made anew where it says how much time is left.
const COUNTDOWN: Duration = Duration::from_secs(1);

/// Shows pages until nobody looks at them any more.
pub(super) fn watch(
    monitor: &mut Monitor<'_>,
    output: &Output,
    files: &mut dyn Files,
    screen: &mut Screen<'_>,
    outcome: &mut Outcome,
) {
    loop {
        let events = subscribe(files);
        let shown = events.and_then(|mut events| {
            loop {
                let look = monitor.look(files)?;
                let limit = look.doubt.as_ref().map(|_| COUNTDOWN);
                if !show(look, output, files, screen, outcome) {
                    return Ok(());
                }
                events.next(limit)?;
                while events.next(Some(BURST))?.is_some() {}
            }
        });
        let Err(error) = shown else { return };
        let (text, exit_code) = failure(&error);
        let look = Look {
            text: format!("{text}\n\nReconnecting...\n"),
            is_well: false,
            doubt: None,
        };
        outcome.exit_code = exit_code;
        if !show(look, output, files, screen, outcome) {
            return;
        }
        std::thread::sleep(monitor.options.interval);
        outcome.exit_code = crate::ExitCode::OK;
        // The connection of before leads nowhere.
        monitor.target = crate::store::Target::of(files);
    }
}

fn subscribe(files: &dyn Files) -> Result<Events, StoreError> {
    let topics = vec![Topic::Cib, Topic::Views, Topic::Quorum];
    ClusterStore::at(files.daemon()).subscribe(topics)
}

/// Whether anybody could see it.
fn show(
    look: Look,
    output: &Output,
    files: &mut dyn Files,
    screen: &mut Screen<'_>,
    outcome: &mut Outcome,
) -> bool {
    if output.file.is_some() {
        output.write(look.text, outcome, files);
        return true;
    }
    // Clear the screen, and begin at its top.
    let clear = if screen.is_terminal {
        "\x1b[2J\x1b[H"
    } else {
        ""
    };
    let end = if screen.is_terminal { "" } else { "\n" };
    let page = format!("{clear}{}{end}", look.text);
    screen.out.write_all(page.as_bytes()).is_ok() && screen.out.flush().is_ok()
}
