//! Which Kubernetes a control plane is: the newest that is tested, or with `KUBERNETES=oldest` in the environment the
//! oldest that the operator works on.

use std::env;

use anyhow::{Result, bail};

use super::{binaries::say, locks::LockFile};

/// A release of Kubernetes that a control plane can be.
#[derive(Debug)]
pub struct Kubernetes {
    version: &'static str,
    minor: u32,
    pub(super) lock_file: LockFile,
    /// What the API server must be told, so that tests find what the newest has by itself.
    pub(super) apiserver_args: &'static [&'static str],
    /// The same for the controllers.
    pub(super) controller_manager_args: &'static [&'static str],
    /// The version of the API by which the server takes policies that change objects.
    pub mutating_policies: &'static str,
}

static NEWEST: Kubernetes = Kubernetes {
    version: "1.37.2",
    minor: 37,
    lock_file: LockFile {
        folder: "kubernetes",
        go_mod: include_str!("../../controlplane/go.mod"),
        go_sum: include_str!("../../controlplane/go.sum"),
    },
    apiserver_args: &[],
    controller_manager_args: &[],
    mutating_policies: "admissionregistration.k8s.io/v1",
};

static OLDEST: Kubernetes = Kubernetes {
    version: "1.33.13",
    minor: 33,
    lock_file: LockFile {
        folder: "kubernetes",
        go_mod: include_str!("../../controlplane/oldest/go.mod"),
        go_sum: include_str!("../../controlplane/oldest/go.sum"),
    },
    apiserver_args: &[
        // Tests change objects behind the operator's back by such a policy; autoscalers have both of the others by
        // themselves on the newest.
        "--feature-gates=MutatingAdmissionPolicy=true,HPAScaleToZero=true,HPAConfigurableTolerance=true",
        "--runtime-config=admissionregistration.k8s.io/v1alpha1=true",
    ],
    controller_manager_args: &["--feature-gates=HPAScaleToZero=true,HPAConfigurableTolerance=true"],
    mutating_policies: "admissionregistration.k8s.io/v1alpha1",
};

impl Kubernetes {
    /// The one that the environment asks for.
    ///
    /// # Errors
    /// When it asks for one that there is not.
    pub fn of_environment() -> Result<&'static Self> {
        let wanted = env::var("KUBERNETES").unwrap_or_default();
        match wanted.as_str() {
            "" => Ok(&NEWEST),
            "oldest" => Ok(&OLDEST),
            _ => bail!("KUBERNETES={wanted}: it can only be \"oldest\", which is {}", OLDEST.version),
        }
    }

    /// Whether it lacks what came with a later minor version, such as 35. Says so, since a test then leaves something
    /// out.
    #[must_use]
    pub fn lacks(&self, what: &str, since: u32) -> bool {
        let lacks = self.minor < since;
        if lacks {
            say(&format!("not tested on Kubernetes {}: {what}, which came with 1.{since}", self.version));
        }
        lacks
    }

    /// What the linker is told: without the version the servers call themselves v0.0.0, and clients balk.
    pub(super) fn linker_flags(&self) -> String {
        let name = "k8s.io/component-base/version";
        let Self { version, minor, .. } = self;
        format!("-s -w -X {name}.gitVersion=v{version} -X {name}.gitMajor=1 -X {name}.gitMinor={minor}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_files_pin_the_versions_that_the_servers_say() {
        for kubernetes in [&NEWEST, &OLDEST] {
            let line = format!("\tk8s.io/kubernetes v{}", kubernetes.version);
            assert!(kubernetes.lock_file.go_mod.contains(&line), "{line}");
            assert!(kubernetes.version.starts_with(&format!("1.{}.", kubernetes.minor)));
        }
    }

    #[test]
    fn what_an_older_one_lacks_is_told_by_the_version_that_brought_it() {
        assert!(OLDEST.lacks("something", 34) && !OLDEST.lacks("something", 33) && !NEWEST.lacks("something", 37));
    }
}
