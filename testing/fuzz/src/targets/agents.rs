//! What resource agents print about themselves, and their names.

use agents::{AgentName, Metadata, init_script_metadata};

/// Any text is metadata or refused; what is metadata says itself what it asks for.
pub fn metadata(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(metadata) = Metadata::parse(&text) else {
        return;
    };
    let all: Vec<_> = metadata
        .parameters
        .iter()
        .map(|known| known.name.as_str())
        .collect();
    let problems = metadata.check(all.iter().copied());
    assert!(problems.iter().all(agents::ParameterProblem::is_warning));
    for problem in metadata.check(["no such parameter"]) {
        assert!(!problem.to_string().is_empty());
    }
}

/// Any init script is described.
pub fn init_script(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let described = Metadata::parse(&init_script_metadata("test", &text));
    assert_eq!(described.expect("our own XML").name, "test");
}

/// Any name is read or refused; what is read is written the same way again.
pub fn name(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match text.parse::<AgentName>() {
        Ok(name) => {
            assert!(!name.agent().contains('/') && !name.agent().starts_with('.'));
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
