//! `kubectl msvc`: what the operator knows, without a cluster.

use std::{
    io::{Read, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::{Parser, Subcommand};
use microservice_core::{
    graph::Graph,
    offline::{self, Manifests},
    plan::Blame,
    render,
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
        /// Files with Microservices; `-` is standard input. A MicroserviceClass or Namespace in them holds for all
        /// Microservices, and other kinds are passed over.
        #[arg(short, long = "filename", required = true)]
        files: Vec<PathBuf>,
        /// Files with further MicroserviceClasses and Namespaces, as they are in the cluster. A Microservice has the
        /// class that it names, else the one that is annotated as default.
        #[arg(short, long = "class", value_name = "FILE")]
        classes: Vec<PathBuf>,
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
    let Command::Render { files, classes, namespace, explain } = command;
    let mut manifests = Manifests::default();
    for file in &classes {
        add(&mut manifests, &read(file)?).with_context(|| file.display().to_string())?;
    }
    // These only say what there is.
    manifests.services.clear();
    for file in &files {
        add(&mut manifests, &read(file)?).with_context(|| file.display().to_string())?;
    }
    let graph = manifests.graph(&namespace);
    let mut out = std::io::stdout().lock();
    for service in &manifests.services {
        write!(out, "{}", print(&manifests, &graph, service.clone(), &namespace, explain)?)?;
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

/// Adds the documents of a file.
fn add(manifests: &mut Manifests, text: &str) -> anyhow::Result<()> {
    let documents: Vec<serde_json::Value> = serde_saphyr::from_multiple(text)?;
    for document in documents {
        manifests.add(document).map_err(anyhow::Error::msg)?;
    }
    Ok(())
}

fn print(
    manifests: &Manifests,
    graph: &Graph,
    service: Microservice,
    namespace: &str,
    explain: bool,
) -> anyhow::Result<String> {
    let subject = offline::subject(service, namespace);
    let rendered = match render::render(&subject, &manifests.facts(&subject, graph)) {
        Ok(rendered) => rendered,
        Err(invalid) => {
            let all: Vec<String> = invalid.iter().map(ToString::to_string).collect();
            let hint = match Blame::worst(&invalid) {
                Blame::NoClass => " (or give it here, with --class FILE)",
                _ => "",
            };
            bail!("Microservice {}: {}{hint}", subject.name, all.join("; "));
        }
    };
    let mut text = String::new();
    if explain {
        for value in &rendered.plan.provenance {
            text.push_str(&format!("# {}: {} ({})\n", value.path, value.value, value.source));
        }
    }
    for child in rendered.children {
        text.push_str("---\n");
        text.push_str(&serde_saphyr::to_string(&child.body)?);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: &str = "apiVersion: microservices.dev/v1alpha1\nkind: Microservice\nmetadata: {name: web}\n";
    const CLASS: &str = "apiVersion: microservices.dev/v1alpha1\nkind: MicroserviceClass\nmetadata: {name: gold}\n";

    fn printed(text: &str, explain: bool) -> anyhow::Result<String> {
        let mut manifests = Manifests::default();
        add(&mut manifests, text)?;
        print(&manifests, &manifests.graph("shop"), manifests.services[0].clone(), "shop", explain)
    }

    #[test]
    fn renders_the_microservices_of_a_file_and_passes_over_the_rest() {
        let text =
            format!("kind: ConfigMap\n---\n{SERVICE}spec: {{image: 'x:1', ports: [{{name: http, port: 80}}]}}\n");
        let rendered = printed(&text, false).unwrap();
        for kind in ["Deployment", "Service", "ServiceAccount"] {
            assert!(rendered.contains(&format!("kind: {kind}\n")), "{rendered}");
        }
        assert!(rendered.contains("namespace: shop"));
    }

    #[test]
    fn says_what_is_wrong() {
        let text = format!(
            "{SERVICE}spec: {{image: 'x:1', ports: [{{name: http, port: 80}}], routes: [{{hostnames: [a.example.com]}}]}}\n"
        );
        let error = printed(&text, false).unwrap_err().to_string();
        assert!(error.contains("gateway"), "{error}");
    }

    #[test]
    fn a_class_decides_and_is_shown_as_the_source() {
        let class = format!("{CLASS}spec: {{defaults: {{env: [{{name: REGION, value: north}}], drainSeconds: 7}}}}\n");
        let service = format!("{SERVICE}spec: {{image: 'x:1', class: gold, ports: [{{name: http, port: 80}}]}}\n");
        let rendered = printed(&format!("{class}---\n{service}"), true).unwrap();
        for line in [
            "# class: \"gold\" (spec)\n",
            "# env[REGION]: \"north\" (class)\n",
            "# drainSeconds: 7 (class)\n",
            "seconds: 7",
        ] {
            assert!(rendered.contains(line), "{line}: {rendered}");
        }
        let error = printed(&service, false).unwrap_err().to_string();
        assert!(error.contains("no MicroserviceClass \"gold\"") && error.contains("--class FILE"), "{error}");
    }
}
