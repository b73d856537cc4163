//! Two operators at once, as during a hand-over that went wrong: they do the same, so they end at rest.

use std::time::Duration;

use anyhow::{Result, ensure};
use microservice_tests::{faults::Script, operator::Operator, rig::Rig};

use crate::{
    oracles::{end_state, lives},
    rest::at_rest,
};

const WEB: &str = "
image: registry.example/web:v1
ports: [{name: http, port: 80, protocol: http}]
resources: {requests: {cpu: 100m}}
scaling: {minReplicas: 2, maxReplicas: 4, cpu: 80}
config: {mountPath: /etc/web, files: {web.yaml: 'level: info'}}
routes: [{hostnames: [HOST.example.com], gateway: {name: public}}]
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_operators_do_not_fight() -> Result<()> {
    let scripts = [Script::record(), Script::record()];
    let mut rig = Rig::without_operator("rivals").await?;
    rig.start_operator(&scripts[0])?;
    let rival =
        Operator::start(rig.cluster, Some(&rig.namespace), &format!("rival-of-{}", rig.namespace), &scripts[1])?;
    let mark = rig.mark().await?;
    let names = ["one", "two", "three"];
    let converge = async |spec: &str| {
        for name in names {
            rig.apply(name, &spec.replace("HOST", name)).await?;
        }
        for name in names {
            rig.ready(name).await?;
        }
        at_rest(&[&scripts[0], &scripts[1]], Duration::from_secs(2)).await?;
        for name in names {
            let state = end_state(&rig.client, &rig.namespace, name).await?;
            ensure!(state.is_none(), "{name}: {state:?}");
        }
        anyhow::Ok(())
    };
    converge(WEB).await?;
    println!("two operators: {} and {} writes for a creation", scripts[0].writes(), scripts[1].writes());
    converge(&WEB.replace("v1", "v2").replace("minReplicas: 2, maxReplicas: 4, cpu: 80", "replicas: 3")).await?;
    converge(WEB).await?;
    let both = format!("-of-{}", rig.namespace);
    let sent = rig.cluster.audit().since(mark).await?.filter(|request| request.user_agent.ends_with(&both));
    let lives = lives(&sent, &rig.namespace)?;
    for (object, (created, deleted)) in &lives {
        let comes_back = object.starts_with("horizontalpodautoscalers");
        let expected = if comes_back { (2, 1) } else { (1, 0) };
        ensure!((*created, *deleted) == expected, "{object} was created {created} and deleted {deleted} times");
    }
    rival.stop().await;
    Ok(())
}
