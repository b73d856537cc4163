//! Alerts and their pages.

use std::collections::BTreeSet;

use crate::{
    check::check,
    files::{alerts, path, placeholders, rules, text},
};

#[test]
fn every_alert_asks_for_what_exists() {
    let mut wrong = Vec::new();
    for alert in alerts() {
        let name = alert["alert"].as_str().expect("only alerts");
        let known = match check(alert["expr"].as_str().expect("an expression")) {
            Ok(known) => known,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        let labels = known.labels.unwrap_or_default();
        for (annotation, words) in alert["annotations"].as_object().expect("annotations") {
            for label in placeholders(words.as_str().unwrap(), "$labels.") {
                if !labels.contains(&label) {
                    wrong.push(format!(
                        "{name}: {annotation} tells a label {label} that the result has not: {labels:?}"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_alert_says_what_it_is_and_what_to_do() {
    let groups = rules();
    let names: BTreeSet<&str> =
        groups["groups"].as_array().unwrap().iter().map(|g| g["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), groups["groups"].as_array().unwrap().len(), "names of groups are unique");
    let mut seen = BTreeSet::new();
    for alert in alerts() {
        let name = alert["alert"].as_str().unwrap().to_owned();
        let severity = alert["labels"]["severity"].as_str().unwrap_or_default();
        assert!(["critical", "warning", "info"].contains(&severity), "{name}: severity {severity:?}");
        let said = |annotation: &str| alert["annotations"][annotation].as_str().unwrap_or_default().to_owned();
        assert!((20..=120).contains(&said("summary").len()), "{name}: summary {:?}", said("summary"));
        assert!(said("description").len() >= 100, "{name}: the description says what to do");
        assert!(seen.insert(name.clone()), "{name} stands there twice");
    }
    assert!(seen.len() >= 10, "{seen:?}");
}

#[test]
fn every_alert_has_a_page_and_every_page_an_alert() {
    let mut pages = BTreeSet::new();
    for alert in alerts() {
        let name = alert["alert"].as_str().unwrap();
        let page = alert["annotations"]["runbook_url"].as_str().expect("a runbook");
        let page =
            page.strip_prefix("docs/runbooks/").unwrap_or_else(|| panic!("{name}: {page} is not in docs/runbooks/"));
        let words = text(&format!("docs/runbooks/{page}"));
        assert!(words.starts_with(&format!("# {name}\n")), "{page} is not about {name}");
        for part in ["## What it means", "## What to look at", "## What to do"] {
            assert!(words.contains(part), "{page} has no part {part:?}");
        }
        assert!(pages.insert(page.to_owned()), "{page} is shared");
    }
    let there: BTreeSet<String> = std::fs::read_dir(path("docs/runbooks"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(there, pages);
}

/// What the docs tell of alerts and metrics is all there is, and all that exists is told.
#[test]
fn the_docs_know_every_alert_and_metric() {
    let docs = text("docs/monitoring.md");
    for alert in alerts() {
        let (name, page) = (alert["alert"].as_str().unwrap(), alert["annotations"]["runbook_url"].as_str().unwrap());
        let link = format!("[{name}]({})", page.trim_start_matches("docs/"));
        assert!(docs.contains(&link), "docs/monitoring.md does not link {link}");
    }
    let known: Vec<_> = crate::metrics::metric_names().iter().map(|metric| metric.name).collect();
    for name in &known {
        assert!(docs.contains(&format!("`{name}`")), "docs/monitoring.md does not tell of {name}");
    }
    let words = docs.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    for word in words.filter(|word| word.starts_with("microservice_operator_")) {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|part| word.strip_suffix(part)).unwrap_or(word);
        assert!(known.contains(&word) || known.contains(&base), "docs/monitoring.md invents {word}");
    }
}
