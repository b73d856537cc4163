//! `docs/gitops.md`: each block of it is run by a test of this program, or says why none can.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use microservice_tests::control_plane::{ControlPlane, Output};

/// Blocks that tests of this program take from the page and run.
const RUN: [&str; 9] = [
    "argocd-install",
    "flux",
    "flux-expressions",
    "helm",
    "kubectl-server-side",
    "kubectl-client-side",
    "kubectl-diff",
    "kubectl-switch",
    "kubectl-wait",
];

fn page() -> String {
    let path = root().join("docs/gitops.md");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The folder that commands are written for.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every block of code with the comment before it, which says what becomes of it.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut before = "";
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push((before.to_owned(), text.join("\n") + "\n"));
        } else {
            before = line;
        }
    }
    blocks
}

/// The text of a block that is run.
pub fn block(name: &str) -> Result<String> {
    let mark = format!("<!-- run: {name} -->");
    let found = blocks(&page()).into_iter().find(|(before, _)| *before == mark);
    Ok(found.with_context(|| format!("docs/gitops.md has no block {name}"))?.1)
}

/// Runs a block as a shell would, after these texts were replaced; answers with what was written.
pub async fn run(cluster: &ControlPlane, name: &str, replace: &[(&str, &str)]) -> Result<String> {
    let output = attempt(cluster, name, replace).await?;
    anyhow::ensure!(output.success, "{name} failed: {}{}", output.stdout, output.stderr);
    Ok(output.stdout)
}

/// The same, whether it goes well or not.
pub async fn attempt(cluster: &ControlPlane, name: &str, replace: &[(&str, &str)]) -> Result<Output> {
    let mut script = block(name)?;
    for (old, new) in replace {
        anyhow::ensure!(script.contains(old), "{name} does not say {old}: {script}");
        script = script.replace(old, new);
    }
    let folder = |program: &str| cluster.binaries().program(program).parent().map(Path::to_path_buf);
    let mut path: Vec<PathBuf> = ["kubectl", "helm"].into_iter().filter_map(folder).collect();
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let home = cluster.folder().join("home");
    std::fs::create_dir_all(&home)?;
    let output = tokio::process::Command::new("sh")
        .args(["-e", "-c", &script])
        .current_dir(root())
        .env("PATH", std::env::join_paths(path)?)
        .env("KUBECONFIG", cluster.kubeconfig())
        .env("HOME", &home)
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_CACHE_HOME")
        .env_remove("XDG_DATA_HOME")
        .kill_on_drop(true)
        .output()
        .await?;
    Ok(Output {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        success: output.status.success(),
    })
}

#[test]
fn every_block_is_run_or_says_why_not() {
    let blocks = blocks(&page());
    let mut run: Vec<&str> = Vec::new();
    for (before, text) in &blocks {
        let of = |start: &str| before.strip_prefix(start).and_then(|rest| rest.strip_suffix(" -->"));
        match (of("<!-- run: "), of("<!-- not run: ")) {
            (Some(name), _) => run.push(name),
            (_, Some(why)) => assert!(why.len() > 10, "why is this not run? {text}"),
            _ => panic!("nothing says what becomes of this block: {text}"),
        }
    }
    let mut wanted = RUN.to_vec();
    wanted.sort_unstable();
    run.sort_unstable();
    assert_eq!(run, wanted);
}
