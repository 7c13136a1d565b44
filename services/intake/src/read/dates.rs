//! Dates as people write them.

use chrono::NaiveDate;

/// Reads an ISO date (2027-03-31, with or without a time behind it) or an American one (3/31/2027).
pub(crate) fn parse(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let day = text.split(['T', ' ']).next().unwrap_or_default();
    for format in ["%Y-%m-%d", "%m/%d/%Y", "%m-%d-%Y"] {
        // "%Y" takes 27 for the year 27: that is left to the format below.
        if let Ok(date) = NaiveDate::parse_from_str(day, format)
            && date >= NaiveDate::from_ymd_opt(1900, 1, 1)?
        {
            return Some(date);
        }
    }
    NaiveDate::parse_from_str(day, "%m/%d/%y").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_they_are_written() {
        let day = NaiveDate::from_ymd_opt(2027, 3, 31);
        for text in
            ["2027-03-31", "2027-03-31T17:00:00Z", "2027-03-31 00:00:00", "3/31/2027", "03/31/27", " 3-31-2027 "]
        {
            assert_eq!(parse(text), day, "{text}");
        }
        for text in ["", "soon", "31.03.2027", "2027-02-30", "13/13/2027", "20270331"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
