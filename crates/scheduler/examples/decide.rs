//! The scheduler from outside: `decide FILE SCORES GRAPH DOT` reads a CIB and writes the three.

use cib::time::DateTime;
use cib::xml::Document;
use scheduler::{Wishes, decide, expansion, graph, read};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [input, scores, transition, dot] = &paths[..] else {
        return Err("usage: decide FILE SCORES GRAPH DOT".into());
    };
    let cib = Document::parse(&std::fs::read_to_string(input)?)?;
    let cib = expansion::expand(&cib);
    let wishes = Wishes {
        show_scores: true,
        ..Wishes::default()
    };
    let mut plan = read(&cib, DateTime::from_epoch_s(1_700_000_000), wishes);
    let document = decide(&mut plan);
    std::fs::write(scores, plan.score_lines.join("\n"))?;
    std::fs::write(transition, document.to_string())?;
    std::fs::write(dot, graph::to_dot(&plan, false, false))?;
    for message in &plan.messages {
        eprintln!("{:?}: {}", message.severity, message.text);
    }
    Ok(())
}
