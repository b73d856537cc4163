//! Embedded documentation, cut to one sentence.
//!
//! The text that Kubernetes has for its own types is two thirds of the whole schema. Its first sentence is what people
//! read in `kubectl explain`; the rest stands in Kubernetes' own reference.

use serde_json::Value;

use super::tree;

/// Fields whose type is Kubernetes' own. What is written at the field itself is ours, and what is below it is not.
pub const EMBEDDED: [&str; 22] = [
    "affinity",
    "behavior",
    "conditions",
    "configMap",
    "csi",
    "dnsConfig",
    "downwardAPI",
    "emptyDir",
    "env",
    "envFrom",
    "ephemeral",
    "exec",
    "hostAliases",
    "httpHeaders",
    "lifecycle",
    "namespaces",
    "persistentVolumeClaim",
    "projected",
    "resources",
    "secret",
    "tolerations",
    "volumeMounts",
];

/// Whether a path leads below a field whose type is Kubernetes' own.
pub fn is_embedded(path: &str) -> bool {
    // `metrics` is Kubernetes' own type only here.
    if path.contains("scaling.metrics[]") {
        return true;
    }
    path.rsplit_once('.').map_or(path, |(parents, _)| parents).split('.').any(|step| {
        let name = step.trim_end_matches(['[', ']', '{', '}']);
        EMBEDDED.contains(&name)
    }) || (path.ends_with(['[', ']', '{', '}']) && EMBEDDED.contains(&tree::field_of(path)))
}

/// Takes the description of an enum type away, so that the one of the field which has the type is shown.
pub fn of_the_field(schema: &mut schemars::Schema) {
    schema.remove("description");
}

/// Cuts every embedded description, and joins the lines of our own.
pub fn apply(schema: &mut Value) {
    tree::walk(schema, &mut |path, node| {
        // Repeats the name of a type, which nothing shows.
        node.remove("title");
        let Some(Value::String(text)) = node.get("description") else { return };
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = if is_embedded(path) { first_sentence(&text).to_owned() } else { text };
        // Of a list item or map value nothing is shown but its fields.
        if text.is_empty() || (is_embedded(path) && path.ends_with([']', '}'])) {
            node.remove("description");
        } else {
            node.insert("description".to_owned(), Value::String(text));
        }
    });
}

/// Up to the first full stop that ends a sentence and not an abbreviation.
pub fn first_sentence(text: &str) -> &str {
    const ABBREVIATIONS: [&str; 5] = ["i.e.", "e.g.", "etc.", "ex.", "vs."];
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find(". ")) {
        let end = from + found + 1;
        let sentence = text.get(..end).unwrap_or(text);
        let lower = sentence.to_lowercase();
        if !ABBREVIATIONS.iter().any(|abbreviation| lower.ends_with(abbreviation)) {
            return sentence;
        }
        from = end;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_ends_at_its_full_stop() {
        assert_eq!(first_sentence("One. Two."), "One.");
        assert_eq!(first_sentence("Names, e.g. this one. More"), "Names, e.g. this one.");
        assert_eq!(first_sentence("All of it"), "All of it");
        assert_eq!(first_sentence("Version 1.2 of it. More."), "Version 1.2 of it.");
    }

    #[test]
    fn what_is_ours_stays_whole() {
        for ours in
            ["spec.env", "spec.ports[].name", "spec.volumes[].secret", "spec.scaling.metrics", "spec.config.files"]
        {
            assert!(!is_embedded(ours), "{ours}");
        }
        for theirs in
            ["spec.env[]", "spec.env[].name", "spec.volumes[].secret.items[].key", "spec.scaling.metrics[].type"]
        {
            assert!(is_embedded(theirs), "{theirs}");
        }
    }
}
