//! x
use cib::time::DateTime;
use cib::xml::Document;
fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect();
    let t = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    let _ = f;
    t.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e9
}
fn rss() -> usize {
    std::fs::read_to_string("/proc/self/statm")
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<usize>()
        .unwrap()
        * 4
        / 1024
}
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let mut last = cpu();
    let mut lap = |name: &str| {
        let n = cpu();
        eprintln!("{name:10} {:.3} s  {} MB", n - last, rss());
        last = n;
    };
    let text = std::fs::read_to_string(&args[1]).unwrap();
    lap("file");
    let doc: Document = Document::parse(&text).unwrap();
    lap("parse");
    let doc = scheduler::expansion::expand(&doc);
    lap("expand");
    let mut plan = scheduler::read(
        &doc,
        DateTime::from_epoch_s(1_700_000_000),
        scheduler::Wishes {
            sanitized: true,
            ..Default::default()
        },
    );
    lap("read");
    use scheduler::*;
    constraints::apply_node_health(&mut plan);
    constraints::unpack(&mut plan);
    lap("constraints");
    constraints::apply_node_criteria(&mut plan);
    lap("criteria");
    constraints::imply(&mut plan);
    lap("imply");
    status::apply_configuration_changes(&mut plan);
    lap("changes");
    assignment::assign_all(&mut plan);
    lap("assign");
    status::check_parameters(&mut plan);
    lap("check");
    transition::schedule(&mut plan);
    lap("schedule");
    ordering::apply(&mut plan);
    lap("ordering");
    let g = graph::build(&mut plan);
    lap("graph");
    struct N(usize);
    impl std::fmt::Write for N {
        fn write_str(&mut self, s: &str) -> std::fmt::Result {
            self.0 += s.len();
            Ok(())
        }
    }
    let mut n = N(0);
    g.write_xml(&plan, &mut n).unwrap();
    lap("write");
    eprintln!(
        "{} actions {} relations {} orderings {} bytes; Action {} B",
        plan.actions.len(),
        plan.actions.values().map(|a| a.before.len()).sum::<usize>(),
        plan.orderings.len(),
        n.0,
        size_of::<model::Action<'_>>()
    );
    drop(g);
    drop(plan);
    lap("drop");
}
