//! One host and path has one owner: the older service.

use anyhow::Result;
use microservice_crds::{Microservice, gateway::HttpRoute};
use microservice_tests::{
    faults::Script,
    rig::{Rig, condition, observed},
};

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

#[tokio::test]
async fn an_older_service_that_cannot_be_planned_keeps_its_host_over_a_restart() -> Result<()> {
    let mut rig = Rig::start("held").await?;
    let [host, other] = ["a", "b"].map(|name| format!("{name}.{}.example.com", rig.namespace));
    for (name, host) in [("a-invalid", &host), ("b-classless", &other)] {
        rig.apply(name, &web(host)).await?;
        rig.ready(name).await?;
    }
    // No class says which listener would redirect.
    rig.apply("a-invalid", &web(&host).replace("{name: public}", "{name: public}, tlsRedirect: true")).await?;
    rig.condition("a-invalid", "Ready", "False", "InvalidSpec").await?;
    let class = format!("{}-none", rig.namespace);
    rig.apply("b-classless", &web(&other).replace("{image", &format!("{{class: {class}, image"))).await?;
    rig.condition("b-classless", "Ready", "False", "ClassNotFound").await?;

    // The younger ones come while nobody looks: that the hosts are taken is known of the routes alone.
    rig.stop_operator().await;
    for (name, host) in [("y-young", &host), ("z-young", &other)] {
        rig.apply(name, &web(host)).await?;
    }
    rig.start_operator(&Script::record())?;
    for (name, older) in [("y-young", "a-invalid"), ("z-young", "b-classless")] {
        let exposed = rig.condition(name, "Exposed", "False", "HostTaken").await?;
        assert!(exposed.message.contains(&format!("{}/{older}", rig.namespace)), "{}", exposed.message);
    }
    rig.idle().await?;
    for (name, there) in [("a-invalid", true), ("b-classless", true), ("y-young", false), ("z-young", false)] {
        assert_eq!(rig.find::<HttpRoute>(name).await?.is_some(), there, "{name}");
    }

    // Once it can be planned again, what it gives up is free.
    rig.apply("a-invalid", &web(&format!("c.{}.example.com", rig.namespace))).await?;
    rig.wait("the route of the younger", "y-young", |_: &HttpRoute| true).await?;
    Ok(())
}

#[tokio::test]
async fn http_and_grpc_on_one_host_are_warned_of() -> Result<()> {
    let rig = Rig::start("mixed").await?;
    // Each on a gateway of its own: a warning is of one place.
    let spec = |routes: &str| {
        format!(
            "{{image: 'registry.example/web:v1', ports: [{{name: http, port: 80, protocol: http}}, \
             {{name: grpc, port: 81, protocol: grpc}}], routes: [{routes}]}}"
        )
    };
    let route = |name: &str, gateway: &str, host: &str| {
        let hosts = if host.is_empty() { String::new() } else { format!("hostnames: ['{host}'], ") };
        format!("{{name: {name}, {hosts}gateway: {{name: {gateway}}}, port: {name}}}")
    };
    let warned = async |name: &str, words: &[&str]| -> Result<()> {
        let warned = |service: &Microservice| {
            let message = condition(service, "Exposed").map(|exposed| exposed.message.as_str()).unwrap_or_default();
            observed(service) && words.iter().all(|word| message.contains(word))
        };
        rig.wait(&format!("{name} to be warned"), name, warned).await?;
        Ok(())
    };

    // One service with both kinds.
    rig.apply("both", &spec(&format!("{}, {}", route("http", "one", "a.io"), route("grpc", "one", "a.io")))).await?;
    warned("both", &["GRPCRoute and HTTPRoute, both of this service", "a host name of its own"]).await?;
    // Another service, under a wildcard: both hear it, whoever came first.
    rig.apply("wide", &spec(&route("http", "two", "*.a.io"))).await?;
    rig.apply("narrow", &spec(&route("grpc", "two", "b.a.io"))).await?;
    warned("wide", &["HTTPRoute of this service and GRPCRoute of Microservice", "/narrow"]).await?;
    warned("narrow", &["GRPCRoute of this service and HTTPRoute of Microservice", "/wide"]).await?;
    // And one that takes every host.
    rig.apply("every", &spec(&route("grpc", "three", ""))).await?;
    rig.apply("some", &spec(&route("http", "three", "c.io"))).await?;
    warned("every", &["every host has GRPCRoute", "/some"]).await?;
    warned("some", &["c.io has HTTPRoute", "/every"]).await?;

    // What moves away is warned of no more.
    rig.apply("narrow", &spec(&route("grpc", "two", "b.b.io"))).await?;
    let quiet = |service: &Microservice| {
        observed(service) && condition(service, "Exposed").is_some_and(|exposed| !exposed.message.contains("GRPCRoute"))
    };
    rig.wait("the warning to go", "wide", quiet).await?;
    Ok(())
}
