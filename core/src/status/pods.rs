//! A pod, reduced to what is wrong with it.

use jiff::Timestamp;
use serde_json::Value;

use super::text;
use crate::outcome::{PodProblem, PodSummary, ProblemKind};

/// Our word for a container that runs, and is not ready.
pub(super) const RUNNING: &str = "Running";
/// Our word for a container that runs, and whose startup probe has not succeeded.
pub(super) const STARTING: &str = "Starting";

/// Characters of a detail.
const DETAIL: usize = 512;

/// What the kubelet says when it cannot have the image.
const IMAGE_WORDS: [&str; 8] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ErrImageInspect",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
];

/// What the kubelet says when it cannot make or start the container out of its description.
const CONFIG_WORDS: [&str; 8] = [
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "PreCreateHookError",
    "PreStartHookError",
    "PostStartHookError",
    // Of a run that ended before it began.
    "StartError",
    "ContainerCannotRun",
];

/// Reduces a pod (a JSON object with `metadata` and `status`; `spec` is not needed) to what the status needs.
pub fn pod_summary(pod: &Value) -> PodSummary {
    let terminating = pod.pointer("/metadata/deletionTimestamp").is_some_and(|t| !t.is_null());
    let ready = condition(pod, "Ready").is_some_and(|c| text_at(c, "/status") == "True");
    PodSummary {
        name: text_at(pod, "/metadata/name").to_owned(),
        template_hash: text_at(pod, "/metadata/labels/pod-template-hash").to_owned(),
        ready,
        terminating,
        created: time_at(pod, "/metadata/creationTimestamp"),
        problem: if ready || terminating { None } else { problem(pod) },
    }
}

fn problem(pod: &Value) -> Option<PodProblem> {
    match text_at(pod, "/status/phase") {
        "Succeeded" => return None,
        "Failed" => {
            let mut evicted = blank(ProblemKind::Evicted, text_at(pod, "/status/reason"));
            evicted.detail = text::line(text_at(pod, "/status/message"), DETAIL);
            return Some(evicted);
        }
        _ => {}
    }
    if let Some(scheduled) = condition(pod, "PodScheduled").filter(|c| text_at(c, "/status") == "False") {
        let mut unschedulable = blank(ProblemKind::Unschedulable, text_at(scheduled, "/reason"));
        unschedulable.detail = text::line(text_at(scheduled, "/message"), DETAIL);
        unschedulable.since = time_at(scheduled, "/lastTransitionTime");
        return Some(unschedulable);
    }
    let main = list_at(pod, "/status/containerStatuses");
    let init = list_at(pod, "/status/initContainerStatuses");
    // Before it, an init container that runs does its work; after it, one that runs is a sidecar.
    let begun = main
        .iter()
        .any(|c| at(c, "/state/running").is_some() || at(c, "/state/terminated").is_some() || restarts(c) > 0);
    let of_init = init.iter().filter_map(|c| container_problem(c, !begun));
    let of_main = main.iter().filter_map(|c| container_problem(c, false));
    of_init.chain(of_main).min_by_key(|p| p.kind).or_else(|| waiting(pod, main, init)).or_else(|| gated(pod, main))
}

/// What is wrong with one container; `init` while it is one whose end the others wait for.
fn container_problem(container: &Value, init: bool) -> Option<PodProblem> {
    if at(container, "/ready").and_then(Value::as_bool) == Some(true) {
        return None;
    }
    if let Some(waiting) = at(container, "/state/waiting") {
        let word = text_at(waiting, "/reason");
        let kind = if IMAGE_WORDS.contains(&word) {
            ProblemKind::ImagePull
        } else if CONFIG_WORDS.contains(&word) {
            ProblemKind::ContainerConfig
        } else if word == "CrashLoopBackOff" {
            return Some(crash(container, at(container, "/lastState/terminated"), init));
        } else {
            return None;
        };
        let mut problem = named(kind, word, container);
        problem.detail = text::line(steady(text_at(waiting, "/message")), DETAIL);
        problem.image = text_at(container, "/image").to_owned();
        return Some(problem);
    }
    if let Some(running) = at(container, "/state/running") {
        let since = time_at(running, "/startedAt");
        // Between two crashes it runs for a moment: the trouble is still the same.
        let last = at(container, "/lastState/terminated").filter(|_| restarts(container) > 0);
        if let Some(last) = last {
            let problem = crash(container, Some(last), init);
            // A program that could not be started says more than that something runs for a moment.
            let word =
                if problem.kind == ProblemKind::ContainerConfig { problem.word.clone() } else { RUNNING.to_owned() };
            return Some(PodProblem { since, word, ..problem });
        }
        if init {
            return None;
        }
        let starting = at(container, "/started").and_then(Value::as_bool) == Some(false);
        let word = if starting { STARTING } else { RUNNING };
        return Some(PodProblem { since, ..named(ProblemKind::NotReady, word, container) });
    }
    let ended = at(container, "/state/terminated")?;
    let done = init && number_at(ended, "/exitCode") == Some(0);
    // The first end may be the last one: the kubelet starts it again at once.
    (!done && restarts(container) > 0).then(|| crash(container, Some(ended), init))
}

/// The container ended, and will be started again.
fn crash(container: &Value, ended: Option<&Value>, init: bool) -> PodProblem {
    let word = ended.map(|e| text_at(e, "/reason")).unwrap_or_default();
    let kind = match word {
        "OOMKilled" => ProblemKind::OomKilled,
        word if CONFIG_WORDS.contains(&word) => ProblemKind::ContainerConfig,
        _ if init => ProblemKind::InitFailed,
        _ => ProblemKind::CrashLoop,
    };
    let mut problem = named(kind, word, container);
    if let Some(ended) = ended {
        problem.exit_code = number_at(ended, "/exitCode").and_then(|n| i32::try_from(n).ok());
        problem.detail = text::line(steady(text_at(ended, "/message")), DETAIL);
        problem.since = time_at(ended, "/finishedAt");
    }
    problem
}

/// The pod has a node, and nothing of it has begun there.
fn waiting(pod: &Value, main: &[Value], init: &[Value]) -> Option<PodProblem> {
    let scheduled = condition(pod, "PodScheduled").filter(|c| text_at(c, "/status") == "True")?;
    let sandbox = condition(pod, "PodReadyToStartContainers").is_some_and(|c| text_at(c, "/status") == "True");
    let begun = main.iter().chain(init).any(|c| {
        !matches!(text_at(c, "/state/waiting/reason"), "ContainerCreating" | "PodInitializing")
            && at(c, "/state").is_some_and(|s| s.as_object().is_some_and(|s| !s.is_empty()))
    });
    // With a sandbox and nothing wrong, it is the image that comes slowly.
    if sandbox || begun {
        return None;
    }
    let mut stuck = blank(ProblemKind::StuckCreating, "ContainerCreating");
    stuck.since = time_at(scheduled, "/lastTransitionTime");
    Some(stuck)
}

/// All containers are ready and the pod is not: a readiness gate, or a node that is silent.
fn gated(pod: &Value, main: &[Value]) -> Option<PodProblem> {
    let all = !main.is_empty() && main.iter().all(|c| at(c, "/ready").and_then(Value::as_bool) == Some(true));
    let ready = condition(pod, "Ready").filter(|_| all)?;
    let mut problem = blank(ProblemKind::NotReady, text_at(ready, "/reason"));
    problem.detail = text::line(text_at(ready, "/message"), DETAIL);
    problem.since = time_at(ready, "/lastTransitionTime");
    Some(problem)
}

/// The words that stay the same from one try to the next.
fn steady(words: &str) -> &str {
    // `Back-off pulling image "x": ErrImagePull: rpc error: code = NotFound desc = …` and the same without its head.
    let words = match words.split_once("ErrImagePull: ") {
        Some((_, rest)) => rest,
        None if words.starts_with("Back-off pulling image") => "",
        None => words,
    };
    let words = match words.strip_prefix("rpc error: code = ").and_then(|rest| rest.split_once("desc = ")) {
        Some((_, rest)) => rest,
        None => words,
    };
    // `… (pod: "web-1_shop(uid)", container: web)`
    match words.rsplit_once(" (pod: \"") {
        Some((head, _)) => head,
        None => words,
    }
}

fn named(kind: ProblemKind, word: &str, container: &Value) -> PodProblem {
    PodProblem {
        container: Some(text_at(container, "/name").to_owned()),
        restarts: restarts(container),
        ..blank(kind, word)
    }
}

fn blank(kind: ProblemKind, word: &str) -> PodProblem {
    PodProblem {
        kind,
        word: word.to_owned(),
        container: None,
        image: String::new(),
        exit_code: None,
        restarts: 0,
        detail: String::new(),
        since: None,
    }
}

fn restarts(container: &Value) -> i32 {
    number_at(container, "/restartCount").and_then(|n| i32::try_from(n).ok()).unwrap_or_default()
}

fn condition<'a>(pod: &'a Value, name: &str) -> Option<&'a Value> {
    list_at(pod, "/status/conditions").iter().find(|c| text_at(c, "/type") == name)
}

fn at<'a>(value: &'a Value, pointer: &str) -> Option<&'a Value> {
    value.pointer(pointer).filter(|v| !v.is_null())
}

fn text_at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn number_at(value: &Value, pointer: &str) -> Option<i64> {
    value.pointer(pointer).and_then(Value::as_i64)
}

fn list_at<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn time_at(value: &Value, pointer: &str) -> Option<Timestamp> {
    text_at(value, pointer).parse().ok()
}

#[cfg(test)]
mod tests;
