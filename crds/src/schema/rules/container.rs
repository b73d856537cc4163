//! Containers: image, environment, hooks.

use serde_json::json;

use super::{DNS_LABEL, Place, count, filled, pattern};

/// A quantity of Kubernetes that is not negative. It is a keyword of the schema, whose message nobody can choose: a rule
/// for each amount of each container is more than a server before 1.34 takes.
const QUANTITY: &str = "^[+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2})?$";

pub(super) fn places() -> Vec<Place> {
    let mut root = Place::at("");
    for (list, one) in [("sidecars", "a sidecar"), ("initContainers", "an init container")] {
        root = root.check(
            format!("!has(self.spec.{list}) || !self.spec.{list}.exists(c, c.name == self.metadata.name)"),
            format!("{one} has the name of the Microservice, which is that of its main container: rename it"),
        );
    }
    vec![
        root,
        Place::in_containers("image").check(
            "self.size() > 0 && !self.matches('[[:space:]]')",
            "image must be the name of an image, with a tag or digest and without spaces, as in \
             registry.example/app:v1",
        ),
        Place::in_containers("env[].name").check(
            "self.matches('^[ -<>-~]+$')",
            "the name of an environment variable has printable ASCII characters, and no '='",
        ),
        Place::in_containers("env[]").check(
            "!has(self.valueFrom) || !has(self.value) || self.value == ''",
            "an environment variable has value or valueFrom: remove one of them",
        ),
        Place::in_containers("env[].valueFrom").check(
            format!("{} == 1", count(&["configMapKeyRef", "secretKeyRef", "fieldRef", "resourceFieldRef"])),
            "valueFrom has exactly one of configMapKeyRef, secretKeyRef, fieldRef and resourceFieldRef",
        ),
        Place::in_containers("envFrom[]").check(
            format!("{} == 1", count(&["configMapRef", "secretRef"])),
            "each of envFrom has exactly one of configMapRef and secretRef",
        ),
        Place::at_each(["limits", "requests"].iter().flat_map(|part| {
            ["spec", "spec.sidecars[]", "spec.initContainers[]"].map(|holder| format!("{holder}.resources.{part}{{}}"))
        }))
        .set("pattern", QUANTITY.into())
        .set("minimum", json!(0)),
        // The two that most services have; the plan looks at all amounts of all containers.
        Place::at("spec.resources").check(
            "!has(self.limits) || !has(self.requests) || ['cpu', 'memory'].all(k, \
             !(k in self.requests) || !(k in self.limits) || \
             !isQuantity(string(self.requests[k])) || !isQuantity(string(self.limits[k])) || \
             !quantity(string(self.requests[k])).isGreaterThan(quantity(string(self.limits[k]))))",
            "resources.requests must not be greater than resources.limits: lower the one, or raise the other",
        ),
        Place::at_each(["spec.lifecycle.postStart", "spec.lifecycle.preStop"]).check(
            format!("{} == 1", count(&["exec", "httpGet", "sleep"])),
            "a hook has exactly one of exec, httpGet and sleep",
        ),
        Place::at_each(["spec.lifecycle.postStart.exec", "spec.lifecycle.preStop.exec"])
            .check(filled("self.command"), "exec needs a command, as in {command: [/bin/stop]}"),
        Place::at_each(["spec.lifecycle.postStart.httpGet.scheme", "spec.lifecycle.preStop.httpGet.scheme"])
            .one_of(&["HTTP", "HTTPS"]),
        pattern(
            Place::at_each(["spec.sidecars[].name", "spec.initContainers[].name"]).longest(63),
            DNS_LABEL,
            "the name of a container has lower-case letters, digits and dashes, and no dash at its ends",
        ),
        Place::at("spec").check(
            "!has(self.sidecars) || !has(self.initContainers) || \
             self.sidecars.all(s, !self.initContainers.exists(i, i.name == s.name))",
            "a sidecar and an init container have the same name: rename one of them",
        ),
        Place::at("spec.restartedAt").set("format", "date-time".into()).longest(64),
    ]
}
