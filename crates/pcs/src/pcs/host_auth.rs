//! `host auth|deauth`, `cluster auth`: the hosts that this machine knows.

use std::collections::BTreeMap;

use pcsd_api::{CallError, Destination, KnownHosts, RefusalKind, Request, Secret, USER};

use super::hosts::{Login, quoted};
use super::session::{Done, Refusal, Session};

/// Where hosts are, by name.
type Places = BTreeMap<String, Vec<Destination>>;

/// `host auth (HOST [addr=ADDRESS[:PORT]])... [-u USER] [-p PASSWORD]`
pub(super) fn auth(session: &mut Session<'_>, words: &[String]) -> Done {
    if words.is_empty() {
        return Err(Refusal::said("No host specified"));
    }
    let places = places(words)?;
    authorize(session, &places)
}

fn places(words: &[String]) -> Done<Places> {
    let mut places = Places::new();
    let mut last: Option<&str> = None;
    for word in words {
        match (word.split_once('='), last) {
            (Some(("addr", address)), Some(name)) => {
                let place = Destination::parse(address).map_err(Refusal::Said)?;
                places.entry(name.to_owned()).or_default().push(place);
            }
            (Some(_), _) => {
                return Err(Refusal::said(format!(
                    "Unknown option in '{word}', use 'addr=ADDRESS'"
                )));
            }
            (None, _) if places.contains_key(word) => {
                return Err(Refusal::said(format!(
                    "Host name '{word}' defined multiple times"
                )));
            }
            (None, _) => {
                places.insert(word.clone(), Vec::new());
                last = Some(word);
            }
        }
    }
    for (name, place) in &mut places {
        if place.is_empty() {
            place.push(Destination::parse(name).map_err(Refusal::Said)?);
        }
    }
    Ok(places)
}

/// `cluster auth [NODE...] [-u USER] [-p PASSWORD] [--force]`: as pcs 0.9 has it, and without nodes as
/// 0.11 has it: those of this machine's cluster.
pub(super) fn cluster_auth(session: &mut Session<'_>, words: &[String]) -> Done {
    let names = match words {
        [] => session.node_names()?,
        words => words.to_vec(),
    };
    let known = session.known_hosts()?;
    let mut unknown = Vec::new();
    let is_good = |session: &mut Session<'_>| -> Done<Vec<String>> {
        let asked = session.ask_hosts(&names, &Request::Status)?;
        let good = asked.into_iter().filter(|(_, asked)| asked.is_ok());
        Ok(good.map(|(name, _)| name).collect())
    };
    // Who knows this machine already need not be asked again.
    let good = if session.is_forced() {
        Vec::new()
    } else {
        is_good(session)?
    };
    for name in &names {
        if good.contains(name) {
            session.say(&format!("{name}: Already authorized"));
        } else {
            unknown.push(name.clone());
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    let mut places = places(&unknown)?;
    for (name, place) in &mut places {
        if let Some(host) = known.host(name) {
            place.clone_from(&host.destinations);
        }
    }
    authorize(session, &places)
}

fn authorize(session: &mut Session<'_>, places: &Places) -> Done {
    let (user, password) = credentials(session)?;
    let mut known = session.known_hosts()?;
    let timeout_s = session.timeout_s()?;
    let is_forced = session.is_forced();
    let logins = places.iter().map(|(name, place)| Login {
        destinations: place.clone(),
        // Somebody else at a known place is told of, before he has the password.
        certificate: known
            .host(name)
            .filter(|host| !is_forced && host.destinations == *place)
            .map(|host| host.certificate.clone()),
        user: user.clone(),
        password: password.clone(),
    });
    let logins: Vec<Login> = logins.collect();
    let answers = session.hosts.authenticate(&logins, timeout_s);
    let mut authorized = KnownHosts::default();
    let mut has_failed = false;
    for (name, answer) in places.keys().zip(answers) {
        match answer {
            Ok(host) => {
                authorized.hosts.insert(name.clone(), host);
                session.say(&format!("{name}: Authorized"));
            }
            Err(error) => {
                has_failed = true;
                let text = failure(name, &error);
                session.say(&format!("Error: {text}"));
            }
        }
    }
    if !known.add(&authorized) {
        return Err(Refusal::said("too many hosts are known to this machine"));
    }
    let kept = session.hosts.keep(&known);
    kept.map_err(|it| Refusal::said(format!("Unable to save known-hosts: {it}")))?;
    if has_failed {
        Err(Refusal::Quiet)
    } else {
        Ok(())
    }
}

fn failure(name: &str, error: &CallError) -> String {
    match error {
        CallError::Refused(refusal) if refusal.kind == RefusalKind::NotAuthorized => {
            format!("{name}: Username and/or password is incorrect")
        }
        CallError::Unreachable(why) => format!("Unable to communicate with {name} ({why})"),
        CallError::OtherCertificate => format!(
            "{name}: {error}; where that is as it should be, use --force to send it the password"
        ),
        other => format!("{name}: {other}"),
    }
}

fn credentials(session: &mut Session<'_>) -> Done<(String, Secret)> {
    let given = |name: &str| session.options.value(name).map(str::to_owned);
    let (user, password) = (given("-u"), given("-p"));
    let asked = |error| Refusal::said(format!("Unable to read what is typed: {error}"));
    let user = match user {
        Some(user) => user,
        None => session.hosts.question("Username: ", false).map_err(asked)?,
    };
    let password = match password {
        Some(password) => password,
        None => session.hosts.question("Password: ", true).map_err(asked)?,
    };
    if user != USER {
        session.warn(&format!(
            "'{user}' is not '{USER}', the one user that pcsd takes"
        ));
    }
    Ok((user, Secret::new(password)))
}

/// `host deauth [HOST...]`: all of them where none is named.
pub(super) fn deauth(session: &mut Session<'_>, words: &[String]) -> Done {
    let mut known = session.known_hosts()?;
    let missing = words.iter().filter(|name| known.host(name).is_none());
    let missing: Vec<&str> = missing.map(String::as_str).collect();
    if !missing.is_empty() {
        let names = quoted(missing);
        return Err(Refusal::said(format!(
            "Following hosts were not found: {names}"
        )));
    }
    match words {
        [] => known.hosts.clear(),
        words => words.iter().for_each(|name| drop(known.hosts.remove(name))),
    }
    let kept = session.hosts.keep(&known);
    kept.map_err(|it| Refusal::said(format!("Unable to save known-hosts: {it}")))
}
