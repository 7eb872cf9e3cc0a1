//! `vrrp_script` blocks, and commands wherever they stand.

use std::ops::RangeInclusive;
use std::time::Duration;

use diagnostics::Spanned;

use super::reading::Reading;
use super::track;
use crate::keywords::Block;
use crate::model::{Command, ScriptUser, TrackScript, Weight};
use crate::read::{Statement, Word, arguments};

/// Scripts run at most once a millisecond, and keepalived's own limit is about an hour.
const INTERVAL: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(4294);
const DEFAULT_INTERVAL: Duration = Duration::from_secs(1);
const COUNT: RangeInclusive<i64> = 1..=i32::MAX as i64;

/// Reads a `vrrp_script`.
pub(super) fn read(statement: &Statement, reading: &mut Reading<'_>) -> Option<TrackScript> {
    let name = reading.name(statement);
    let mut command = None;
    let mut user = None;
    let mut interval = None;
    let mut timeout = None;
    let mut weight = Weight::default();
    let mut rise = None;
    let mut fall = None;
    let mut starts_failed = false;
    let block = reading.block(statement);
    reading.once_each(block, &[]);
    for entry in block {
        match entry.keyword().text.as_str() {
            "script" => {
                command = self::command(entry, reading);
                if let Some(misplaced) = command.as_ref().and_then(|found| found.user.as_ref()) {
                    let message = "the arguments of a script stand inside its quotes, \
                                   and its user after 'user'";
                    reading.error(misplaced.user.span, message);
                }
            }
            "interval" => interval = reading.seconds(entry, INTERVAL),
            "timeout" => timeout = reading.seconds(entry, INTERVAL),
            "weight" => weight = track::weight(entry.values(), entry, reading).unwrap_or(weight),
            "rise" => rise = reading.number(entry, COUNT),
            "fall" => fall = reading.number(entry, COUNT),
            "user" => user = self::user(entry.values(), entry, reading),
            "init_fail" => {
                reading.alone(entry);
                starts_failed = true;
            }
            _ => reading.not_taken(Block::VrrpScript, entry),
        }
    }
    let has_script = block.iter().any(|entry| entry.keyword().text == "script");
    if !has_script && statement.block.is_some() {
        reading.error(statement.span(), "this vrrp_script has no 'script'");
    }
    let interval = interval.unwrap_or(DEFAULT_INTERVAL);
    Some(TrackScript {
        name: name?,
        // Without a command an error was told; the name still stands for those who track it.
        command: Command {
            user,
            ..command.unwrap_or_else(|| nothing(statement))
        },
        interval,
        timeout: timeout.unwrap_or(interval),
        weight,
        rise: rise.unwrap_or(1),
        fall: fall.unwrap_or(1),
        starts_failed,
    })
}

fn nothing(statement: &Statement) -> Command {
    Command {
        words: Vec::new(),
        user: None,
        span: statement.span(),
    }
}

/// Reads `KEYWORD "PROGRAM ARGUMENTS…" [USER [[:]GROUP]]`.
pub(super) fn command(statement: &Statement, reading: &mut Reading<'_>) -> Option<Command> {
    let [script, user_words @ ..] = statement.values() else {
        reading.one(statement);
        return None;
    };
    let words = match arguments(&script.text) {
        Ok(words) if words.is_empty() => {
            reading.error(script.span, "an empty command");
            return None;
        }
        Ok(words) => words,
        Err(unclosed) => {
            let message = format!("the command opens a {} that it does not close", unclosed.0);
            reading.error(script.span, message);
            return None;
        }
    };
    let user = match user_words {
        [] => None,
        words => Some(user(words, statement, reading)?),
    };
    Some(Command {
        words,
        user,
        span: script.span,
    })
}

/// Reads `USER [[:]GROUP]`; `:` alone means the user's own group and its supplementary ones.
pub(super) fn user(
    words: &[Word],
    statement: &Statement,
    reading: &mut Reading<'_>,
) -> Option<ScriptUser> {
    let (user, group) = match words {
        [] => {
            reading.one(statement);
            return None;
        }
        [user] => (user, None),
        [user, group] => (user, Some(group)),
        [_, _, extra, ..] => {
            reading.unexpected(extra);
            return None;
        }
    };
    let colon = group.and_then(|group| group.text.strip_prefix(':'));
    let named = colon.or(group.map(|group| group.text.as_str()));
    Some(ScriptUser {
        user: Spanned::new(user.text.clone(), user.span),
        group: group
            .zip(named.filter(|name| !name.is_empty()))
            .map(|(word, name)| Spanned::new(name.to_owned(), word.span)),
        supplementary_groups: colon.is_some(),
    })
}
