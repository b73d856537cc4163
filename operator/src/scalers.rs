//! Which autoscaler of somebody else scales which Microservice: its Deployment, or itself by the scale subresource.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use microservice_core::outcome::{ScaleTarget, Scaler};
use microservice_crds::GROUP;
use serde::Deserialize;

use crate::{key::Key, object::LeanObject};

/// All HorizontalPodAutoscalers that point at a Deployment or a Microservice.
#[derive(Default)]
pub struct Scalers {
    by_scaler: HashMap<Key, Known>,
    by_target: HashMap<Key, BTreeSet<Key>>,
}

/// What is known of one autoscaler.
#[derive(PartialEq)]
struct Known {
    /// The Deployment or Microservice: both have the same name.
    target: Key,
    kind: ScaleTarget,
    /// What controls the autoscaler: its uid, and its kind and name in words.
    controller: Option<(String, String)>,
    created: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    scale_target_ref: Target,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    #[serde(default)]
    api_version: String,
    kind: String,
    name: String,
}

impl Target {
    fn kind(&self) -> Option<ScaleTarget> {
        let group = self.api_version.split_once('/').map_or("", |(group, _)| group);
        match self.kind.as_str() {
            // The oldest autoscalers name no version, or one that is gone.
            "Deployment" if matches!(group, "" | "apps" | "extensions") => Some(ScaleTarget::Deployment),
            "Microservice" if group == GROUP => Some(ScaleTarget::Microservice),
            _ => None,
        }
    }
}

impl Scalers {
    /// An autoscaler was seen. Answers the Microservices whose scaler may have changed.
    pub fn note(&mut self, object: &LeanObject) -> Vec<Key> {
        let scaler = Key::new(object.namespace(), object.name());
        let target = object.field::<Spec>("spec").map(|spec| spec.scale_target_ref);
        let controller = object.controller();
        let next = target.and_then(|target| {
            Some(Known {
                kind: target.kind()?,
                target: Key::new(object.namespace(), &target.name),
                controller: controller.map(|o| (o.uid.clone(), format!("{} {:?}", o.kind, o.name))),
                created: object.metadata.creation_timestamp.as_ref().map(|time| time.0),
            })
        });
        if self.by_scaler.get(&scaler) == next.as_ref() {
            return Vec::new();
        }
        let mut concerned: Vec<Key> = self.forget(&scaler).into_iter().collect();
        if let Some(next) = next {
            self.by_target.entry(next.target.clone()).or_default().insert(scaler.clone());
            concerned.push(next.target.clone());
            self.by_scaler.insert(scaler, next);
        }
        concerned
    }

    /// An autoscaler is gone. Answers whom it scaled.
    pub fn forget(&mut self, scaler: &Key) -> Option<Key> {
        let known = self.by_scaler.remove(scaler)?;
        if let Some(scalers) = self.by_target.get_mut(&known.target) {
            scalers.remove(scaler);
            if scalers.is_empty() {
                self.by_target.remove(&known.target);
            }
        }
        Some(known.target)
    }

    /// The autoscalers of this Microservice that it does not control itself, the oldest first.
    pub fn foreign(&self, target: &Key, uid: &str) -> Vec<Scaler> {
        let Some(scalers) = self.by_target.get(target) else { return Vec::new() };
        let known = scalers.iter().filter_map(|scaler| Some((scaler, self.by_scaler.get(scaler)?)));
        let mut foreign: Vec<_> =
            known.filter(|(_, known)| known.controller.as_ref().is_none_or(|(owner, _)| owner != uid)).collect();
        foreign.sort_by_key(|(scaler, known)| (known.created, scaler.name.clone()));
        let scaler = |(key, known): (&Key, &Known)| Scaler {
            name: key.name.to_string(),
            owner: known.controller.as_ref().map(|(_, words)| words.clone()),
            target: known.kind,
        };
        foreign.into_iter().map(scaler).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scaler(name: &str, target: &str, controller: &str) -> LeanObject {
        object(name, json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": target}), controller, 0)
    }

    fn object(name: &str, target: serde_json::Value, controller: &str, minute: u8) -> LeanObject {
        let owners = match controller {
            "" => json!([]),
            uid => json!([{"apiVersion": "x/v1", "kind": "X", "name": "x", "uid": uid, "controller": true}]),
        };
        serde_json::from_value(json!({
            "metadata": {"name": name, "namespace": "n", "ownerReferences": owners,
                "creationTimestamp": format!("2026-01-01T00:{minute:02}:00Z")},
            "spec": {"scaleTargetRef": target}
        }))
        .unwrap()
    }

    fn names(scalers: &Scalers, target: &Key) -> Vec<String> {
        scalers.foreign(target, "ours").iter().map(Scaler::to_string).collect()
    }

    #[test]
    fn sees_a_foreign_scaler_come_move_and_go() {
        let mut scalers = Scalers::default();
        let (web, api) = (Key::new("n", "web"), Key::new("n", "api"));
        assert_eq!(scalers.note(&scaler("web", "web", "ours")), std::slice::from_ref(&web));
        assert_eq!(names(&scalers, &web), [""; 0]);
        assert_eq!(scalers.note(&scaler("keda", "web", "theirs")), std::slice::from_ref(&web));
        assert_eq!(scalers.note(&scaler("keda", "web", "theirs")), []);
        assert_eq!(names(&scalers, &web), ["X \"x\" (by HorizontalPodAutoscaler \"keda\")"]);
        assert_eq!(scalers.note(&scaler("keda", "api", "theirs")), [web.clone(), api.clone()]);
        assert_eq!(names(&scalers, &web), [""; 0]);
        assert_eq!(scalers.forget(&Key::new("n", "keda")), Some(api));
    }

    #[test]
    fn the_oldest_comes_first_and_only_what_is_ours_to_scale_counts() {
        let mut scalers = Scalers::default();
        let web = Key::new("n", "web");
        let target = |version: &str, kind: &str| json!({"apiVersion": version, "kind": kind, "name": "web"});
        scalers.note(&object("a", target("microservices.dev/v1alpha1", "Microservice"), "", 2));
        scalers.note(&object("b", target("", "Deployment"), "", 1));
        scalers.note(&object("c", target("example.com/v1", "Deployment"), "", 0));
        scalers.note(&object("d", target("example.com/v1", "Microservice"), "", 0));
        scalers.note(&object("e", target("apps/v1", "StatefulSet"), "", 0));
        let found = scalers.foreign(&web, "ours");
        let found: Vec<_> = found.iter().map(|s| (s.name.as_str(), s.target)).collect();
        assert_eq!(found, [("b", ScaleTarget::Deployment), ("a", ScaleTarget::Microservice)]);
    }
}
