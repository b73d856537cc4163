//! What a class permits to a spec. What it demands of the rendered objects stands in `render`.

use microservice_crds::{Loosening, MicroserviceSpec, OverridesPolicy, Security};

use super::{super::draft::Draft, Class, Source};
use crate::plan::{Blame, Invalid};

/// Holds a spec against the class.
pub(in super::super) fn check(draft: &mut Draft<'_>) {
    let Some(class) = draft.class else { return };
    let mut found = Vec::new();
    if class.spec.overrides == OverridesPolicy::Forbidden && !draft.subject.spec.overrides.is_empty() {
        let message = format!(
            "MicroserviceClass {:?} forbids them; say it by fields of the spec, or ask for a class that allows them",
            class.name
        );
        found.push(forbidden("overrides", message));
    }
    found.extend(loosenings(class, &draft.subject.spec));
    found.extend(counts(draft, class));
    for invalid in found {
        draft.problems.add(invalid);
    }
}

fn forbidden(field: impl Into<String>, message: String) -> Invalid {
    Invalid { field: field.into(), message, blame: Blame::Rule }
}

/// What the service itself loosens. What the class loosens for all is not the service's, also where it says it again.
fn loosenings(class: &Class, spec: &MicroserviceSpec) -> Vec<Invalid> {
    let Some(permitted) = &class.spec.loosenings else { return Vec::new() };
    let own = spec.security.clone().unwrap_or_default();
    let given = class.spec.defaults.as_ref().and_then(|d| d.security.clone()).unwrap_or_default();
    let extras = [("sidecars", &spec.sidecars), ("initContainers", &spec.init_containers)];
    let users = extras.iter().flat_map(|(list, containers)| {
        let user =
            |c: &microservice_crds::ExtraContainer| c.run_as_user.is_some() && c.run_as_user != given.run_as_user;
        containers
            .iter()
            .filter(move |c| user(c))
            .map(move |c| (Loosening::RunAsUser, format!("{list}[{}].runAsUser", c.name)))
    });
    let said = loosened(&own, &given).into_iter().map(|(kind, field)| (kind, format!("security.{field}")));
    let refused = said.chain(users).filter(|(kind, _)| !permitted.contains(kind));
    let names = match permitted.is_empty() {
        true => "none".to_owned(),
        false => permitted.iter().map(|kind| format!("{kind:?}")).collect::<Vec<_>>().join(", "),
    };
    let message = |kind: Loosening| {
        format!(
            "MicroserviceClass {:?} does not permit this loosening (it permits: {names}); leave it out, or ask for a \
             class that permits {kind:?}",
            class.name
        )
    };
    refused.map(|(kind, field)| forbidden(field, message(kind))).collect()
}

/// The loosenings that are written, but for those that stand in the class as well.
fn loosened(own: &Security, given: &Security) -> Vec<(Loosening, &'static str)> {
    let all = [
        (Loosening::RunAsUser, "runAsUser", own.run_as_user.is_some() && own.run_as_user != given.run_as_user),
        (Loosening::RunAsGroup, "runAsGroup", own.run_as_group.is_some() && own.run_as_group != given.run_as_group),
        (Loosening::FsGroup, "fsGroup", own.fs_group.is_some() && own.fs_group != given.fs_group),
        (
            Loosening::WritablePaths,
            "writablePaths",
            own.writable_paths.iter().any(|path| !given.writable_paths.contains(path)),
        ),
        (Loosening::WritableRoot, "writableRoot", own.writable_root == Some(true) && given.writable_root != Some(true)),
        (
            Loosening::Capabilities,
            "capabilities",
            own.capabilities.iter().any(|capability| !given.capabilities.contains(capability)),
        ),
        (Loosening::HostUsers, "hostUsers", own.host_users == Some(true) && given.host_users != Some(true)),
    ];
    all.into_iter().filter(|(_, _, said)| *said).map(|(kind, field, _)| (kind, field)).collect()
}

/// The greatest count of replicas, by whoever said it.
fn counts(draft: &Draft<'_>, class: &Class) -> Vec<Invalid> {
    let Some(most) = class.spec.limits.as_ref().and_then(|limits| limits.max_replicas) else { return Vec::new() };
    let scaling = draft.spec.scaling.clone().unwrap_or_default();
    let fields = [("scaling.replicas", scaling.replicas), ("scaling.maxReplicas", scaling.max_replicas)];
    let above = fields.into_iter().filter_map(|(field, count)| count.filter(|c| *c > most).map(|count| (field, count)));
    let refuse = |(field, count): (&str, i32)| match draft.ledger.given(field) {
        Some(Source::Class) => Invalid {
            field: field.to_owned(),
            message: format!(
                "MicroserviceClass {:?} gives {count} replicas by its defaults and allows {most} by limits.maxReplicas; \
                 correct one of the two there",
                class.name
            ),
            blame: Blame::Class,
        },
        // The class's maximum rose to the minimum that the service says.
        source => forbidden(
            if source.is_some() { "scaling.minReplicas" } else { field },
            format!(
                "{count} is more than the {most} replicas that MicroserviceClass {:?} allows; write {most} or less, or \
                 ask for a class that allows more",
                class.name
            ),
        ),
    };
    above.map(refuse).collect()
}

#[cfg(test)]
mod tests {
    use crate::plan::{
        Blame,
        class::tests::{facts, refused},
        plan,
        tests::subject,
    };

    fn accepted(class: &str, spec: &str) {
        plan(&subject(&format!("{{image: 'a:1', {spec}}}")), &facts(class)).unwrap_or_else(|e| panic!("{spec}: {e:?}"));
    }

    /// The one rule that a spec breaks.
    fn broken(class: &str, spec: &str) -> (String, String) {
        let mut found = refused(class, spec);
        assert_eq!((found.len(), found[0].0), (1, Blame::Rule), "{spec}: {found:?}");
        let (_, field, message) = found.remove(0);
        assert!(message.contains("MicroserviceClass \"gold\""), "{message}");
        (field, message)
    }

    #[test]
    fn overrides_may_be_forbidden() {
        let spec = "overrides: {Deployment: {}}";
        let (field, message) = broken("overrides: Forbidden", spec);
        assert_eq!(field, "overrides");
        assert!(message.contains("forbids them"));
        accepted("overrides: Allowed", spec);
        accepted("{}", spec);
        accepted("overrides: Forbidden", "overrides: {}");
    }

    #[test]
    fn each_loosening_has_its_permission() {
        for (kind, spec, field) in [
            ("RunAsUser", "security: {runAsUser: 1000}", "security.runAsUser"),
            ("RunAsGroup", "security: {runAsGroup: 1000}", "security.runAsGroup"),
            ("FsGroup", "security: {fsGroup: 1000}", "security.fsGroup"),
            ("WritablePaths", "security: {writablePaths: [/a]}", "security.writablePaths"),
            ("WritableRoot", "security: {writableRoot: true}", "security.writableRoot"),
            ("Capabilities", "security: {capabilities: [CHOWN]}", "security.capabilities"),
            ("HostUsers", "security: {hostUsers: true}", "security.hostUsers"),
            ("RunAsUser", "sidecars: [{name: s, image: s, runAsUser: 0}]", "sidecars[s].runAsUser"),
            ("RunAsUser", "initContainers: [{name: s, image: s, runAsUser: 0}]", "initContainers[s].runAsUser"),
        ] {
            let (found, message) = broken("loosenings: []", spec);
            assert_eq!(found, field);
            assert!(message.contains("(it permits: none)") && message.contains(kind), "{message}");
            accepted(&format!("loosenings: [{kind}]"), spec);
            accepted("{}", spec);
        }
        let (_, message) = broken("loosenings: [FsGroup, RunAsUser]", "security: {writableRoot: true}");
        assert!(message.contains("(it permits: FsGroup, RunAsUser)"), "{message}");
    }

    #[test]
    fn what_loosens_nothing_needs_no_permission() {
        accepted("loosenings: []", "security: {writableRoot: false, hostUsers: false}");
        let class =
            "{loosenings: [], defaults: {security: {runAsUser: 7, capabilities: [CHOWN, KILL], writablePaths: [/a]}}}";
        accepted(class, "sidecars: [{name: s, image: s, runAsUser: 7}]");
        accepted(class, "security: {runAsUser: 7, capabilities: [CHOWN], writablePaths: [/a]}");
        assert_eq!(broken(class, "security: {runAsUser: 8}").0, "security.runAsUser");
        assert_eq!(broken(class, "security: {capabilities: [CHOWN, SYS_ADMIN]}").0, "security.capabilities");
    }

    #[test]
    fn a_greatest_count_holds_for_every_way_to_say_one() {
        let class = "limits: {maxReplicas: 5}";
        accepted(class, "scaling: {replicas: 5}");
        accepted(class, "scaling: {minReplicas: 2, maxReplicas: 5}");
        accepted(class, "");
        assert_eq!(broken(class, "scaling: {replicas: 6}").0, "scaling.replicas");
        let (field, message) = broken(class, "scaling: {maxReplicas: 6}");
        assert_eq!(field, "scaling.maxReplicas");
        assert!(message.contains("write 5 or less"), "{message}");
        let raised = "{limits: {maxReplicas: 5}, defaults: {scaling: {maxReplicas: 4}}}";
        assert_eq!(broken(raised, "scaling: {minReplicas: 6}").0, "scaling.minReplicas");
        let contradiction = refused("{limits: {maxReplicas: 5}, defaults: {scaling: {maxReplicas: 6}}}", "");
        assert_eq!((contradiction[0].0, contradiction[0].1.as_str()), (Blame::Class, "scaling.maxReplicas"));
    }
}
