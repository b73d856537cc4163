//! Which other origins browsers may call from.

use std::collections::BTreeSet;

use microservice_crds::gateway::Cors;

use super::headers;
use crate::plan::draft::Draft;

const METHODS: [&str; 10] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "*"];
/// Entries that one list may have.
const ENTRIES_MAX: usize = 64;
const ORIGIN_MAX: usize = 253;

pub(super) fn check(draft: &mut Draft<'_>, field: &str, cors: &Cors) {
    list(draft, &format!("{field}.allowOrigins"), &cors.allow_origins, true, origin);
    list(draft, &format!("{field}.allowMethods"), &cors.allow_methods, true, method);
    list(draft, &format!("{field}.allowHeaders"), &cors.allow_headers, true, headers::name);
    list(draft, &format!("{field}.exposeHeaders"), &cors.expose_headers, false, headers::name);
    if cors.max_age.is_some_and(|age| age < 1) {
        draft.refuse(format!("{field}.maxAge"), "write 1 or more seconds");
    }
}

fn list(
    draft: &mut Draft<'_>,
    field: &str,
    values: &[String],
    star_alone: bool,
    valid: fn(&str) -> Result<(), String>,
) {
    let mut seen = BTreeSet::new();
    for value in values {
        draft.problems.check(field, valid(value));
        if !seen.insert(value) {
            draft.refuse(field, format!("{value:?} stands there twice; keep one"));
        }
    }
    if star_alone && values.len() > 1 && values.iter().any(|value| value == "*") {
        draft.refuse(field, "'*' takes all; write it alone, or remove it");
    }
    if values.len() > ENTRIES_MAX {
        draft.refuse(field, format!("{} are too many; write at most {ENTRIES_MAX}", values.len()));
    }
}

fn method(value: &str) -> Result<(), String> {
    if METHODS.contains(&value) {
        return Ok(());
    }
    Err(format!("{value:?} is not a method; write one of {}", METHODS.join(", ")))
}

/// `*`, or a scheme, a host that may be `*` or start with `*.`, and perhaps a port.
fn origin(value: &str) -> Result<(), String> {
    let host = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    let fits = value == "*"
        || host.is_some_and(|host| {
            let (host, port) = host.split_once(':').map_or((host, None), |(host, port)| (host, Some(port)));
            let digits = |port: &str| (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit());
            let label =
                |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            let named = host.strip_prefix("*.").unwrap_or(host).split('.').all(label);
            (host == "*" || named) && port.is_none_or(digits)
        });
    if fits && value.len() <= ORIGIN_MAX {
        return Ok(());
    }
    Err(format!("{value:?} is not an origin; write one like https://shop.example.com, https://*.example.com or '*'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_have_a_scheme_and_a_host() {
        for value in ["*", "https://a.io", "http://*.a.io:8080", "https://*", "http://localhost:3000", "https://A-1.io"]
        {
            assert_eq!(origin(value), Ok(()), "{value}");
        }
        for value in [
            "",
            "a.io",
            "ftp://a.io",
            "https://",
            "https://a.io/",
            "https://a..io",
            "https://a.io:",
            "https://a.*.io",
            "https://a.io:123456",
        ] {
            assert!(origin(value).is_err(), "{value}");
        }
    }
}
