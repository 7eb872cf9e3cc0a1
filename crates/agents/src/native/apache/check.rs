//! Whether a server answers with what is expected.

use std::fs;

use regex::bytes::{Regex, RegexBuilder};

use crate::executor::Settings;
use crate::native::programs::{find, run_program};
use crate::operation::Operation;
use crate::outcome::{OcfCode, Outcome};

use super::page::{Asking, PageError, page};
use super::{Server, WebTest, failed, ok};

/// The level from which on a monitor carries out the operator's own test.
const THOROUGH_LEVEL: u32 = 10;

/// What every page of HTML ends with.
const DEFAULT_PATTERN: &str = "</ *html *>";

/// With any of these, the operator has said what is expected.
const EXPECTATIONS: [&str; 5] = [
    "testregex",
    "testregex10",
    "testurl",
    "statusurl",
    "testconffile",
];

/// Asks a server that runs.
pub(super) async fn check(
    settings: &Settings,
    operation: &Operation,
    server: &Server,
) -> Result<Outcome, Box<Outcome>> {
    let client = operation.given("client").unwrap_or_default();
    if operation.check_level >= THOROUGH_LEVEL {
        let mut test = own_test(operation)?;
        if test.client.is_empty() {
            test.client = client.to_owned();
        }
        if !test.url.starts_with("http") {
            test.url = format!("{}{}", server.local_url, test.url);
        }
        return run_test(settings, operation, &test).await;
    }
    let pattern = operation.given("testregex").unwrap_or(DEFAULT_PATTERN);
    let status = WebTest {
        url: server.status_url.clone(),
        pattern: pattern.to_owned(),
        client: client.to_owned(),
        ..WebTest::default()
    };
    let checked = run_test(settings, operation, &status).await?;
    let expects_something = EXPECTATIONS
        .iter()
        .any(|name| operation.given(name).is_some());
    if checked.code == OcfCode::Ok || expects_something {
        return Ok(checked);
    }
    // Nobody said that there is a status page: that it answers at all is enough.
    let answered = page(&server.local_url, asking(operation, &server.local_url)).await;
    Ok(if answered.is_ok() { ok() } else { checked })
}

/// The operator's own test.
fn own_test(operation: &Operation) -> Result<WebTest, Box<Outcome>> {
    let wrong = |reason: String| Outcome::done(OcfCode::NotConfigured, reason);
    let given = |name| operation.given(name).unwrap_or_default().to_owned();
    let test = match operation.given("testconffile") {
        Some(file) => {
            let text = fs::read_to_string(file);
            let text = text.map_err(|error| wrong(format!("{file}: {error}")))?;
            WebTest::read(&text, operation.given("testname"))
                .map_err(|error| wrong(format!("{file}: {error}")))?
                .ok_or_else(|| wrong(format!("{file} has no such test")))?
        }
        None => WebTest {
            url: given("testurl"),
            pattern: given("testregex10"),
            ..WebTest::default()
        },
    };
    if test.url.is_empty() || test.pattern.is_empty() {
        return Err(wrong("a test needs a URL and a regular expression".to_owned()).into());
    }
    if test.user.is_empty() != test.password.is_empty() {
        return Err(wrong("a test needs user and password, or neither".to_owned()).into());
    }
    Ok(test)
}

async fn run_test(
    settings: &Settings,
    operation: &Operation,
    test: &WebTest,
) -> Result<Outcome, Box<Outcome>> {
    let pattern = expression(&test.pattern)?;
    let url = &test.url;
    let body = if test.client.is_empty() && test.client_options.is_empty() {
        let credentials = (!test.user.is_empty()).then_some((&*test.user, &*test.password));
        let asking = Asking {
            credentials,
            ..asking(operation, url)
        };
        match page(url, asking).await {
            Ok(page) if (200..300).contains(&page.status) => page.body,
            Ok(page) => return Ok(unexpected(operation, &format!("{url}: {}", page.status))),
            Err(PageError::Scheme(_)) => by_program(settings, operation, test).await?,
            Err(error) => return Ok(unexpected(operation, &error.to_string())),
        }
    } else {
        by_program(settings, operation, test).await?
    };
    Ok(if pattern.is_match(&body) {
        ok()
    } else {
        unexpected(
            operation,
            &format!("{url} does not answer with '{}'", test.pattern),
        )
    })
}

fn asking(operation: &Operation, url: &str) -> Asking<'static> {
    Asking {
        is_ipv6: operation.is_true("use_ipv6") || url.contains("::"),
        credentials: None,
    }
}

/// As grep(1) with `-Ei` reads it: line by line, whatever the case.
fn expression(pattern: &str) -> Result<Regex, Box<Outcome>> {
    let built = RegexBuilder::new(pattern)
        .case_insensitive(true)
        .multi_line(true)
        .unicode(false)
        .build();
    built.map_err(|error| {
        let reason = format!("the regular expression '{pattern}': {error}");
        Outcome::done(OcfCode::NotConfigured, reason.replace('\n', " ")).into()
    })
}

/// What the operator's own client prints, or, for what is not asked for in plain HTTP, wget or curl.
async fn by_program(
    settings: &Settings,
    operation: &Operation,
    test: &WebTest,
) -> Result<Vec<u8>, Box<Outcome>> {
    if !test.user.is_empty() {
        // Everybody on this machine could read them among the program's arguments.
        let reason = "user and password need an http URL, and neither client nor client_opts";
        return Err(Outcome::done(OcfCode::NotConfigured, reason).into());
    }
    let installed = || {
        ["wget", "curl"]
            .into_iter()
            .find(|name| find(name).is_some())
    };
    let client = match test.client.as_str() {
        "" => installed().unwrap_or("curl"),
        client => client,
    };
    let is_ipv6 = asking(operation, &test.url).is_ipv6;
    let own = if is_ipv6 {
        "--bind-address=::1"
    } else {
        "--bind-address=127.0.0.1"
    };
    let mut arguments = match client {
        "wget" => vec!["-O-", "-q", "-L", "--no-proxy", own],
        "curl" => vec!["-o", "-", "-Ss", "-L", "--interface", "lo"],
        _ => Vec::new(),
    };
    if client == "curl" && is_ipv6 {
        arguments.push("-g");
    }
    arguments.extend(test.client_options.split_whitespace());
    arguments.push(&test.url);
    let ran = run_program(settings, client, &arguments, operation.timeout).await?;
    Ok(ran.output.into_bytes())
}

fn unexpected(operation: &Operation, why: &str) -> Outcome {
    failed(if operation.is_probe() { "" } else { why })
}
