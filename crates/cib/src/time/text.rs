//! Moments to text.

use std::fmt;

use super::DateTime;

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

impl fmt::Display for DateTime {
    /// As Pacemaker prints dates with their zone: `2005-01-20 12:30:00Z`, and `… -04:30` where there
    /// is an offset.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.fields();
        write!(
            f,
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            at.year, at.month, at.monthday, at.hour, at.minute, at.second
        )?;
        if self.offset_s == 0 {
            return f.write_str("Z");
        }
        let sign = if self.offset_s < 0 { '-' } else { '+' };
        let minutes = self.offset_s.abs() / 60;
        write!(f, " {sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

impl DateTime {
    /// As Pacemaker prints dates without a zone: in UTC, `2005-01-20 12:30:00Z`.
    #[must_use]
    pub fn to_utc_text(self) -> String {
        self.with_offset_s(0).to_string()
    }

    /// As C's `ctime` prints it, by the moment's own clock: `Thu Jan 20 12:30:00 2005`.
    #[must_use]
    pub fn to_ctime_text(self) -> String {
        let at = self.fields();
        let name = |names: &[&'static str], number: i64| {
            usize::try_from(number - 1)
                .ok()
                .and_then(|index| names.get(index).copied())
                .unwrap_or("???")
        };
        format!(
            "{} {} {:2} {:02}:{:02}:{:02} {}",
            name(&WEEKDAYS, at.weekday),
            name(&MONTHS, at.month),
            at.monthday,
            at.hour,
            at.minute,
            at.second,
            at.year
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let moment = DateTime::from_epoch_s(1_106_224_205).with_offset_s(-(4 * 3600 + 1800));
        assert_eq!(moment.to_string(), "2005-01-20 08:00:05 -04:30");
        assert_eq!(moment.to_utc_text(), "2005-01-20 12:30:05Z");
        assert_eq!(moment.to_ctime_text(), "Thu Jan 20 08:00:05 2005");
        assert_eq!(
            DateTime::from_epoch_s(0).to_ctime_text(),
            "Thu Jan  1 00:00:00 1970"
        );
    }
}
