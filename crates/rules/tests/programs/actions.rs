//! Actions change heads and decide as the manual says.

use crate::harness::{WEB, clean, request, run_request, run_response, session, text};
use rules::{ConnectionVerdict, Request, Verdict};

#[test]
fn edits_apply_in_order() {
    let first = "GET /a/b?c=d HTTP/1.1";
    let headers = ["Host: h", "X-A: one, two", "X-B: three"];
    for (lines, expected) in [
        (
            "http-request add-header X-C four",
            "GET /a/b?c=d HTTP/1.1\r\nHost: h\r\nX-A: one, two\r\nX-B: three\r\nX-C: four\r\n\r\n",
        ),
        (
            "http-request set-header X-B %[src]:%cp\\ %[path,upper]\\ %%\\ %H\\ %f",
            "GET /a/b?c=d HTTP/1.1\r\nHost: h\r\nX-A: one, two\r\nX-B: 10.0.0.9:40000 /A/B % fred web\r\n\r\n",
        ),
        (
            "http-request del-header x-a\n http-request set-header X-A new",
            "GET /a/b?c=d HTTP/1.1\r\nHost: h\r\nX-B: three\r\nX-A: new\r\n\r\n",
        ),
        (
            "http-request del-header x- -m beg",
            "GET /a/b?c=d HTTP/1.1\r\nHost: h\r\n\r\n",
        ),
        (
            "http-request del-header ^x-[b-z]$ -m reg",
            "GET /a/b?c=d HTTP/1.1\r\nHost: h\r\nX-A: one, two\r\n\r\n",
        ),
        (
            "http-request replace-header X-B ^t(.*)e$ '<\\1>'\n http-request replace-value X-A 'tw(o)' '2\\1'",
            "GET /a/b?c=d HTTP/1.1\r\nHost: h\r\nX-A: one, 2o\r\nX-B: <hre>\r\n\r\n",
        ),
        (
            "http-request set-path /x%[path]",
            "GET /x/a/b?c=d HTTP/1.1\r\nHost: h\r\nX-A: one, two\r\nX-B: three\r\n\r\n",
        ),
        (
            "http-request set-query %[query]&e=f\n http-request set-method PUT",
            "PUT /a/b?c=d&e=f HTTP/1.1\r\nHost: h\r\nX-A: one, two\r\nX-B: three\r\n\r\n",
        ),
        (
            "http-request replace-path '^/a(/.*)' '\\1'",
            "GET /b?c=d HTTP/1.1\r\nHost: h\r\nX-A: one, two\r\nX-B: three\r\n\r\n",
        ),
        (
            "http-request set-uri /new?q\n http-request set-header X-A %[url]",
            "GET /new?q HTTP/1.1\r\nHost: h\r\nX-B: three\r\nX-A: /new?q\r\n\r\n",
        ),
        (
            "http-request set-header X-B no if { path /other }",
            "GET /a/b?c=d HTTP/1.1\r\nHost: h\r\nX-A: one, two\r\nX-B: three\r\n\r\n",
        ),
        (
            "http-request allow if TRUE\n http-request deny",
            "GET /a/b?c=d HTTP/1.1\r\nHost: h\r\nX-A: one, two\r\nX-B: three\r\n\r\n",
        ),
        (
            "reqadd X-Forwarded-Protocol:\\ https\n reqidel ^x-a:",
            "GET /a/b?c=d HTTP/1.1\r\nHost: h\r\nX-B: three\r\nX-Forwarded-Protocol: https\r\n\r\n",
        ),
        (
            "reqrep '^([^ :]*) /a/(.*)' '\\1 /\\2'\n reqirep '^x-b: (.*)' 'X-New: \\1!'",
            "GET /b?c=d HTTP/1.1\r\nHost: h\r\nX-A: one, two\r\nX-New: three!\r\n\r\n",
        ),
    ] {
        let (verdict, head) = run_request(&format!(" {lines}"), first, &headers);
        assert_eq!(verdict, Verdict::Continue, "{lines}");
        assert_eq!(head, expected, "{lines}");
    }
}

#[test]
fn a_sample_cannot_end_a_header_line() {
    let (verdict, head) = run_request(
        " http-request set-header X %[url_param(a),url_dec]",
        "GET /?a=b%0d%0aY:c HTTP/1.1",
        &[],
    );
    assert_eq!(verdict, Verdict::Continue);
    assert!(head.ends_with("\r\nX: b%0D%0AY:c\r\n\r\n"), "{head}");
}

#[test]
fn an_edit_that_would_break_the_head_is_answered_500() {
    let (verdict, _) = run_request(" http-request set-path no", "GET / HTTP/1.1", &[]);
    assert!(matches!(verdict, Verdict::Deny { answer, .. } if answer.status == 500));
}

/// The answers are those of HAProxy 2.6 but for the order and case of header lines.
#[test]
fn answers_say_what_haproxy_says() {
    for (rule, target, expected) in [
        (
            "redirect location /x",
            "/r",
            "302 Found|Location: /x|Cache-Control: no-cache||",
        ),
        (
            "redirect prefix http://z.example drop-query code 301",
            "/p/a?b=c",
            "301 Moved Permanently|Location: http://z.example/p/a||",
        ),
        (
            "redirect prefix http://z.example",
            "/p/a?b=c",
            "302 Found|Location: http://z.example/p/a?b=c|Cache-Control: no-cache||",
        ),
        (
            "redirect prefix / drop-query append-slash code 308",
            "/p/a?b",
            "308 Permanent Redirect|Location: /p/a/||",
        ),
        (
            "redirect scheme https code 307",
            "/s?q=1",
            "307 Temporary Redirect|Location: https://h/s?q=1|Cache-Control: no-cache||",
        ),
        (
            "redirect location /x code 303 set-cookie A=1",
            "/c",
            "303 See Other|Location: /x|Cache-Control: no-cache|Set-Cookie: A=1; path=/;||",
        ),
        (
            "redirect location /x clear-cookie A=",
            "/c",
            "302 Found|Location: /x|Cache-Control: no-cache|Set-Cookie: A=; path=/; Max-Age=0;||",
        ),
        (
            "redirect location https://%[hdr(host)]%[path] keep-query code 301",
            "/c?d",
            "301 Moved Permanently|Location: https://h/c?d||",
        ),
        (
            "return status 200 content-type text/plain string hello",
            "/",
            "200 OK|Content-Type: text/plain||hello",
        ),
        (
            "return status 403 content-type text/plain lf-string %[path]! hdr X-Y %[src]",
            "/a",
            "403 Forbidden|Content-Type: text/plain|X-Y: 10.0.0.9||/a!",
        ),
        (
            "return status 200 hdr X-Empty %[req.hdr(none)] hdr X-Y 1",
            "/",
            "200 OK|X-Y: 1||",
        ),
        ("return status 404", "/", "404 Not Found||"),
        ("return", "/", "200 OK||"),
        (
            "auth realm 'a b'",
            "/",
            "401 Unauthorized|Cache-Control: no-cache|Content-Type: text/html|WWW-Authenticate: Basic realm=\"a b\"||<html>",
        ),
        (
            "auth",
            "/",
            "401 Unauthorized|Cache-Control: no-cache|Content-Type: text/html|WWW-Authenticate: Basic realm=\"web\"||<html>",
        ),
    ] {
        let lines = format!(" http-request {rule}");
        let (verdict, _) = run_request(&lines, &format!("GET {target} HTTP/1.1"), &["Host: h"]);
        let Verdict::Answer(answer) = verdict else {
            panic!("{rule}: {verdict:?}");
        };
        let found: Vec<String> = text(&answer)
            .split("\r\n")
            .filter(|line| !line.starts_with("Content-Length"))
            .map(|line| line.replace("HTTP/1.1 ", ""))
            .collect();
        let found = found.join("|");
        assert!(
            found == expected || expected.ends_with("<html>") && found.starts_with(expected),
            "{rule}\n{found}\n{expected}"
        );
    }
}

#[test]
fn refusals_have_their_status() {
    for (lines, expected) in [
        ("http-request deny", Some((403, true))),
        ("http-request deny deny_status 429", Some((429, true))),
        ("http-request deny status 503", Some((503, true))),
        (
            "http-request deny status 418 content-type text/plain string no",
            Some((418, false)),
        ),
        ("http-request deny if { path /other }", None),
        (
            "http-request deny unless { path /other }",
            Some((403, true)),
        ),
        ("block if TRUE", Some((403, true))),
        ("reqideny ^x-bad:", Some((403, true))),
        ("reqdeny ^x-bad:", None),
    ] {
        let (verdict, _) = run_request(&format!(" {lines}"), "GET / HTTP/1.1", &["X-Bad: 1"]);
        let found = match verdict {
            Verdict::Deny { answer, is_page } => Some((answer.status, is_page)),
            Verdict::Continue => None,
            other => panic!("{lines}: {other:?}"),
        };
        assert_eq!(found, expected, "{lines}");
    }
    let (verdict, _) = run_request(" http-request tarpit", "GET / HTTP/1.1", &[]);
    assert!(matches!(verdict, Verdict::Tarpit { answer, .. } if answer.status == 500));
    let (verdict, _) = run_request(" http-request reject", "GET / HTTP/1.1", &[]);
    assert_eq!(verdict, Verdict::Reject);
}

#[test]
fn of_its_request_a_response_knows_the_method_and_the_version() {
    let response = "HTTP/1.1 200 OK\r\n\r\n";
    for (condition, expected) in [
        ("METH_GET", true),
        ("{ method POST }", false),
        ("HTTP_1.1", true),
        ("HTTP_1.0", false),
    ] {
        let rule = format!(" http-response set-header X %HM-%HV-%[method] if {condition}");
        let (_, text) = run_response(&rule, response);
        assert_eq!(
            text.contains("X: GET-HTTP/1.1-GET\r\n"),
            expected,
            "{condition}: {text}"
        );
    }
}

#[test]
fn responses_are_edited_and_refused() {
    let response = "HTTP/1.1 200 OK\r\nServer: x\r\nX-A: 1\r\nSet-Cookie: S=1; path=/\r\n\r\n";
    for (lines, expected) in [
        (
            "http-response set-header X-A %[status]/%[res.cook(S)]/%ST",
            "HTTP/1.1 200 OK\r\nServer: x\r\nSet-Cookie: S=1; path=/\r\nX-A: 200/1/200\r\n\r\n",
        ),
        (
            "http-response del-header server if { status 200:299 } { hdr(x-a) 1 }",
            "HTTP/1.1 200 OK\r\nX-A: 1\r\nSet-Cookie: S=1; path=/\r\n\r\n",
        ),
        (
            "http-response set-status 503 reason 'Slow down'",
            "HTTP/1.1 503 Slow down\r\nServer: x\r\nX-A: 1\r\nSet-Cookie: S=1; path=/\r\n\r\n",
        ),
        (
            "rspidel ^SERVER:\n http-after-response add-header X-B 2",
            "HTTP/1.1 200 OK\r\nX-A: 1\r\nSet-Cookie: S=1; path=/\r\nX-B: 2\r\n\r\n",
        ),
    ] {
        let (verdict, head) = run_response(&format!(" {lines}"), response);
        assert_eq!(
            (verdict, &head[..]),
            (Verdict::Continue, expected),
            "{lines}"
        );
    }
    let (verdict, _) = run_response(" http-response deny", response);
    assert!(matches!(verdict, Verdict::Deny { answer, .. } if answer.status == 502));
}

#[test]
fn connections_are_accepted_or_rejected() {
    for (lines, connection, content) in [
        (
            "tcp-request connection reject if { src 10.0.0.0/8 }",
            false,
            true,
        ),
        (
            "tcp-request connection reject if !{ src 10.0.0.0/8 }",
            true,
            true,
        ),
        (
            "tcp-request connection accept if { src 10.0.0.9 }\n tcp-request connection reject",
            true,
            true,
        ),
        ("tcp-request session reject if { dst_port 80 }", false, true),
        ("tcp-request content reject if { path_beg /x }", true, false),
        ("tcp-request content accept if WAIT_END", true, true),
    ] {
        let programs = clean(&format!(" {lines}"));
        let (head, original) = request("GET /x HTTP/1.1", &[]);
        let request = Request {
            head: &head,
            original: &original,
        };
        let program = &programs.proxies[WEB];
        let accepted = |verdict| verdict == ConnectionVerdict::Accept;
        assert_eq!(
            accepted(program.connection(&session())),
            connection,
            "{lines}"
        );
        let verdict = program.content(&session(), Some(request));
        assert_eq!(accepted(verdict), content, "{lines}");
    }
}

#[test]
fn stats_may_be_administered_where_a_line_says_so() {
    for (line, expected) in [
        ("stats admin if TRUE", true),
        ("stats admin if LOCALHOST", false),
        ("stats uri /s", false),
    ] {
        let programs = clean(&format!(" stats enable\n {line}"));
        let (head, original) = request("POST /s HTTP/1.1", &[]);
        let request = Request {
            head: &head,
            original: &original,
        };
        let found = programs.proxies[WEB].may_administer(&session(), request);
        assert_eq!(found, expected, "{line}");
    }
}
