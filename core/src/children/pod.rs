//! The template of the pods.

use k8s_openapi::{
    api::core::v1::{
        LocalObjectReference, PodSecurityContext, PodSpec, SeccompProfile, TopologySpreadConstraint,
        Volume as CoreVolume,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use microservice_crds::{Volume, labels};

use super::{containers, object};
use crate::plan::{Plan, PodSecurityPlan, SpreadPlan};

/// Labels and annotations of the pods.
pub(super) fn metadata(plan: &Plan) -> ObjectMeta {
    let mut all = plan.pod.labels.clone();
    all.extend(object::own_labels(plan));
    if let Some(version) = &plan.version {
        all.insert(labels::VERSION.to_owned(), version.clone());
    }
    ObjectMeta {
        labels: Some(all),
        annotations: object::unless_empty(plan.pod.annotations.clone()),
        ..ObjectMeta::default()
    }
}

/// The pods.
pub(super) fn spec(plan: &Plan) -> PodSpec {
    let pod = &plan.pod;
    let secret = |name: &String| LocalObjectReference { name: name.clone() };
    let sidecars = pod.containers.sidecars.iter().map(|c| containers::sidecar(c, &pod.security));
    let init = pod.containers.init.iter().map(|c| containers::container(c, &pod.security));
    PodSpec {
        service_account_name: pod.service_account_name.clone(),
        automount_service_account_token: Some(pod.automount_service_account_token),
        enable_service_links: Some(pod.service_links),
        image_pull_secrets: object::unless_empty(pod.image_pull_secrets.iter().map(secret).collect::<Vec<_>>()),
        // Sidecars first: init containers may need them.
        init_containers: object::unless_empty(sidecars.chain(init).collect::<Vec<_>>()),
        containers: pod.containers.main.iter().map(|c| containers::container(c, &pod.security)).collect(),
        volumes: object::unless_empty(pod.volumes.iter().map(volume).collect::<Vec<_>>()),
        security_context: Some(security(&pod.security)),
        host_users: pod.security.host_users,
        termination_grace_period_seconds: Some(pod.termination_grace_period_seconds),
        topology_spread_constraints: object::unless_empty(
            pod.topology_spread.iter().map(|s| spread(plan, s)).collect::<Vec<_>>(),
        ),
        node_selector: object::unless_empty(pod.node_selector.clone()),
        tolerations: object::unless_empty(pod.tolerations.clone()),
        affinity: pod.affinity.clone(),
        priority_class_name: pod.priority_class_name.clone(),
        runtime_class_name: pod.runtime_class_name.clone(),
        dns_policy: pod.dns_policy.clone(),
        dns_config: pod.dns_config.clone(),
        host_aliases: object::unless_empty(pod.host_aliases.clone()),
        ..PodSpec::default()
    }
}

fn security(plan: &PodSecurityPlan) -> PodSecurityContext {
    PodSecurityContext {
        run_as_non_root: Some(plan.run_as_user != Some(0)),
        run_as_user: plan.run_as_user,
        run_as_group: plan.run_as_group,
        fs_group: plan.fs_group,
        seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), localhost_profile: None }),
        ..PodSecurityContext::default()
    }
}

/// Only pods of the same template count, so that a rollout does not skew the spread.
fn spread(plan: &Plan, spread: &SpreadPlan) -> TopologySpreadConstraint {
    TopologySpreadConstraint {
        topology_key: spread.topology_key.clone(),
        max_skew: spread.max_skew,
        when_unsatisfiable: spread.when_unsatisfiable.as_str().to_owned(),
        min_domains: spread.min_domains,
        label_selector: Some(object::selector(plan)),
        match_label_keys: Some(vec!["pod-template-hash".to_owned()]),
        ..TopologySpreadConstraint::default()
    }
}

fn volume(volume: &Volume) -> CoreVolume {
    CoreVolume {
        name: volume.name.clone(),
        config_map: volume.config_map.clone(),
        secret: volume.secret.clone(),
        empty_dir: volume.empty_dir.clone(),
        persistent_volume_claim: volume.persistent_volume_claim.clone(),
        projected: volume.projected.clone(),
        downward_api: volume.downward_api.clone(),
        csi: volume.csi.clone(),
        ephemeral: volume.ephemeral.clone(),
        ..CoreVolume::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::children::tests::child;

    fn template(spec: &str) -> Value {
        child("Deployment", &format!("{{image: 'a:1', {spec}}}")).unwrap()["spec"]["template"].clone()
    }

    #[test]
    fn a_service_that_says_nothing_is_restricted() {
        let pod = &template("system: s")["spec"];
        assert_eq!(pod["securityContext"], json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}}));
        assert_eq!(pod["automountServiceAccountToken"], false);
        assert_eq!(pod["enableServiceLinks"], false);
        assert_eq!(pod["terminationGracePeriodSeconds"], 30);
        assert_eq!(pod["topologySpreadConstraints"][0]["matchLabelKeys"], json!(["pod-template-hash"]));
        assert_eq!(pod["volumes"], json!([{"name": "tmp", "emptyDir": {}}]));
    }

    #[test]
    fn root_is_said_openly() {
        let pod = &template("security: {runAsUser: 0, fsGroup: 0, hostUsers: false}")["spec"];
        assert_eq!(pod["securityContext"]["runAsNonRoot"], false);
        assert_eq!((&pod["securityContext"]["fsGroup"], &pod["hostUsers"]), (&json!(0), &json!(false)));
    }

    #[test]
    fn sidecars_start_before_init_containers() {
        let spec = "sidecars: [{name: proxy, image: p:1}], initContainers: [{name: up, image: u:1}]";
        let init = &template(spec)["spec"]["initContainers"];
        assert_eq!((&init[0]["name"], &init[0]["restartPolicy"]), (&json!("proxy"), &json!("Always")));
        assert_eq!((&init[1]["name"], init[1].get("restartPolicy")), (&json!("up"), None));
    }

    #[test]
    fn a_restart_is_an_annotation_of_the_pods() {
        let pod = template("restartedAt: '2026-01-31T12:00:00Z', podLabels: {a: b}");
        assert_eq!(pod["metadata"]["annotations"]["microservices.dev/restarted-at"], "2026-01-31T12:00:00Z");
        assert_eq!(pod["metadata"]["labels"]["a"], "b");
        assert_eq!(pod["metadata"]["labels"]["app.kubernetes.io/version"], "1");
    }
}
