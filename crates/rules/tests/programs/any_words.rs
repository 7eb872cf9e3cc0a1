//! No words and no message make rules panic.

use proptest::prelude::*;

use crate::harness::{WEB, compile_lines, request, session};
use rules::Request;

fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "path",
        "url",
        "hdr(host)",
        "hdr(x-a,-1)",
        "req.hdr(x-a,2)",
        "cook(S)",
        "src",
        "method",
        "path,lower",
        "path,field(2,/)",
        "path,word(-1,/,2)",
        "hdr(x-a),bytes(1,1)",
        "str(a)",
        "int(5),mod(0)",
        "url,url_dec",
        "url_param(a)",
        "path_beg",
        "path_reg",
        "hdr_ip(x-a)",
        "query,regsub(a,b,g)",
        "path,field(0,/)",
        "bin(0g)",
        "nbsrv(app)",
        "path,",
        "(",
        "str(",
        "-i",
        "-m",
        "beg",
        "reg",
        "found",
        "--",
        "-f",
        "/list",
        "/",
        "a",
        "0",
        "gt",
        "1:",
        "-1",
        "10.0.0.0/8",
        "::/0",
        "TRUE",
        "FALSE",
        "!",
        "or",
        "{",
        "}",
        "METH_GET",
        "[",
        "'\\1'",
        "%",
        "%[path]",
        "%[",
        "%ci",
        "%%",
        "\u{e9}",
        "word(1,/)",
        ",",
        "str(/),",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn conditions_and_formats(
        condition in prop::collection::vec(word(), 1..8),
        format in prop::collection::vec(word(), 1..4),
        target in "/[a-z/?=&%.0-9]{0,12}",
        value in "[a-z0-9,. :=;]{0,12}",
    ) {
        let condition = condition.join(" ");
        let lines = format!(
            " http-request set-header X {}\n use_backend api if {{ {condition} }}\n \
             use_backend api if {condition}",
            format.concat(),
        );
        let Some(programs) = compile_lines(&lines) else {
            return Ok(());
        };
        let headers = [format!("X-A: {value}"), format!("Cookie: S={value}")];
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let (mut head, original) = request(&format!("GET {target} HTTP/1.1"), &headers);
        let program = &programs.proxies[WEB];
        let _ = program.request(&session(), &mut head, &original);
        let request = Request { head: &head, original: &original };
        let _ = program.backend(&session(), Some(request));
    }
}
