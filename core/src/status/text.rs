//! Words of others, made short and steady.

/// One line: white space of any kind becomes one blank, the ends are trimmed, and at most `max` characters stay.
pub(super) fn line(words: &str, max: usize) -> String {
    let mut out = String::with_capacity(words.len().min(max * 4));
    for word in words.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    cut(&out, max)
}

/// At most `max` characters; what was cut off leaves an ellipsis.
pub(super) fn cut(words: &str, max: usize) -> String {
    if words.chars().count() <= max {
        return words.to_owned();
    }
    let mut short: String = words.chars().take(max.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// At most `max` bytes, cut between two characters.
pub(super) fn cut_bytes(words: &str, max: usize) -> String {
    if words.len() <= max {
        return words.to_owned();
    }
    let room = max.saturating_sub('…'.len_utf8());
    let mut short = String::new();
    for c in words.chars() {
        if short.len() + c.len_utf8() > room {
            break;
        }
        short.push(c);
    }
    short.push('…');
    short
}

/// How many things of a list are told.
const LISTED: usize = 10;

/// The first of `count` things, and how many more there are.
pub(super) fn listed(things: impl Iterator<Item = String>, count: usize, between: &str) -> String {
    let mut out = things.take(LISTED).collect::<Vec<_>>().join(between);
    if count > LISTED {
        out.push_str(&format!(" and {} more", count - LISTED));
    }
    out
}

/// The words as the end of a sentence's first part: without its own full stop.
pub(super) fn unstopped(words: &str) -> &str {
    words.trim().trim_end_matches(['.', ':', ';', ','])
}

/// How often a container was restarted, in steps, so that the text stays the same for long.
pub(super) fn restarted(times: i32) -> String {
    let step = [1000, 500, 200, 100, 50, 20, 10, 5].into_iter().find(|step| times >= *step);
    match (times, step) {
        (_, Some(step)) => format!(", restarted {step} times or more"),
        (..=0, None) => String::new(),
        (1, None) => ", restarted once".to_owned(),
        (_, None) => ", restarted several times".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_one_short_line() {
        assert_eq!(line("  a\n\tb  c ", 10), "a b c");
        assert_eq!(line("abcdef", 4), "abc…");
        assert_eq!(line("äöüß", 4), "äöüß");
        assert_eq!(cut_bytes("äöüß", 7), "äö…");
        assert_eq!(cut_bytes("abc", 3), "abc");
        assert_eq!(unstopped(" It failed. "), "It failed");
    }

    #[test]
    fn restarts_are_told_in_steps() {
        assert_eq!(restarted(0), "");
        assert_eq!(restarted(1), ", restarted once");
        assert_eq!(restarted(4), ", restarted several times");
        assert_eq!(restarted(9), ", restarted 5 times or more");
        assert_eq!(restarted(30_000), ", restarted 1000 times or more");
    }
}
