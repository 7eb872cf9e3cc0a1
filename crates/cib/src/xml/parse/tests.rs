use super::*;

fn check(source: &str, problem: Option<&str>) {
    let error = Document::parse(source).err().map(|error| error.problem);
    assert_eq!(error.as_deref(), problem, "{source:?}");
}

#[test]
fn what_is_not_well_formed_is_refused() {
    let not_a_name = Some("this is not a name");
    let forbidden = Some("a character that XML does not allow");
    let reference = Some("a reference to a character that XML does not allow");
    let declaration = Some("not a declaration of XML 1.0 at the start");
    let instruction = Some("an instruction without a proper name");
    let document_type = Some("a document type in the wrong place");
    let prefix = Some("a prefix that is not declared");
    for (source, problem) in [
        ("<?xml version='1.0'?><!DOCTYPE a><a/>", None),
        ("<?xml version='1.1'?><a/>", declaration),
        (" <?xml version='1.0'?><a/>", declaration),
        ("<?x y?><a><?z?></a>", None),
        ("<a><?xml x?></a>", declaration),
        ("<a><??></a>", instruction),
        ("<!DOCTYPE a><!DOCTYPE a><a/>", document_type),
        ("<a/><!DOCTYPE a>", document_type),
        ("<a><!-- b - c --></a>", None),
        ("<a><!-- b -- c --></a>", Some("a comment holds '--'")),
        ("<a>b]]>c</a>", Some("text holds ']]>'")),
        ("<1a/>", not_a_name),
        ("<a 1b='c'/>", not_a_name),
        ("<a é='c'/>", None),
        (
            "<a b='c'd='e'/>",
            Some("attributes are not set apart by blanks"),
        ),
        ("<a b='\u{1}'/>", forbidden),
        ("<a>\u{fffe}</a>", forbidden),
        ("<a b='&#1;'/>", reference),
        ("<a>&#xFFFE;</a>", reference),
        ("<a b='&#9;'>&#65;</a>", None),
        ("<x:a/>", prefix),
        ("<a x:b='c'/>", prefix),
        ("<x:a xmlns:x='y' xml:lang='z'/>", None),
        ("<a><b xmlns:x='y'><x:c/></b></a>", None),
        ("<a><b xmlns:x='y'/><x:c/></a>", prefix),
        ("<a><b xmlns:x='y'></b><x:c/></a>", prefix),
    ] {
        check(source, problem);
    }
}

#[test]
fn depth_and_lengths_are_limited() {
    let nested = |depth| "<a>".repeat(depth) + &"</a>".repeat(depth);
    check(&nested(MAX_DEPTH), None);
    let problem = format!("elements nest deeper than {MAX_DEPTH}");
    check(&nested(MAX_DEPTH + 1), Some(&problem));
    let value = |length| format!("<a b='{}'/>", "c".repeat(length));
    check(&value(MAX_VALUE_BYTES), None);
    let problem = "an attribute's value is too long";
    check(&value(MAX_VALUE_BYTES + 1), Some(problem));
    check(&format!("<{}/>", "a".repeat(MAX_NAME_BYTES)), None);
    let long_name = format!("<{}/>", "a".repeat(MAX_NAME_BYTES + 1));
    check(&long_name, Some("this is not a name"));
}

#[test]
fn text_can_be_left_out() {
    let source = "<a>b<c>d &amp; e</c><![CDATA[f]]><![CDATA[ ]]></a>";
    let read = |document: Result<Document, ParseError>| document.unwrap().to_string();
    let whole = read(Document::parse(source));
    assert!(
        whole.contains('b') && whole.contains("d &amp; e"),
        "{whole}"
    );
    let without = read(Document::parse_without_text(source));
    assert!(
        !without.contains('b') && !without.contains('e'),
        "{without}"
    );
    assert!(without.contains('f'), "{without}");
    check("a<b/>", Some("text outside the root element"));
}
