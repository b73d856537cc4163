//! Writes the parts of the charts that follow from the code: the rules of the roles, and the definitions. With `--check`
//! it says whether they are what the code gives today.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use microservice_crds::schema;
use microservice_operator::rights;

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
    files.extend(plain_definitions()?);
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

/// The definitions for kustomize, a file each.
fn plain_definitions() -> Fallible<Vec<(PathBuf, String)>> {
    let folder = Path::new("manifests/kustomize/crds");
    let mut files = Vec::new();
    for definition in schema::crds()? {
        let text = format!("{HEAD}{}", serde_saphyr::to_string(&definition)?);
        files.push((folder.join(&definition.spec.names.plural).with_extension("yaml"), text));
    }
    Ok(files)
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
