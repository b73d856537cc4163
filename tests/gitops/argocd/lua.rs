//! Lua as Argo CD runs it: version 5.1, without libraries but `table`, and of `os` the date and the time only.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use mlua::{
    Lua, LuaOptions, LuaSerdeExt as _, StdLib, Table,
    serde::{DeserializeOptions, SerializeOptions},
};
use serde_json::Value;

/// The folder in Argo CD's own layout.
pub fn customizations() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests/argocd/resource_customizations/microservices.dev")
}

/// One of its files.
pub fn read(file: &str) -> String {
    let path = customizations().join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a script makes of an object.
pub fn run(script: &str, object: &Value) -> Result<Value> {
    let lua = Lua::new_with(StdLib::TABLE | StdLib::PACKAGE | StdLib::OS, LuaOptions::default())?;
    let os: Table = lua.globals().get("os")?;
    for entry in os.pairs::<String, mlua::Value>().collect::<mlua::Result<Vec<_>>>()? {
        if !["date", "time"].contains(&entry.0.as_str()) {
            os.set(entry.0, mlua::Nil)?;
        }
    }
    let plain =
        SerializeOptions::new().set_array_metatable(false).serialize_none_to_null(false).serialize_unit_to_null(false);
    lua.globals().set("obj", lua.to_value_with(object, plain)?)?;
    let answer: mlua::Value = lua.load(script).eval()?;
    lua.from_value_with(answer, DeserializeOptions::new()).context("what the script returned is no object")
}

/// What an action makes of an object. Lua knows no difference between an empty list and an empty map: what was empty stays
/// what it was, as in Argo CD.
pub fn act(script: &str, object: &Value) -> Result<Value> {
    let mut answer = run(script, object)?;
    restore(&mut answer, object);
    Ok(answer)
}

fn restore(new: &mut Value, old: &Value) {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => {
            for (key, value) in new {
                restore(value, old.get(key).unwrap_or(&Value::Null));
            }
        }
        (Value::Array(new), Value::Array(old)) => new.iter_mut().zip(old).for_each(|(new, old)| restore(new, old)),
        (new, Value::Array(old)) if old.is_empty() && new.as_object().is_some_and(|map| map.is_empty()) => {
            *new = Value::Array(Vec::new());
        }
        _ => {}
    }
}

/// Status and message of an object, by a health script.
pub fn health(script: &str, object: &Value) -> Result<(String, String)> {
    let answer = run(script, object)?;
    let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
    Ok((text("status"), text("message")))
}

/// The actions that are offered, in order, each with whether it is disabled.
pub fn actions(script: &str, object: &Value) -> Result<Vec<(String, bool)>> {
    let answer = run(script, object)?;
    let all = answer.as_object().context("no map of actions")?;
    let disabled = |action: &Value| action["disabled"].as_bool().unwrap_or_default();
    let mut all: Vec<(String, bool)> = all.iter().map(|(name, action)| (name.clone(), disabled(action))).collect();
    all.sort();
    Ok(all)
}
