//! The ServiceAccount that the pods run as.

use k8s_openapi::api::core::v1::ServiceAccount;
use serde_json::Value;

use super::{BEFORE_PODS, Child, object};
use crate::plan::Plan;

pub(super) struct ServiceAccountChild;

impl Child for ServiceAccountChild {
    const KIND: &'static str = "ServiceAccount";
    const GROUP: &'static str = "";
    const PLURAL: &'static str = "serviceaccounts";
    const WAVE: u8 = BEFORE_PODS;

    fn desired(plan: &Plan) -> Vec<Value> {
        if !plan.service_account.create {
            return Vec::new();
        }
        let mut metadata = object::metadata(plan);
        for (key, value) in &plan.service_account.annotations {
            object::annotate(&mut metadata, key, value.clone());
        }
        // Pods say for themselves whether they see the token; this holds for pods of others that borrow the account.
        let account = ServiceAccount {
            metadata,
            automount_service_account_token: Some(plan.pod.automount_service_account_token),
            ..ServiceAccount::default()
        };
        vec![object::document(&account)]
    }
}

#[cfg(test)]
mod tests {
    use crate::children::tests::child;

    #[test]
    fn none_where_another_is_named() {
        assert!(child("ServiceAccount", "{image: a:1, serviceAccount: {name: x}}").is_none());
        let account = child("ServiceAccount", "{image: a:1, serviceAccount: {annotations: {a: b}}}").unwrap();
        assert_eq!(account["metadata"]["annotations"]["a"], "b");
        assert_eq!(account["automountServiceAccountToken"], false);
    }
}
