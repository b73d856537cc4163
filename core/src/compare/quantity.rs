//! Quantities of Kubernetes, exactly: `0.5`, `500m` and `5e-1` are one value.

/// One unit in nanos, the finest that Kubernetes keeps.
const ONE: i128 = 1_000_000_000;

/// The value in nanos, what is finer rounded up as Kubernetes does; none where the text is no quantity or overflows.
pub fn nanos(text: &str) -> Option<i128> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (number, suffix) = rest.split_at_checked(end)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() + fraction.len() == 0 || fraction.contains('.') {
        return None;
    }
    let digits = whole.bytes().chain(fraction.bytes());
    let mantissa =
        digits.into_iter().try_fold(0_i128, |sum, digit| sum.checked_mul(10)?.checked_add(i128::from(digit - b'0')))?;
    let scale = scale(suffix)?;
    // mantissa × scale / 10^(digits of the fraction), where the scale may itself be below one.
    let raised = mantissa.checked_mul(ONE)?.checked_mul(scale.times)?;
    let divisor = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?.checked_add(scale.tenths)?)?;
    let value = raised / divisor + i128::from(raised % divisor != 0);
    Some(if negative { -value } else { value })
}

/// Whether two texts are the same quantity.
pub fn same(a: &str, b: &str) -> bool {
    a == b || nanos(a).is_some_and(|value| Some(value) == nanos(b))
}

struct Scale {
    times: i128,
    /// Negative power of ten.
    tenths: u32,
}

fn scale(suffix: &str) -> Option<Scale> {
    let binary = |power: u32| Some(Scale { times: 1024_i128.checked_pow(power)?, tenths: 0 });
    let decimal = |power: i32| match u32::try_from(power) {
        Ok(power) => Some(Scale { times: 10_i128.checked_pow(power)?, tenths: 0 }),
        Err(_) => Some(Scale { times: 1, tenths: power.unsigned_abs() }),
    };
    match suffix {
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "" => decimal(0),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        _ => decimal(suffix.strip_prefix(['e', 'E'])?.parse().ok()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_value_in_other_words() {
        for (a, b) in [
            ("0.5", "500m"),
            ("1024Mi", "1Gi"),
            ("1e3", "1k"),
            ("1E3", "1000"),
            ("5e-1", "500m"),
            ("1.5Gi", "1536Mi"),
            ("+1", "1.0"),
            (".5", "500m"),
            ("1.", "1"),
            ("0.0000000001", "1n"),
            ("-1", "-1000m"),
            ("1E", "1000P"),
        ] {
            assert!(same(a, b), "{a} {b}");
        }
        for (a, b) in [("1", "2"), ("1M", "1Mi"), ("1", "x"), ("x", "y")] {
            assert!(!same(a, b), "{a} {b}");
        }
    }

    #[test]
    fn what_is_no_quantity() {
        for bad in ["", "-", ".", "1.2.3", "1mi", "1 Gi", "Gi", "1e", "1e1.5", "é", "1é", "--1", "NaN", "inf"] {
            assert_eq!(nanos(bad), None, "{bad}");
        }
        assert_eq!(nanos(&"9".repeat(60)), None);
        assert_eq!(nanos("1e2147483648"), None);
        assert_eq!(nanos("1e-2147483648"), None);
    }
}
