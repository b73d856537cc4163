//! Charts as archives. `helm package` would do, but it writes the time into them.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use ignore::gitignore::GitignoreBuilder;
use serde_json::Value;

use crate::archive::{Entry, gzip, tar};

/// A packed chart.
#[derive(Debug)]
pub struct Chart {
    /// The name of the archive, as Helm calls it.
    pub file: String,
    /// The archive.
    pub bytes: Vec<u8>,
}

/// Packs the chart in a folder; it is to install this version of the application.
///
/// # Errors
/// When the folder is not there, is no chart, or is one of another version of the application.
pub fn chart(folder: &Path, version: &str) -> Result<Chart> {
    let path = folder.join("Chart.yaml");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let about: Value = serde_saphyr::from_str(&text).with_context(|| path.display().to_string())?;
    let said = |name: &str| {
        let value = about.get(name).and_then(Value::as_str);
        value.with_context(|| format!("{} has no {name}", path.display()))
    };
    let installs = said("appVersion")?;
    ensure!(installs == version, "{} is for version {installs}, and this is {version}", path.display());
    let name = said("name")?;
    let mut entries = Vec::new();
    let mut ignored = GitignoreBuilder::new(folder);
    let helmignore = folder.join(".helmignore");
    if helmignore.is_file()
        && let Some(error) = ignored.add(&helmignore)
    {
        return Err(error).with_context(|| helmignore.display().to_string());
    }
    let ignored = ignored.build()?;
    walk(folder, &mut |file| {
        let inside = file.strip_prefix(folder)?;
        if !ignored.matched_path_or_any_parents(inside, false).is_ignore() {
            let inside = inside.to_str().with_context(|| format!("{} is not UTF-8", file.display()))?;
            entries.push(Entry::file(format!("{name}/{inside}"), fs::read(file)?));
        }
        Ok(())
    })?;
    Ok(Chart { file: format!("{name}-{}.tgz", said("version")?), bytes: gzip(&tar(entries)?)? })
}

fn walk(folder: &Path, visit: &mut impl FnMut(&Path) -> Result<()>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() { walk(&path, visit)? } else { visit(&path)? }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    #[test]
    fn a_chart_is_packed_under_its_name_without_what_it_ignores() {
        let folder = tempfile::tempdir().unwrap();
        let about = "name: app\nversion: 1.2.3\nappVersion: 0.1.0\n";
        write(
            folder.path(),
            &[
                ("Chart.yaml", about),
                (".helmignore", "# tests\n*.swp\nci/\n"),
                ("templates/a.yaml", "a: 1\n"),
                ("templates/.a.yaml.swp", ""),
                ("ci/values.yaml", ""),
            ],
        );
        let packed = chart(folder.path(), "0.1.0").unwrap();
        assert_eq!(packed.file, "app-1.2.3.tgz");
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&packed.bytes[..]));
        let paths: Vec<String> =
            archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect();
        assert_eq!(paths, ["app/.helmignore", "app/Chart.yaml", "app/templates/a.yaml"]);
        let error = chart(folder.path(), "0.2.0").unwrap_err().to_string();
        assert!(error.contains("is for version 0.1.0"), "{error}");
        let error = chart(&folder.path().join("none"), "0.1.0").unwrap_err().to_string();
        assert!(error.contains("none/Chart.yaml"), "{error}");
    }
}
