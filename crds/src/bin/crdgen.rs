//! Writes `crds/yaml/microservices.yaml`, or with `--check` says whether it is what the types give today.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::{path::Path, process::ExitCode};

use microservice_crds::schema;

fn main() -> ExitCode {
    match run(std::env::args().skip(1).any(|argument| argument == "--check")) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("crdgen: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(check: bool) -> Result<String, Box<dyn std::error::Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("yaml").join("microservices.yaml");
    let shown = path.display();
    let fresh = schema::yaml()?;
    if check {
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        if kept != fresh {
            return Err(format!("{shown} is not what the types say: run `make generate` and commit it").into());
        }
        return Ok(format!("{shown} is up to date"));
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&path, &fresh)?;
    Ok(format!("{shown}: {} bytes", fresh.len()))
}
