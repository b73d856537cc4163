//! Versions of APIs and ranges of them, as semver has them. A version may leave numbers out at its end.

use semver::{Version, VersionReq};

/// A version of an API: one to three numbers, and a pre-release.
///
/// # Errors
/// With what to write instead.
pub fn version(text: &str) -> Result<Version, String> {
    let (numbers, pre) = match text.split_once('-') {
        Some((numbers, pre)) => (numbers, format!("-{pre}")),
        None => (text, String::new()),
    };
    let padded = match numbers.split('.').count() {
        1 => format!("{numbers}.0.0{pre}"),
        2 => format!("{numbers}.0{pre}"),
        _ => text.to_owned(),
    };
    Version::parse(&padded).map_err(|_| format!("{text:?} is no version; write one as in 2, 1.4 or 1.4.0-rc.1"))
}

/// A range of versions.
///
/// # Errors
/// With what to write instead.
pub fn range(text: &str) -> Result<VersionReq, String> {
    VersionReq::parse(text)
        .map_err(|_| format!("{text:?} is no range of versions; write one as in ^1.2, ~1.4.0 or >=1.2, <3"))
}

/// Whether a version is in a range. What cannot be read is in none.
pub fn fits(wanted: &str, served: &str) -> bool {
    match (range(wanted), version(served)) {
        // A pre-release that is served is taken for its release: who serves 2.0.0-rc.1 offers what 2 will be.
        (Ok(range), Ok(version)) => range.matches(&version) || range.matches(&released(&version)),
        _ => false,
    }
}

fn released(version: &Version) -> Version {
    Version { pre: semver::Prerelease::EMPTY, ..version.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_take_what_semver_says() {
        for (wanted, served, fit) in [
            ("^1.2", "1.2", true),
            ("^1.2", "1.10.3", true),
            ("^1.2", "1.1.9", false),
            ("^1.2", "2", false),
            ("~1.4.0", "1.4.9", true),
            ("~1.4.0", "1.5", false),
            (">=1.2, <3", "2.9", true),
            (">=1.2, <3", "3", false),
            ("1", "1.7.0", true),
            ("*", "0.1", true),
            ("^2", "2.0.0-rc.1", true),
            ("^0.3", "0.4", false),
            ("nonsense", "1", false),
            ("^1", "nonsense", false),
        ] {
            assert_eq!(fits(wanted, served), fit, "{wanted} {served}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_with_an_example() {
        assert!(version("v1").unwrap_err().contains("1.4.0-rc.1"));
        assert!(range("^x").unwrap_err().contains("^1.2"));
        assert!(version("1.2.3.4").is_err());
    }
}
