//! Loosenings of the restricted pod.

use super::{PodSecurityPlan, check, draft::Draft};

/// What was loosened.
pub(super) struct SecurityDraft {
    pub pod: PodSecurityPlan,
    pub read_only_root: bool,
    pub writable_paths: Vec<String>,
    pub capabilities: Vec<String>,
}

pub(super) fn resolve(draft: &mut Draft<'_>) -> SecurityDraft {
    let security = draft.spec.security.clone().unwrap_or_default();
    for (field, id) in [
        ("security.runAsUser", security.run_as_user),
        ("security.runAsGroup", security.run_as_group),
        ("security.fsGroup", security.fs_group),
    ] {
        draft.problems.check(field, id.map_or(Ok(()), check::numeric_id));
    }
    for path in &security.writable_paths {
        draft.problems.check("security.writablePaths", check::absolute_path(path));
    }
    for capability in &security.capabilities {
        let bare = capability.strip_prefix("CAP_").unwrap_or(capability);
        let fits = !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        if !fits || bare != capability {
            draft.refuse(
                "security.capabilities",
                format!("{capability:?} is not a capability; write it as in NET_BIND_SERVICE, without CAP_"),
            );
        }
    }
    let writable_root = draft.ledger.pick("security.writableRoot", security.writable_root, false);
    let said = Some(security.capabilities).filter(|list| !list.is_empty());
    let capabilities = draft.ledger.pick("security.capabilities", said, Vec::new());
    SecurityDraft {
        pod: PodSecurityPlan {
            run_as_user: security.run_as_user,
            run_as_group: security.run_as_group,
            fs_group: security.fs_group,
            host_users: security.host_users,
        },
        read_only_root: !writable_root,
        writable_paths: security.writable_paths,
        capabilities,
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::tests::refused;

    #[test]
    fn ids_paths_and_capabilities_are_checked() {
        for (security, field) in [
            ("runAsUser: -1", "security.runAsUser"),
            ("fsGroup: 3000000000", "security.fsGroup"),
            ("writablePaths: [var]", "security.writablePaths"),
            ("writablePaths: [/a, /a]", "security.writablePaths"),
            ("capabilities: [CAP_SYS_ADMIN]", "security.capabilities"),
            ("capabilities: [net_admin]", "security.capabilities"),
        ] {
            assert_eq!(refused(&format!("{{image: a:1, security: {{{security}}}}}")), [field], "{security}");
        }
    }
}
