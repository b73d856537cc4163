//! Words of others that change although nothing has happened: what of them may be kept.

/// Of several pods that lack something, the controller names another one each time.
pub(super) fn without_pod(words: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    let mut rest = words.split(' ').peekable();
    while let Some(word) = rest.next() {
        if matches!(word, "of" | "in") && rest.peek() == Some(&"Pod") {
            rest.next();
            rest.next();
        } else {
            out.push(word);
        }
    }
    out.join(" ")
}

/// Whether two messages tell the same: in another order, of another time, address or request.
pub(super) fn same_story(one: &str, other: &str) -> bool {
    story(one) == story(other)
}

/// The words that tell a story, in no order.
fn story(message: &str) -> Vec<&str> {
    let passing = |word: &&str| {
        let digits = word.contains(|c: char| c.is_ascii_digit());
        let letters = word.chars().filter(|c| c.is_alphabetic()).count();
        // Times, numbers and addresses; ids of requests.
        digits && (letters <= 2 || (word.len() >= 8 && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-')))
    };
    let trimmed = message.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    let mut words: Vec<&str> = trimmed.filter(|word| !passing(word)).collect();
    words.sort_unstable();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_several_pods_is_not_named() {
        let words = "missing request for cpu in container web of Pod web-6d-x2 now";
        assert_eq!(without_pod(words), "missing request for cpu in container web now");
        assert_eq!(without_pod("container web not found in Pod web-1"), "container web not found");
        assert_eq!(without_pod("end of Pod"), "end");
    }

    #[test]
    fn the_same_story_in_other_words() {
        for (one, other, same) in [
            ("a timeout after 5.2s", "a timeout after 6s", true),
            ("dial 10.0.0.1:5342: refused", "dial 10.0.0.1:5343: refused", true),
            ("controlled by [n/a n/b]", "controlled by [n/b n/a]", true),
            ("request 8f14e45f-ceea failed", "request 1f3870be-274f failed", true),
            ("at 2026-01-31T12:00:00Z", "at 2026-01-31T12:00:15Z", true),
            ("metric queue-1 failed", "metric queue-2 failed", false),
            ("refused", "timeout", false),
        ] {
            assert_eq!(same_story(one, other), same, "{one} / {other}");
        }
    }
}
