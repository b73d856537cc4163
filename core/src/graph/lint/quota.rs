//! ResourceQuotas that are too small for what the services of their namespace may grow to.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ResourceQuota;

use super::{Code, Finding, Object, Severity};
use crate::{
    compare::quantity::nanos,
    graph::{Id, Survey, Workload},
};

/// Services that are named, those that ask for most.
const SHOWN: usize = 3;

pub(super) fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    if survey.manifests.quotas.is_empty() {
        return;
    }
    let mut workloads: BTreeMap<&str, Vec<(&Id, &Workload)>> = BTreeMap::new();
    for (id, service) in &survey.services {
        let of = service.workload.as_ref().map(|workload| (id, workload));
        workloads.entry(&id.namespace).or_default().extend(of);
    }
    for quota in survey.manifests.quotas.iter().filter(|quota| counts_all_pods(quota)) {
        let namespace = survey.namespace_of(quota);
        let Some(workloads) = workloads.get(namespace) else { continue };
        let hard = quota.spec.iter().flat_map(|spec| spec.hard.iter().flatten());
        for (key, hard) in hard {
            let (Some(counted), Some(allowed)) = (Counted::by(key), nanos(&hard.0)) else { continue };
            findings.extend(too_small(quota, namespace, (key, &hard.0), allowed, &counted, workloads));
        }
    }
}

/// Whether a quota is for every pod of the operator. Which others it is for depends on more than a spec says.
fn counts_all_pods(quota: &ResourceQuota) -> bool {
    let spec = quota.spec.as_ref();
    let all = |scope: &String| scope == "NotTerminating";
    spec.is_some_and(|spec| spec.scope_selector.is_none() && spec.scopes.iter().flatten().all(all))
}

/// What a key of a quota counts.
enum Counted<'a> {
    Pods,
    Requests(&'a str),
    Limits(&'a str),
}

impl<'a> Counted<'a> {
    fn by(key: &'a str) -> Option<Self> {
        match key {
            "pods" | "count/pods" => Some(Self::Pods),
            "cpu" | "memory" | "ephemeral-storage" => Some(Self::Requests(key)),
            // Of volumes, which are not those of pods.
            "requests.storage" => None,
            _ if key.contains("storageclass.storage.k8s.io/") => None,
            _ => key
                .strip_prefix("requests.")
                .map(Self::Requests)
                .or_else(|| key.strip_prefix("limits.").map(Self::Limits)),
        }
    }

    fn of(&self, workload: &Workload) -> i128 {
        match self {
            Self::Pods => nanos("1").unwrap_or_default(),
            Self::Requests(resource) => workload.requests.get(*resource).copied().unwrap_or_default(),
            Self::Limits(resource) => workload.limits.get(*resource).copied().unwrap_or_default(),
        }
    }

    fn text(&self, amount: i128) -> String {
        match self {
            Self::Requests("memory" | "ephemeral-storage") | Self::Limits("memory" | "ephemeral-storage") => {
                bytes(amount)
            }
            _ => count(amount),
        }
    }
}

fn too_small(
    quota: &ResourceQuota,
    namespace: &str,
    (key, said): (&str, &str),
    allowed: i128,
    counted: &Counted<'_>,
    workloads: &[(&Id, &Workload)],
) -> Option<Finding> {
    // Where nobody says how many there are, one is what the operator makes.
    let at = |count: Option<i32>, workload: &Workload| {
        counted.of(workload).saturating_mul(i128::from(count.unwrap_or(1).max(0)))
    };
    let sum = |amounts: &mut dyn Iterator<Item = i128>| amounts.fold(0_i128, i128::saturating_add);
    let most = sum(&mut workloads.iter().map(|(_, workload)| at(workload.most, workload)));
    if most <= allowed {
        return None;
    }
    let least = sum(&mut workloads.iter().map(|(_, workload)| at(workload.least, workload)));
    let mut asking: Vec<(i128, &Id)> = workloads
        .iter()
        .map(|(id, workload)| (at(workload.most, workload), *id))
        .filter(|(amount, _)| *amount > 0)
        .collect();
    asking.sort_by(|(a, one), (b, two)| b.cmp(a).then(one.cmp(two)));
    let greatest = asking.iter().take(SHOWN).map(|(amount, id)| format!("{} {}", id.name, counted.text(*amount)));
    let greatest: Vec<String> = greatest.collect();
    let name = quota.metadata.name.clone().unwrap_or_default();
    let (severity, when, amount) = match least > allowed {
        true => (Severity::Error, "least", least),
        false => (Severity::Warning, "greatest", most),
    };
    let mut objects = vec![Object { kind: "ResourceQuota", namespace: namespace.to_owned(), name: name.clone() }];
    objects.extend(asking.iter().map(|(_, id)| Object::service(id)));
    Some(Finding {
        objects,
        severity,
        code: Code::QuotaTooSmall,
        paths: vec![format!("hard[{key}]")],
        message: format!(
            "At their {when} counts the services of namespace {namespace} come to {} {key}, and ResourceQuota {name} allows \
             {said} (the most at their greatest: {}).",
            counted.text(amount),
            greatest.join(", ")
        ),
        remedy: "Raise the quota, or lower scaling.maxReplicas or resources of the services.".to_owned(),
    })
}

/// Nanos as cores, devices or pods.
fn count(nanos: i128) -> String {
    let milli = nanos / 1_000_000;
    if milli % 1000 == 0 { (milli / 1000).to_string() } else { format!("{milli}m") }
}

/// Nanos of bytes in the greatest unit of which there are whole ones, but no finer than a mebibyte.
fn bytes(nanos: i128) -> String {
    let bytes = nanos / 1_000_000_000;
    let mebi = bytes >> 20_u32;
    if mebi % 1024 == 0 { format!("{}Gi", mebi / 1024) } else { format!("{mebi}Mi") }
}
