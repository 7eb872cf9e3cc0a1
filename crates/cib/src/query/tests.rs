use super::*;

const CIB: &str = "<cib><configuration><resources>\
     <primitive id='A' class='ocf'><meta_attributes id='Am'>\
     <nvpair id='A1' name='target-role' value='Stopped'/>\
     <nvpair id='A2' name='priority' value='10'/></meta_attributes></primitive>\
     <group id='G'><primitive id='B' class='lsb'/><primitive id='C' class='ocf'/></group>\
     </resources><constraints/></configuration><status><x id='S'>text</x></status></cib>";

fn check(query: &str, expected: &str) {
    let document = Document::parse(CIB).expect("well-formed");
    let query = Query::parse(query).unwrap_or_else(|error| panic!("{error}"));
    let found: Vec<_> = query
        .select(&document)
        .expect("is cheap")
        .into_iter()
        .map(|element| element.id().unwrap_or(element.name()))
        .collect();
    assert_eq!(found.join(" "), expected, "{query:?}");
}

#[test]
fn paths() {
    check("/cib/configuration/resources/primitive", "A");
    check("//primitive", "A B C");
    check("//resources//nvpair", "A1 A2");
    check("//group/*", "B C");
    check("//nvpair/../..", "A");
    check("/", "cib");
    check("//@class", "A B C");
    check("/cib//x | //group", "G S");
    check(
        "//constraints | /cib/configuration/constraints",
        "constraints",
    );
    check("primitive", "");
    check("cib/status", "status");
    check("//group/./primitive", "B C");
}

#[test]
fn predicates() {
    check("//primitive[@id='B']", "B");
    check("//primitive[@class = \"ocf\" and not(@id='A')]", "C");
    check("//*[@id = 'A' or @id = 'S']", "A S");
    check("//primitive[1]", "A B");
    check("//group/primitive[last()]", "C");
    check("//group/primitive[position() < 2]", "B");
    check("//primitive[.//nvpair[@name='priority']]", "A");
    check("//primitive[meta_attributes/nvpair/@value='Stopped']", "A");
    check("//nvpair[@value > 5]", "A2");
    check("//nvpair[@value != 10]", "A1");
    check("//*[count(primitive) = 2]", "G");
    check(
        "//primitive[contains(@class, 's')][starts-with(@class, 'l')]",
        "B",
    );
    check("//*[name() = 'group']", "G");
    check("//x[. = 'text']", "S");
    check("/*[false()]", "");
    check("//orchestra", "");
}

#[test]
fn what_is_not_understood() {
    let check = |query: &str, problem: &str, position: usize| match Query::parse(query) {
        Err(QueryError::Syntax {
            problem: found,
            position: at,
            ..
        }) => assert_eq!((&*found, at), (problem, position), "{query}"),
        other => panic!("{query}: {other:?}"),
    };
    check("", "a name expected", 1);
    check("//", "a name expected", 3);
    check("//a[", "a name expected", 5);
    check("//a[@b='c]", "the end of the text expected", 8);
    check("//a]", "nothing more expected", 4);
    check("//a[b", "']' expected", 6);
    check(
        "//a[id('x')]",
        "a function or axis that is known expected",
        5,
    );
    check(
        "ancestor::a",
        "a function or axis that is known expected",
        1,
    );
    let deep = format!("//a{}", "[(".repeat(40));
    assert!(Query::parse(&deep).is_err());
}

#[test]
fn what_costs_too_much() {
    let document = Document::parse(CIB).expect("well-formed");
    let query = Query::parse("//*[//*[//x]/x = 1]").expect("is a query");
    let result = evaluate::select(&query.expression, &document, 1000);
    assert_eq!(result, Err(QueryError::TooCostly));
}
