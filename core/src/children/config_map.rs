//! The immutable ConfigMap of files that were written in place.

use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::Value;

use super::{BEFORE_PODS, Child, object};
use crate::plan::Plan;

pub(super) struct ConfigMapChild;

impl Child for ConfigMapChild {
    const KIND: &'static str = "ConfigMap";
    const GROUP: &'static str = "";
    const PLURAL: &'static str = "configmaps";
    const WAVE: u8 = BEFORE_PODS;

    fn desired(plan: &Plan) -> Vec<Value> {
        let map = plan.config.as_ref().map(|config| ConfigMap {
            metadata: object::named(plan, &config.name),
            data: object::unless_empty(config.files.clone()),
            immutable: Some(true),
            ..ConfigMap::default()
        });
        map.iter().map(object::document).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::children::tests::child;

    #[test]
    fn it_is_immutable_and_mounted_by_its_name() {
        let spec = "{image: a:1, config: {mountPath: /etc/a, files: {a: x}}}";
        let map = child("ConfigMap", spec).unwrap();
        assert_eq!((&map["immutable"], &map["data"]["a"]), (&true.into(), &"x".into()));
        let deployment = child("Deployment", spec).unwrap();
        assert_eq!(deployment["spec"]["template"]["spec"]["volumes"][0]["configMap"]["name"], map["metadata"]["name"]);
    }
}
