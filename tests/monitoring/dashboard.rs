//! The dashboard: every panel asks for what exists, and everything that exists is shown.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    check::check,
    files::{dashboard, placeholders},
    metrics::metric_names,
};

/// All panels but the rows.
fn panels() -> Vec<Value> {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().expect("panels").clone();
    panels.into_iter().filter(|panel| panel["type"] != "row").collect()
}

/// With the variables as Grafana would fill them in.
fn filled_in(expression: &str) -> String {
    expression.replace("$__rate_interval", "5m").replace("$namespace", ".*")
}

#[test]
fn every_panel_asks_for_what_exists() {
    let (mut wrong, mut shown) = (Vec::new(), BTreeSet::new());
    for panel in panels() {
        let title = panel["title"].as_str().expect("a title");
        assert!(panel["description"].as_str().is_some_and(|words| !words.is_empty()), "{title} explains nothing");
        for target in panel["targets"].as_array().expect("targets") {
            let expression = filled_in(target["expr"].as_str().expect("an expression"));
            match check(&expression) {
                Err(error) => wrong.push(format!("{title}: {error}\n    {expression}")),
                Ok(known) => {
                    let labels = known.labels.unwrap_or_default();
                    for label in placeholders(target["legendFormat"].as_str().unwrap_or_default(), "") {
                        if !labels.contains(&label) {
                            wrong.push(format!("{title}: the legend tells {label}, the result has {labels:?}"));
                        }
                    }
                    shown.extend(known.metrics);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    let all: BTreeSet<&str> = metric_names().iter().map(|metric| metric.name).collect();
    assert_eq!(all.difference(&shown).collect::<Vec<_>>(), Vec::<&&str>::new(), "not shown anywhere");
}

#[test]
fn the_data_source_is_a_choice_and_panels_do_not_overlap() {
    let dashboard = dashboard();
    let variables = dashboard["templating"]["list"].as_array().expect("variables");
    assert!(
        variables.iter().any(|v| v["type"] == "datasource" && v["name"] == "datasource" && v["query"] == "prometheus")
    );
    for variable in variables.iter().filter(|variable| variable["type"] == "query") {
        let query = variable["query"]["query"].as_str().expect("a query");
        let inner = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')')).expect(query);
        let (selector, label) = inner.rsplit_once(',').expect(query);
        let known = check(selector).unwrap_or_else(|error| panic!("{query}: {error}"));
        assert!(known.labels.unwrap().contains(label.trim()), "{query}");
    }
    let (mut ids, mut cells) = (BTreeSet::new(), BTreeSet::new());
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().expect("an id")), "{title}: its id is taken");
        let at = |field: &str| panel["gridPos"][field].as_u64().expect("a place");
        assert!(at("x") + at("w") <= 24, "{title} is too wide");
        for cell in (at("y")..at("y") + at("h")).flat_map(|y| (at("x")..at("x") + at("w")).map(move |x| (x, y))) {
            assert!(cells.insert(cell), "{title} lies over another panel");
        }
    }
    for panel in panels() {
        let sources = panel["targets"].as_array().unwrap().iter().map(|target| &target["datasource"]);
        for source in sources.chain([&panel["datasource"]]) {
            assert_eq!(source["uid"], "${datasource}", "{}", panel["title"]);
        }
    }
}
