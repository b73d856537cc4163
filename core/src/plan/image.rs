//! The image reference, as far as labels need it.

use super::check;

/// The tag of an image as a label value; none where it has no tag or is named by a digest.
pub(super) fn version_label(image: &str) -> Option<String> {
    if image.contains('@') {
        return None;
    }
    let (_, last) = image.rsplit_once('/').unwrap_or(("", image));
    let (_, tag) = last.split_once(':')?;
    let text: String = tag
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' })
        .take(63)
        .collect();
    let text = text.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    (!text.is_empty() && check::label_value(text).is_ok()).then(|| text.to_owned())
}

/// Whether the text can be an image reference at all.
pub(super) fn check(image: &str) -> Result<(), String> {
    if image.is_empty() || image.trim() != image || image.contains(char::is_whitespace) {
        return Err(format!("{image:?} is not an image; write one like registry.example/web:v1"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_becomes_a_label_value() {
        let long = format!("a:{}", "x".repeat(128));
        for (image, label) in [
            ("nginx:1.29", Some("1.29")),
            ("registry.example:5000/shop/web:v1_2-rc.1", Some("v1_2-rc.1")),
            ("registry.example:5000/shop/web", None),
            ("nginx", None),
            ("nginx:1.29@sha256:0000", None),
            ("nginx@sha256:0000", None),
            ("a:_x_", Some("x")),
            ("a:__", None),
            ("a:1+é", Some("1")),
            (long.as_str(), Some(&"x".repeat(63)[..])),
        ] {
            assert_eq!(version_label(image).as_deref(), label, "{image}");
        }
    }
}
