//! Pages of the documentation: their blocks of code, and a shell for the commands in them.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::control_plane::{ControlPlane, Output};

/// A block of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What stands behind the fence, as in `sh needs-cluster`.
    pub info: String,
    /// The line before it.
    pub before: String,
    /// The last heading before it, without its marks.
    pub heading: String,
    /// What is in it.
    pub text: String,
}

/// The root of the repository, which commands are written for.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The blocks of a page, by its path in the repository.
///
/// # Errors
/// When there is no such page.
pub fn blocks(page: &str) -> Result<Vec<Block>> {
    let text = std::fs::read_to_string(root().join(page)).with_context(|| page.to_owned())?;
    Ok(parse(&text))
}

fn parse(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let (mut before, mut heading) = ("", "");
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(info) = line.trim_start().strip_prefix("```") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| line.trim() != "```").collect();
            blocks.push(Block {
                info: info.to_owned(),
                before: before.to_owned(),
                heading: heading.to_owned(),
                text: text.join("\n") + "\n",
            });
        }
        if line.starts_with('#') {
            heading = line.trim_start_matches('#').trim();
        }
        before = line;
    }
    blocks
}

/// Runs a script as its reader would: in the root of the repository, with kubectl and Helm of this cluster, and a home of
/// its own.
///
/// # Errors
/// When there is no shell. A script that fails is none.
pub async fn shell(cluster: &ControlPlane, script: &str) -> Result<Output> {
    let folder = |program: &str| cluster.binaries().program(program).parent().map(Path::to_path_buf);
    let mut path: Vec<PathBuf> = ["kubectl", "helm"].into_iter().filter_map(folder).collect();
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let home = cluster.folder().join("home");
    std::fs::create_dir_all(&home)?;
    let output = tokio::process::Command::new("sh")
        .args(["-c", script])
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_with_what_stands_before_them() {
        let page = "# Top\n## Part\nwords\n```sh\n# no heading\na\n```\n- item\n  ```yaml\n  b: 1\n  ```\n";
        let blocks = parse(page);
        assert_eq!(blocks.len(), 2);
        assert_eq!((blocks[0].info.as_str(), blocks[0].before.as_str()), ("sh", "words"));
        assert_eq!((blocks[0].heading.as_str(), blocks[0].text.as_str()), ("Part", "# no heading\na\n"));
        assert_eq!((blocks[1].info.as_str(), blocks[1].text.as_str()), ("yaml", "  b: 1\n"));
    }
}
