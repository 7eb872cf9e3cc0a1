//! Small configurations that the real haproxy (2.6) and this crate accept or refuse alike, and the
//! few where they differ on purpose.

use std::path::Path;
use std::process::{Command, Stdio};

use haproxy_config::{Load, Text, parse};

/// What both say of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Accepted,
    Warned,
    Refused,
}
use Verdict::{Accepted, Refused, Warned};

const HEAD: &str =
    "defaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n";

/// Configurations, and the verdict of both; `HEAD` goes before those that start with `listen`,
/// `frontend` or `backend`.
const TABLE: &[(&str, Verdict)] = &[
    (
        "listen a\n bind 127.0.0.1:8080\n server s 127.0.0.1:80\n",
        Accepted,
    ),
    (
        "listen a\n bind :8080-8090\n server s 127.0.0.1\n",
        Accepted,
    ),
    (
        "listen a\n bind [::1]:8080,127.0.0.1:8081 name x\n",
        Accepted,
    ),
    ("listen a\n bind :::8080 v4v6\n", Accepted),
    ("listen a\n bind ipv6@:8080 v6only\n", Accepted),
    ("listen a\n bind /tmp/x.sock mode 600\n", Accepted),
    ("listen a\n bind abns@x\n", Accepted),
    (
        "listen a\n bind :8080 accept-proxy defer-accept backlog 10 maxconn 5 id 3\n",
        Accepted,
    ),
    ("listen a\n bind :8080 transparent\n", Accepted),
    ("listen a\n bind :8080 interface lo\n", Accepted),
    ("listen a\n bind 8080\n", Refused),
    ("listen a\n bind :0\n", Refused),
    ("listen a\n bind :65536\n", Refused),
    ("listen a\n bind :90-80\n", Refused),
    ("listen a\n bind\n", Refused),
    ("listen a\n bind :8080 foo\n", Refused),
    ("listen a\n bind :8080 ssl\n", Refused),
    ("listen a\n bind 127.0.0.xx:80\n", Refused),
    ("listen a\n bind fd@x\n", Refused),
    ("frontend a\n", Warned),
    ("frontend a\n bind :8080\n default_backend b\n", Refused),
    ("frontend a\n bind :8080\n use_backend b if TRUE\n", Refused),
    (
        "frontend a\n bind :8080\n use_backend b if TRUE\nbackend b\n server s 127.0.0.1:80\n",
        Accepted,
    ),
    (
        "frontend a\n bind :8080\n use_backend b\nbackend b\n server s 127.0.0.1:80\n",
        Accepted,
    ),
    (
        "frontend a\n bind :8080\n use_backend b foo\nbackend b\n",
        Refused,
    ),
    (
        "frontend a\n bind :8080\n default_backend b c\nbackend b\n",
        Refused,
    ),
    (
        "frontend a\n bind :8080\n default_backend b\nbackend b\n mode tcp\n",
        Refused,
    ),
    (
        "frontend a\n bind :8080\n default_backend b\nfrontend b\n bind :8081\n",
        Refused,
    ),
    ("frontend a\n bind :8080\n server s 127.0.0.1:80\n", Refused),
    ("frontend a\n bind :8080\n balance roundrobin\n", Warned),
    ("frontend a\n bind :8080\n cookie S insert\n", Warned),
    ("frontend a\n bind :8080\n timeout connect 1s\n", Warned),
    ("frontend a\n bind :8080\n option httpchk\n", Warned),
    ("frontend a\n bind :8080\n retries 3\n", Warned),
    ("backend a\n bind :8080\n", Warned),
    ("backend a\n timeout client 1s\n", Warned),
    ("backend a\n option httplog\n", Warned),
    ("backend a\n maxconn 10\n", Warned),
    ("backend a\n use_backend b\nbackend b\n", Warned),
    ("backend a\n default_backend b\nbackend b\n", Warned),
    (
        "backend a\n server s 127.0.0.1:80 check inter 1s fastinter 500 downinter 5s rise 2 fall 3 weight 10 port 81 addr 127.0.0.2 cookie c maxconn 10 minconn 2 maxqueue 5 backup disabled slowstart 10s send-proxy redir http://x pool-max-conn 5 pool-purge-delay 10s id 5 source 127.0.0.1\n",
        Accepted,
    ),
    (
        "backend a\n server s 127.0.0.1:+1 check port 80\n",
        Accepted,
    ),
    ("backend a\n server s 127.0.0.1 check\n", Refused),
    ("backend a\n server s\n", Refused),
    ("backend a\n server s 127.0.0.1:80 weight 257\n", Refused),
    ("backend a\n server s 127.0.0.1:80 weight -1\n", Refused),
    ("backend a\n server s 127.0.0.1:80 inter 0\n", Refused),
    ("backend a\n server s 127.0.0.1:80 inter 1x\n", Refused),
    ("backend a\n server s 127.0.0.1:80 foo\n", Refused),
    ("backend a\n server s 127.0.0.1:80 rise 0\n", Refused),
    ("backend a\n server s 127.0.0.1:80-90\n", Refused),
    (
        "backend a\n server s 127.0.0.1:80\n server s 127.0.0.1:81\n",
        Refused,
    ),
    ("backend a\n server s/x 127.0.0.1:80\n", Refused),
    (
        "backend a\n server s 127.0.0.1:80 id 3\n server t 127.0.0.1:81 id 3\n",
        Refused,
    ),
    (
        "backend a\n default-server inter 1s\n server s 127.0.0.1:80 check\n",
        Accepted,
    ),
    ("backend a\n server s /tmp/x.sock check\n", Accepted),
    (
        "backend a\n server s unix@/tmp/x.sock send-proxy-v2\n",
        Accepted,
    ),
    ("backend a\n balance leastconn\n", Accepted),
    ("backend a\n balance static-rr\n", Accepted),
    ("backend a\n balance first\n", Accepted),
    (
        "backend a\n balance source\n hash-type consistent\n",
        Accepted,
    ),
    ("backend a\n balance foo\n", Refused),
    ("backend a\n hash-type foo\n", Refused),
    (
        "backend a\n cookie S insert indirect nocache postonly preserve httponly secure domain .x.com maxidle 10 maxlife 30m attr \"a=b\"\n",
        Accepted,
    ),
    (
        "defaults d\n mode http\n timeout client 1s\n http-request deny if FALSE\nfrontend f from d\n bind 127.0.0.1:8080\n",
        Accepted,
    ),
    (
        "defaults d\n mode http\n timeout client 1s\n http-request deny if FALSE\n timeout connect 1s\n timeout server 1s\nbackend b from d\n",
        Accepted,
    ),
    (
        "defaults d\n mode http\n timeout client 1s\n http-request deny if FALSE\nlisten l from d\n",
        Refused,
    ),
    (
        "defaults d\n mode http\n timeout client 1s\n http-request deny if FALSE\nfrontend f from d\n bind 127.0.0.1:8080\nbackend b from d\n",
        Refused,
    ),
    (
        "defaults d\n mode http\n timeout client 1s\n http-response deny if FALSE\nfrontend f from d\n bind 127.0.0.1:8080\n",
        Accepted,
    ),
    (
        "defaults d\n mode http\n timeout client 1s\n http-response deny if FALSE\n timeout connect 1s\n timeout server 1s\nbackend b from d\n",
        Accepted,
    ),
    (
        "defaults d\n mode http\n timeout client 1s\n http-response deny if FALSE\nlisten l from d\n",
        Refused,
    ),
    (
        "defaults d\n mode http\n timeout client 1s\n http-response deny if FALSE\nfrontend f from d\n bind 127.0.0.1:8080\nbackend b from d\n",
        Refused,
    ),
    (
        "defaults d\n mode http\n timeout client 1s\n tcp-request connection accept\nfrontend f from d\n bind 127.0.0.1:8080\n",
        Accepted,
    ),
    (
        "defaults d\n mode http\n timeout client 1s\n tcp-request connection accept\nbackend b from d\n",
        Refused,
    ),
    (
        "defaults d\n mode http\n timeout client 1s\n tcp-request connection accept\nlisten l from d\n",
        Refused,
    ),
    (
        "defaults d\n mode http\n timeout client 1s\n tcp-request connection accept\nfrontend f from d\n bind 127.0.0.1:8080\nbackend b from d\n",
        Refused,
    ),
    (
        "defaults d\n mode http\n timeout client 1s\n http-request deny if FALSE\nfrontend f from d\n bind 127.0.0.1:8080\nfrontend g from d\n bind 127.0.0.1:8080\n",
        Accepted,
    ),
    ("backend a\n cookie S rewrite\n", Accepted),
    ("backend a\n cookie S prefix\n", Accepted),
    ("backend a\n cookie S\n", Accepted),
    ("backend a\n cookie\n", Refused),
    ("backend a\n cookie S insert prefix\n", Refused),
    ("backend a\n cookie S rewrite indirect\n", Refused),
    ("backend a\n cookie S preserve\n", Refused),
    ("backend a\n cookie S foo\n", Refused),
    ("backend a\n cookie S insert maxidle 100ms\n", Accepted),
    ("backend a\n option httpchk\n", Accepted),
    ("backend a\n option httpchk /x\n", Accepted),
    ("backend a\n option httpchk HEAD /x\n", Accepted),
    ("backend a\n option httpchk HEAD /x HTTP/1.1\n", Accepted),
    (
        "backend a\n option httpchk\n http-check expect status 200,300-399\n",
        Accepted,
    ),
    (
        "backend a\n option httpchk\n http-check expect ! string x\n",
        Accepted,
    ),
    (
        "backend a\n option httpchk\n http-check expect !status 500\n",
        Accepted,
    ),
    (
        "backend a\n option httpchk\n http-check expect rstatus ^2\n",
        Accepted,
    ),
    (
        "backend a\n option httpchk\n http-check expect rstring ^2\n",
        Accepted,
    ),
    (
        "backend a\n option httpchk\n http-check expect foo bar\n",
        Refused,
    ),
    (
        "backend a\n option httpchk\n http-check expect status x\n",
        Refused,
    ),
    (
        "backend a\n option httpchk\n http-check expect status 999\n",
        Accepted,
    ),
    (
        "backend a\n option httpchk\n http-check send meth GET uri /x ver HTTP/1.1 hdr Host x body abc\n",
        Accepted,
    ),
    (
        "backend a\n option httpchk\n http-check send foo\n",
        Refused,
    ),
    ("backend a\n http-check send meth GET\n", Warned),
    ("backend a\n http-reuse always\n", Accepted),
    ("backend a\n http-reuse foo\n", Refused),
    ("backend a\n retries 0\n", Accepted),
    ("backend a\n retries\n", Refused),
    ("backend a\n option redispatch\n", Accepted),
    ("backend a\n option redispatch 3\n", Accepted),
    ("backend a\n option redispatch -2\n", Accepted),
    ("backend a\n no option redispatch\n", Accepted),
    ("backend a\n fullconn 10\n", Accepted),
    ("backend a\n source 127.0.0.1\n", Accepted),
    ("backend a\n source 127.0.0.1:0\n", Accepted),
    ("backend a\n timeout server 25d\n", Refused),
    ("backend a\n timeout server 1.5s\n", Refused),
    ("backend a\n timeout server\n", Refused),
    ("backend a\n timeout server 1s 2s\n", Refused),
    ("backend a\n timeout foo 1s\n", Refused),
    ("backend a\n timeout server 0\n", Accepted),
    ("backend a\n timeout server 500us\n", Accepted),
    ("backend a\n errorfile 999 /dev/null\n", Refused),
    ("backend a\n foo\n", Refused),
    ("backend a\n option foo\n", Refused),
    ("backend a\n option\n", Refused),
    ("backend a\n no option httplog\n", Refused),
    ("backend a\n no server s 127.0.0.1:80\n", Refused),
    (
        "backend a\n stats enable\n stats uri /x\n stats realm A\\ b\n stats auth a:b\n stats refresh 5s\n stats hide-version\n stats show-legends\n stats show-node\n stats show-desc x\n stats scope .\n stats admin if TRUE\n",
        Accepted,
    ),
    ("backend a\n stats\n", Refused),
    ("backend a\n stats foo\n", Refused),
    ("backend a\n stats uri\n", Refused),
    ("backend a\n stats auth\n", Refused),
    ("backend a\n stats admin\n", Refused),
    ("backend a\n stats refresh x\n", Refused),
    ("backend a\n log 127.0.0.1 local0\n", Accepted),
    (
        "backend a\n log 127.0.0.1:5140 len 2048 format rfc5424 local0 notice err\n",
        Accepted,
    ),
    ("backend a\n log /dev/log daemon\n", Accepted),
    ("backend a\n log stdout format raw daemon\n", Accepted),
    ("backend a\n log stderr local0 foo\n", Refused),
    ("backend a\n log 127.0.0.1 foo\n", Refused),
    ("backend a\n log 127.0.0.1\n", Refused),
    ("backend a\n log 127.0.0.1 len 10 local0\n", Refused),
    ("backend a\n log 127.0.0.1 format foo local0\n", Refused),
    ("backend a\n log\n", Refused),
    ("backend a\n log global\n", Accepted),
    ("backend a\n log global\n no log\n", Accepted),
    ("backend a\n acl x path /\n", Accepted),
    ("backend a\n acl x!y path /\n", Refused),
    ("backend a\n acl or path /\n", Refused),
    ("backend a\n acl x\n", Refused),
    ("backend a\n http-request deny if TRUE\n", Accepted),
    ("backend a\n http-request\n", Refused),
    ("backend a\n redirect location / if TRUE\n", Accepted),
    ("backend a\n redirect\n", Refused),
    (
        "backend a\n option forwardfor except 127.0.0.0/8 header X-A if-none\n",
        Accepted,
    ),
    ("backend a\n option forwardfor except x\n", Refused),
    ("backend a\n option forwardfor foo\n", Refused),
    (
        "backend a\n option httpclose\n option http-server-close\n option http-keep-alive\n",
        Accepted,
    ),
    ("backend a\n option httpclose foo\n", Refused),
    (
        "backend a\n option abortonclose\n option allbackups\n option persist\n option prefer-last-server\n option srvtcpka\n option tcpka\n option log-health-checks\n",
        Accepted,
    ),
    ("backend a\n id 5\nbackend b\n id 5\n", Refused),
    ("backend a\n id 0\n", Refused),
    ("backend a\n id 2\nbackend b\nbackend c\n id 1\n", Accepted),
    ("backend a\n description x y\n disabled\n", Accepted),
    ("backend a\n enabled\n", Accepted),
    ("backend a\n mode foo\n", Refused),
    ("backend a\n mode\n", Refused),
    (
        "backend a\n mode tcp\n cookie S insert\n server s 127.0.0.1:80\n",
        Warned,
    ),
    ("backend a\n mode tcp\n option forwardfor\n", Warned),
    ("backend a\n mode tcp\n stats enable\n", Warned),
    ("backend a\n mode tcp\n http-request deny\n", Warned),
    (
        "backend a\n mode tcp\n server s 127.0.0.1:80 cookie x\n",
        Warned,
    ),
    (
        "backend a\n mode tcp\n server s 127.0.0.1:80 redir /x\n",
        Refused,
    ),
    ("backend a\n http-request set-header \"X Y\" z\n", Accepted),
    ("backend a\n no log\n option tcplog\n", Warned),
    (
        "listen a\n bind :8080\n option httplog\n option tcplog\n",
        Warned,
    ),
    ("listen a\n bind :8080\n option httplog clf\n", Warned),
    ("listen a\n bind :8080\n option httplog foo\n", Refused),
    (
        "listen a\n bind :8080\n mode tcp\n option httplog\n",
        Warned,
    ),
    ("listen a\n bind :8080\n monitor-uri /x\n", Accepted),
    ("listen a\n bind :8080\n monitor-uri\n", Refused),
    (
        "listen a\n bind :8080\n mode tcp\n monitor-uri /x\n",
        Warned,
    ),
    (
        "listen a\n bind :8080\n capture request header Host len 20\n capture response header X len 20\n capture cookie a len 10\n",
        Accepted,
    ),
    (
        "listen a\n bind :8080\n capture request header Host\n",
        Refused,
    ),
    ("listen a\n bind :8080\n capture foo\n", Refused),
    (
        "listen a\n bind :8080\n option dontlognull\n option dontlog-normal\n option logasap\n option log-separate-errors\n option clitcpka\n",
        Accepted,
    ),
    (
        "listen a\n bind :8080\n maxconn 10\n backlog 10\n",
        Accepted,
    ),
    (
        "listen a\n bind :8080\n server s 127.0.0.1:80\n default_backend b\nbackend b\n",
        Warned,
    ),
    ("listen a\n bind :8080\nlisten a\n bind :8081\n", Refused),
    ("frontend a\n bind :8080\nbackend a\n", Accepted),
    ("listen a\n bind :8080\nbackend a\n", Refused),
    ("listen\n bind :8080\n", Refused),
    ("listen a b\n bind :8080\n", Refused),
    ("listen a!\n bind :8080\n", Refused),
    ("backend a from nowhere\n", Refused),
    ("backend a from x y\n", Refused),
    (
        "listen a\n bind :8080\n tcp-request connection accept\n",
        Accepted,
    ),
    (
        "listen a\n bind :8080\n tcp-request content accept\n tcp-request session accept\n tcp-response content accept\n",
        Warned,
    ),
    ("backend a\n tcp-request connection accept\n", Refused),
    (
        "frontend a\n bind :8080\n tcp-response content accept\n",
        Refused,
    ),
    ("defaults\n mode http\n acl x path /\n", Refused),
    (
        "defaults x\n mode http\n acl x path /\n http-request deny if x\n",
        Accepted,
    ),
    ("defaults\n bind :80\n", Refused),
    ("defaults\n server s 127.0.0.1:80\n", Refused),
    ("defaults\n use_backend x\n", Refused),
    ("defaults\n stats enable\n stats uri /x\n", Accepted),
    ("defaults\n description x\n", Refused),
    ("defaults\n id 1\n", Refused),
    (
        "defaults\n mode http\ndefaults a\n mode tcp\ndefaults b from a\nbackend c from b\nbackend d from a\n",
        Accepted,
    ),
    ("defaults a\ndefaults a\nbackend c from a\n", Refused),
    ("backend a\n server s 127.0.0.1:80\n", Accepted),
    ("frontend a\n bind :8080\n", Accepted),
    (
        "global\n maxconn 100\n daemon\n user root\n group root\n nbthread 2\n pidfile /tmp/x.pid\n log /dev/log local0\n log-tag x\n log-send-hostname\n node n\n description d\n spread-checks 5\n stats timeout 10s\n tune.bufsize 16384\n tune.maxrewrite 1024\n tune.http.maxhdr 101\n hard-stop-after 10s\n",
        Accepted,
    ),
    ("global\n nbthread 0\n", Refused),
    ("global\n nbthread 65\n", Refused),
    ("global\n nbthread 1000\n", Refused),
    ("global\n spread-checks 51\n", Refused),
    ("global\n spread-checks -1\n", Refused),
    ("global\n foo\n", Refused),
    ("global\n stats foo\n", Refused),
    ("global\n stats\n", Refused),
    (
        "global\n stats socket /tmp/s.sock mode 600 level admin user root group root\n",
        Accepted,
    ),
    (
        "global\n stats socket ipv4@127.0.0.1:9999 level user\n",
        Accepted,
    ),
    ("global\n stats socket\n", Refused),
    ("global\n stats socket /tmp/s.sock level foo\n", Refused),
    ("global\n stats maxconn 5\n", Accepted),
    ("global\n balance roundrobin\n", Refused),
    ("global\n mode http\n", Refused),
    ("global\n log global\n", Refused),
    ("global\n log-tag\n", Refused),
    ("global\n user\n", Refused),
    ("global\n uid 0\n", Accepted),
    ("global\n chroot\n", Refused),
    ("global\n node a/b\n", Refused),
    ("global\n daemon x\n", Refused),
    ("global x\n", Refused),
    ("global\nglobal\n", Accepted),
    (
        "global\n unix-bind mode 600 prefix /tmp/ user root\n",
        Accepted,
    ),
    ("global\n unix-bind foo\n", Refused),
    ("global\n zero-warning\n", Accepted),
    ("global\n setenv A b\n", Accepted),
    ("global\n setenv A\n", Refused),
    ("global\n unsetenv A\n", Accepted),
    ("global\n presetenv A b\n", Accepted),
    ("global\n resetenv A\n", Accepted),
    ("global\n ssl-default-bind-options no-sslv3\n", Accepted),
    ("global\n tune.bufsize x\n", Refused),
    ("global\n tune.http.maxhdr 0\n", Refused),
    ("global\n no log\n", Accepted),
    ("foo\n", Refused),
    ("daemon\n", Refused),
    (".if 1\n", Refused),
    (".endif\n", Refused),
    (".else\n", Refused),
    (".if 1\n.else\n.else\n.endif\n", Refused),
    (".if 1\n.else\n.elif 1\n.endif\n", Refused),
    (".if foo\n.endif\n", Refused),
    (".if defined(A)\n foo\n.endif\n", Accepted),
    (".if 1\n.endif\n", Accepted),
    (
        ".if version_atleast(2.4)\nglobal\n.else\n foo\n.endif\n",
        Accepted,
    ),
    (".foo\n", Refused),
    (".notice \"x\"\n", Accepted),
    (".notice x y\n", Refused),
    (".warning \"x\"\n", Warned),
    (".alert \"x\"\n", Refused),
    ("global\n maxconn \"10\n", Refused),
    ("global\n maxconn '10'\n", Accepted),
    ("global\n maxconn 1\\x30\n", Accepted),
    ("global\n maxconn \\x3\n", Refused),
    ("global\n log-tag \"$A\"\n", Refused),
    ("global\n log-tag \"${A-b}\"\n", Accepted),
    ("global\n log-tag \"${A[*]}\"\n", Refused),
    ("global\n log-tag \"${A\"\n", Refused),
    ("global\n log-tag \"$1\"\n", Refused),
    ("global\n maxconn 10 # 20\n", Accepted),
    ("global#x\n", Accepted),
];

/// Configurations on which this crate differs from HAProxy 2.6 on purpose: ours, theirs, and why.
const DIFFERENT: &[(&str, Verdict, Verdict, &str)] = &[
    (
        "defaults a\n mode http\n timeout client 1s\nfrontend b from a\n bind :8080\nfrontend c\n bind :8081\n",
        Warned,
        Accepted,
        "HAProxy warns today",
    ),
    (
        "backend a\n default-server id 1\n",
        Refused,
        Accepted,
        "an id is one server's own",
    ),
    (
        "backend a\n default-server\n",
        Refused,
        Accepted,
        "nothing is said",
    ),
    (
        "backend a\n option httpchk HEAD /x HTTP/1.1\\r\\nHost:\\ www\n",
        Accepted,
        Warned,
        "an old form is a notice",
    ),
    ("backend a\n retries x\n", Refused, Accepted, "not a number"),
    (
        "backend a\n retries -1\n",
        Refused,
        Accepted,
        "not a number",
    ),
    (
        "backend a\n option redispatch x\n",
        Refused,
        Accepted,
        "not a number",
    ),
    (
        "backend a\n stats auth x\n",
        Refused,
        Accepted,
        "the password is missing",
    ),
    (
        "backend a\n http-request deny if\n",
        Refused,
        Accepted,
        "the condition is missing",
    ),
    (
        "listen a\n bind :8080\n mode tcp\n capture request header Host len 20\n",
        Warned,
        Accepted,
        "HAProxy warns since 2.9",
    ),
    (
        "listen a\n bind :8080\n maxconn x\n",
        Refused,
        Accepted,
        "not a number",
    ),
    (
        "backend a b\n",
        Refused,
        Accepted,
        "a word without a meaning",
    ),
    ("backend a from\n", Refused, Accepted, "the name is missing"),
    (
        "defaults x y\n",
        Refused,
        Accepted,
        "a word without a meaning",
    ),
    ("global\n maxconn x\n", Refused, Accepted, "not a number"),
    ("global\n uid x\n", Refused, Warned, "not a number"),
];

fn whole(text: &str) -> String {
    let needs_head = ["listen", "frontend", "backend"]
        .iter()
        .any(|word| text.starts_with(word));
    format!("{}{text}", if needs_head { HEAD } else { "" })
}

fn ours(text: &str) -> Verdict {
    let parsed = parse(Load {
        texts: vec![Text {
            name: "a.cfg".to_owned(),
            text: text.to_owned(),
        }],
        ..Load::default()
    });
    match parsed.diagnostics.worst() {
        Some(diagnostics::Severity::Error) => Refused,
        Some(diagnostics::Severity::Warning) => Warned,
        Some(diagnostics::Severity::Notice) | None => Accepted,
    }
}

fn theirs(haproxy: &Path, text: &str, folder: &Path) -> Verdict {
    let file = folder.join("a.cfg");
    std::fs::write(&file, text).expect("a temporary file is written");
    let output = Command::new(haproxy)
        .args(["-c", "-f"])
        .arg(&file)
        .stdin(Stdio::null())
        .output()
        .expect("haproxy was found a moment ago");
    let messages = String::from_utf8_lossy(&output.stderr);
    // 2 is "nothing to listen at", which says nothing about the text.
    if !matches!(output.status.code(), Some(0 | 2)) {
        Refused
    } else if messages.contains("[WARNING]") {
        Warned
    } else {
        Accepted
    }
}

/// Every row with one of its two verdicts.
fn rows(theirs: bool) -> impl Iterator<Item = (String, Verdict)> {
    let alike = TABLE.iter().map(|(text, verdict)| (*text, *verdict));
    let different = DIFFERENT.iter().map(move |(text, of_ours, of_theirs, _)| {
        (*text, if theirs { *of_theirs } else { *of_ours })
    });
    alike
        .chain(different)
        .map(|(text, verdict)| (whole(text), verdict))
}

fn wrong_rows(theirs: bool, verdict: impl Fn(&str) -> Verdict) -> String {
    rows(theirs)
        .filter_map(|(text, expected)| {
            let verdict = verdict(&text);
            (verdict != expected).then(|| format!("{verdict:?} instead of {expected:?}:\n{text}\n"))
        })
        .collect()
}

#[test]
fn this_crate_gives_the_verdicts_of_the_tables() {
    assert_eq!(wrong_rows(false, ours), "");
}

#[test]
fn haproxy_gives_the_verdicts_of_the_tables() {
    let Some(haproxy) = testing_support::require_command("haproxy", "haproxy") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    assert_eq!(
        wrong_rows(true, |text| theirs(&haproxy, text, folder.path())),
        ""
    );
}
