//! Which autoscaler points at which Deployment: to leave the replicas alone where somebody else scales.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;

use crate::{key::Key, object::LeanObject};

/// All HorizontalPodAutoscalers that point at a Deployment.
#[derive(Default)]
pub struct Scalers {
    /// By autoscaler: the Deployment it points at, and the uid of what controls the autoscaler.
    by_scaler: HashMap<Key, (Key, String)>,
    by_target: HashMap<Key, BTreeSet<Key>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    scale_target_ref: Target,
}

#[derive(Deserialize)]
struct Target {
    kind: String,
    name: String,
}

impl Scalers {
    /// An autoscaler was seen. Answers the Deployments whose scaler may have changed.
    pub fn note(&mut self, object: &LeanObject) -> Vec<Key> {
        let scaler = Key::new(object.namespace(), object.name());
        let target = object.field::<Spec>("spec").map(|spec| spec.scale_target_ref);
        let target = target.filter(|t| t.kind == "Deployment").map(|t| Key::new(object.namespace(), &t.name));
        let controller = object.controller().map(|owner| owner.uid.clone()).unwrap_or_default();
        let next = target.map(|target| (target, controller));
        if self.by_scaler.get(&scaler) == next.as_ref() {
            return Vec::new();
        }
        let mut concerned: Vec<Key> = self.forget(&scaler).into_iter().collect();
        if let Some((target, controller)) = next {
            self.by_target.entry(target.clone()).or_default().insert(scaler.clone());
            self.by_scaler.insert(scaler, (target.clone(), controller));
            concerned.push(target);
        }
        concerned
    }

    /// An autoscaler is gone. Answers the Deployment it pointed at.
    pub fn forget(&mut self, scaler: &Key) -> Option<Key> {
        let (target, _) = self.by_scaler.remove(scaler)?;
        if let Some(scalers) = self.by_target.get_mut(&target) {
            scalers.remove(scaler);
            if scalers.is_empty() {
                self.by_target.remove(&target);
            }
        }
        Some(target)
    }

    /// An autoscaler on this Deployment that the Microservice of this uid does not control.
    pub fn foreign(&self, target: &Key, uid: &str) -> Option<String> {
        let scalers = self.by_target.get(target)?;
        let foreign =
            scalers.iter().find(|s| self.by_scaler.get(s).is_some_and(|(_, controller)| controller != uid))?;
        Some(foreign.name.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaler(name: &str, target: &str, controller: &str) -> LeanObject {
        serde_json::from_value(serde_json::json!({
            "metadata": {"name": name, "namespace": "n", "ownerReferences":
                [{"apiVersion": "x/v1", "kind": "X", "name": "x", "uid": controller, "controller": true}]},
            "spec": {"scaleTargetRef": {"kind": "Deployment", "name": target}}
        }))
        .unwrap()
    }

    #[test]
    fn sees_a_foreign_scaler_come_move_and_go() {
        let mut scalers = Scalers::default();
        let (web, api) = (Key::new("n", "web"), Key::new("n", "api"));
        assert_eq!(scalers.note(&scaler("web", "web", "ours")), std::slice::from_ref(&web));
        assert_eq!(scalers.foreign(&web, "ours"), None);
        assert_eq!(scalers.note(&scaler("keda", "web", "theirs")), std::slice::from_ref(&web));
        assert_eq!(scalers.note(&scaler("keda", "web", "theirs")), []);
        assert_eq!(scalers.foreign(&web, "ours").as_deref(), Some("keda"));
        assert_eq!(scalers.note(&scaler("keda", "api", "theirs")), [web.clone(), api.clone()]);
        assert_eq!(scalers.foreign(&web, "ours"), None);
        assert_eq!(scalers.forget(&Key::new("n", "keda")), Some(api));
    }
}
