//! Of several operators one writes.

use anyhow::Result;
use k8s_openapi::api::apps::v1::Deployment;
use serde_json::json;

use crate::stand::Stand;

const WEB: &str = "{image: 'web:1', ports: [{name: http, port: 80}]}";

#[tokio::test]
async fn one_writes_and_another_goes_on_when_it_ends() -> Result<()> {
    let stand = Stand::new("election").await?;
    let first = stand.start("first").await?;
    stand.leads("first").await?;
    let second = stand.start("second").await?;
    stand.says(&second, "stands by").await?;
    let mark = stand.rig.mark().await?;
    stand.rig.apply("web", &WEB.replace("image", "system: shop, image")).await?;
    stand.rig.apply_system("shop", "{members: [web]}").await?;
    stand.rig.ready("web").await?;
    stand.rig.system("shop", "Ready=True AllReady").await?;
    let sent = stand.rig.cluster.audit().since(mark).await?;
    assert!(first.writes(&sent).resource("microservicesystems").count() > 0);
    assert_eq!(second.writes(&sent).summary(), [].into());

    // Asked to end, it gives the lease up: the other need not wait until it runs out, and finds nothing to do.
    let mark = stand.rig.mark().await?;
    first.process.signal("TERM")?;
    assert_eq!(stand.ended(&first).await?, "exit status 0");
    assert_ne!(stand.holder().await?, "first");
    stand.leads("second").await?;
    stand.rig.apply("api", WEB).await?;
    stand.rig.ready("api").await?;
    let sent = stand.rig.cluster.audit().since(mark).await?;
    assert_eq!(first.writes(&sent).summary(), [].into());
    assert_eq!(
        second.writes(&sent).filter(|request| request.name != "api").filter(|r| r.resource != "events").summary(),
        [].into()
    );
    Ok(())
}

#[tokio::test]
async fn another_takes_over_from_one_that_died() -> Result<()> {
    let stand = Stand::new("election-kill").await?;
    let first = stand.start("first").await?;
    stand.leads("first").await?;
    let second = stand.start("second").await?;
    stand.says(&second, "stands by").await?;
    stand.rig.apply("web", WEB).await?;
    stand.rig.ready("web").await?;
    first.process.kill();
    stand
        .rig
        .edit::<Deployment>(
            "web",
            json!({"spec": {"template": {"spec": {"containers": [
        {"name": "web", "image": "other:1"}]}}}}),
        )
        .await?;
    stand
        .rig
        .wait("the Deployment to be repaired", "web", |deployment: &Deployment| {
            let pod = deployment.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
            pod.is_some_and(|pod| pod.containers.len() == 1 && pod.containers[0].image.as_deref() == Some("web:1"))
        })
        .await?;
    assert_eq!(stand.holder().await?, "second");
    Ok(())
}

#[tokio::test]
async fn a_lease_that_somebody_deletes_stays_with_its_leader() -> Result<()> {
    let stand = Stand::new("election-delete").await?;
    let first = stand.start("first").await?;
    stand.leads("first").await?;
    let second = stand.start("second").await?;
    stand.says(&second, "stands by").await?;
    stand.rig.delete::<k8s_openapi::api::coordination::v1::Lease>(crate::stand::LEASE).await?;
    stand.leads("first").await?;
    first.process.check()?;
    second.process.check()
}
