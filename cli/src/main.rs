//! `kubectl msvc`: what the operator knows, without a cluster.

use std::{
    io::{Read, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::{Parser, Subcommand};
use microservice_core::{
    children,
    plan::{Facts, Subject, plan},
};
use microservice_crds::Microservice;

/// Microservices, without a cluster.
#[derive(Parser)]
#[command(name = "kubectl-msvc", bin_name = "kubectl msvc", version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Prints the objects that Microservices stand for, exactly as the operator would apply them. The owner's uid, which
    /// only the cluster knows, is left empty.
    Render {
        /// Files with Microservices; `-` is standard input. Other kinds in them are passed over.
        #[arg(short, long = "filename", required = true)]
        files: Vec<PathBuf>,
        /// Namespace of objects that name none.
        #[arg(short, long, default_value = "default")]
        namespace: String,
        /// Also prints where each value comes from, as comments.
        #[arg(long)]
        explain: bool,
    },
}

fn main() -> ExitCode {
    match run(Args::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // What is wrong with the input is for its author: no backtrace of ours.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let Command::Render { files, namespace, explain } = command;
    let mut out = std::io::stdout().lock();
    for file in files {
        let text = read(&file)?;
        for service in microservices(&text).with_context(|| file.display().to_string())? {
            write!(out, "{}", render(service, &namespace, explain)?)?;
        }
    }
    Ok(())
}

fn read(file: &PathBuf) -> anyhow::Result<String> {
    if file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(file).with_context(|| file.display().to_string())
}

/// The Microservices among the documents of a file.
fn microservices(text: &str) -> anyhow::Result<Vec<Microservice>> {
    let documents: Vec<serde_json::Value> = serde_saphyr::from_multiple(text)?;
    let ours = documents.into_iter().filter(|document| document.get("kind").is_some_and(|kind| kind == "Microservice"));
    ours.map(|document| {
        let name = document.pointer("/metadata/name").and_then(|name| name.as_str()).unwrap_or("?").to_owned();
        serde_json::from_value(document).with_context(|| format!("Microservice {name}"))
    })
    .collect()
}

fn render(service: Microservice, namespace: &str, explain: bool) -> anyhow::Result<String> {
    let name = service.metadata.name.unwrap_or_default();
    let subject = Subject {
        namespace: service.metadata.namespace.unwrap_or_else(|| namespace.to_owned()),
        uid: String::new(),
        generation: 1,
        spec: service.spec,
        name,
    };
    let plan = match plan(&subject, &Facts::default()) {
        Ok(plan) => plan,
        Err(invalid) => {
            let all: Vec<String> = invalid.iter().map(|i| format!("{}: {}", i.field, i.message)).collect();
            bail!("Microservice {}: {}", subject.name, all.join("; "));
        }
    };
    let mut text = String::new();
    if explain {
        for value in &plan.provenance {
            text.push_str(&format!("# {}: {} ({})\n", value.path, value.value, value.source));
        }
    }
    for child in children::desired(&plan) {
        text.push_str("---\n");
        text.push_str(&serde_saphyr::to_string(&child.body)?);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renders_the_microservices_of_a_file_and_passes_over_the_rest() {
        let text = "kind: Namespace\n---\napiVersion: microservices.dev/v1alpha1\nkind: Microservice\n\
            metadata: {name: web}\nspec: {image: 'x:1', ports: [{name: http, port: 80}]}\n";
        let found = microservices(text).unwrap();
        let rendered = render(found[0].clone(), "shop", false).unwrap();
        for kind in ["Deployment", "Service", "ServiceAccount"] {
            assert!(rendered.contains(&format!("kind: {kind}\n")), "{rendered}");
        }
        assert!(rendered.contains("namespace: shop"));
    }

    #[test]
    fn says_what_is_wrong() {
        let text = "apiVersion: microservices.dev/v1alpha1\nkind: Microservice\nmetadata: {name: web}\n\
            spec: {image: 'x:1', ports: [{name: http, port: 80}], routes: [{hostnames: [a.example.com]}]}\n";
        let error = render(microservices(text).unwrap()[0].clone(), "shop", false).unwrap_err().to_string();
        assert!(error.contains("gateway"), "{error}");
    }
}
