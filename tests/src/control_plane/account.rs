//! The account that operators of tests run with: it has exactly the rights that the chart gives, so that every test also
//! shows that they suffice. Whether all of them are needed is asked when all tests are over: see `bin/rights.rs`.

use std::{path::PathBuf, sync::OnceLock, time::Duration};

use anyhow::Result;
use k8s_openapi::api::{
    authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec},
    core::v1::ServiceAccount,
};
use kube::{Api, Config, api::PostParams};
use microservice_operator::rights;
use serde_json::json;

use super::{ControlPlane, access};

/// Namespace of the account.
pub const NAMESPACE: &str = "operator-account";
/// Its name.
pub const NAME: &str = "microservice-operator";

/// Name of its role and of the binding: not that of the chart, which tests install beside it.
const ROLE: &str = NAMESPACE;

/// How long the API server may take to learn of new rights.
const PATIENCE: Duration = Duration::from_secs(60);

/// The name of the account as a user.
#[must_use]
pub fn user() -> String {
    format!("system:serviceaccount:{NAMESPACE}:{NAME}")
}

/// The way in for an operator.
#[derive(Clone)]
struct Account {
    kubeconfig: PathBuf,
    config: Config,
}

/// The account of a control plane, once it is made.
#[derive(Default)]
pub(super) struct Slot(OnceLock<Account>);

impl ControlPlane {
    /// Makes the account for operators, unless it is there. In an existing cluster nobody is given rights: there operators
    /// run as the administrator.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub async fn create_operator_account(&self) -> Result<()> {
        if self.is_existing() || self.account.0.get().is_some() {
            return Ok(());
        }
        let rules = rights::of_the_operator();
        self.create_namespace(NAMESPACE).await?;
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client()?, NAMESPACE);
        let mut account = ServiceAccount::default();
        account.metadata.name = Some(NAME.to_owned());
        accounts.create(&PostParams::default(), &account).await?;
        let role = json!({"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": ROLE}, "rules": rules},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": ROLE},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ROLE},
             "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}]},
        ]});
        self.apply(&role.to_string()).await?;
        self.wait_for_rights().await?;
        let kubeconfig = self.kubeconfig_of_account(NAMESPACE, NAME).await?;
        let config = access::read_config(&kubeconfig).await?;
        let _ = self.account.0.set(Account { kubeconfig, config });
        Ok(())
    }

    async fn wait_for_rights(&self) -> Result<()> {
        let reviews: Api<SubjectAccessReview> = Api::all(self.client()?);
        let review = SubjectAccessReview {
            spec: SubjectAccessReviewSpec {
                user: Some(user()),
                resource_attributes: Some(ResourceAttributes {
                    verb: Some("list".into()),
                    resource: Some("pods".into()),
                    ..ResourceAttributes::default()
                }),
                ..SubjectAccessReviewSpec::default()
            },
            ..SubjectAccessReview::default()
        };
        self.wait_until("the rights of operators", NAMESPACE, PATIENCE, || async {
            let answer = reviews.create(&PostParams::default(), &review).await?;
            Ok(answer.status.is_some_and(|status| status.allowed).then_some(()))
        })
        .await
    }

    /// The configuration that an operator gets: that of its account, or the administrator's where there is none.
    #[must_use]
    pub fn operator_config(&self) -> Config {
        self.account.0.get().map_or_else(|| self.config(), |account| account.config.clone())
    }

    /// The kubeconfig behind [`operator_config`](Self::operator_config).
    #[must_use]
    pub fn operator_kubeconfig(&self) -> PathBuf {
        self.account.0.get().map_or_else(|| self.kubeconfig(), |account| account.kubeconfig.clone())
    }
}
