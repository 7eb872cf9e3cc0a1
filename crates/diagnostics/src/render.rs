//! A message as text: with the source line drawn under it, or on one line for a log.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::{Diagnostic, Severity, Sources};

/// Draws a message with its source line and a mark under the words, ending in a newline.
///
/// `color` asks for ANSI colours; give it whether the stream is a terminal.
#[must_use]
pub fn render(sources: &Sources, diagnostic: &Diagnostic, color: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Notice => Level::NOTE,
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let mut group = level
        .primary_title(diagnostic.message.as_str())
        .elements(diagnostic.span.map(|span| {
            let text = sources.text(span.source);
            let end = (span.end as usize).min(text.len());
            let range = (span.start as usize).min(end)..end;
            let mark = AnnotationKind::Primary.span(range);
            let mark = match &diagnostic.label {
                Some(label) => mark.label(label.as_str()),
                None => mark,
            };
            Snippet::source(text)
                .path(sources.name(span.source))
                .annotation(mark)
        }));
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut text = renderer.render(&[group]).to_string();
    text.push('\n');
    text
}

/// One line without a newline: `FILE:LINE:COLUMN: error: MESSAGE (LABEL; HELP)`.
#[must_use]
pub fn render_line(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let severity = match diagnostic.severity {
        Severity::Notice => "notice",
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let place = diagnostic.span.map_or_else(String::new, |span| {
        let at = sources.position(span);
        format!("{}:{}:{}: ", sources.name(span.source), at.line, at.column)
    });
    let details: Vec<&str> = [&diagnostic.label, &diagnostic.help]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let details = if details.is_empty() {
        String::new()
    } else {
        format!(" ({})", details.join("; "))
    };
    format!("{place}{severity}: {}{details}", diagnostic.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Span;

    #[test]
    fn both_forms_name_file_line_column_words_and_what_was_meant() {
        let mut sources = Sources::new();
        let source = sources.add("haproxy.cfg", "global\n    balence roundrobin\n");
        let message = Diagnostic::error("unknown keyword 'balence' in section 'global'")
            .at(Span {
                source,
                start: 11,
                end: 18,
            })
            .label("unknown keyword")
            .suggest("balence", ["balance"]);
        assert_eq!(
            render_line(&sources, &message),
            "haproxy.cfg:2:5: error: unknown keyword 'balence' in section 'global' \
             (unknown keyword; did you mean 'balance'?)"
        );
        let drawn = render(&sources, &message, false);
        for part in [
            "haproxy.cfg:2:5",
            "balence roundrobin",
            "^^^^^^^ unknown keyword",
            "'balance'?",
        ] {
            assert!(drawn.contains(part), "{part} is missing in\n{drawn}");
        }
    }
}
