//! Requests for a statistics page: who may, what is asked for, and the answer.

use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use haproxy_config::model::{Proxy, Stats};

use super::admin::{self, Outcome};
use super::page::{self, Page};
use super::rates::Rates;
use super::{collect, info, table};
use crate::log_record::LogQueue;
use crate::snapshot::Snapshot;
use crate::stats_hook::{StatsRequest, StatsResponse};

/// `stats uri` where none is written.
const URI_DEFAULT: &str = "/haproxy?stats";
/// `stats realm` where none is written.
const REALM_DEFAULT: &str = "HAProxy Statistics";

/// Answers one request.
pub(super) fn answer(
    asked: &StatsRequest<'_>,
    log: &LogQueue,
    rates: &Arc<Rates>,
) -> StatsResponse {
    let snapshot = asked.snapshot;
    let Some((proxy, stats)) = snapshot
        .config
        .proxies
        .get(asked.proxy)
        .and_then(|proxy| Some((proxy, proxy.stats.as_ref()?)))
    else {
        return plain(404, "no statistics here\n");
    };
    if !stats.auth.is_empty() && !allowed(stats, asked.authorization) {
        return unauthorized(stats);
    }
    let uri = stats.uri.as_deref().unwrap_or(URI_DEFAULT);
    let view = View::parse(uri, asked.target);
    if asked.method == "POST" {
        let outcome = if asked.admin {
            admin::carry_out(snapshot, proxy, stats, asked.body, log)
        } else {
            Outcome::Denied
        };
        return StatsResponse {
            status: 303,
            headers: vec![
                format!("Location: {}", view.link(uri, Some(outcome))),
                "Cache-Control: no-cache".to_owned(),
            ],
            body: Vec::new(),
        };
    }
    show(asked, proxy, stats, &view, rates)
}

fn show(
    asked: &StatsRequest<'_>,
    proxy: &Proxy,
    stats: &Stats,
    view: &View,
    rates: &Rates,
) -> StatsResponse {
    let snapshot = asked.snapshot;
    let now = SystemTime::now();
    let groups = shown(snapshot, proxy, stats, view).map(|position| {
        let mut rows = collect::proxy_rows(snapshot, position, rates, now);
        if view.hide_down {
            rows.retain(|row| !row.text(super::column::Column::Status).starts_with("DOWN"));
        }
        if view.hide_maintenance {
            rows.retain(|row| row.text(super::column::Column::Status) != "MAINT");
        }
        (position, rows)
    });
    let mut headers = vec!["Cache-Control: no-cache".to_owned()];
    let (kind, body) = match view.form {
        Form::Csv => {
            let rows: Vec<_> = groups.flat_map(|(_, rows)| rows).collect();
            ("text/plain", table::csv(&rows))
        }
        Form::Typed => {
            let rows: Vec<_> = groups.flat_map(|(_, rows)| rows).collect();
            ("text/plain", table::typed(&rows))
        }
        Form::Json => {
            let rows: Vec<_> = groups.flat_map(|(_, rows)| rows).collect();
            ("application/json", table::json(&rows))
        }
        Form::Html => {
            if let Some(refresh) = stats.refresh.filter(|_| !view.no_refresh) {
                headers.push(format!("Refresh: {}", refresh.as_secs().max(1)));
            }
            let facts = info::facts(snapshot, rates, now);
            let groups: Vec<_> = groups.collect();
            let uri = stats.uri.as_deref().unwrap_or(URI_DEFAULT);
            let page = Page {
                config: &snapshot.config,
                groups: &groups,
                facts: &facts,
                stats,
                uri,
                view,
                admin: asked.admin,
            };
            ("text/html; charset=utf-8", page::render(&page))
        }
    };
    headers.push(format!("Content-Type: {kind}"));
    StatsResponse {
        status: 200,
        headers,
        body: body.into_bytes(),
    }
}

/// Positions of the proxies that the page may show: those of `stats scope`, narrowed by the
/// reader's own `scope=`.
fn shown<'a>(
    snapshot: &'a Snapshot,
    own: &'a Proxy,
    stats: &'a Stats,
    view: &'a View,
) -> impl Iterator<Item = usize> + 'a {
    (0..snapshot.config.proxies.len()).filter(move |position| {
        let name = &snapshot.config.proxies[*position].name.value;
        in_scope(stats, own, name)
            && view
                .scope
                .as_ref()
                .is_none_or(|part| name.contains(part.as_str()))
    })
}

/// `stats scope`: without a line every proxy is shown; `.` is the page's own.
pub(super) fn in_scope(stats: &Stats, own: &Proxy, name: &str) -> bool {
    stats.scope.is_empty()
        || stats
            .scope
            .iter()
            .any(|scope| scope == name || (scope == "." && own.name.value == name))
}

/// What the reader asks for behind the page's address: `;csv`, `;norefresh`, `;up` and so on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct View {
    pub(super) form: Form,
    pub(super) no_refresh: bool,
    pub(super) hide_down: bool,
    pub(super) hide_maintenance: bool,
    pub(super) scope: Option<String>,
    pub(super) outcome: Option<Outcome>,
}

/// The text form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Form {
    #[default]
    Html,
    Csv,
    Typed,
    Json,
}

impl View {
    pub(super) fn parse(uri: &str, target: &str) -> Self {
        let mut view = Self::default();
        let rest = target.strip_prefix(uri).unwrap_or_default();
        // Options are found anywhere behind the address, `/?;csv;scope=x` included, as HAProxy
        // finds them.
        for option in rest.split([';', '?', '&']) {
            match option {
                "csv" => view.form = Form::Csv,
                "typed" => view.form = Form::Typed,
                "json" => view.form = Form::Json,
                "norefresh" => view.no_refresh = true,
                "up" => view.hide_down = true,
                "no-maint" => view.hide_maintenance = true,
                other => {
                    if let Some(code) = other.strip_prefix("st=") {
                        view.outcome = Outcome::from_code(code);
                    } else if let Some(part) = other.strip_prefix("scope=") {
                        view.scope = Some(admin::decode(part)).filter(|part| !part.is_empty());
                    }
                }
            }
        }
        view
    }

    /// The address of this view, with the outcome of an action.
    pub(super) fn link(&self, uri: &str, outcome: Option<Outcome>) -> String {
        let mut link = uri.to_owned();
        for (set, option) in [
            (self.hide_down, ";up"),
            (self.hide_maintenance, ";no-maint"),
            (self.no_refresh, ";norefresh"),
        ] {
            if set {
                link.push_str(option);
            }
        }
        if let Some(outcome) = outcome {
            link.push_str(";st=");
            link.push_str(outcome.code());
        }
        if let Some(scope) = &self.scope {
            link.push_str("?scope=");
            link.push_str(&encode(scope));
        }
        link
    }
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn allowed(stats: &Stats, authorization: Option<&str>) -> bool {
    let Some((scheme, given)) = authorization.and_then(|value| value.trim().split_once(' ')) else {
        return false;
    };
    if !scheme.eq_ignore_ascii_case("basic") {
        return false;
    }
    let Ok(given) = STANDARD.decode(given.trim()) else {
        return false;
    };
    // Every pair is compared whole, so that the time taken says little about any of them.
    stats.auth.iter().fold(false, |found, (user, password)| {
        same(&given, format!("{user}:{password}").as_bytes()) | found
    })
}

/// Compares without stopping at the first difference.
fn same(left: &[u8], right: &[u8]) -> bool {
    let differences = left
        .iter()
        .zip(right)
        .fold(0, |differences, (l, r)| differences | (l ^ r));
    differences == 0 && left.len() == right.len()
}

fn unauthorized(stats: &Stats) -> StatsResponse {
    let realm = stats.realm.as_deref().unwrap_or(REALM_DEFAULT);
    let realm = realm.replace(['"', '\\', '\r', '\n'], "");
    StatsResponse {
        status: 401,
        headers: vec![
            format!("WWW-Authenticate: Basic realm=\"{realm}\""),
            "Cache-Control: no-cache".to_owned(),
            "Content-Type: text/html".to_owned(),
        ],
        body: b"<html><body><h1>401 Unauthorized</h1>\n\
            You need a valid user and password to access this content.\n</body></html>\n"
            .to_vec(),
    }
}

fn plain(status: u16, text: &str) -> StatsResponse {
    StatsResponse {
        status,
        headers: vec!["Content-Type: text/plain".to_owned()],
        body: text.as_bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_address_chooses_the_view() {
        let view = |target| View::parse("/stats", target);
        assert_eq!(view("/stats"), View::default());
        assert_eq!(view("/stats;csv").form, Form::Csv);
        assert_eq!(view("/stats?;csv;scope=b1").form, Form::Csv);
        assert_eq!(view("/stats?;csv;scope=b1").scope, Some("b1".into()));
        let all = view("/stats;up;no-maint;norefresh;st=DONE?scope=a%2fb");
        assert_eq!(
            all,
            View {
                form: Form::Html,
                no_refresh: true,
                hide_down: true,
                hide_maintenance: true,
                scope: Some("a/b".into()),
                outcome: Some(Outcome::Done),
            }
        );
        assert_eq!(
            all.link("/stats", None),
            "/stats;up;no-maint;norefresh?scope=a%2Fb"
        );
    }

    #[test]
    fn only_a_listed_user_with_its_password_gets_in() {
        let stats = Stats {
            auth: vec![("admin".into(), "a:b".into()), ("x".into(), "y".into())],
            ..Stats::default()
        };
        for (given, expected) in [
            (Some("Basic YWRtaW46YTpi"), true),
            (Some("basic eDp5"), true),
            (Some("Basic eDp6"), false),
            (Some("Basic eDp5eQ=="), false),
            (Some("Basic !!"), false),
            (Some("Bearer eDp5"), false),
            (None, false),
        ] {
            assert_eq!(allowed(&stats, given), expected, "{given:?}");
        }
    }
}
