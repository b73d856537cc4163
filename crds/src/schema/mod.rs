//! From the Rust types to the CustomResourceDefinition that users install.
//!
//! What the derive macros give is not fit for use as it is: it carries Kubernetes' whole documentation for every
//! embedded type (too large for a plain `kubectl apply`), no list types (so two tools that apply would overwrite each
//! other's lists), and no bounds (without which the API server refuses most rules as too expensive). The passes below
//! are pure functions over the JSON of the schema, in this order:
//!
//! 1. [`prune`]: parts of embedded types that can not work here are taken out;
//! 2. [`descriptions`]: embedded documentation is cut to one sentence, our own stays whole;
//! 3. [`lists`]: every list gets its type;
//! 4. [`bounds`]: every list, map, string and number gets its limits;
//! 5. [`nulls`]: `null` means unset, as in Kubernetes' own kinds;
//! 6. [`rules`]: what a single field's type cannot say, with a message that says what to write instead.
//!
//! [`columns`] is what `kubectl get` shows.

pub mod bounds;
pub mod columns;
pub mod descriptions;
pub mod lists;
pub mod nulls;
pub mod prune;
pub mod rules;
pub mod tree;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition,
};
use kube::CustomResourceExt;
use serde_json::{Value, json};

use crate::{Microservice, MicroserviceClass, MicroserviceSystem};

/// The largest that one definition may be, as JSON: a plain `kubectl apply` keeps a copy of it in an annotation, and
/// annotations end at 262,144 bytes.
pub const SIZE_BUDGET: usize = 240_000;

/// Why a definition could not be made. Only a change of the types or of the tables of this module can cause it.
#[derive(Debug)]
pub enum SchemaError {
    /// The JSON is not what a definition looks like.
    Json(serde_json::Error),
    /// A table speaks of fields that do not exist.
    NoSuchField(Vec<String>),
}

impl std::fmt::Display for SchemaError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Json(error) => write!(f, "the schema is not a CustomResourceDefinition: {error}"),
            Self::NoSuchField(paths) => write!(f, "the schema has no field {}", paths.join(", ")),
        }
    }
}

impl std::error::Error for SchemaError {}

impl From<serde_json::Error> for SchemaError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

/// Every definition that the operator needs in the cluster, ready to be installed.
///
/// # Errors
/// When a table of this module does not fit the types; a test holds that it does.
pub fn crds() -> Result<Vec<CustomResourceDefinition>, SchemaError> {
    Ok(vec![crd()?, class()?, system()?])
}

/// The definition of `Microservice`, ready to be installed.
///
/// # Errors
/// When a table of this module does not fit the types; a test holds that it does.
pub fn crd() -> Result<CustomResourceDefinition, SchemaError> {
    let free = |schema: &mut Value| tree::edit(schema, "spec.overrides", any_objects);
    let prune = |schema: &mut Value| prune::microservice(schema).into_iter().chain(free(schema)).collect();
    define(&Microservice::crd(), prune, &rules::of_microservices(), columns::of_microservices())
}

/// The definition of `MicroserviceClass`, ready to be installed.
///
/// # Errors
/// When a table of this module does not fit the types; a test holds that it does.
pub fn class() -> Result<CustomResourceDefinition, SchemaError> {
    define(&MicroserviceClass::crd(), prune::class, &rules::of_classes(), columns::of_classes())
}

/// The definition of `MicroserviceSystem`, ready to be installed.
///
/// # Errors
/// When a table of this module does not fit the types; a test holds that it does.
pub fn system() -> Result<CustomResourceDefinition, SchemaError> {
    define(&MicroserviceSystem::crd(), |_| Vec::new(), &rules::of_systems(), columns::of_systems())
}

fn define(
    derived: &CustomResourceDefinition,
    prune: impl Fn(&mut Value) -> Vec<String>,
    rules: &[rules::Place],
    columns: Vec<CustomResourceColumnDefinition>,
) -> Result<CustomResourceDefinition, SchemaError> {
    let mut definition = serde_json::to_value(derived)?;
    for schema in tree::schemas_of(&mut definition) {
        let mut unknown = prune(schema);
        unknown.extend(refine(schema, rules));
        if !unknown.is_empty() {
            return Err(SchemaError::NoSuchField(unknown));
        }
    }
    let mut definition: CustomResourceDefinition = serde_json::from_value(definition)?;
    for version in &mut definition.spec.versions {
        version.additional_printer_columns = Some(columns.clone());
    }
    Ok(definition)
}

/// A map whose values are objects of any shape.
fn any_objects(node: &mut tree::Node) {
    let any = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    node.insert("additionalProperties".to_owned(), any);
}

/// The definitions as the YAML that is kept in the repository.
///
/// # Errors
/// When a definition cannot be made or written.
pub fn yaml() -> Result<String, Box<dyn std::error::Error>> {
    let mut text = String::from("# Generated from the Rust types by `make generate`. Do not edit.\n");
    for definition in crds()? {
        text.push_str("---\n");
        text.push_str(&serde_saphyr::to_string(&definition)?);
    }
    Ok(text)
}

/// All passes but the first over the schema of one version. Gives back the paths that do not exist.
fn refine(schema: &mut Value, rules: &[rules::Place]) -> Vec<String> {
    descriptions::apply(schema);
    lists::apply(schema);
    bounds::apply(schema);
    // Before the operator has looked at an object, its status must not read as healthy to tools that compare
    // observedGeneration with the generation.
    let mut unknown: Vec<String> = tree::edit(schema, "status", |status| {
        status.insert("default".to_owned(), json!({"observedGeneration": -1}));
    })
    .into_iter()
    .collect();
    unknown.extend(rules::apply(schema, rules));
    nulls::apply(schema);
    unknown
}

#[cfg(test)]
mod tests;
