//! Wages as written -> a stated wage, if it can be one.

use skillwire_schemas::{StatedWage, WageUnit};

use super::Remark;

/// Below the lowest wage anybody may be paid (tipped, 29 CFR 531.50), above the highest any need here plausibly offers;
/// US cents an hour.
const HOURLY_CENTS: std::ops::RangeInclusive<i64> = 213..=50_000;

/// An amount of money: `$1,234.50`, `45k`, `21.5`. Cents.
pub(crate) fn amount(text: &str) -> Option<i64> {
    let text = text.trim().trim_start_matches('$').trim();
    let (digits, thousand) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1_000),
        None => (text, 1),
    };
    // One comma before one or two last digits is a decimal comma (21,50); others stand between thousands.
    let digits = match digits.trim().split_once(',') {
        Some((whole, part)) if (1..=2).contains(&part.len()) && !whole.contains('.') => format!("{whole}.{part}"),
        _ => digits.trim().replace(',', ""),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((&digits, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 9 || part.len() > 6 || !all_digits(whole) || !all_digits(part) {
        return None;
    }
    let dollars: i64 = whole.parse().ok()?;
    let cents: i64 = format!("{part:0<2}").get(..2)?.parse().ok()?;
    if thousand == 1 { Some(dollars * 100 + cents) } else { Some((dollars * 100 + cents) * thousand) }
}

/// A unit as people write it.
pub(crate) fn unit(text: &str) -> Option<WageUnit> {
    let word: String = text.trim().to_lowercase().chars().filter(|c| c.is_ascii_alphabetic()).collect();
    let word = word.strip_prefix("per").unwrap_or(&word);
    match word {
        "hour" | "hr" | "hourly" | "h" | "hrs" | "hours" | "anhour" => Some(WageUnit::Hour),
        "day" | "daily" => Some(WageUnit::Day),
        "week" | "wk" | "weekly" => Some(WageUnit::Week),
        "month" | "mo" | "monthly" => Some(WageUnit::Month),
        "year" | "yr" | "yearly" | "annual" | "annually" | "annum" | "salary" | "ayear" => Some(WageUnit::Year),
        _ => None,
    }
}

fn hourly_cents(cents: i64, unit: WageUnit) -> i64 {
    cents.saturating_mul(unit.per_year()) / WageUnit::Hour.per_year()
}

fn plausible(cents: i64, unit: WageUnit) -> bool {
    HOURLY_CENTS.contains(&hourly_cents(cents, unit))
}

/// Puts a wage together; `fields` names where its lower end, upper end and unit stand.
pub(crate) fn put_together(
    min: Option<(&str, &str)>,
    max: Option<(&str, &str)>,
    given_unit: Option<(&str, &str)>,
    warnings: &mut Vec<Remark>,
) -> Result<Option<StatedWage>, Remark> {
    let read = |cell: Option<(&str, &str)>| {
        cell.map(|(field, text)| {
            amount(text).map(|cents| (field.to_owned(), cents)).ok_or_else(|| {
                Remark::new(field, "wage_unreadable", format!("'{}' is no amount; write e.g. 21.50", short(text)))
            })
        })
        .transpose()
    };
    let (min, max) = (read(min)?, read(max)?);
    let Some((field, low)) = min.clone().or_else(|| max.clone()) else {
        return match given_unit {
            Some((field, text)) if unit(text).is_none() => Err(bad_unit(field, text)),
            _ => Ok(None),
        };
    };
    let high = max.map_or(low, |(_, cents)| cents);
    if low > high {
        return Err(Remark::new(
            field,
            "wage_range",
            format!("the lower end {} is above the upper end {}; swap them", dollars(low), dollars(high)),
        ));
    }
    let unit = match given_unit {
        Some((field, text)) => unit(text).ok_or_else(|| bad_unit(field, text))?,
        None => guess(&field, low, high, warnings)?,
    };
    for cents in [low, high] {
        if !plausible(cents, unit) {
            return Err(implausible(&field, cents, unit));
        }
    }
    Ok(Some(StatedWage { min_cents: low, max_cents: high, unit }))
}

/// Without a unit an amount is taken for the only unit in which both ends can be a wage.
fn guess(field: &str, low: i64, high: i64, warnings: &mut Vec<Remark>) -> Result<WageUnit, Remark> {
    let unit = if (500..=20_000).contains(&low) && high <= 20_000 {
        WageUnit::Hour
    } else if low >= 1_200_000 && plausible(high, WageUnit::Year) {
        WageUnit::Year
    } else {
        return Err(Remark::new(
            "wage_unit",
            "wage_unit_missing",
            format!("{} per what? give wage_unit: hour, day, week, month or year", dollars(low)),
        ));
    };
    warnings.push(Remark::new(
        field,
        "wage_unit_guessed",
        format!("{} was taken as per {}", dollars(low), unit.as_str()),
    ));
    Ok(unit)
}

fn implausible(field: &str, cents: i64, unit: WageUnit) -> Remark {
    let better =
        WageUnit::ALL.iter().find(|other| **other != unit && (600..=15_000).contains(&hourly_cents(cents, **other)));
    let hint = better.map_or_else(
        || "check the amount and its unit".to_owned(),
        |other| format!("did you mean per {}?", other.as_str()),
    );
    Remark::new(
        field,
        "wage_implausible",
        format!(
            "{} per {} is {} an hour, which is no wage; {hint}",
            dollars(cents),
            unit.as_str(),
            dollars(hourly_cents(cents, unit))
        ),
    )
}

fn bad_unit(field: &str, text: &str) -> Remark {
    Remark::new(field, "wage_unit", format!("'{}' is no wage unit; give hour, day, week, month or year", short(text)))
}

fn dollars(cents: i64) -> String {
    format!("${}.{:02}", cents / 100, cents % 100)
}

/// The beginning of a text, for messages.
pub(crate) fn short(text: &str) -> String {
    const CHARS: usize = 60;
    let cut: String = text.trim().chars().take(CHARS).collect();
    if text.trim().chars().count() > CHARS { format!("{cut}…") } else { cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wage(min: &str, max: &str, unit: &str) -> Result<Option<StatedWage>, String> {
        fn cell<'a>(name: &'a str, text: &'a str) -> Option<(&'a str, &'a str)> {
            (!text.is_empty()).then_some((name, text))
        }
        put_together(cell("wage_min", min), cell("wage_max", max), cell("wage_unit", unit), &mut Vec::new())
            .map_err(|e| e.message)
    }

    #[test]
    fn amounts_are_read_as_written() {
        for (text, cents) in [
            ("21.5", 2_150),
            ("$1,234.50", 123_450),
            ("45k", 4_500_000),
            ("45.5K", 4_550_000),
            (" 18 ", 1_800),
            ("21,50", 2_150),
        ] {
            assert_eq!(amount(text), Some(cents), "{text}");
        }
        for text in ["", "-5", "1e3", "twenty", "5.5.5", "99999999999"] {
            assert_eq!(amount(text), None, "{text}");
        }
    }

    #[test]
    fn seven_dollars_a_year_is_no_wage() {
        let error = wage("7", "", "year").unwrap_err();
        assert_eq!(error, "$7.00 per year is $0.00 an hour, which is no wage; did you mean per hour?");
        assert_eq!(
            wage("45000", "", "hour").unwrap_err(),
            "$45000.00 per hour is $45000.00 an hour, which is no wage; did you mean per year?"
        );
    }

    #[test]
    fn a_missing_unit_is_guessed_only_when_it_is_plain() {
        assert_eq!(wage("21.50", "26", "").unwrap().map(|w| w.unit), Some(WageUnit::Hour));
        assert_eq!(wage("45000", "", "").unwrap().map(|w| w.unit), Some(WageUnit::Year));
        assert!(wage("900", "", "").unwrap_err().contains("per what?"));
        assert!(wage("26", "21", "hour").unwrap_err().contains("swap"));
        assert_eq!(wage("", "", "").unwrap(), None);
    }
}
