//! Names and values of headers and query parameters, as the Gateway API takes them.

use std::collections::BTreeSet;

use microservice_crds::gateway::{HttpHeader, HttpValueMatch};

use crate::plan::draft::Draft;

/// Entries that one list of headers or parameters may have.
const ENTRIES_MAX: usize = 16;
const NAME_MAX: usize = 256;
const HEADER_VALUE_MAX: usize = 4096;
const QUERY_VALUE_MAX: usize = 1024;

/// A token of RFC 9110.
pub(super) fn name(value: &str) -> Result<(), String> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if !value.is_empty() && value.len() <= NAME_MAX && value.bytes().all(token) {
        return Ok(());
    }
    Err(format!("{value:?} is not a name; write at most {NAME_MAX} letters, digits and !#$%&'*+-.^_`|~"))
}

/// Visible ASCII with single spaces or tabs between: what the experimental channel takes, and the standard one too.
fn header_value(value: &str) -> Result<(), String> {
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let bytes = value.as_bytes();
    let edges = bytes.first().is_some_and(|b| !blank(b)) && bytes.last().is_some_and(|b| !blank(b));
    let single = bytes.windows(2).all(|pair| !pair.iter().all(blank));
    if edges && single && value.len() <= HEADER_VALUE_MAX && bytes.iter().all(|b| b.is_ascii_graphic() || blank(b)) {
        return Ok(());
    }
    Err(format!("write 1 to {HEADER_VALUE_MAX} visible ASCII characters, with single spaces between"))
}

fn query_value(value: &str) -> Result<(), String> {
    if (1..=QUERY_VALUE_MAX).contains(&value.chars().count()) {
        return printable(value);
    }
    Err(format!("write 1 to {QUERY_VALUE_MAX} characters"))
}

/// Without characters that the API server does not read in an apply.
pub(super) fn printable(value: &str) -> Result<(), String> {
    let odd = |c: char| c.is_control() || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    if value.chars().any(odd) { Err("it has control characters; remove them".to_owned()) } else { Ok(()) }
}

/// Conditions on headers. Two on one header would be one: gateways look at the first alone.
pub(super) fn check_matches(draft: &mut Draft<'_>, field: &str, headers: &[HttpValueMatch]) {
    let names = headers.iter().map(|h| h.name.as_str());
    check_names(draft, field, names, true);
    for header in headers {
        draft.problems.check(format!("{field}[{}].value", header.name), header_value(&header.value));
    }
}

/// Conditions on query parameters, whose names are told apart by case.
pub(super) fn check_params(draft: &mut Draft<'_>, field: &str, params: &[HttpValueMatch]) {
    check_names(draft, field, params.iter().map(|p| p.name.as_str()), false);
    for param in params {
        draft.problems.check(format!("{field}[{}].value", param.name), query_value(&param.value));
    }
}

/// Headers to set or add.
pub(super) fn check_changes(draft: &mut Draft<'_>, field: &str, headers: &[HttpHeader]) {
    check_names(draft, field, headers.iter().map(|h| h.name.as_str()), true);
    for header in headers {
        draft.problems.check(format!("{field}[{}].value", header.name), header_value(&header.value));
    }
}

/// Names that must be valid, distinct and few.
pub(super) fn check_names<'a>(
    draft: &mut Draft<'_>,
    field: &str,
    names: impl Iterator<Item = &'a str>,
    ignore_case: bool,
) {
    let mut seen = BTreeSet::new();
    let mut count = 0;
    for text in names {
        count += 1;
        draft.problems.check(field, name(text));
        let key = if ignore_case { text.to_ascii_lowercase() } else { text.to_owned() };
        if !seen.insert(key) {
            draft.refuse(field, format!("{text:?} stands there twice; keep one"));
        }
    }
    if count > ENTRIES_MAX {
        draft.refuse(field, format!("{count} are too many; write at most {ENTRIES_MAX}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_tokens() {
        assert!(name("X-Forwarded-For").is_ok() && name("a.b_c~`|").is_ok());
        for bad in ["", "a b", "a:b", "é", "a(b)", &"a".repeat(257)] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn values_have_no_blanks_at_their_ends_and_none_together() {
        assert!(
            header_value("max-age=60, public").is_ok() && header_value("a\tb").is_ok() && header_value("x").is_ok()
        );
        for bad in ["", " a", "a ", "a  b", "a\nb", "é", &"a".repeat(4097)] {
            assert!(header_value(bad).is_err(), "{bad:?}");
        }
        assert!(query_value("é ü").is_ok() && query_value("").is_err() && query_value("\u{7f}").is_err());
    }
}
