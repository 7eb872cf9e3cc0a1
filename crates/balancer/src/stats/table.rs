//! Rows of statistics, and their three text forms.

use std::fmt::Write as _;

use super::column::Column;

/// What a row is about: the `type` column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKind {
    /// 0.
    Frontend = 0,
    /// 1.
    Backend = 1,
    /// 2.
    Server = 2,
}

impl RowKind {
    /// The bit that selects it in `show stat IID TYPE SID`.
    #[must_use]
    pub const fn bit(self) -> u32 {
        1 << (self as u32)
    }

    /// Letter and name in the typed and JSON forms.
    const fn names(self) -> (char, &'static str) {
        match self {
            Self::Frontend => ('F', "Frontend"),
            Self::Backend => ('B', "Backend"),
            Self::Server => ('S', "Server"),
        }
    }
}

/// One figure or word.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Value {
    /// Not there.
    #[default]
    Empty,
    /// A word.
    Text(String),
    /// A small number.
    U32(u64),
    /// A number that may be large.
    U64(u64),
    /// A number that may be negative.
    S32(i64),
}

impl Value {
    /// The value as it stands in the CSV, unquoted.
    #[must_use]
    pub fn plain(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::U32(number) | Self::U64(number) => number.to_string(),
            Self::S32(number) => number.to_string(),
        }
    }

    pub(super) const fn type_name(&self) -> &'static str {
        match self {
            Self::Empty | Self::Text(_) => "str",
            Self::U32(_) => "u32",
            Self::U64(_) => "u64",
            Self::S32(_) => "s32",
        }
    }

    /// The value as JSON.
    pub(super) fn json(&self) -> String {
        match self {
            Self::Empty | Self::Text(_) => serde_json::Value::from(self.plain()).to_string(),
            _ => self.plain(),
        }
    }
}

/// One line of statistics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it is about.
    pub kind: RowKind,
    /// The proxy's id.
    pub proxy_id: u32,
    /// The server's id; 0 for others.
    pub service_id: u32,
    values: Vec<Value>,
}

impl Row {
    /// A row with nothing in it but its identity.
    #[must_use]
    pub fn new(kind: RowKind, proxy_id: u32, service_id: u32) -> Self {
        Self {
            kind,
            proxy_id,
            service_id,
            values: vec![Value::Empty; Column::ALL.len()],
        }
    }

    /// Puts a value.
    pub fn set(&mut self, column: Column, value: Value) {
        self.values[column as usize] = value;
    }

    /// A value.
    #[must_use]
    pub fn value(&self, column: Column) -> &Value {
        &self.values[column as usize]
    }

    /// A value as text.
    #[must_use]
    pub fn text(&self, column: Column) -> String {
        self.value(column).plain()
    }
}

/// `show stat`: the CSV with its header line. The column `-` ends the static columns.
#[must_use]
pub fn csv(rows: &[Row]) -> String {
    let mut text = String::from("# ");
    for column in Column::ALL {
        text.push_str(column.name());
        text.push(',');
    }
    text.push_str("-,\n");
    for row in rows {
        for value in &row.values {
            quote(&value.plain(), &mut text);
            text.push(',');
        }
        text.push_str("-,\n");
    }
    text
}

/// Quotes where the text is ambiguous, as 9.1 says.
fn quote(value: &str, into: &mut String) {
    if value.contains([',', '"', '\n']) {
        into.push('"');
        into.push_str(&value.replace('"', "\"\""));
        into.push('"');
    } else {
        into.push_str(value);
    }
}

/// `show stat typed`: a line for each value that is there. All values end with the process (`V`).
#[must_use]
pub fn typed(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        let letter = row.kind.names().0;
        for (position, (column, value)) in present(row) {
            writeln!(
                text,
                "{letter}.{}.{}.{position}.{}.1:{}V:{}:{}",
                row.proxy_id,
                row.service_id,
                column.name(),
                column.tags(),
                value.type_name(),
                value.plain()
            )
            .expect("a String takes every write");
        }
    }
    text
}

/// `show stat json`.
#[must_use]
pub fn json(rows: &[Row]) -> String {
    let rows: Vec<String> = rows
        .iter()
        .map(|row| {
            let fields: Vec<String> = present(row)
                .map(|(position, (column, value))| {
                    format!(
                        "{{\"objType\":\"{}\",\"proxyId\":{},\"id\":{},{}}}",
                        row.kind.names().1,
                        row.proxy_id,
                        row.service_id,
                        json_field(position, column.name(), column.tags(), value)
                    )
                })
                .collect();
            format!("[{}]", fields.join(","))
        })
        .collect();
    format!("[{}]\n", rows.join(","))
}

fn present(row: &Row) -> impl Iterator<Item = (usize, (&Column, &Value))> {
    Column::ALL
        .iter()
        .zip(&row.values)
        .enumerate()
        .filter(|(_, (_, value))| **value != Value::Empty)
}

/// The members of one field in the JSON forms.
pub(super) fn json_field(position: usize, name: &str, tags: &str, value: &Value) -> String {
    let mut letters = tags.chars();
    let origin = match letters.next() {
        Some('K') => "Key",
        Some('S') => "Status",
        Some('C') => "Config",
        Some('P') => "Product",
        _ => "Metric",
    };
    let nature = match letters.next() {
        Some('A') => "Age",
        Some('a') => "Avg",
        Some('C') => "Counter",
        Some('D') => "Duration",
        Some('L') => "Limit",
        Some('M') => "Max",
        Some('N') => "Name",
        Some('O') => "Output",
        Some('R') => "Rate",
        Some('T') => "Date",
        _ => "Gauge",
    };
    let scope = match letters.next() {
        Some('S') => "Service",
        Some('s') => "System",
        Some('C') => "Cluster",
        _ => "Process",
    };
    format!(
        "\"field\":{{\"pos\":{position},\"name\":\"{name}\"}},\"processNum\":1,\"tags\":\
         {{\"origin\":\"{origin}\",\"nature\":\"{nature}\",\"scope\":\"{scope}\"}},\"value\":\
         {{\"type\":\"{}\",\"value\":{}}}",
        value.type_name(),
        value.json()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        let mut row = Row::new(RowKind::Server, 3, 7);
        row.set(Column::ProxyName, Value::Text("app".into()));
        row.set(Column::SessionsNow, Value::U32(5));
        row.set(Column::LastCheck, Value::Text("a \"b\", c".into()));
        row.set(Column::LastSession, Value::S32(-1));
        row
    }

    #[test]
    fn columns_stand_where_tools_look_for_them() {
        for (position, name) in [
            (0, "pxname"),
            (1, "svname"),
            (17, "status"),
            (32, "type"),
            (36, "check_status"),
            (48, "req_tot"),
            (56, "last_chk"),
            (73, "addr"),
            (79, "conn_tot"),
            (95, "idle_conn_cur"),
            (103, "srid"),
            (118, "cache_hint_hits"),
        ] {
            assert_eq!(Column::ALL[position].name(), name);
        }
        assert_eq!(Column::ALL.len(), 119);
    }

    #[test]
    fn every_line_of_the_csv_has_as_many_fields_as_its_header() {
        let text = csv(&[row()]);
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[0].starts_with("# pxname,svname,qcur,"),
            "{}",
            lines[0]
        );
        assert!(lines[1].contains(",\"a \"\"b\"\", c\","), "{}", lines[1]);
        let bare = csv(&[Row::new(RowKind::Frontend, 1, 0)]);
        let fields: Vec<usize> = bare.lines().map(|l| l.matches(',').count()).collect();
        assert_eq!(fields, [120, 120]);
    }

    #[test]
    fn typed_and_json_forms_name_each_value() {
        assert_eq!(
            typed(&[row()]),
            "S.3.7.0.pxname.1:KNSV:str:app\n\
             S.3.7.4.scur.1:MGPV:u32:5\n\
             S.3.7.55.lastsess.1:MAPV:s32:-1\n\
             S.3.7.56.last_chk.1:MOPV:str:a \"b\", c\n"
        );
        let parsed: serde_json::Value = serde_json::from_str(&json(&[row()])).unwrap();
        assert_eq!(parsed[0][1]["field"]["name"], "scur");
        assert_eq!(parsed[0][1]["value"]["value"], 5);
        assert_eq!(parsed[0][3]["value"]["value"], "a \"b\", c");
    }
}
