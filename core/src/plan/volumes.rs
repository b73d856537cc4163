//! Volumes: those of the user, and those that a read-only root file system and inline files need.

use k8s_openapi::api::core::v1::{ConfigMapVolumeSource, EmptyDirVolumeSource, VolumeMount};
use microservice_crds::Volume;

use super::{ConfigPlan, ContainerPlan, Containers, check, containers::ContainersDraft, draft::Draft};

/// The volume of inline files.
const CONFIG: &str = "config";

/// The volume at the scratch directory of the main container; `tmp-<container>` for the others.
const SCRATCH: &str = "tmp";

/// Containers that mount, and what they mount.
pub(super) struct VolumesPlan {
    pub containers: Containers,
    pub volumes: Vec<Volume>,
}

pub(super) fn resolve(draft: &mut Draft<'_>, made: ContainersDraft, config: Option<&ConfigPlan>) -> VolumesPlan {
    let mut containers = made.containers;
    check_user_volumes(draft);
    let mut own: Vec<Volume> = Vec::new();
    for container in &mut containers.main {
        if let Some(config) = config {
            own.push(config_volume(config));
            add_mount(draft, "config.mountPath", container, CONFIG, &config.mount_path, true);
        }
        for (index, path) in made.writable_paths.iter().enumerate() {
            let name = format!("writable-{index}");
            add_mount(draft, "security.writablePaths", container, &name, path, false);
            own.push(empty_dir(name));
        }
    }
    let main = draft.subject.name.clone();
    let scratch = draft.profile.scratch_directory;
    for container in containers.all_mut() {
        // A volume of its own for each: two programs may use the same file name there.
        let taken = container.mounts.iter().any(|mount| same_path(&mount.mount_path, scratch));
        if container.read_only_root && !taken {
            let name =
                if container.name == main { SCRATCH.to_owned() } else { format!("{SCRATCH}-{}", container.name) };
            container.mounts.push(mount(&name, scratch, false));
            own.push(empty_dir(name));
        }
    }
    for volume in &draft.spec.volumes {
        if own.iter().any(|o| o.name == volume.name) {
            draft.problems.refuse(
                format!("volumes[{}].name", volume.name),
                "the operator makes a volume of this name for this service; choose another",
            );
        }
    }
    let volumes: Vec<Volume> = draft.spec.volumes.iter().cloned().chain(own).collect();
    check_mounts(draft, &mut containers, &volumes);
    VolumesPlan { containers, volumes }
}

fn check_user_volumes(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    for volume in &spec.volumes {
        let field = format!("volumes[{}]", volume.name);
        draft.problems.check(format!("{field}.name"), check::rfc1123_label(&volume.name));
        let sources = [
            volume.config_map.is_some(),
            volume.secret.is_some(),
            volume.empty_dir.is_some(),
            volume.persistent_volume_claim.is_some(),
            volume.projected.is_some(),
            volume.downward_api.is_some(),
            volume.csi.is_some(),
            volume.ephemeral.is_some(),
        ];
        if sources.into_iter().filter(|said| *said).count() != 1 {
            draft.refuse(
                field,
                "a volume has exactly one source; write one of configMap, secret, emptyDir, persistentVolumeClaim, \
                 projected, downwardAPI, csi and ephemeral",
            );
        }
    }
    if let Some(name) = check::duplicate(spec.volumes.iter().map(|v| v.name.as_str())) {
        draft.refuse(format!("volumes[{name}].name"), "two volumes have this name; rename one");
    }
}

fn check_mounts(draft: &mut Draft<'_>, containers: &mut Containers, volumes: &[Volume]) {
    let main = draft.subject.name.clone();
    for container in containers.all_mut() {
        for mount in &container.mounts {
            if !volumes.iter().any(|volume| volume.name == mount.name) {
                let at = if container.name == main { String::new() } else { format!("{}: ", container.name) };
                draft.refuse(
                    format!("{at}volumeMounts[{}].name", mount.mount_path),
                    format!("there is no volume {:?}; list it under volumes", mount.name),
                );
            }
        }
    }
}

fn add_mount(
    draft: &mut Draft<'_>,
    field: &str,
    container: &mut ContainerPlan,
    volume: &str,
    path: &str,
    read_only: bool,
) {
    if container.mounts.iter().any(|mount| same_path(&mount.mount_path, path)) {
        draft.refuse(field, format!("another volume is mounted at {path:?}; choose another directory"));
    }
    container.mounts.push(mount(volume, path, read_only));
}

fn mount(volume: &str, path: &str, read_only: bool) -> VolumeMount {
    VolumeMount {
        name: volume.to_owned(),
        mount_path: path.to_owned(),
        read_only: read_only.then_some(true),
        ..VolumeMount::default()
    }
}

fn empty_dir(name: String) -> Volume {
    Volume { name, empty_dir: Some(EmptyDirVolumeSource::default()), ..Volume::default() }
}

fn config_volume(config: &ConfigPlan) -> Volume {
    let source = ConfigMapVolumeSource { name: config.name.clone(), ..ConfigMapVolumeSource::default() };
    Volume { name: CONFIG.to_owned(), config_map: Some(source), ..Volume::default() }
}

fn same_path(a: &str, b: &str) -> bool {
    a.trim_end_matches('/') == b.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use crate::plan::tests::{planned, refused};

    fn volumes(spec: &str) -> Vec<String> {
        planned(&format!("{{image: a:1, {spec}}}")).pod.volumes.into_iter().map(|v| v.name).collect()
    }

    #[test]
    fn each_container_has_a_scratch_directory_of_its_own() {
        assert_eq!(volumes("sidecars: [{name: proxy, image: p:1}]"), ["tmp-proxy", "tmp"]);
    }

    #[test]
    fn a_mount_of_the_user_at_tmp_is_enough() {
        let tmp = "volumes: [{name: tmp, emptyDir: {medium: Memory}}], volumeMounts: [{name: tmp, mountPath: /tmp/}]";
        assert_eq!(volumes(tmp), ["tmp"]);
        assert!(volumes("security: {writableRoot: true}").is_empty());
    }

    #[test]
    fn inline_files_and_writable_paths_are_mounted() {
        let spec = "config: {mountPath: /etc/a, files: {a: x}}, security: {writablePaths: [/var/a, /var/b]}";
        assert_eq!(volumes(spec), ["config", "writable-0", "writable-1", "tmp"]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (spec, field) in [
            ("volumes: [{name: a}]", "volumes[a]"),
            ("volumes: [{name: a, emptyDir: {}, secret: {secretName: s}}]", "volumes[a]"),
            ("volumes: [{name: tmp, emptyDir: {}}]", "volumes[tmp].name"),
            ("volumeMounts: [{name: a, mountPath: /a}]", "volumeMounts[/a].name"),
            (
                "volumes: [{name: a, emptyDir: {}}], volumeMounts: [{name: a, mountPath: /etc/a}], config: {mountPath: /etc/a/, files: {a: x}}",
                "config.mountPath",
            ),
            ("sidecars: [{name: p, image: p:1, volumeMounts: [{name: a, mountPath: /a}]}]", "p: volumeMounts[/a].name"),
        ] {
            assert_eq!(refused(&format!("{{image: a:1, {spec}}}")), [field], "{spec}");
        }
    }
}
