//! Histories that one copy explains, and histories that none does.

use linearizability::{check, parse, render};

#[track_caller]
fn good(history: &str) {
    let operations = parse(history).expect("it is a history");
    if let Err(violation) = check(&operations) {
        panic!("{violation}");
    }
    assert_eq!(parse(&render(&operations)), Ok(operations));
}

#[track_caller]
fn bad(history: &str) {
    let operations = parse(history).expect("it is a history");
    assert!(check(&operations).is_err(), "an order was found: {history}");
}

#[test]
fn what_follows_sees_what_was_before() {
    good("");
    good("0 1 x read -");
    bad("0 1 x read a");
    good("0 1 x write a\n 2 3 x read a");
    bad("0 1 x write a\n 2 3 x read -");
    good("0 1 x write a\n 2 3 y read -");
    bad("0 1 x write a\n 2 3 x write b\n 4 5 x read a");
}

#[test]
fn what_is_done_at_once_may_come_in_either_order() {
    good("0 9 x write a\n 1 2 x read -\n 3 4 x read a");
    good("0 9 x write a\n 0 9 x write b\n 10 11 x read a");
    good("0 9 x write a\n 0 9 x write b\n 10 11 x read b");
    bad("0 9 x write a\n 1 2 x read a\n 3 4 x read -");
    bad("0 9 x write a\n 0 9 x write b\n 10 11 x read a\n 12 13 x read b");
    // Answered at the moment of the next invocation: either may be first.
    good("0 1 x write a\n 1 2 x read -");
}

#[test]
fn a_compare_and_set_needs_what_it_compares_with() {
    good("0 1 x cas - a\n 2 3 x cas a b\n 4 5 x read b");
    bad("0 1 x cas - a\n 2 3 x cas - b");
    good("0 9 x cas - a\n 0 9 x cas a b\n 0 9 x cas b c\n 10 11 x read c");
    bad("0 9 x cas - a\n 0 9 x cas - b");
}

#[test]
fn what_may_have_taken_effect_does_so_once_or_never() {
    good("0 ? x write a\n 5 6 x read -\n 7 8 x read a");
    good("0 ? x write a\n 5 6 x read -");
    bad("0 ? x write a\n 1 2 x read a\n 3 4 x read -");
    bad("3 ? x write a\n 1 2 x read a");
    // A change that is made twice.
    bad("0 ? x write a\n 1 2 x read a\n 3 4 x write b\n 5 6 x read b\n 7 8 x read a");
    good("0 ? x cas - a\n 0 ? x cas a b\n 1 2 x read -\n 3 4 x read b");
}

#[test]
fn many_at_once_are_searched_in_time() {
    let mut history = String::new();
    for round in 0..40 {
        let (from, to) = (round * 10, round * 10 + 9);
        for client in 0..8 {
            history += &format!("{from} {to} x write {round}.{client}\n");
        }
        history += &format!("{to} {} x read {round}.3\n", to + 1);
    }
    for lost in 0..30 {
        history += &format!("{} ? x write lost.{lost}\n", lost * 7);
    }
    good(&history);
    bad(&format!("{history} 1000 1001 x read 0.1"));
}

#[test]
fn text_that_is_no_history_is_refused_with_its_line() {
    for (line, text) in [
        (1, "0 1 x"),
        (2, "# a comment\n0 1 x reads a"),
        (1, "a 1 x read a"),
        (1, "0 b x read a"),
        (1, "2 1 x read a"),
        (1, "2 ? x read a"),
    ] {
        let error = parse(text).expect_err("it is none");
        assert_eq!(error.line, line, "{error}");
    }
}
