//! `docs/gitops.md`: each block of it is run by a test of this program, or says why none can.

use anyhow::{Context as _, Result};
use microservice_tests::{
    control_plane::{ControlPlane, Output},
    docs,
};

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

const PAGE: &str = "docs/gitops.md";

/// The text of a block that is run.
pub fn block(name: &str) -> Result<String> {
    let mark = format!("<!-- run: {name} -->");
    let found = docs::blocks(PAGE)?.into_iter().find(|block| block.before == mark);
    Ok(found.with_context(|| format!("{PAGE} has no block {name}"))?.text)
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
    docs::shell(cluster, &format!("set -e\n{script}")).await
}

#[test]
fn every_block_is_run_or_says_why_not() {
    let blocks = docs::blocks(PAGE).unwrap();
    let mut run: Vec<&str> = Vec::new();
    for docs::Block { before, text, .. } in &blocks {
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
