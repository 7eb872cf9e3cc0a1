//! The statistics page: the same figures as the CSV, one table for each proxy, rows coloured by
//! state.

use std::fmt::Write as _;

use haproxy_config::CLAIMED_VERSION;
use haproxy_config::model::{Config, Proxy, Stats};

use super::admin::ACTIONS;
use super::column::Column;
use super::info::{self, Fact};
use super::request::View;
use super::table::{Row, RowKind, Value};

const STYLE: &str = include_str!("page.css");

/// Column groups of a table: title and columns with their titles. The name comes before, the state
/// after.
const GROUPS: &[(&str, &[(&str, Column)])] = &[
    (
        "Queue",
        &[
            ("Cur", Column::QueuedNow),
            ("Max", Column::QueuedMax),
            ("Limit", Column::QueueLimit),
        ],
    ),
    (
        "Session rate",
        &[
            ("Cur", Column::SessionRate),
            ("Max", Column::SessionRateMax),
        ],
    ),
    (
        "Sessions",
        &[
            ("Cur", Column::SessionsNow),
            ("Max", Column::SessionsMax),
            ("Limit", Column::SessionsLimit),
            ("Total", Column::SessionsTotal),
            ("LbTot", Column::Chosen),
            ("Last", Column::LastSession),
        ],
    ),
    (
        "Bytes",
        &[("In", Column::BytesIn), ("Out", Column::BytesOut)],
    ),
    (
        "Denied",
        &[
            ("Req", Column::DeniedRequests),
            ("Resp", Column::DeniedResponses),
        ],
    ),
    (
        "Errors",
        &[
            ("Req", Column::RequestErrors),
            ("Conn", Column::ConnectionErrors),
            ("Resp", Column::ResponseErrors),
        ],
    ),
    (
        "Warnings",
        &[("Retr", Column::Retries), ("Redis", Column::Redispatches)],
    ),
];

/// Columns of the last group, after status and last check.
const SERVER_COLUMNS: &[(&str, Column)] = &[
    ("Wght", Column::Weight),
    ("Act", Column::Active),
    ("Bck", Column::Backup),
    ("Chk", Column::ChecksFailed),
    ("Dwn", Column::WentDown),
    ("Dwntme", Column::Downtime),
];

/// Everything that the page shows.
pub(super) struct Page<'a> {
    pub(super) config: &'a Config,
    /// Positions of the proxies and their rows.
    pub(super) groups: &'a [(usize, Vec<Row>)],
    pub(super) facts: &'a [Fact],
    pub(super) stats: &'a Stats,
    pub(super) uri: &'a str,
    pub(super) view: &'a View,
    /// The reader may act on servers.
    pub(super) admin: bool,
}

/// Appends formatted text.
macro_rules! put {
    ($text:expr, $($arguments:tt)*) => {
        write!($text, $($arguments)*).expect("a String takes every write")
    };
}

/// The whole document.
pub(super) fn render(page: &Page<'_>) -> String {
    let mut text = String::with_capacity(16 * 1024);
    head(page, &mut text);
    about(page, &mut text);
    if let Some(outcome) = page.view.outcome {
        put!(
            text,
            "<p class=\"message\">{}</p>\n",
            escape(&outcome.to_string())
        );
    }
    for (position, rows) in page.groups {
        if !rows.is_empty() {
            proxy(page, &page.config.proxies[*position], rows, &mut text);
        }
    }
    text.push_str("</body>\n</html>\n");
    text
}

fn head(page: &Page<'_>, text: &mut String) {
    let node = match &page.stats.show_node {
        Some(Some(name)) => format!(" on {}", escape(name)),
        Some(None) => format!(" on {}", escape(&fact(page, "node"))),
        None => String::new(),
    };
    put!(
        text,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <title>Statistics Report{node}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <h1><a href=\"{}\">Evenkeel balancer{node}</a></h1>\n",
        escape(page.uri)
    );
    if !page.stats.hide_version {
        put!(
            text,
            "<p class=\"note\">keel {}, haproxy.cfg of {CLAIMED_VERSION}</p>\n",
            env!("CARGO_PKG_VERSION")
        );
    }
    match &page.stats.show_desc {
        Some(Some(words)) => put!(text, "<p>{}</p>\n", escape(words)),
        Some(None) => put!(
            text,
            "<p>{}</p>\n",
            escape(
                page.config
                    .global
                    .description
                    .as_deref()
                    .unwrap_or_default()
            )
        ),
        None => {}
    }
}

fn about(page: &Page<'_>, text: &mut String) {
    put!(
        text,
        "<div class=\"about\">\n<p><b>pid</b> {} (process 1, {} threads)<br>\n\
         <b>uptime</b> {}<br>\n<b>limits</b> maxconn {}, ulimit-n {}<br>\n\
         <b>connections</b> {} now, {}/s; <b>requests</b> {}</p>\n",
        fact(page, "Pid"),
        fact(page, "Nbthread"),
        fact(page, "Uptime"),
        fact(page, "Maxconn"),
        fact(page, "Ulimit-n"),
        fact(page, "CurrConns"),
        fact(page, "ConnRate"),
        fact(page, "CumReq"),
    );
    text.push_str("<p class=\"legend\">");
    for (class, words) in [
        ("up", "UP"),
        ("falling", "UP, going down"),
        ("rising", "DOWN, going up"),
        ("down", "DOWN"),
        ("maint", "MAINT"),
        ("drain", "DRAIN"),
        ("plain", "not checked"),
    ] {
        put!(text, "<span class=\"{class}\">{words}</span>");
    }
    text.push_str("</p>\n<p>");
    links(page, text);
    text.push_str("</p>\n</div>\n");
}

/// The views that can be had from here.
fn links(page: &Page<'_>, text: &mut String) {
    let view = page.view;
    let mut link = |view: View, words: &str| {
        put!(
            text,
            "<a href=\"{}\">{words}</a><br>\n",
            escape(&view.link(page.uri, None))
        );
    };
    let toggled = |change: fn(&mut View)| {
        let mut other = view.clone();
        change(&mut other);
        other
    };
    link(view.clone(), "Refresh now");
    if page.stats.refresh.is_some() {
        let words = if view.no_refresh {
            "Enable refresh"
        } else {
            "Disable refresh"
        };
        link(toggled(|view| view.no_refresh = !view.no_refresh), words);
    }
    let words = if view.hide_down {
        "Show all servers"
    } else {
        "Hide DOWN servers"
    };
    link(toggled(|view| view.hide_down = !view.hide_down), words);
    let uri = escape(page.uri);
    put!(
        text,
        "<a href=\"{uri};csv\">CSV export</a><br>\n<a href=\"{uri};json\">JSON export</a>\n"
    );
}

fn proxy(page: &Page<'_>, proxy: &Proxy, rows: &[Row], text: &mut String) {
    let name = escape(&proxy.name.value);
    put!(
        text,
        "<h2 id=\"{name}\"><a href=\"#{name}\">{name}</a></h2>\n"
    );
    if let Some(words) = &proxy.description {
        put!(text, "<p class=\"note\">{}</p>\n", escape(words));
    }
    let choosable = page.admin && rows.iter().any(|row| row.kind == RowKind::Server);
    if choosable {
        let action = escape(&page.view.link(page.uri, None));
        put!(text, "<form method=\"post\" action=\"{action}\">\n");
    }
    text.push_str("<table>\n");
    table_head(choosable, text);
    for row in rows {
        table_row(page, row, choosable, text);
    }
    text.push_str("</table>\n");
    if choosable {
        put!(
            text,
            "<p>With the chosen servers: <select name=\"action\"><option value=\"\"></option>"
        );
        for (value, words) in ACTIONS {
            put!(text, "<option value=\"{value}\">{words}</option>");
        }
        put!(
            text,
            "</select> <input type=\"hidden\" name=\"b\" value=\"#{}\"> \
             <button>Apply</button></p>\n</form>\n",
            proxy.id
        );
    }
}

fn table_head(choosable: bool, text: &mut String) {
    let choose = if choosable {
        "<th rowspan=\"2\"></th>"
    } else {
        ""
    };
    put!(text, "<tr>{choose}<th rowspan=\"2\"></th>");
    for (title, columns) in GROUPS {
        put!(text, "<th colspan=\"{}\">{title}</th>", columns.len());
    }
    put!(
        text,
        "<th colspan=\"{}\">Server</th></tr>\n<tr>",
        SERVER_COLUMNS.len() + 2
    );
    for (title, _) in GROUPS.iter().flat_map(|(_, columns)| *columns) {
        put!(text, "<th>{title}</th>");
    }
    text.push_str("<th>Status</th><th>LastChk</th>");
    for (title, _) in SERVER_COLUMNS {
        put!(text, "<th>{title}</th>");
    }
    text.push_str("</tr>\n");
}

fn table_row(page: &Page<'_>, row: &Row, choosable: bool, text: &mut String) {
    let status = row.text(Column::Status);
    let (class, colour) = match row.kind {
        RowKind::Frontend => ("frontend", ""),
        RowKind::Backend => ("backend", ""),
        RowKind::Server if row.text(Column::Backup) == "1" => ("backup", colour(&status)),
        RowKind::Server => ("server", colour(&status)),
    };
    put!(text, "<tr class=\"{class} {colour}\">");
    if choosable {
        match row.kind {
            RowKind::Server => put!(
                text,
                "<td><input type=\"checkbox\" name=\"s\" value=\"{}\"></td>",
                escape(&row.text(Column::ServiceName))
            ),
            _ => text.push_str("<td></td>"),
        }
    }
    let name = match row.kind {
        RowKind::Frontend => "Frontend".to_owned(),
        RowKind::Backend => "Backend".to_owned(),
        RowKind::Server => escape(&row.text(Column::ServiceName)),
    };
    let legend = if page.stats.show_legends {
        let parts = [
            ("address", Column::Address),
            ("cookie", Column::Cookie),
            ("algorithm", Column::Algorithm),
            ("mode", Column::Mode),
            ("id", Column::ServiceId),
        ];
        let known = parts.iter().filter(|(_, c)| *row.value(*c) != Value::Empty);
        let words: Vec<String> = known
            .map(|(name, column)| format!("{name}: {}", escape(&row.text(*column))))
            .collect();
        format!(" title=\"{}\"", words.join(", "))
    } else {
        String::new()
    };
    put!(text, "<td class=\"name\"{legend}>{name}</td>");
    for (_, column) in GROUPS.iter().flat_map(|(_, columns)| *columns) {
        put!(text, "<td>{}</td>", cell(row, *column));
    }
    put!(
        text,
        "<td class=\"state\">{}</td><td class=\"state\">{}</td>",
        state(row, &status),
        last_check(row)
    );
    for (_, column) in SERVER_COLUMNS {
        put!(text, "<td>{}</td>", cell(row, *column));
    }
    text.push_str("</tr>\n");
}

fn cell(row: &Row, column: Column) -> String {
    let value = row.value(column);
    match (column, value) {
        (Column::LastSession, Value::S32(age)) => match u64::try_from(*age) {
            Ok(age) => short_age(age),
            Err(_) => "?".to_owned(),
        },
        (Column::Downtime, Value::U32(seconds)) => short_age(*seconds),
        (Column::Active | Column::Backup, Value::U32(count)) if row.kind == RowKind::Server => {
            if *count == 1 { "Y" } else { "-" }.to_owned()
        }
        _ => escape(&value.plain()),
    }
}

/// `1d2h UP`: for how long, and what.
fn state(row: &Row, status: &str) -> String {
    let since = match row.value(Column::LastChange) {
        Value::U32(seconds) => format!("{} ", short_age(*seconds)),
        _ => String::new(),
    };
    format!("{since}{}", escape(status))
}

/// `L7OK/200 in 3ms`, with what went wrong when pointed at.
fn last_check(row: &Row) -> String {
    let status = row.text(Column::CheckStatus);
    if status.is_empty() {
        return String::new();
    }
    let code = match row.value(Column::CheckCode) {
        Value::Empty => String::new(),
        code => format!("/{}", code.plain()),
    };
    format!(
        "<span title=\"{}\">{status}{code} in {}ms</span>",
        escape(&row.text(Column::LastCheck)),
        row.text(Column::CheckDuration)
    )
}

fn colour(status: &str) -> &'static str {
    match status {
        "UP" => "up",
        "DOWN" => "down",
        "MAINT" => "maint",
        "DRAIN" => "drain",
        "no check" => "plain",
        _ if status.starts_with("UP") => "falling",
        _ => "rising",
    }
}

/// The two largest units: `3s`, `2m5s`, `4h1m`, `2d3h`.
fn short_age(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m{}s", seconds % 60),
        (0, _, _) => format!("{hours}h{}m", minutes % 60),
        _ => format!("{days}d{}h", hours % 24),
    }
}

fn fact(page: &Page<'_>, name: &str) -> String {
    page.facts
        .iter()
        .find(|fact| fact.name == name)
        .map_or_else(info::host_name, |fact| escape(&fact.value.plain()))
}

/// Text for HTML, inside quotes too.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_show_their_two_largest_units() {
        for (seconds, expected) in [
            (0, "0s"),
            (59, "59s"),
            (125, "2m5s"),
            (3_660, "1h1m"),
            (90_000, "1d1h"),
        ] {
            assert_eq!(short_age(seconds), expected);
        }
    }

    #[test]
    fn names_and_texts_of_others_are_no_markup() {
        assert_eq!(
            escape("<a href='x'>\"&"),
            "&lt;a href=&#39;x&#39;&gt;&quot;&amp;"
        );
    }

    #[test]
    fn a_state_has_its_colour() {
        for (status, expected) in [
            ("UP", "up"),
            ("UP 1/3", "falling"),
            ("DOWN", "down"),
            ("DOWN 1/2", "rising"),
            ("MAINT", "maint"),
            ("no check", "plain"),
        ] {
            assert_eq!(colour(status), expected);
        }
    }
}
