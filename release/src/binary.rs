//! Static programs: they run in an image that holds nothing else, and the same sources give the same bytes wherever they
//! are built with the same tools.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};
use object::{
    Endianness, elf,
    read::elf::{FileHeader as _, ProgramHeader as _},
};

/// A program of a workspace, to be built as a static one.
#[derive(Debug, Clone)]
pub struct StaticBuild<'a> {
    /// The root of the workspace.
    pub workspace: &'a Path,
    /// The target folder: one of its own, since the compiler's flags are others than those of the rest.
    pub target: &'a Path,
    /// The profile of cargo, as in `release`.
    pub profile: &'a str,
    /// The package.
    pub package: &'a str,
    /// The program.
    pub program: &'a str,
}

impl StaticBuild<'_> {
    /// Where the program stands when it is built.
    ///
    /// # Errors
    /// When there is no compiler.
    pub fn path(&self) -> Result<PathBuf> {
        Ok(self.workspace.join(self.target).join(host()?).join(self.profile).join(self.program))
    }

    /// Builds it, and returns its path. Blocks; the first time it takes as long as its dependencies do.
    ///
    /// # Errors
    /// When it cannot be built; the error has the words of cargo.
    pub fn run(&self) -> Result<PathBuf> {
        let target = self.workspace.join(self.target);
        let output = cargo()
            .args(["build", "--quiet", "--locked", "--profile", self.profile])
            .args(["--package", self.package, "--bin", self.program])
            // Said although it is the host: so the flags are those of the program, and not of what runs while it is built.
            .args(["--target", &host()?, "--target-dir"])
            .arg(&target)
            .env("CARGO_ENCODED_RUSTFLAGS", flags(self.workspace, &target)?)
            .env_remove("RUSTFLAGS")
            .current_dir(self.workspace)
            .stdin(Stdio::null())
            .output()
            .context("cannot run cargo")?;
        let words = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "cargo could not build {}, static: {}", self.program, words.trim());
        self.path()
    }
}

/// Static, and without the paths of the machine on which it is built. Where two folders lie in each other, the later
/// flag wins.
fn flags(workspace: &Path, target: &Path) -> Result<String> {
    let mut flags = String::from("-Ctarget-feature=+crt-static");
    for (folder, name) in [(cargo_home()?.as_path(), "/cargo"), (workspace, "/src"), (target, "/target")] {
        let folder = folder.to_str().with_context(|| format!("{} is not UTF-8", folder.display()))?;
        // The separator of this variable: paths may have blanks.
        flags.push('\u{1f}');
        flags.push_str(&format!("--remap-path-prefix={folder}={name}"));
    }
    Ok(flags)
}

/// Where cargo keeps the sources of dependencies.
fn cargo_home() -> Result<PathBuf> {
    let said = env::var_os("CARGO_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    said.or_else(|| env::home_dir().map(|home| home.join(".cargo"))).context("neither CARGO_HOME nor HOME is set")
}

/// The target that the compiler builds for by itself.
///
/// # Errors
/// When there is no compiler.
pub fn host() -> Result<String> {
    said_by(rustc().args(["--print", "host-tuple"]))
}

/// What a command prints, without the last line break.
pub(crate) fn said_by(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {name}"))?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{name} failed: {}", words.trim());
    Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
}

pub(crate) fn rustc() -> Command {
    Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

/// The cargo that runs this, or that of the path.
#[must_use]
pub fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Says what is wrong with a program that is to run on this architecture in an image that holds nothing else.
///
/// # Errors
/// When it is no Linux program, one for another architecture, or one that needs a loader.
pub fn check_static(program: &[u8], architecture: &str) -> Result<()> {
    let header = elf::FileHeader64::<Endianness>::parse(program).ok().context("not a 64-bit ELF program")?;
    let endian = header.endian()?;
    let machine = match header.e_machine(endian) {
        elf::EM_X86_64 => "amd64",
        elf::EM_AARCH64 => "arm64",
        other => bail!("a program for an unknown machine ({other})"),
    };
    ensure!(machine == architecture, "a program for {machine}, not for {architecture}");
    for segment in header.program_headers(endian, program)? {
        let loader = segment.interpreter(endian, program)?;
        ensure!(loader.is_none(), "not static: it needs {}", String::from_utf8_lossy(loader.unwrap_or_default()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::host_architecture;

    #[test]
    fn a_program_that_could_not_start_is_refused() {
        let this = std::fs::read(env::current_exe().unwrap()).unwrap();
        let error = check_static(&this, host_architecture()).unwrap_err().to_string();
        assert!(error.starts_with("not static: it needs /"), "{error}");
        let error = check_static(&this, "s390x").unwrap_err().to_string();
        assert!(error.contains("not for s390x"), "{error}");
        let error = check_static(b"#!/bin/sh", "amd64").unwrap_err().to_string();
        assert!(error.contains("not a 64-bit ELF"), "{error}");
    }

    #[test]
    fn the_machines_paths_are_not_in_a_program() {
        let flags = flags(Path::new("/home/me/code"), Path::new("/home/me/code/target")).unwrap();
        let flags: Vec<&str> = flags.split('\u{1f}').collect();
        assert_eq!(flags[0], "-Ctarget-feature=+crt-static");
        assert_eq!(
            flags[2..],
            ["--remap-path-prefix=/home/me/code=/src", "--remap-path-prefix=/home/me/code/target=/target"]
        );
    }
}
