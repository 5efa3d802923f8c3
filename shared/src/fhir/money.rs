//! Money: read exactly from the text of a JSON number, added exactly, and rounded to whole cents once,
//! where it is told. What cannot be told has a reason ([`Unknown`]) and is never told as zero.

use serde::Serialize;

use super::value::Number;

/// An amount of money in whole cents of US dollars.
pub type Cents = i64;

/// Why an amount is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Unknown {
    /// It is named, but without a value: masked, or absent for another reason.
    NoValue,
    /// It is in another currency than US dollars.
    OtherCurrency,
    /// Its value is no number.
    Unreadable,
    /// It has more cents than a JavaScript number tells apart: 2^53 or more.
    TooLarge,
    /// It is reported more than once, with different values.
    Ambiguous,
    /// It is a sum of which not every part is reported.
    PartMissing,
}

/// An amount as exactly as its text has it: whole cents, and what is left in billionths of a cent, of
/// the same sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Money {
    cents: i64,
    rest: i64,
}

impl Money {
    /// Reads the text of a JSON number; what is smaller than a billionth of a cent is cut off.
    pub(crate) fn parse(text: &str) -> Result<Self, Unknown> {
        if let Some(cents) = plain_cents(text) {
            return Ok(Self { cents, rest: 0 });
        }
        let number = Number::parse(text).ok_or(Unknown::Unreadable)?;
        // Cents are the digits up to two places behind the decimal point.
        let places = number.exponent.saturating_add(2);
        let (mut cents, mut rest) = (0, 0);
        let mut position = -i64::try_from(number.whole.len()).map_err(|_| Unknown::TooLarge)?;
        for digit in number.whole.bytes().chain(number.fraction.bytes()) {
            let digit = i64::from(digit - b'0');
            if position < places {
                cents = push(cents, digit).ok_or(Unknown::TooLarge)?;
            } else {
                let behind = usize::try_from(position.saturating_sub(places));
                let unit = behind.ok().and_then(|behind| UNITS.get(behind));
                rest += digit * unit.unwrap_or(&0);
            }
            position += 1;
        }
        while position < places && cents != 0 {
            cents = push(cents, 0).ok_or(Unknown::TooLarge)?;
            position += 1;
        }
        if number.negative {
            (cents, rest) = (-cents, -rest);
        }
        Self { cents, rest }.told()
    }

    /// The sum of both.
    pub(crate) fn plus(self, other: Self) -> Result<Self, Unknown> {
        // Neither part can overflow: whoever has more than 2^53 cents is no amount.
        let mut cents = self.cents + other.cents;
        let mut rest = self.rest + other.rest;
        cents += rest / CENT;
        rest %= CENT;
        // Both parts have one sign, so that a half is seen as one.
        if cents > 0 && rest < 0 {
            (cents, rest) = (cents - 1, rest + CENT);
        } else if cents < 0 && rest > 0 {
            (cents, rest) = (cents + 1, rest - CENT);
        }
        Self { cents, rest }.told()
    }

    /// The nearest whole cent; half of one goes away from zero.
    pub(crate) const fn cents(self) -> Cents {
        if self.rest >= CENT / 2 {
            self.cents + 1
        } else if self.rest <= -CENT / 2 {
            self.cents - 1
        } else {
            self.cents
        }
    }

    /// It has a part smaller than a cent.
    pub(crate) const fn is_rounded(self) -> bool {
        self.rest != 0
    }

    /// It is more than nothing.
    pub(crate) const fn is_positive(self) -> bool {
        self.cents > 0 || self.rest > 0
    }

    /// Itself, where JavaScript can tell it to the cent.
    const fn told(self) -> Result<Self, Unknown> {
        if self.cents().unsigned_abs() <= MOST {
            Ok(self)
        } else {
            Err(Unknown::TooLarge)
        }
    }
}

/// A cent in billionths.
const CENT: i64 = 1_000_000_000;

/// What a digit behind the cents is worth.
const UNITS: [i64; 9] = [
    100_000_000,
    10_000_000,
    1_000_000,
    100_000,
    10_000,
    1_000,
    100,
    10,
    1,
];

/// `Number.MAX_SAFE_INTEGER`.
const MOST: u64 = (1 << 53) - 1;

/// Up to twelve digits, of which up to two behind a point: what nearly every amount is.
fn plain_cents(text: &str) -> Option<Cents> {
    let digits = text.len();
    if digits == 0 || digits > 13 {
        return None;
    }
    let mut value: i64 = 0;
    let mut places = None;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'0'..=b'9' => value = value * 10 + i64::from(byte - b'0'),
            b'.' if places.is_none() && at > 0 => places = Some(digits - at - 1),
            _ => return None,
        }
    }
    match places {
        None => Some(value * 100),
        Some(1) => Some(value * 10),
        Some(2) => Some(value),
        Some(_) => None,
    }
}

fn push(value: i64, digit: i64) -> Option<i64> {
    value.checked_mul(10)?.checked_add(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cents(text: &str) -> Result<Cents, Unknown> {
        Money::parse(text).map(Money::cents)
    }

    #[test]
    fn cents_are_exact() {
        for (text, value) in [
            ("0", 0),
            ("0.0", 0),
            ("37.5", 3750),
            ("84999.37", 8_499_937),
            ("-0.01", -1),
            ("2575607.57", 257_560_757),
            ("0.29", 29),
            ("1E+3", 100_000),
            ("1.5e-1", 15),
            ("12.340", 1234),
            ("0e99", 0),
            ("90071992547409.91", 9_007_199_254_740_991),
            ("-90071992547409.91", -9_007_199_254_740_991),
        ] {
            assert_eq!(cents(text), Ok(value), "{text}");
            assert!(!Money::parse(text).unwrap().is_rounded(), "{text}");
        }
    }

    #[test]
    fn parts_of_cents_are_rounded_when_they_are_told() {
        for (text, value) in [
            ("1.005000", 101),
            ("1.004999", 100),
            ("-1.005", -101),
            ("25.104", 2510),
            ("0.30000000000000004", 30),
            ("0.00499999999999999999", 0),
            ("1e-99", 0),
            ("5e-3", 1),
            ("4e-3", 0),
        ] {
            assert_eq!(cents(text), Ok(value), "{text}");
        }
        assert!(Money::parse("25.104").unwrap().is_rounded());
    }

    #[test]
    fn sums_are_rounded_once() {
        for (parts, value) in [
            (&["25.104", "25.104"][..], 5021),
            (&["0.004", "0.004", "0.004"], 1),
            (&["0.005", "-0.005"], 0),
            (&["1.006", "-0.01"], 100),
            (&["-1.006", "0.012"], -99),
            (&["0.01", "-0.005"], 1),
            (&["-0.01", "0.005"], -1),
            (&["0.333333333", "0.333333333", "0.333333334"], 100),
        ] {
            let mut sum = Money::default();
            for part in parts {
                sum = sum.plus(Money::parse(part).unwrap()).unwrap();
            }
            assert_eq!(sum.cents(), value, "{parts:?}");
        }
        let most = Money::parse("90071992547409.91").unwrap();
        let cent = Money::parse("0.01").unwrap();
        assert_eq!(most.plus(cent), Err(Unknown::TooLarge));
    }

    #[test]
    fn what_no_javascript_number_holds_is_unknown() {
        for text in [
            "90071992547409.92",
            "-90071992547409.92",
            "90071992547409.915",
            "92233720368547758.08",
            "1e99",
            "1e9223372036854775807",
        ] {
            assert_eq!(cents(text), Err(Unknown::TooLarge), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_unreadable() {
        for text in [
            "",
            "-",
            "x",
            "1x",
            "N/A",
            "$5",
            "1,000.00",
            "true",
            "NaN",
            "1e9999999999999999999",
        ] {
            assert_eq!(cents(text), Err(Unknown::Unreadable), "{text}");
        }
    }
}
