//! Checks of single values, as the API server makes them. Each answers with what to write instead.

/// A DNS label that starts with a letter (RFC 1035): what names of Services and containers of ours look like.
pub(super) fn rfc1035_label(value: &str, max: usize) -> Result<(), String> {
    let fits = value.len() <= max
        && value.starts_with(|c: char| c.is_ascii_lowercase())
        && !value.ends_with('-')
        && value.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    verdict(fits, || {
        format!("{value:?} is not a name; write at most {max} lower-case letters, digits and '-', a letter first")
    })
}

/// A DNS label (RFC 1123).
pub(super) fn rfc1123_label(value: &str) -> Result<(), String> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = !value.is_empty()
        && value.len() <= 63
        && !value.starts_with('-')
        && !value.ends_with('-')
        && value.chars().all(inner);
    verdict(fits, || format!("{value:?} is not a name; write at most 63 lower-case letters, digits and '-'"))
}

/// DNS labels with dots between: what names of most objects look like.
pub(super) fn dns_subdomain(value: &str) -> Result<(), String> {
    let fits = value.len() <= 253 && value.split('.').all(|label| rfc1123_label(label).is_ok());
    verdict(fits, || format!("{value:?} is not a name; write at most 253 lower-case letters, digits, '-' and '.'"))
}

/// A name of a port: a short label with at least one letter.
pub(super) fn port_name(value: &str) -> Result<(), String> {
    let fits = rfc1123_label(value).is_ok()
        && value.len() <= 15
        && !value.contains("--")
        && value.chars().any(|c| c.is_ascii_lowercase());
    verdict(fits, || {
        format!("{value:?} is not a name of a port; write at most 15 lower-case letters, digits and single '-'")
    })
}

/// A host name, which may start with `*.` and is not an address.
pub(super) fn hostname(value: &str) -> Result<(), String> {
    let rest = value.strip_prefix("*.").unwrap_or(value);
    let fits = value.len() <= 253
        && rest.split('.').all(|label| rfc1123_label(label).is_ok())
        && !rest.split('.').all(|label| label.bytes().all(|b| b.is_ascii_digit()));
    verdict(fits, || {
        format!("{value:?} is not a host name; write one like shop.example.com or *.example.com, in lower case")
    })
}

/// A port number.
pub(super) fn port_number(value: i32) -> Result<(), String> {
    verdict((1..=65535).contains(&value), || format!("{value} is not a port; write a number from 1 to 65535"))
}

/// The key of a label or annotation.
pub(super) fn metadata_key(key: &str) -> Result<(), String> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let fits = label_text(name)
        && !name.is_empty()
        && prefix
            .is_none_or(|p| !p.is_empty() && p.len() <= 253 && p.split('.').all(|label| rfc1123_label(label).is_ok()));
    verdict(fits, || format!("{key:?} is not a key of a label or annotation; write one like team or example.com/team"))
}

/// The value of a label.
pub(super) fn label_value(value: &str) -> Result<(), String> {
    verdict(label_text(value), || {
        format!(
            "{value:?} is not a value of a label; write at most 63 letters, digits, '-', '_' and '.', a letter or digit first and last"
        )
    })
}

/// The name of a file in a ConfigMap.
pub(super) fn file_name(value: &str) -> Result<(), String> {
    let fits = !value.is_empty()
        && value.len() <= 253
        && value != "."
        && !value.starts_with("..")
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    verdict(fits, || {
        format!("{value:?} is not a file name here; write letters, digits, '-', '_' and '.', without a directory")
    })
}

/// An absolute path without `:` (the kubelet refuses it).
pub(super) fn absolute_path(value: &str) -> Result<(), String> {
    verdict(value.starts_with('/') && !value.contains(':') && !value.split('/').any(|part| part == ".."), || {
        format!("{value:?} is not an absolute path; write one like /etc/app, without ':' and '..'")
    })
}

/// A number that must not be negative.
pub(super) fn not_negative(value: i64) -> Result<(), String> {
    verdict(value >= 0, || format!("{value} is negative; write 0 or more"))
}

/// A user or group id.
pub(super) fn numeric_id(value: i64) -> Result<(), String> {
    verdict((0..=i64::from(i32::MAX)).contains(&value), || {
        format!("{value} is not an id; write a number from 0 to 2147483647")
    })
}

/// A name of an environment variable.
pub(super) fn env_name(value: &str) -> Result<(), String> {
    let fits = !value.is_empty() && value.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'=');
    verdict(fits, || format!("{value:?} is not a name of a variable; write letters, digits and '_'"))
}

/// Whether nothing comes twice; else the first that does.
pub(super) fn duplicate<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = std::collections::BTreeSet::new();
    values.into_iter().find(|value| !seen.insert(*value))
}

fn label_text(value: &str) -> bool {
    let edge = |c: char| c.is_ascii_alphanumeric();
    value.len() <= 63
        && (value.is_empty() || (value.starts_with(edge) && value.ends_with(edge)))
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn verdict(fits: bool, message: impl FnOnce() -> String) -> Result<(), String> {
    if fits { Ok(()) } else { Err(message()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert!(rfc1035_label("web-1", 50).is_ok());
        for bad in ["", "1web", "Web", "web-", "web_1", "wéb", &"a".repeat(51)] {
            assert!(rfc1035_label(bad, 50).is_err(), "{bad}");
        }
        assert!(port_name("http-2").is_ok() && port_name("80").is_err() && port_name("a--b").is_err());
        assert!(file_name("app.yaml").is_ok() && file_name("a/b").is_err() && file_name("..x").is_err());
    }

    #[test]
    fn hosts() {
        assert!(hostname("shop.example.com").is_ok() && hostname("*.example.com").is_ok() && hostname("x").is_ok());
        for bad in ["", "*", "a.*.b", "192.0.2.1", "Shop.example.com", "a..b", "-a.b"] {
            assert!(hostname(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn metadata() {
        assert!(metadata_key("example.com/team").is_ok() && metadata_key("Team_1").is_ok());
        for bad in ["", "/team", "a/b/c", "example.com/", "-a", "Example.com/a"] {
            assert!(metadata_key(bad).is_err(), "{bad}");
        }
        assert!(label_value("").is_ok() && label_value("a b").is_err() && label_value("-a").is_err());
    }

    #[test]
    fn the_second_of_two_is_found() {
        assert_eq!(duplicate(["a", "b", "a", "b"]), Some("a"));
        assert_eq!(duplicate(["a", "b"]), None);
    }
}
