//! What happens to the shop: a mistyped image, a new one, a hand that deletes and edits, and load.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Write as _, stdout},
    time::Instant,
};

use anyhow::{Context as _, Result};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{
    ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams},
};
use microservice_tests::control_plane::Load;
use serde_json::json;

use crate::{NAMESPACE, NEW, OLD, REGISTRY, SERVICES, TYPO, shop::*, words::*};

impl Shop<'_> {
    pub async fn mistype(&self) -> Result<()> {
        say!("   emailservice");
        say!("     before   image {OLD}");
        say!("     edit     image {TYPO}");
        let start = Instant::now();
        self.set_image(TYPO).await?;
        let failed = self
            .until("the status to name the image", async || {
                let service = self.api.services.get("emailservice").await?;
                let failed = ready(&service).filter(|condition| condition.reason.starts_with("ImagePull")).cloned();
                let image = service.status.as_ref().and_then(|status| status.image.as_ref());
                let rolled = is_ready(&service) && image.is_some_and(|image| image.ends_with(TYPO));
                Ok((failed.is_some() || rolled).then_some(failed))
            })
            .await?;
        let took = start.elapsed();
        let Some(Condition { reason, message, .. }) = failed else {
            say!("   (Your cluster got that image all the same. Are its pods simulated?)");
            return Ok(());
        };
        let status = self.api.deployments.get("emailservice").await?.status.unwrap_or_default();
        say!("     status   {reason}, after {}", time(took));
        for line in wrap(&message.replace(REGISTRY, ".../"), 66) {
            say!("              {line}");
        }
        say!("     serving  {} old pod", status.available_replicas.unwrap_or(0));
        // What follows are the service's own words, which stand above.
        let words = self.system_says("Degraded").await?;
        say!("     system   {}", words.split(" emailservice: ").next().unwrap_or_default());
        Ok(())
    }

    pub async fn roll_one(&self) -> Result<()> {
        let before = self.replica_sets().await?;
        let start = Instant::now();
        let image = self.set_image(NEW).await?;
        self.until("the new image to be Ready", async || {
            let service = self.api.services.get("emailservice").await?;
            let shown = service.status.as_ref().and_then(|status| status.image.clone());
            Ok((shown.as_deref() == Some(&*image) && is_ready(&service)).then_some(()))
        })
        .await?;
        let took = start.elapsed();
        let after = self.replica_sets().await?;
        let rolled: Vec<&str> =
            after.keys().filter(|name| after.get(*name) != before.get(*name)).map(String::as_str).collect();
        say!("   emailservice");
        say!("     edit     image {NEW}");
        say!("     after    image {NEW}, Ready after {}", time(took));
        say!("   New ReplicaSets: {}. The other {} did not roll.", rolled.join(", "), SERVICES - rolled.len());
        Ok(())
    }

    /// Edits the image of one service, as a person would, and returns it.
    pub async fn set_image(&self, tag: &str) -> Result<String> {
        let service = self.api.services.get("emailservice").await?;
        let (repository, _) = service.spec.image.rsplit_once(':').context("an image without a tag")?;
        let image = format!("{repository}:{tag}");
        let patch = json!({"spec": {"image": image}});
        self.api.services.patch("emailservice", &PatchParams::default(), &Patch::Merge(patch)).await?;
        Ok(image)
    }

    /// Names of the replica sets, by service.
    pub async fn replica_sets(&self) -> Result<BTreeMap<String, BTreeSet<String>>> {
        let mut sets: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for set in self.api.replica_sets.list(&ListParams::default()).await? {
            let service = set.labels().get(microservice_crds::labels::NAME).cloned().unwrap_or_default();
            sets.entry(service).or_default().insert(set.name_any());
        }
        Ok(sets)
    }

    pub async fn repair(&self) -> Result<()> {
        let old = self.api.cluster_services.get("cartservice").await?;
        let start = Instant::now();
        self.api.cluster_services.delete("cartservice", &DeleteParams::default()).await?;
        let new = self
            .until("the Service to come back", async || {
                let found = self.api.cluster_services.get_opt("cartservice").await?;
                Ok(found.filter(|service| service.uid() != old.uid()))
            })
            .await?;
        let took = start.elapsed();
        say!("   Service cartservice");
        say!("     before   {}", address(&old));
        say!("     by hand  kubectl delete");
        say!("     after    {}, back after {}", address(&new), time(took));

        let before = self.image_of_cart().await?;
        let start = Instant::now();
        let patch =
            json!({"spec": {"template": {"spec": {"containers": [{"name": "cartservice", "image": "evil:latest"}]}}}});
        self.api.deployments.patch("cartservice", &PatchParams::default(), &Patch::Strategic(patch)).await?;
        let after = self
            .until("the image to come back", async || {
                Ok(Some(self.image_of_cart().await?).filter(|image| image != "evil:latest"))
            })
            .await?;
        let took = start.elapsed();
        say!("   Deployment cartservice");
        say!("     before   image {}", last_part(&before));
        say!("     by hand  image evil:latest");
        say!("     after    image {}, put right after {}", last_part(&after), time(took));
        self.until("cartservice to be Ready", async || {
            Ok(is_ready(&self.api.services.get("cartservice").await?).then_some(()))
        })
        .await
    }

    pub async fn image_of_cart(&self) -> Result<String> {
        let deployment = self.api.deployments.get("cartservice").await?;
        let pod = deployment.spec.and_then(|spec| spec.template.spec);
        let image = pod.and_then(|pod| pod.containers.first().and_then(|container| container.image.clone()));
        image.context("cartservice has no image")
    }

    pub async fn scale(&self) -> Result<()> {
        if self.cluster.is_existing() {
            say!("   (Skipped: the load is simulated, and in your cluster it is measured.)");
            return Ok(());
        }
        let selector = format!("{}=loadgenerator", microservice_crds::labels::NAME);
        say!("   loadgenerator, 1 to 5 replicas; now each pod uses 150 % of its CPU request");
        let start = Instant::now();
        // Each pod asks for 300 millicores, or a tenth of it where there is little room, and aims at half of that.
        let load = self.cluster.hold_load(NAMESPACE, &selector, Load::PerPod(if self.is_real() { 45 } else { 450 }))?;
        let mut last = 0;
        self.until("five load generators", async || {
            let autoscaler = self.api.autoscalers.get("loadgenerator").await?;
            let replicas = self.api.deployments.get("loadgenerator").await?.spec.and_then(|s| s.replicas).unwrap_or(0);
            let percent = autoscaler
                .status
                .and_then(|status| status.current_metrics)
                .and_then(|metrics| metrics.first()?.resource.as_ref()?.current.average_utilization);
            // The autoscaler writes what it does before it writes why.
            if replicas != last && (last == 0 || percent.is_some()) {
                let seen = percent.map_or_else(String::new, |percent| format!("  (CPU {percent} %, target 50 %)"));
                say!("     {:>5.1} s  replicas: {replicas}{seen}", start.elapsed().as_secs_f64());
                last = replicas;
            }
            Ok((last == 5).then_some(()))
        })
        .await?;
        drop(load);
        Ok(())
    }
}
