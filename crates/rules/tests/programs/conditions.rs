//! Conditions hold when the manual says so.

use crate::harness::{WEB, chosen, clean, compiled, holds};

#[test]
fn samples_are_fetched_and_matched() {
    let get = "GET /static/a.JPG?id=7&Name=x HTTP/1.1";
    let headers = [
        "Host: www.Example.org:8080",
        "X-List: a, b",
        "X-List: c",
        "X-Num: 12abc",
        "X-Forwarded-For: 1.2.3.4, 10.1.1.1",
        "Cookie: SID=s1; other=2",
        "User-Agent: curl/8 (a, b)",
        "Content-Length: 10",
    ];
    for (condition, expected) in [
        ("TRUE", true),
        ("FALSE", false),
        ("{ path /static/a.JPG }", true),
        ("{ path_beg /static }", true),
        ("{ path_beg -i /STATIC }", true),
        ("{ path_beg /images /static }", true),
        ("{ path_end .jpg }", false),
        ("{ path_end -i .jpg .gif }", true),
        ("{ path_sub tic/ }", true),
        ("{ path_dir static }", true),
        ("{ path_dir stat }", false),
        ("{ path_reg ^/static/[a-z]\\.JPG$ }", true),
        ("{ path_reg -i ^/STATIC/ }", true),
        ("{ path_len gt 5 }", true),
        ("{ path -m beg /static }", true),
        ("{ path,lower -m end .jpg }", true),
        ("{ path -f /list }", false),
        ("{ url_beg /static/a.JPG? }", true),
        ("{ url_param(id) 7 }", true),
        ("{ url_param(name) -m found }", false),
        ("{ url_param(name,,i) x }", true),
        ("{ urlp(none) -m found }", false),
        ("{ query id=7&Name=x }", true),
        ("{ pathq /static/a.JPG?id=7&Name=x }", true),
        ("{ base www.Example.org:8080/static/a.JPG }", true),
        ("{ method GET }", true),
        ("METH_GET", true),
        ("METH_POST", false),
        ("{ req.ver 1.1 }", true),
        ("HTTP_1.0", false),
        ("HTTP", true),
        ("HTTP_URL_SLASH", true),
        ("HTTP_URL_ABS", false),
        ("HTTP_CONTENT", true),
        ("LOCALHOST", false),
        ("WAIT_END", true),
        ("{ hdr(host) -i www.example.org:8080 }", true),
        ("{ hdr_dom(host) -i example.org }", true),
        ("{ hdr_beg(host) www. }", true),
        ("{ hdr(host),host_only,lower www.example.org }", true),
        ("{ hdr(host),port_only 8080 }", true),
        ("{ hdr(x-list) b }", true),
        ("{ hdr(x-list) c }", true),
        ("{ req.hdr(x-list,1) a }", true),
        ("{ req.hdr(x-list,-1) c }", true),
        ("{ req.hdr(x-list,-3) a }", true),
        ("{ req.hdr(x-list,4) -m found }", false),
        ("{ req.fhdr(x-list) 'a, b' }", true),
        ("{ req.fhdr(user-agent) 'curl/8 (a, b)' }", true),
        ("{ hdr_cnt(x-list) 3 }", true),
        ("{ req.fhdr_cnt(x-list) 2 }", true),
        ("{ hdr_cnt(none) 0 }", true),
        ("{ hdr_val(x-num) 12 }", true),
        ("{ hdr_ip(x-forwarded-for) 10.0.0.0/8 }", true),
        ("{ hdr_ip(x-forwarded-for,1) 10.0.0.0/8 }", false),
        ("{ hdr(none) -m found }", false),
        ("{ req.hdr(host) -m found }", true),
        ("{ cook(SID) s1 }", true),
        ("{ req.cook(sid) -m found }", false),
        ("{ req.cook_cnt(SID) 1 }", true),
        ("{ src 10.0.0.0/8 }", true),
        ("{ src 10.0.0.9 192.168.0.1 }", true),
        ("{ src ::/0 }", true),
        ("{ dst_port 80 }", true),
        ("{ src_port 1024:65535 }", true),
        ("{ ssl_fc }", false),
        ("{ fe_name web }", true),
        ("{ nbsrv(static) ge 2 }", true),
        ("{ nbsrv(static) lt 2 }", false),
        ("{ fe_conn gt 2 }", true),
        ("{ str(abc) abc }", true),
        ("{ str(),length 0 }", true),
        ("{ int(5),add(3),mod(4) 0 }", true),
        ("{ bool(true) }", true),
        ("{ env(TIER) gold }", true),
        ("{ hostname fred }", true),
        ("{ path,field(2,/) static }", true),
        ("{ path,word(1,/) static }", true),
        ("{ path,field(-1,.) JPG }", true),
        ("{ str(///),word(1,/) -m found }", false),
        ("{ str(///),field(2,/),length 0 }", true),
        ("{ str(a.b.c.d),field(2,.,2) b.c }", true),
        ("{ str(a.b.c.d),field(-1,.,2) c.d }", true),
        ("{ req.hdr_names(;) -m beg host;x-list }", true),
        ("{ path,length 13 }", true),
        ("{ path,regsub('[aeiou]',x,g) /stxtxc/x.JPG }", true),
        ("{ str(a%20b),url_dec 'a b' }", true),
        ("{ src,ipmask(8) 10.0.0.0 }", true),
        ("{ always_true,not }", false),
        ("{ path,concat(!) /static/a.JPG! }", true),
    ] {
        assert_eq!(holds(condition, get, &headers), expected, "{condition}");
    }
}

#[test]
fn conditions_combine_as_written() {
    for (condition, expected) in [
        ("TRUE TRUE", true),
        ("TRUE FALSE", false),
        ("FALSE or TRUE", true),
        ("FALSE || TRUE", true),
        ("FALSE FALSE or TRUE", true),
        ("TRUE FALSE or FALSE", false),
        ("!FALSE", true),
        ("! FALSE", true),
        ("!TRUE", false),
        ("!FALSE !FALSE", true),
        ("!{ path / }", false),
        ("! { path / } || { path / }", true),
        ("!!TRUE", true),
    ] {
        assert_eq!(
            holds(condition, "GET / HTTP/1.1", &[]),
            expected,
            "{condition}"
        );
    }
}

#[test]
fn lines_of_one_name_are_alternatives_and_files_are_lists() {
    let programs = clean(
        " acl wanted path_beg /a\n acl wanted path_end .b\n acl listed path -f /list /three\n\
         use_backend static if wanted\n use_backend api unless !listed\n",
    );
    for (target, expected) in [
        ("/a/x", Some(1)),
        ("/x.b", Some(1)),
        ("/one", Some(2)),
        ("/two", Some(2)),
        ("/three", Some(2)),
        ("/four", None),
    ] {
        let chosen = chosen(&programs, WEB, &format!("GET {target} HTTP/1.1"), &[]);
        assert_eq!(chosen, expected, "{target}");
    }
}

#[test]
fn a_backend_can_be_named_by_the_request() {
    let programs = clean(" use_backend %[path,field(2,/)]\n");
    for (target, expected) in [("/api/x", Some(2)), ("/none/x", None)] {
        let chosen = chosen(&programs, WEB, &format!("GET {target} HTTP/1.1"), &[]);
        assert_eq!(chosen, expected, "{target}");
    }
}

#[test]
fn what_cannot_be_used_says_why() {
    for (lines, expected) in [
        (
            " use_backend api if { pathbeg /x }",
            "error: unknown sample fetch 'pathbeg' (unknown sample fetch; did you mean 'path_beg'?)",
        ),
        (
            " use_backend api if { sc0_conn_cnt gt 1 }",
            "error: sample fetch 'sc0_conn_cnt' is known but not built yet (not built yet)",
        ),
        (
            " use_backend api if { path,sha1 -m bin 00 }",
            "error: converter 'sha1' is known but not built yet (not built yet)",
        ),
        (
            " use_backend api if { path,map_dom_int(hosts.map) -m bin 00 }",
            "error: converter 'map_dom_int' is known but not built yet (not built yet)",
        ),
        (
            " use_backend api if { path,lowr /x }",
            "error: unknown converter 'lowr' (unknown converter; did you mean 'lower'?)",
        ),
        (
            " acl statics path /x\n use_backend api if static",
            "error: there is no ACL 'static' (not declared in this section; did you mean 'statics'?)",
        ),
        (
            " use_backend api if { path -m begin /x }",
            "error: unknown matching method 'begin'",
        ),
        (
            " use_backend api if { path_reg ( }",
            "error: '(' is not a regular expression that can be used: unclosed group",
        ),
        (
            " use_backend api if { src example.org }",
            "error: 'example.org' is not an address or a network (host names are not looked up in ACLs)",
        ),
        (
            " use_backend api if { status 200 }",
            "warning: this condition is about something that is not there in a request rule, so it \
             never matches",
        ),
        (
            " http-response set-header X y if { path_beg /a }",
            "error: this condition is about the request, which is gone in a response rule (of a \
             request, only its method and its version are still known there)",
        ),
        (
            " acl a req.hdr(x) -m found\n http-response deny if METH_GET !a",
            "error: this condition is about the request, which is gone in a response rule (of a \
             request, only its method and its version are still known there)",
        ),
        (
            " http-response set-header X %[req.hdr(host),lower]",
            "error: 'req.hdr(host),lower' is never there in a response rule",
        ),
        (
            " http-after-response set-header X a%HQ",
            "error: '%HQ' is never there in a response rule",
        ),
        (
            " http-request set-header X %[status]",
            "error: 'status' is never there in a request rule",
        ),
        (
            " http-response redirect scheme https",
            "error: a response can only be redirected with 'location' and without 'keep-query' (the \
             request, which the rest is taken from, is gone by then)",
        ),
        (
            " use_backend api if { path -f /missing }",
            "error: the pattern file '/missing' cannot be read",
        ),
        (
            " use_backend api if { path }",
            "warning: 'path' has no pattern to match, so it never matches (-m found asks whether it \
             is there at all)",
        ),
        (
            " use_backend api if { path /x",
            "error: an anonymous ACL lacks its '}'",
        ),
        (
            " use_backend api if TRUE or",
            "error: a condition is expected",
        ),
        (
            " use_backend api if { nbsrv(nowhere) 1 }",
            "error: there is no backend 'nowhere'",
        ),
        (
            " http-request frobnicate",
            "error: unknown 'http-request' action 'frobnicate' (unknown 'http-request' action)",
        ),
        (
            " http-request set-headr X y",
            "error: unknown 'http-request' action 'set-headr' (unknown 'http-request' action; did \
             you mean 'set-header'?)",
        ),
        (
            " http-request set-var(txn.a) path",
            "error: action 'set-var(txn.a)' is known but not built yet (not built yet)",
        ),
        (
            " http-response set-path /x",
            "error: action 'set-path' cannot be used in 'http-response' rules",
        ),
        (
            " http-request set-header X %[frobnicate]",
            "error: unknown sample fetch 'frobnicate' (unknown sample fetch)",
        ),
        (
            " http-request set-header X %ID",
            "error: format alias '%ID' is known but not built yet (not built yet)",
        ),
        (
            " http-request deny deny_status 418",
            "error: there is no page for status 418 (give the answer's text, such as content-type \
             text/plain string TEXT)",
        ),
        (
            " http-request deny deny_status 99",
            "error: '99' is not a status from 200 to 599",
        ),
        (
            " http-request redirect location /x code 304",
            "error: 304 is not a redirection (expected 301, 302, 303, 307 or 308)",
        ),
        (
            " http-request set-header 'X Y' z",
            "error: 'X Y' cannot be a header's name",
        ),
        (
            " http-request deny now",
            "error: unknown argument of 'deny' 'now' (unknown argument of 'deny')",
        ),
    ] {
        let (_, messages) = compiled(lines);
        assert_eq!(messages, [expected], "{lines}");
    }
}
