//! Commands in the documentation: those of `docs/install.md` are run here as they stand, and every page of the repository
//! says of each of its commands what becomes of it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use microservice_tests::{
    control_plane::{ControlPlane, Options},
    docs::{Block, blocks, root, shell},
};

const PAGE: &str = "docs/install.md";

/// The pages whose blocks of `sh` are run, and where.
const RUN: [(&str, &str); 4] = [
    (PAGE, "tests/install/docs.rs"),
    ("docs/gitops.md", "tests/gitops/docs.rs"),
    ("docs/security.md", "tests/policies/commands.rs"),
    ("docs/supply-chain.md", "release/tests/docs.rs"),
];

/// What a block of `sh` may say that it needs and no test can have.
const NEEDS: [&str; 2] = [
    // A cluster of one's own, with a registry, a gateway, or services that somebody calls.
    "sh needs-cluster",
    // Programs that were built on machines of other kinds.
    "sh needs-other-machines",
];

/// What is no command: files, and what programs say.
const NO_COMMANDS: [&str; 3] = ["yaml", "json", "text"];

/// The pod of `helm test` ends when all is well; no container runs here that could.
const TEST_POD_ENDS: &str = r#"
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: pod-of-helm-test}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchExpressions:
    - {key: '.metadata.annotations["helm.sh/hook"]', operator: In, values: [test]}
    - {key: .status.phase, operator: In, values: [Running]}
  next:
    statusTemplate: |
      phase: Succeeded
"#;

#[tokio::test]
async fn the_commands_of_the_page_install_upgrade_and_remove() -> Result<()> {
    let options = Options { stages: vec![TEST_POD_ENDS.into()], ..Options::default() };
    let cluster = ControlPlane::start(options).await?;
    let binaries = cluster.binaries().clone();
    tokio::task::spawn_blocking(move || binaries.prepare_helm()).await??;
    let mut commands: Vec<Block> = blocks(PAGE)?.into_iter().filter(|block| block.info == "sh").collect();
    // Two other ways to install: for an empty cluster, which it is after all others were run.
    commands.sort_by_key(|block| ["By one file", "By kustomize"].contains(&block.heading.as_str()));
    for command in &commands {
        let output = shell(&cluster, &format!("set -e\n{}", command.text)).await?;
        ensure!(output.success, "{}{}{}", command.text, output.stdout, output.stderr);
    }
    let ran: BTreeSet<&str> = commands.iter().map(|block| block.heading.as_str()).collect();
    for heading in ["By Helm", "By one file", "By kustomize", "Upgrade", "Roll back", "Uninstall"] {
        ensure!(ran.contains(heading), "nothing was run of {heading:?}");
    }
    let args = ["rollout", "status", "deployment", "--namespace=microservice-operator-system", "--timeout=60s"];
    cluster.kubectl_ok(&args).await?;
    cluster.stop();
    Ok(())
}

#[test]
fn every_command_is_run_or_says_what_it_needs() -> Result<()> {
    let mut silent = Vec::new();
    let installs: Vec<String> = blocks(PAGE)?.into_iter().map(|block| block.text).collect();
    for page in pages()? {
        let tests = RUN.iter().find(|(run, _)| *run == page).map(|(_, test)| test);
        for Block { info, text, .. } in blocks(&page)? {
            let known = match info.as_str() {
                // What stands on the page of the installation word for word is run with it.
                "sh" => tests.is_some() || installs.iter().any(|block| block.contains(&text)),
                other => NEEDS.contains(&other) || NO_COMMANDS.contains(&other),
            };
            if !known {
                silent.push(format!("{page}, a block of {info:?}:\n{text}"));
            }
        }
    }
    ensure!(silent.is_empty(), "no test runs these, and they do not say why:\n{}", silent.join("\n"));
    for (page, test) in RUN {
        let source = std::fs::read_to_string(root().join(test)).with_context(|| test.to_owned())?;
        ensure!(source.contains(page), "{test} does not know {page}");
    }
    Ok(())
}

/// All pages of the repository, by their paths in it.
fn pages() -> Result<Vec<String>> {
    let root = root().canonicalize()?;
    let mut pages = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() && !is_foreign(&path) {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path.strip_prefix(&root)?.display().to_string());
            }
        }
    }
    ensure!(pages.len() > 20, "only {pages:?}");
    pages.sort();
    Ok(pages)
}

/// Folders that hold nothing that was written here.
fn is_foreign(folder: &Path) -> bool {
    let name = PathBuf::from(folder.file_name().unwrap_or_default()).display().to_string();
    name == "target" || name.starts_with('.')
}
