//! A service that uses another one without its consent: what both sides say of it.

use std::io::{Write as _, stdout};

use anyhow::Result;
use kube::api::{DeleteParams, Patch, PatchParams};
use microservice_crds::Microservice;
use serde_json::json;

use crate::{NAMESPACE, REGISTRY, shop::*, words::*};

/// Who comes uninvited, and where to.
const STRANGER: &str = "newsletter";
const HOST: &str = "paymentservice";

impl Shop<'_> {
    pub async fn be_uninvited(&self) -> Result<()> {
        say!("   {HOST:<15} allowFrom: [{{service: checkoutservice}}]");
        say!("   {STRANGER:<15} uses: [{{service: {HOST}}}]");
        let body = json!({
            "apiVersion": "microservices.dev/v1alpha1", "kind": "Microservice", "metadata": {"name": STRANGER},
            "spec": {"image": format!("{REGISTRY}adservice:v0.10.6"), "scaling": {"replicas": 0},
                "uses": [{"service": HOST, "env": {"PAYMENT_SERVICE_ADDR": "HostPort"}}]},
        });
        self.api.services.patch(STRANGER, &PatchParams::apply("demo"), &Patch::Apply(&body)).await?;
        self.tell(STRANGER, "DependenciesResolved").await?;
        self.tell(HOST, "ConsumersConsented").await?;
        self.api.services.delete(STRANGER, &DeleteParams::default()).await?;
        self.until("the complaint to go", async || {
            Ok(condition(&self.api.services.get(HOST).await?, "ConsumersConsented").is_none().then_some(()))
        })
        .await?;
        say!("   {STRANGER} is deleted, and {HOST} has nothing to complain about.");
        Ok(())
    }

    /// Shows what a condition says that is False.
    async fn tell(&self, name: &str, type_: &str) -> Result<()> {
        let told = self
            .until(&format!("{name} to say so"), async || {
                let service: Option<Microservice> = self.api.services.get_opt(name).await?;
                let told = service.and_then(|service| condition(&service, type_).cloned());
                Ok(told.filter(|condition| condition.status == "False"))
            })
            .await?;
        say!("     {name:<15} {type_} is False: {}", told.reason);
        for line in wrap(&told.message.replace(&format!("{NAMESPACE}/"), ""), 62) {
            say!("                     {line}");
        }
        Ok(())
    }
}
