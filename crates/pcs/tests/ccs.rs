//! `ccs`: what each command makes of a cluster.conf.

use pcs::pcs::hosts::Authority;
use pcs::{MemoryFiles, Outcome, ccs};
use pcsd_api::Secret;

const PATH: &str = "/etc/cluster/cluster.conf";

fn run(files: &mut MemoryFiles, line: &str) -> Outcome {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let mut make = |_: &str| {
        Ok(Authority {
            certificate: "-----BEGIN CERTIFICATE-----\nAAAA\nBBBB\n-----END CERTIFICATE-----\n"
                .to_owned(),
            key: Secret::new("-----BEGIN PRIVATE KEY-----\nCCCC\n-----END PRIVATE KEY-----\n"),
        })
    };
    ccs::run(&words, files, &mut make)
}

/// The commands of Abiquo's guide, as they stand there.
const GUIDE: [&str; 8] = [
    "-f /etc/cluster/cluster.conf --createcluster pacemaker1",
    "-f /etc/cluster/cluster.conf --addnode rsha1",
    "-f /etc/cluster/cluster.conf --addnode rsha2",
    "-f /etc/cluster/cluster.conf --addfencedev pcmk agent=fence_pcmk",
    "-f /etc/cluster/cluster.conf --addmethod pcmk-redirect rsha1",
    "-f /etc/cluster/cluster.conf --addmethod pcmk-redirect rsha2",
    "-f /etc/cluster/cluster.conf --addfenceinst pcmk rsha1 pcmk-redirect port=rsha1",
    "-f /etc/cluster/cluster.conf --addfenceinst pcmk rsha2 pcmk-redirect port=rsha2",
];

fn guided() -> MemoryFiles {
    let mut files = MemoryFiles::default();
    for line in GUIDE {
        let outcome = run(&mut files, line);
        assert_eq!(outcome.exit_code.0, 0, "{line}: {}", outcome.standard_error);
    }
    files
}

#[test]
fn the_commands_of_the_guide_make_its_file() {
    let mut files = guided();
    insta::assert_snapshot!("ccs", files.text(PATH).expect("it is there"));
    for (from, to) in [
        ("<cman/>", "<cman two_node=\"1\" expected_votes=\"1\"/>"),
        ("<cman/>", "<cman transport=\"udpu\"/>"),
    ] {
        let text = files.text(PATH).expect("it is there");
        assert!(text.contains(from));
        let mut edited = files.clone();
        edited
            .files
            .insert(PATH.to_owned(), text.replace(from, to).into_bytes());
        let outcome = run(&mut edited, "--checkconf");
        assert_eq!(outcome.exit_code.0, 0, "{}", outcome.standard_error);
        assert!(
            outcome
                .standard_output
                .ends_with("Configuration is valid\n")
        );
    }
    let outcome = run(&mut files, "--setcman two_node=1 expected_votes=1");
    assert_eq!(outcome.exit_code.0, 0);
    let text = files.text(PATH).expect("it is there");
    assert!(
        text.contains("<cman two_node=\"1\" expected_votes=\"1\"/>"),
        "{text}"
    );
}

#[test]
fn what_is_there_is_listed_and_removed() {
    let mut files = guided();
    for (line, expected) in [
        ("--lsnodes", "rsha1: nodeid=1\nrsha2: nodeid=2\n"),
        ("--lsfencedev", "pcmk: agent=fence_pcmk\n"),
        (
            "--lsfenceinst rsha1",
            "rsha1\n  pcmk-redirect\n    pcmk: port=rsha1\n",
        ),
        ("--getversion", "8\n"),
        (
            "--addnode rsha9 --nodeid 9 --votes 2",
            "Node rsha9 added.\n",
        ),
        ("--addnode rsha3", "Node rsha3 added.\n"),
        ("--rmnode rsha1", "Node rsha1 removed.\n"),
        (
            "--lsnodes",
            "rsha2: nodeid=2\nrsha9: nodeid=9 votes=2\nrsha3: nodeid=3\n",
        ),
        ("--rmfenceinst pcmk rsha2 pcmk-redirect", ""),
        (
            "--rmmethod pcmk-redirect rsha2",
            "Method pcmk-redirect removed from rsha2.\n",
        ),
        ("--rmfencedev pcmk", ""),
        ("--lsfencedev", ""),
        ("--getversion", "14\n"),
        ("--incversion", ""),
        ("--getversion", "15\n"),
        ("--setversion 100", ""),
        ("--getversion", "100\n"),
        ("--setmulticast 239.1.1.1", ""),
        ("--settotem token=5000", ""),
    ] {
        let outcome = run(&mut files, line);
        assert_eq!(outcome.exit_code.0, 0, "{line}: {}", outcome.standard_error);
        assert_eq!(outcome.standard_output, expected, "{line}");
    }
    let text = files.text(PATH).expect("it is there");
    assert!(text.contains("<multicast addr=\"239.1.1.1\"/>"), "{text}");
    assert!(text.contains("<totem token=\"5000\"/>"), "{text}");
}

#[test]
fn mistakes_are_named_and_change_nothing() {
    for (line, expected) in [
        ("", "Usage: ccs"),
        (
            "--addnod x",
            "option --addnod not recognized, did you mean '--addnode'?",
        ),
        ("--addnode", "--addnode: these words make no command"),
        ("--addnode a b", "--addnode: these words make no command"),
        ("--addnode rsha1", "Node 'rsha1' already exists."),
        ("--rmnode x", "Unable to find node x."),
        ("--addmethod m x", "Unable to find node x."),
        (
            "--addmethod pcmk-redirect rsha1",
            "Method 'pcmk-redirect' already exists for rsha1.",
        ),
        (
            "--addfenceinst x rsha1 pcmk-redirect",
            "Unable to find fence device x.",
        ),
        (
            "--addfenceinst pcmk rsha1 x",
            "Unable to find method x of node rsha1.",
        ),
        ("--addfencedev pcmk", "Fence device 'pcmk' already exists."),
        (
            "--lsnodes --getconf",
            "--lsnodes and --getconf are two commands",
        ),
        ("-h rsha1 --lsnodes", "there is no ricci on 'rsha1'"),
        ("-f /nowhere --lsnodes", "Unable to open file: /nowhere"),
        ("-f", "option -f requires argument"),
        ("--setversion x", "'x' is no version: a number"),
    ] {
        let before = guided();
        let mut files = before.clone();
        let outcome = run(&mut files, line);
        assert!(
            outcome.standard_error.starts_with(expected),
            "{line}: {}",
            outcome.standard_error
        );
        assert_eq!(outcome.exit_code.0, 1, "{line}");
        assert_eq!(files, before, "{line}");
    }
}
