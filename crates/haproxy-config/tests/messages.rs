//! What an operator reads: one line for each message of small configurations.

use haproxy_config::{Load, Text, parse};

/// Every message of a text, one a line.
fn messages(text: &str) -> String {
    let parsed = parse(Load {
        texts: vec![Text {
            name: "a.cfg".to_owned(),
            text: text.to_owned(),
        }],
        ..Load::default()
    });
    let lines: Vec<String> = parsed
        .diagnostics
        .iter()
        .map(|message| diagnostics::render_line(&parsed.sources, message))
        .collect();
    lines.join("\n")
}

/// The messages of each text, each under its text.
fn table(texts: &[&str]) -> String {
    texts
        .iter()
        .map(|text| format!("{}\n  ---\n{}\n\n", text.trim_end(), messages(text)))
        .collect()
}

#[test]
fn words_that_nobody_knows_are_suggested() {
    let shown = table(&[
        "globl\n",
        "maxconn 10\n",
        "global\n maxcon 10\n",
        "global\n httplog\n",
        "global\n stats sockt /x\n",
        "defaults\n tiemout client 1s\n",
        "defaults\n timeout clinet 1s\n",
        "defaults\n timeout\n",
        "defaults\n option htplog\n",
        "defaults\n mode htttp\n",
        "defaults\n balance roundrobbin\n",
        "backend a\n server s :80 chekc\n",
        "frontend a\n bind :80 acept-proxy\n",
        "defaults\n log /dev/log locl0\n",
        "defaults\n cookie a insrt\n",
        "backend a from b\n",
        "defaults b\n timeout client 1s\nbackend a from bb\n",
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn known_words_that_are_not_built_say_so() {
    let shown = table(&[
        "peers p\n peer a 127.0.0.1:1\n",
        "global\n lua-load x.lua\n",
        "backend a\n stick-table type ip size 1m\n",
        "backend a\n option smtpchk\n",
        "backend a\n balance url_param x\n",
        "backend a\n balance hdr(host)\n",
        "backend a\n server s 127.0.0.1:80 ssl\n",
        "backend a\n http-check set-var(check.x) int(1)\n",
        "frontend a\n bind :80 tfo\n timeout client 1s\n",
        "frontend a\n bind sockpair@3\n timeout client 1s\n",
        "frontend a\n bind quic4@:443\n timeout client 1s\n",
        "defaults\n log ring@x local0\n",
        "defaults\n mode log\n",
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn words_in_the_wrong_section_say_where_they_belong() {
    let shown = table(&[
        "global\n mode http\n",
        "global\n option httplog\n",
        "global\n stats uri /x\n",
        "backend a\n chroot /x\n",
        "backend a\n bind :80\n",
        "backend a\n option httplog\n",
        "frontend a\n bind :80\n timeout client 1s\n server s 127.0.0.1:80\n",
        "frontend a\n bind :80\n timeout client 1s\n balance source\n",
        "defaults\n acl a path /\n",
        "defaults\n bind :80\n",
        "backend a\n no server s 127.0.0.1:80\n",
        "defaults\n no option httplog\n",
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn old_directives_name_todays_form() {
    let shown = table(&[
        "defaults\n contimeout 5000\n clitimeout 50s\n srvtimeout 1m\n redisp\n balance\n",
        "defaults\n timeout client 1s\nlisten a 0.0.0.0:80,[::]:80 name x\nfrontend b :81\n",
        "defaults\n mode http\n timeout client 1s\nlisten a\n bind :80\n \
         reqadd X-Forwarded-Protocol:\\ https\n reqadd A:\\ b\\ 100%\n reqidel ^X-Evil:\n \
         reqrep ^([^\\ :]*)\\ /static/(.*) \\1\\ /\\2\n reqideny evil if { src 10.0.0.1 }\n \
         reqallow ok\n reqtarpit slow\n rspadd A:\\ b\n rspidel ^Server:\n rspirep ^A:\\ x A:\\ y\n \
         rspdeny x\n block if TRUE\n reqpass x\n",
        "backend a\n option httpchk GET /x HTTP/1.1\\r\\nHost:\\ www\\r\\nA:\\ b\n option forceclose\n",
        "global\n nbproc 1\n",
        "global\n nbproc 4\n",
        "global\n tune.maxaccept 100\n quiet\n stats bind-process 1\n",
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn values_out_of_bounds_say_the_bounds() {
    let shown = table(&[
        "global\n maxconn many\n nbthread 65\n spread-checks 51\n tune.bufsize 1\n",
        "defaults\n timeout client 25d\n",
        "defaults\n timeout client 10sec\n",
        "defaults\n timeout client soon\n",
        "defaults\n timeout client 1s 2s\n",
        "backend a\n server s 127.0.0.1:80 weight 257\n",
        "backend a\n server s 127.0.0.1 check\n",
        "frontend a\n bind 10.224.155.xx:443 ssl crt /c.pem\n timeout client 1s\n",
        "frontend a\n bind :443 ssl\n timeout client 1s\n",
        "frontend a\n bind :443 crt /c.pem\n timeout client 1s\n",
        "frontend a\n bind 80\n timeout client 1s\n",
        "backend a\n errorfile 418 /x\n",
        "backend a\n stats auth admin\n",
        "backend a\n cookie c insert prefix\n",
        "backend a\n cookie c rewrite maxidle 5m\n",
        "global\n stats socket ipv4@127.0.0.1:9999 accept-proxy\n",
        "global\n stats socket ipv4@127.0.0.1:9999 ssl crt /c.pem\n",
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn what_only_the_whole_can_tell() {
    let shown = table(&[
        "frontend a\n bind :80\n timeout client 1s\n default_backend aap\nbackend app\n",
        "frontend a\n bind :80\n timeout client 1s\n use_backend b if TRUE\nfrontend b\n bind :81\n",
        "frontend a\n bind :80\n timeout client 1s\n use_backend %[path]\n",
        "frontend a\n bind :80\n timeout client 1s\n mode http\n default_backend b\nbackend b\n",
        "frontend a\n bind :80\n timeout client 1s\n default_backend b\nbackend b\n mode http\n",
        "listen a\n bind :80\n server s 127.0.0.1:80\n",
        "frontend a\n timeout client 1s\n",
        "backend a\nbackend a\n",
        "frontend a\n bind :80\n timeout client 1s\nbackend a\n",
        "backend a\n id 2\nbackend b\n id 2\nbackend c\n",
        "defaults\n timeout connect 1s\n timeout server 1s\nbackend a\n server s :1\n server s :2\n",
        "defaults\n timeout connect 1s\n timeout server 1s\nbackend a\n cookie c insert\n stats enable\n \
         option forwardfor\n http-request deny\n server s :1 cookie s\n",
        "defaults\n mode http\nbackend a\n use_backend b\n http-check expect status 200\n",
        "defaults d\n timeout client 1s\ndefaults d\nbackend a from d\n",
        "defaults d\n timeout client 1s\nbackend a from d\ndefaults d\n",
        "defaults d\n timeout client 1s\nbackend a from d\nbackend b\n",
        "defaults\n mode http\n timeout client 1s\nlisten a\n bind :80\n use_backend b if TRUE\n \
         http-request deny\n tcp-request connection accept\nbackend b\n",
        "listen a\n bind :80\n timeout client 1s\n option tcplog\n",
        "defaults\n timeout connect 1s\n timeout server 1s\nbackend a\n option abortonclose\n",
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn conditional_blocks() {
    let shown = table(&[
        ".if 1\n .notice \"one\"\n.elif 1\n .notice \"two\"\n.else\n .notice \"three\"\n.endif\n",
        ".if 0\n foo\n.elif streq(a,a)\n .warning \"two\"\n.endif\n",
        ".if 0\n.if 1\n foo\n.else\n foo\n.endif\n.else\n .notice \"here\"\n.endif\n",
        ".diag \"only with -dD\"\n",
        ".alert \"stop\"\nfoo\n",
        ".if 1\n",
        ".endif\n.else\n.elif 1\n",
        ".if 1\n.else\n.else\n.endif x\n",
        ".if defned(X)\n foo\n.endif\n",
        ".notcie \"x\"\n",
        ".notice a b\n",
        "global\n setenv A 1\n.if streq(\"$A\",1)\n .notice \"${.FILE}:${.LINE} $.SECTION $A\"\n.endif\n \
         unsetenv A\n.if defined(A)\n foo\n.endif\n setenv A\n",
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn lines_that_cannot_be_cut() {
    let shown = table(&[
        "global\n log-tag \"x\n",
        "global\n log-tag 'x\n",
        "global\n log-tag \\x1\n",
        "global\n log-tag \"${A\"\n",
        "global\n log-tag \"$1\"\n",
        "global\n log-tag \"$A\"\n",
        "global\n log-tag \0\n",
        "global\n daemon",
    ]);
    insta::assert_snapshot!(shown);
}
