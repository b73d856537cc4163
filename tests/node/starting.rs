//! Containers that cannot be created, and pods that wait for a volume.

use kube::ResourceExt;
use microservice_tests::{
    failures::{assert_says, fails, pod},
    told::{self, Told},
};

use crate::real::{IMAGE, NAMED_IMAGE, ROOT_IMAGE, start, web};

async fn config_error(name: &str, image: &str, more: &str, told: &Told) -> anyhow::Result<()> {
    told.by(&start(name).await?, &web(image, more)).await?;
    Ok(())
}

/// What no simulated node makes.
const fn config(words: &'static [&'static str]) -> Told {
    Told { reason: "ContainerConfigError", words, never: &[] }
}

#[tokio::test]
async fn an_image_that_runs_as_root_wants_a_user() -> anyhow::Result<()> {
    config_error("root", ROOT_IMAGE, "", &told::ROOT).await
}

#[tokio::test]
async fn an_image_that_names_its_user_wants_its_number() -> anyhow::Result<()> {
    config_error("user", NAMED_IMAGE, "", &told::NAMED_USER).await
}

#[tokio::test]
async fn a_missing_config_map_is_named() -> anyhow::Result<()> {
    let more = ", envFrom: [{configMapRef: {name: settings}}]";
    config_error("configmap", IMAGE, more, &told::NO_CONFIG_MAP).await
}

#[tokio::test]
async fn a_missing_secret_is_named() -> anyhow::Result<()> {
    let more = ", envFrom: [{secretRef: {name: credentials}}]";
    config_error("secret", IMAGE, more, &told::NO_SECRET).await
}

#[tokio::test]
async fn a_missing_key_is_named_with_its_secret() -> anyhow::Result<()> {
    let rig = start("key").await?;
    let secret =
        "{apiVersion: v1, kind: Secret, metadata: {name: credentials, namespace: NAMESPACE}, stringData: {user: me}}";
    rig.cluster.apply(&secret.replace("NAMESPACE", &rig.namespace)).await?;
    let more = ", env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: credentials, key: password}}}]";
    told::NO_KEY.by(&rig, &web(IMAGE, more)).await?;
    Ok(())
}

#[tokio::test]
async fn a_command_that_is_not_in_the_image_is_named() -> anyhow::Result<()> {
    const TOLD: Told = config(&["/app/server", "Correct spec.command and args: the image has no such program"]);
    config_error("command", IMAGE, ", command: [/app/server]", &TOLD).await
}

#[tokio::test]
async fn a_hook_that_fails_is_named() -> anyhow::Result<()> {
    // Nobody listens there.
    let more = ", lifecycle: {postStart: {httpGet: {path: /, port: 9}}}";
    config_error("hook", IMAGE, more, &config(&["Correct spec.lifecycle.postStart"])).await
}

#[tokio::test]
async fn a_volume_of_a_missing_config_map_is_told_with_the_kubelets_event() -> anyhow::Result<()> {
    let rig = start("volume").await?;
    let more = ", volumes: [{name: settings, configMap: {name: settings}}], \
                volumeMounts: [{name: settings, mountPath: /etc/settings}]";
    let ready = fails(&rig, &web(IMAGE, more), "VolumeNotMounted").await?;
    let pod = format!("Pod {}", pod(&rig).await?.name_any());
    let words = "MountVolume.SetUp failed for volume \"settings\" : configmap \"settings\" not found";
    assert_says(&ready, &[&pod, words, "Create or correct what spec.volumes"]);
    Ok(())
}
