//! What a person reads of a pod's trouble: the pod, the cause and the next step.

use super::{Say, facts::Facts, pods::STARTING, text};
use crate::outcome::{PodProblem, PodSummary, ProblemKind};

/// The trouble of a pod as the reason and the message of a condition.
pub(super) fn of_pod(pod: &PodSummary, problem: &PodProblem, facts: &Facts) -> Say {
    let said = Said { pod: &pod.name, problem, facts, words: text::unstopped(&problem.detail) };
    match problem.kind {
        ProblemKind::ContainerConfig => said.container_config(),
        ProblemKind::ImagePull => said.image_pull(),
        ProblemKind::OomKilled => said.oom_killed(),
        // A sidecar is an init container to the kubelet.
        ProblemKind::InitFailed if !said.is_sidecar() => said.ends("InitContainerFailed", "Init container"),
        ProblemKind::InitFailed | ProblemKind::CrashLoop => said.ends("CrashLoop", "Container"),
        ProblemKind::Unschedulable => said.unschedulable(),
        ProblemKind::StuckCreating => said.stuck(),
        ProblemKind::NotReady => said.not_ready(),
        ProblemKind::Evicted => said.evicted(),
    }
}

struct Said<'a> {
    pod: &'a str,
    problem: &'a PodProblem,
    facts: &'a Facts,
    words: &'a str,
}

impl Said<'_> {
    fn container(&self) -> &str {
        self.problem.container.as_deref().unwrap_or(&self.facts.main)
    }

    fn is_main(&self) -> bool {
        self.container() == self.facts.main
    }

    fn field(&self, name: &str) -> String {
        self.facts.field(self.container(), name)
    }

    fn is_sidecar(&self) -> bool {
        self.facts.sidecars.iter().any(|s| s == self.container())
    }

    /// `Container web of pod web-1`.
    fn who(&self) -> String {
        format!("Container {} of pod {}", self.container(), self.pod)
    }

    fn logs(&self, previous: &str) -> String {
        format!("kubectl logs -n {} {} -c {}{previous}", self.facts.namespace, self.pod, self.container())
    }

    /// ` with: <words>`, or nothing.
    fn with(&self, lead: &str) -> String {
        if self.words.is_empty() { String::new() } else { format!("{lead}{}", self.words) }
    }

    /// The probes of this container that end it when they fail, as far as they are known.
    fn killers(&self) -> Option<String> {
        let of = |name: &str, probe: &Option<String>| probe.as_ref().map(|does| format!("{name} probe ({does})"));
        let known = [of("startup", &self.facts.startup), of("liveness", &self.facts.liveness)];
        let known: Vec<String> = known.into_iter().flatten().filter(|_| self.is_main()).collect();
        (!known.is_empty()).then(|| known.join(" or "))
    }

    fn container_config(&self) -> Say {
        let words = self.words.to_lowercase();
        let missing = words.contains("not found") || words.contains("couldn't find key");
        let step = if words.contains("non-numeric user") {
            "Its image names its user by a name, which cannot be checked: set security.runAsUser to the user's number."
                .to_owned()
        } else if words.contains("run as root") || words.contains("runasnonroot") {
            "Set security.runAsUser to the number of a user that can run it, or give the image a USER that is not root."
                .to_owned()
        } else if missing && (words.contains("configmap") || words.contains("secret")) {
            "Create what is missing, or correct its name in env, envFrom or volumes; it may also be marked optional."
                .to_owned()
        } else if self.problem.word == "PostStartHookError" {
            format!("Correct {}.", self.field("lifecycle.postStart"))
        } else if words.contains("executable file not found")
            || words.contains("no such file or directory")
            || words.contains("permission denied")
        {
            format!("Correct {} and args: the image has no such program, or may not run it.", self.field("command"))
        } else {
            format!("See: kubectl describe pod -n {} {}", self.facts.namespace, self.pod)
        };
        let why = if self.words.is_empty() { format!(": {}", self.problem.word) } else { self.with(": ") };
        Say::new("ContainerConfigError", format!("{} cannot be started{why}. {step}", self.who()))
    }

    fn image_pull(&self) -> Say {
        let words = self.words.to_lowercase();
        let image = match (&self.problem.image, self.is_main()) {
            (_, true) => &self.facts.image,
            (image, false) => image,
        };
        let denied = ["denied", "unauthorized", "authoriz", "401", "403"].iter().any(|w| words.contains(w));
        let step = match self.problem.word.as_str() {
            "InvalidImageName" => format!("Correct {}: it is not a name of an image.", self.field("image")),
            "ErrImageNeverPull" => "No node has it: set imagePullPolicy to IfNotPresent.".to_owned(),
            "SignatureValidationFailed" => "Its signature is not valid here: use a signed image.".to_owned(),
            _ if denied => {
                format!("Check {} and the credentials that spec.imagePullSecrets names.", self.field("image"))
            }
            _ => format!(
                "Check that {} exists in the registry, and spec.imagePullSecrets for its credentials.",
                self.field("image")
            ),
        };
        let message = format!("{} cannot get its image {image:?}{}. {step}", self.who(), self.with(": "));
        Say::new("ImagePullFailed", message)
    }

    fn oom_killed(&self) -> Say {
        let limit = match (&self.facts.memory_limit, self.is_main()) {
            (Some(limit), true) => format!(" of {limit}"),
            _ => String::new(),
        };
        let message = format!(
            "{} was killed for its memory (OOMKilled): it needs more than its limit{limit}{}. Raise {}, or make it need less.",
            self.who(),
            text::restarted(self.problem.restarts),
            self.field("resources.limits.memory"),
        );
        Say::new("OOMKilled", message)
    }

    /// A container that ends although it should run, or should have ended well.
    fn ends(&self, reason: &str, role: &str) -> Say {
        let how = match (self.problem.exit_code, self.killers()) {
            // A program that hears SIGTERM ends well when a probe has it ended.
            (Some(0), Some(probes)) => format!("ended with 0, by itself or because its {probes} failed"),
            (Some(0), None) => "ended by itself with 0, although it must keep running".to_owned(),
            (Some(137), Some(probes)) => format!("was killed (exit code 137), as if its {probes} failed"),
            (Some(143), Some(probes)) => format!("was stopped (exit code 143), as if its {probes} failed"),
            (Some(137), None) => "was killed (exit code 137), as a failing liveness or startup probe does".to_owned(),
            (Some(143), None) => "was stopped (exit code 143), as a failing liveness or startup probe does".to_owned(),
            (Some(126), _) => "exited with 126: its command may not be executed".to_owned(),
            (Some(127), _) => "exited with 127: its command was not found".to_owned(),
            (Some(code), _) => format!("exited with {code}"),
            (None, _) => "ends again and again".to_owned(),
        };
        let message = format!(
            "{role} {} of pod {} {how}{}{}. See: {}",
            self.container(),
            self.pod,
            text::restarted(self.problem.restarts),
            self.with(", and said: "),
            self.logs(" --previous"),
        );
        Say::new(reason, message)
    }

    fn unschedulable(&self) -> Say {
        let words = self.words.to_lowercase();
        let mut steps = Vec::new();
        if words.contains("insufficient") || words.contains("too many pods") {
            steps.push("lower spec.resources.requests or add nodes");
        }
        if words.contains("taint") {
            steps.push("add the taint to spec.tolerations");
        }
        if words.contains("affinity/selector") || words.contains("node selector") {
            steps.push("correct spec.nodeSelector or spec.affinity, or label a node");
        }
        if words.contains("persistentvolumeclaim") || words.contains("volume node affinity") {
            steps.push("create or correct the PersistentVolumeClaim");
        }
        if words.contains("topology spread") || words.contains("pod anti-affinity") || words.contains("pod affinity") {
            steps.push("loosen spec.topologySpread or spec.affinity");
        }
        if self.problem.word == "SchedulingGated" {
            steps.push("wait for who set the scheduling gate");
        }
        if steps.is_empty() {
            steps.push("lower spec.resources.requests, loosen its placement, or add nodes");
        }
        let mut step = steps.join("; ");
        if let Some(first) = step.get(..1).map(str::to_uppercase) {
            step.replace_range(..1, &first);
        }
        Say::new("Unschedulable", format!("No node takes pod {}{}. {step}.", self.pod, self.with(": ")))
    }

    fn stuck(&self) -> Say {
        let volume = matches!(self.problem.word.as_str(), "FailedMount" | "FailedAttachVolume" | "FailedMapVolume");
        if volume {
            let step = "Create or correct what spec.volumes or the claim names";
            return Say::new(
                "VolumeNotMounted",
                format!("Pod {} waits for a volume{}. {step}.", self.pod, self.with(": ")),
            );
        }
        let step = format!("See: kubectl describe pod -n {} {}", self.facts.namespace, self.pod);
        let what = "waits for its containers to be made: a volume or the network of its node is missing";
        let message = match self.words {
            "" => format!("Pod {} {what}. {step}", self.pod),
            words => format!("Pod {} waits for its containers to be made: {words}. {step}", self.pod),
        };
        Say::new("ContainersNotCreated", message)
    }

    fn not_ready(&self) -> Say {
        if self.problem.container.is_none() {
            let message = format!(
                "Pod {} is not ready although its containers are{}. See: kubectl describe pod -n {} {}",
                self.pod,
                self.with(": "),
                self.facts.namespace,
                self.pod
            );
            return Say::new("PodNotReady", message);
        }
        let starting = self.problem.word == STARTING;
        let (reason, name, known) = if starting {
            ("StartupProbeFailing", "startup", &self.facts.startup)
        } else {
            ("ReadinessProbeFailing", "readiness", &self.facts.readiness)
        };
        let probe = match known {
            Some(probe) if self.is_main() => format!(" ({probe})"),
            _ => String::new(),
        };
        let message = format!(
            "{} runs, but its {name} probe{probe} fails. Check port and path in {}, and: {}",
            self.who(),
            self.field(&format!("probes.{name}")),
            self.logs(""),
        );
        Say::new(reason, message)
    }

    fn evicted(&self) -> Say {
        let word = if self.problem.word.is_empty() { "Failed" } else { &self.problem.word };
        let message = format!(
            "Pod {} was refused or driven out by its node ({word}){}. If it was short of memory or disk, raise spec.resources.requests.",
            self.pod,
            self.with(": "),
        );
        Say::new("PodEvicted", message)
    }
}

#[cfg(test)]
mod tests;
