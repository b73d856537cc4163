//! One host and path has one owner: the older service.

use anyhow::Result;
use microservice_crds::gateway::HttpRoute;
use microservice_tests::{faults::Script, rig::Rig};

fn web(host: &str) -> String {
    format!(
        "{{image: 'registry.example/web:v1', ports: [{{name: http, port: 80, protocol: http}}], \
         routes: [{{hostnames: [{host}], gateway: {{name: public}}}}]}}"
    )
}

#[tokio::test]
async fn the_older_service_keeps_a_host_and_the_younger_hears_who_has_it() -> Result<()> {
    let mut rig = Rig::start("hosts").await?;
    let (host, other) = (format!("{}.example.com", rig.namespace), format!("other.{}.example.com", rig.namespace));
    // Of the same second the name decides: so the older one has the lesser name.
    rig.apply("a-old", &web(&host)).await?;
    rig.ready("a-old").await?;
    rig.apply("b-young", &web(&host)).await?;
    let exposed = rig.condition("b-young", "Exposed", "False", "HostTaken").await?;
    assert!(exposed.message.contains(&format!("{}/a-old", rig.namespace)), "{}", exposed.message);
    rig.idle().await?;
    assert!(rig.find::<HttpRoute>("b-young").await?.is_none());
    assert!(rig.find::<HttpRoute>("a-old").await?.is_some());

    // A restart forgets nothing, and writes nothing: neither route moves, not even for a moment.
    rig.stop_operator().await;
    let mark = rig.mark().await?;
    rig.start_operator(&Script::record())?;
    rig.idle().await?;
    // A status may still have been on its way when the first one stopped.
    let written = rig.since(mark).await?.writes().filter(|request| request.subresource != "status");
    assert_eq!(written.count(), 0, "{written:?}");

    rig.apply("a-old", &web(&other)).await?;
    rig.wait("the route of the younger", "b-young", |_: &HttpRoute| true).await?;
    // The older one wants it back: it is older still.
    rig.apply("a-old", &web(&host)).await?;
    rig.condition("b-young", "Exposed", "False", "HostTaken").await?;
    let gone = || async { Ok(rig.find::<HttpRoute>("b-young").await?.is_none().then_some(())) };
    rig.cluster
        .wait_until("the younger's route to go", &rig.namespace, microservice_tests::rig::PATIENCE, gone)
        .await?;
    rig.delete::<microservice_crds::Microservice>("a-old").await?;
    rig.wait("the route of the younger", "b-young", |_: &HttpRoute| true).await?;
    Ok(())
}
