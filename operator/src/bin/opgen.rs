//! Writes the parts of the charts that follow from the code: the rules of the roles, and the definitions. With `--check`
//! it says whether they are what the code gives today.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use microservice_crds::schema;
use microservice_operator::{
    Context, Options, args, rights,
    store::{PODS, Served},
    telemetry,
};

const HEAD: &str = "# Generated from the code by `make generate`. Do not edit.\n";

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match run(std::env::args().skip(1).any(|argument| argument == "--check")) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("opgen: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(check: bool) -> Fallible<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = rules()?;
    files.extend(definitions()?);
    files.extend(references()?);
    for (path, fresh) in &files {
        let whole = root.join(path);
        if check {
            if fs::read_to_string(&whole).unwrap_or_default() != *fresh {
                return Err(format!("{} is not what the code says: run `make generate`", path.display()).into());
            }
            continue;
        }
        if let Some(folder) = whole.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&whole, fresh)?;
    }
    let superfluous = superfluous(&root.join("charts/microservice-operator/generated"), &files)?;
    for path in &superfluous {
        if check {
            return Err(format!("{} is no longer generated: run `make generate`", path.display()).into());
        }
        fs::remove_file(path)?;
    }
    Ok(format!("{} generated files are {}", files.len(), if check { "up to date" } else { "written" }))
}

/// The rules, as the templates of the chart read them.
fn rules() -> Fallible<Vec<(PathBuf, String)>> {
    let folder = Path::new("charts/microservice-operator/generated");
    let mut files = Vec::new();
    for set in rights::all() {
        let text = format!("# {}\n{}", set.about, serde_saphyr::to_string(&set.rules)?);
        files.push((folder.join(set.name).with_extension("yaml"), text));
    }
    Ok(files)
}

/// The definitions, as templates of their chart.
fn definitions() -> Fallible<Vec<(PathBuf, String)>> {
    let folder = Path::new("charts/microservice-operator-crds/templates");
    let mut files = Vec::new();
    for definition in schema::crds()? {
        let text = serde_saphyr::to_string(&definition)?;
        if text.contains("{{") {
            return Err("a definition has braces that Helm would read as its own".into());
        }
        let name = format!("\nmetadata:\n  name: {}\n", definition.metadata.name.clone().unwrap_or_default());
        let metadata = format!("{name}{METADATA}");
        let template = text.replacen(&name, &metadata, 1);
        if template == text {
            return Err("the metadata of a definition is not where it was".into());
        }
        files.push((folder.join(&definition.spec.names.plural).with_extension("yaml"), format!("{HEAD}{template}")));
    }
    Ok(files)
}

/// What the chart adds to a definition.
const METADATA: &str = r#"  labels:
    {{- include "microservice-operator-crds.labels" . | nindent 4 }}
  {{- with include "microservice-operator-crds.annotations" . }}
  annotations:
    {{- . | nindent 4 }}
  {{- end }}
"#;

/// A Microservice with a condition, so that every metric has a sample.
const SERVICE: &str = r#"{"metadata": {"name": "a", "namespace": "a", "uid": "a", "resourceVersion": "1", "generation": 1},
    "spec": {}, "status": {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True", "reason": "Ready",
    "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}"#;

/// The pages of the reference that follow from the code.
fn references() -> Fallible<Vec<(PathBuf, String)>> {
    let page = |name: &str, title: &str, table: String| {
        let text = format!("# {title}\n\n<!-- Generated from the code by `make generate`. Do not edit. -->\n\n{table}");
        (Path::new("docs/reference").join(name), text)
    };
    // A client wants a runtime, although nothing is asked here.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let metrics = runtime.block_on(async {
        let client = kube::Client::try_from(kube::Config::new(http::Uri::from_static("http://127.0.0.1:1")))?;
        let ctx = Context::new(client, Options::default());
        ctx.store.set_served(PODS, Served::Synced);
        ctx.store.service_changed(&serde_json::from_str(SERVICE)?, true);
        Fallible::Ok(telemetry::reference(&ctx)?)
    })?;
    Ok(vec![
        page("metrics.md", "Metrics of the operator", metrics),
        page("flags.md", "Flags of the operator", args::reference()),
    ])
}

/// Files of the folder that are not among these.
fn superfluous(folder: &Path, files: &[(PathBuf, String)]) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let known = files.iter().any(|(path, _)| path.file_name() == Some(entry.file_name().as_os_str()));
        if !known {
            found.push(entry.path());
        }
    }
    Ok(found)
}
