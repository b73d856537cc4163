//! A tree of calls, for a terminal of 100 columns.

use std::collections::BTreeSet;

use stand_in::calls::Call;

use crate::words::cut;

/// Where the second column begins.
const NAMES: usize = 34;

/// One line for each call: who, which pod, how long; or why not.
pub fn lines(tree: &Call) -> Vec<String> {
    let mut lines = Vec::new();
    add(tree, "", "", &mut lines);
    lines
}

fn add(call: &Call, before: &str, below: &str, lines: &mut Vec<String>) {
    let name = call.identity.as_ref().map_or(call.address.as_str(), |identity| identity.stand_in_for.as_str());
    let what = match (&call.identity, &call.error) {
        (Some(identity), _) => format!("{:<44} {:>5} ms", identity.pod, call.millis),
        (None, error) => format!("-  {}", error.as_deref().unwrap_or("no answer")),
    };
    let line = format!("{:<NAMES$}{what}", format!("{before}{name}"));
    lines.push(cut(&line, 97));
    for (number, child) in call.calls.iter().enumerate() {
        let last = number + 1 == call.calls.len();
        let (branch, trunk) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        add(child, &format!("{below}{branch}"), &format!("{below}{trunk}"), lines);
    }
}

/// The services that answered, and how many calls that were.
pub fn answered(tree: &Call) -> (BTreeSet<&str>, usize) {
    let answers: Vec<&str> =
        tree.all().filter_map(|call| Some(call.identity.as_ref()?.stand_in_for.as_str())).collect();
    (answers.iter().copied().collect(), answers.len())
}

/// The addresses that nobody answered at.
pub fn missing(tree: &Call) -> BTreeSet<&str> {
    tree.unanswered().collect()
}

#[cfg(test)]
mod tests {
    use stand_in::identity::Identity;

    use super::*;

    fn call(name: &str, calls: Vec<Call>) -> Call {
        let pod = format!("{name}-7d9c4b6f8d-x2kqz");
        let identity = Identity { stand_in_for: name.into(), pod, uid: String::new(), image: String::new() };
        Call { address: format!("{name}:80"), identity: Some(identity), millis: 12, error: None, cycle: false, calls }
    }

    #[test]
    fn a_tree_is_drawn_with_its_branches() {
        let error = Some("no address for shoppingassistantservice: ".repeat(3));
        let nobody = Call { identity: None, error, address: "missing:80".into(), ..call("", vec![]) };
        let checkout = call("checkoutservice", vec![call("productcatalogservice", vec![]), call("cart", vec![])]);
        let tree = call("frontend", vec![call("cart", vec![call("redis", vec![])]), checkout, nobody]);
        let drawn = lines(&tree);
        let starts: Vec<&str> = drawn.iter().map(|line| line.split("  ").next().unwrap()).collect();
        assert_eq!(starts[..3], ["frontend", "├─ cart", "│"]);
        assert!(drawn[2].starts_with("│  └─ redis  ") && drawn[4].starts_with("│  ├─ productcatalogservice  "));
        assert!(drawn[6].starts_with("└─ missing:80") && drawn[6].contains("-  no address for"), "{}", drawn[6]);
        assert_eq!(drawn[0].chars().skip(NAMES).take(8).collect::<String>(), "frontend");
        assert!(drawn.iter().all(|line| line.chars().count() <= 97), "{drawn:#?}");

        let (services, calls) = answered(&tree);
        assert_eq!((services.len(), calls), (5, 6));
        assert_eq!(missing(&tree).into_iter().collect::<Vec<_>>(), ["missing:80"]);
    }
}
