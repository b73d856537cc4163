//! Files written in place: a ConfigMap that is named by its content.

use super::{ConfigPlan, check, draft::Draft};
use crate::compare;

/// What a ConfigMap may hold, in bytes: names and contents together.
const SIZE_MAX: usize = 1024 * 1024;

/// Digits of the digest in the name.
const DIGEST_DIGITS: usize = 10;

pub(super) fn resolve(draft: &mut Draft<'_>) -> Option<ConfigPlan> {
    let config = draft.spec.config.as_ref()?;
    draft.problems.check("config.mountPath", check::absolute_path(&config.mount_path));
    for name in config.files.keys() {
        draft.problems.check(format!("config.files[{name}]"), check::file_name(name));
    }
    let size: usize = config.files.iter().map(|(name, content)| name.len() + content.len()).sum();
    if size > SIZE_MAX {
        draft.refuse(
            "config.files",
            format!("{size} bytes are more than the {SIZE_MAX} of a ConfigMap; mount large files from a volume"),
        );
    }
    let digest: String = compare::digest(&serde_json::json!(config.files)).chars().take(DIGEST_DIGITS).collect();
    Some(ConfigPlan {
        name: format!("{}--{digest}", draft.subject.name),
        mount_path: config.mount_path.clone(),
        files: config.files.clone(),
    })
}

#[cfg(test)]
mod tests {
    use crate::plan::tests::{planned, refused};

    #[test]
    fn the_name_follows_the_content_alone() {
        let name = |files: &str, path: &str| {
            planned(&format!("{{image: a:1, config: {{mountPath: {path}, files: {{{files}}}}}}}")).config.unwrap().name
        };
        assert_eq!(name("a: x, b: y", "/etc/a"), name("b: y, a: x", "/etc/b"));
        assert_ne!(name("a: x", "/etc/a"), name("a: y", "/etc/a"));
        assert!(name("a: x", "/etc/a").starts_with("web--"));
    }

    #[test]
    fn paths_names_and_size_are_checked() {
        assert_eq!(refused("{image: a:1, config: {mountPath: etc, files: {a: x}}}"), ["config.mountPath"]);
        assert_eq!(refused("{image: a:1, config: {mountPath: /etc/a, files: {a/b: x}}}"), ["config.files[a/b]"]);
        let large = "x".repeat(1024 * 1024 + 1);
        assert_eq!(
            refused(&format!("{{image: a:1, config: {{mountPath: /a, files: {{a: {large}}}}}}}")),
            ["config.files"]
        );
    }
}
