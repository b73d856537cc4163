//! What a user reads of each failure of a service called `web`, whoever runs its pods: a simulated node and a real one
//! must tell the same.

use anyhow::Result;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;

use crate::{
    failures::{assert_says, fails, pod},
    rig::Rig,
};

/// A failure, and what is said of it. `{pod}` and `{namespace}` stand for those of the service.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    /// Reason of Ready.
    pub reason: &'static str,
    /// Parts of its message.
    pub words: &'static [&'static str],
    /// What its message does not have.
    pub never: &'static [&'static str],
}

impl Told {
    const fn new(reason: &'static str, words: &'static [&'static str]) -> Self {
        Self { reason, words, never: &[] }
    }

    /// Applies the service, and waits until all of this is said of it.
    ///
    /// # Errors
    /// When it does not fail so.
    ///
    /// # Panics
    /// When something else is said.
    pub async fn by(&self, rig: &Rig, spec: &str) -> Result<Condition> {
        let ready = fails(rig, spec, self.reason).await?;
        let pod = pod(rig).await?.name_any();
        let filled = |word: &&str| word.replace("{pod}", &pod).replace("{namespace}", &rig.namespace);
        let words: Vec<String> = self.words.iter().map(filled).collect();
        assert_says(&ready, &words.iter().map(String::as_str).collect::<Vec<_>>());
        for word in self.never {
            assert!(!ready.message.contains(word), "{word:?} is in: {}", ready.message);
        }
        Ok(ready)
    }
}

/// An image that runs as root.
pub const ROOT: Told = Told::new(
    "ContainerConfigError",
    &["Container web of pod {pod} cannot be started", "image will run as root", "et security.runAsUser"],
);

/// An image that names its user.
pub const NAMED_USER: Told = Told::new(
    "ContainerConfigError",
    &[
        "Container web of pod {pod} cannot be started",
        "non-numeric user (app)",
        "set security.runAsUser to the user's number",
    ],
);

/// `envFrom` the ConfigMap `settings`, which is not there.
pub const NO_CONFIG_MAP: Told = Told::new(
    "ContainerConfigError",
    &[
        "Container web of pod {pod} cannot be started",
        "configmap \"settings\" not found",
        "Create what is missing",
        "envFrom",
    ],
);

/// `envFrom` the Secret `credentials`, which is not there.
pub const NO_SECRET: Told = Told::new(
    "ContainerConfigError",
    &["Container web of pod {pod} cannot be started", "secret \"credentials\" not found", "Create what is missing"],
);

/// The key `password` of the Secret `credentials`, which has others.
pub const NO_KEY: Told = Told::new(
    "ContainerConfigError",
    &[
        "Container web of pod {pod} cannot be started",
        "couldn't find key password in Secret",
        "/credentials",
        "correct its name in env",
    ],
);

/// A container that exits with 3 again and again.
pub const CRASH_LOOP: Told = Told::new(
    "CrashLoop",
    &["Container web of pod {pod} exited with 3", "restarted", "kubectl logs -n {namespace} {pod} -c web --previous"],
);

/// A container with a limit of 64Mi that takes more.
pub const OUT_OF_MEMORY: Told =
    Told::new("OOMKilled", &["Container web", "{pod}", "OOMKilled", "64Mi", "Raise spec.resources.limits.memory"]);

/// The sidecar `proxy` exits with 1.
pub const SIDECAR: Told =
    Told::new("CrashLoop", &["Container proxy of pod {pod}", "exited with 1", "-c proxy --previous"]);

/// The init container `migrate` exits with 1.
pub const INIT_CONTAINER: Told =
    Told::new("InitContainerFailed", &["Init container migrate of pod {pod} exited with 1", "-c migrate --previous"]);

/// A readiness probe of `/_healthz` that fails.
pub const UNREADY: Told = Told::new(
    "ReadinessProbeFailing",
    &[
        "Container web of pod {pod} runs",
        "readiness probe (GET /_healthz on port http)",
        "spec.probes.readiness",
        "kubectl logs",
    ],
);

/// An image that its registry does not have. Words that change with each try are not told.
pub const NO_IMAGE: Told = Told {
    reason: "ImagePullFailed",
    words: &["{pod}", "not found", "Check that spec.image exists"],
    never: &["Back-off"],
};

/// A registry that wants credentials.
pub const NO_CREDENTIALS: Told =
    Told::new("ImagePullFailed", &["authoriz", "401 Unauthorized", "spec.image", "spec.imagePullSecrets"]);
