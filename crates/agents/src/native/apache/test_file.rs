//! A file with tests of web applications (`testconffile`).

/// One test.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct WebTest {
    pub(super) url: String,
    pub(super) pattern: String,
    pub(super) user: String,
    pub(super) password: String,
    /// The program that asks; empty: this one.
    pub(super) client: String,
    pub(super) client_options: String,
}

impl WebTest {
    /// The test of that name, or the first one. `None`: there is no such test.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub(super) fn read(text: &str, name: Option<&str>) -> Result<Option<Self>, String> {
        let mut found: Option<Self> = None;
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            let (key, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            let value = value.trim().to_owned();
            let Some(test) = &mut found else {
                if key == "test" && name.is_none_or(|name| name == value) {
                    found = Some(Self::default());
                }
                continue;
            };
            match key {
                "url" => test.url = value,
                "match" => test.pattern = value,
                "user" => test.user = value,
                "password" => test.password = value,
                "client" => test.client = value,
                "client_opts" => test.client_options = value,
                "end" => break,
                "" => {}
                comment if comment.starts_with('#') => {}
                other => return Err(format!("line {number}: the unknown keyword '{other}'")),
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_found_by_its_name() {
        let text = "# tests\ntest one\n  url /1\n  match a b\nend\ntest two\nurl http://x/\n# no\n\
                    match y\nuser u\npassword p q\nend\ntest broken\nurk /\nend\n";
        let one = WebTest {
            url: "/1".to_owned(),
            pattern: "a b".to_owned(),
            ..WebTest::default()
        };
        let two = WebTest {
            url: "http://x/".to_owned(),
            pattern: "y".to_owned(),
            user: "u".to_owned(),
            password: "p q".to_owned(),
            ..WebTest::default()
        };
        for (name, expected) in [
            (None, Ok(Some(one.clone()))),
            (Some("one"), Ok(Some(one))),
            (Some("two"), Ok(Some(two))),
            (Some("three"), Ok(None)),
            (
                Some("broken"),
                Err("line 14: the unknown keyword 'urk'".to_owned()),
            ),
        ] {
            assert_eq!(WebTest::read(text, name), expected, "{name:?}");
        }
    }
}
