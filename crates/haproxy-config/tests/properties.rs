//! Whatever the texts hold, parsing ends with messages and not with a panic.

use haproxy_config::{Load, Parsed, Text, evaluate, parse};
use proptest::prelude::*;

const EXAMPLES: [&str; 3] = [
    include_str!("../../../examples/landlord/haproxy.cfg"),
    include_str!("../../../examples/openstack/haproxy.cfg"),
    include_str!("../../../examples/openstack/openstack-services.cfg"),
];

/// Pieces that are likely to reach deep into the language.
const PIECES: [&str; 30] = [
    "\n",
    " ",
    "\"",
    "'",
    "\\",
    "\\x",
    "#",
    "$",
    "\"${A[*]}\"",
    "\"${A-",
    "}",
    ".if 1\n",
    ".endif\n",
    ".else\n",
    ".elif !(streq(a,",
    "no ",
    "default ",
    "defaults a from b\n",
    "listen x :80 ssl crt\n",
    "global\n",
    " bind :1-2,[::]:",
    " server s ::1:+",
    " timeout client ",
    "99999999999999999999",
    " option httpchk GET / HTTP/1.1\\r\\n",
    " reqadd ",
    " http-check expect ! ",
    " acl a path -f ",
    " if { src -f ",
    "\0é",
];

fn load(text: &str) -> Parsed {
    let parsed = parse(Load {
        texts: vec![Text {
            name: "a.cfg".to_owned(),
            text: text.to_owned(),
        }],
        ..Load::default()
    });
    assert_eq!(parsed.config.is_none(), parsed.diagnostics.has_errors());
    for message in &parsed.diagnostics {
        let drawn = diagnostics::render(&parsed.sources, message, false);
        assert!(drawn.ends_with('\n'));
    }
    parsed
}

/// An example with some of its bytes replaced, removed or added.
fn mutated() -> impl Strategy<Value = String> {
    let change = (any::<prop::sample::Index>(), 0usize..40, 0..PIECES.len());
    (0..EXAMPLES.len(), prop::collection::vec(change, 1..8)).prop_map(|(example, changes)| {
        let mut text = EXAMPLES[example].to_owned();
        for (place, removed, piece) in changes {
            let start = text.floor_char_boundary(place.index(text.len() + 1));
            let end = text
                .floor_char_boundary((start + removed).min(text.len()))
                .max(start);
            text.replace_range(start..end, PIECES[piece]);
        }
        text
    })
}

fn pieces() -> impl Strategy<Value = String> {
    prop::collection::vec(0..PIECES.len(), 0..40)
        .prop_map(|list| list.into_iter().map(|index| PIECES[index]).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        load(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_sequence_of_pieces(text in pieces()) {
        load(&text);
    }

    #[test]
    fn any_change_of_an_example(text in mutated()) {
        load(&text);
    }

    #[test]
    fn any_expression(text in "[a-z_()!&|, 0-9\"$.-]{0,60}") {
        let _ = evaluate(&text, &Default::default(), &Default::default());
    }
}
