//! The tables of values in the charts' READMEs are written from values.yaml and values.schema.json; `make golden` does it.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};
use microservice_tests::helm::chart;
use serde_json::Value;

use crate::manifests::check_or_write;

const START: &str = "<!-- values: written by the tests from values.yaml and values.schema.json -->\n";
const END: &str = "<!-- end of values -->";

#[test]
fn the_tables_of_values_are_whole() -> Result<()> {
    for name in ["microservice-operator", "microservice-operator-crds"] {
        let folder = chart(name);
        let values: Value = serde_saphyr::from_str(&std::fs::read_to_string(folder.join("values.yaml"))?)?;
        let schema: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("values.schema.json"))?)?;
        let mut table = String::from("| value | default | meaning |\n|---|---|---|\n");
        rows(&mut table, "", &schema, Some(&values))?;
        let readme = folder.join("README.md");
        let text = std::fs::read_to_string(&readme)?;
        let (before, rest) = text.split_once(START).context("no place for the table")?;
        let (_, after) = rest.split_once(END).context("no end of the table")?;
        check_or_write(&readme, &format!("{before}{START}{table}{END}{after}"))?;
    }
    Ok(())
}

/// A row for every value that the schema describes; what stands in values.yaml must be described.
fn rows(table: &mut String, path: &str, schema: &Value, values: Option<&Value>) -> Result<()> {
    let fields = schema["properties"].as_object();
    let known = |name: &String| fields.is_some_and(|fields| fields.contains_key(name));
    for name in values.and_then(Value::as_object).into_iter().flat_map(|values| values.keys()) {
        ensure!(fields.is_none() || known(name), "{path}{name} is not in the schema");
    }
    let Some(fields) = fields else {
        let about = schema["description"].as_str().with_context(|| format!("{path} is not described"))?;
        let default = values.map_or_else(String::new, |value| format!("`{value}`"));
        writeln!(table, "| `{path}` | {default} | {about} |")?;
        return Ok(());
    };
    // Beside its parts, for what only groups them has nothing to say.
    for (name, field) in fields.iter().filter(|(name, _)| *name != "global") {
        let whole = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        rows(table, &whole, field, values.and_then(|values| values.get(name)))?;
    }
    Ok(())
}
