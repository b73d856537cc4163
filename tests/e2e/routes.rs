//! Routes on the API server: what is made, what is held back and stays, and what goes when it is not wanted any more.

use anyhow::Result;
use k8s_openapi::api::core::v1::Service;
use kube::{Resource as _, ResourceExt as _, api::ListParams};
use microservice_crds::{
    Microservice,
    gateway::{GrpcRoute, HttpRoute},
};
use microservice_tests::rig::{Rig, status};

/// A service with these routes.
fn web(tag: &str, routes: &str) -> String {
    format!(
        "{{image: 'registry.example/web:{tag}', routes: [{routes}], ports: [{{name: http, port: 80, protocol: http}}, \
          {{name: grpc, port: 81, protocol: grpc}}]}}"
    )
}

async fn names(rig: &Rig) -> Result<Vec<String>> {
    let list = ListParams::default();
    let http = rig.api::<HttpRoute>().list(&list).await?.items.into_iter().map(|r| r.name_any());
    let grpc = rig.api::<GrpcRoute>().list(&list).await?.items.into_iter().map(|r| format!("{} (gRPC)", r.name_any()));
    let mut names: Vec<String> = http.chain(grpc).collect();
    names.sort();
    Ok(names)
}

fn weights(route: &HttpRoute) -> Vec<(&str, i32)> {
    route.spec.rules[0].backend_refs.iter().map(|b| (b.name.as_str(), b.weight)).collect()
}

#[tokio::test]
async fn a_share_of_a_service_that_is_not_there_moves_no_traffic_and_holds_back_nothing_else() -> Result<()> {
    let rig = Rig::start("shares").await?;
    let host = format!("{}.example.com", rig.namespace);
    let plain = format!("{{hostnames: [{host}], gateway: {{name: public}}}}");
    let other = format!("{{name: other, hostnames: [other.{host}], gateway: {{name: public}}}}");
    let gateway = format!(
        "{{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {{name: public, namespace: {}}}, spec: \
         {{gatewayClassName: of-nobody, listeners: [{{name: web, port: 80, protocol: HTTP}}]}}}}",
        rig.namespace
    );
    rig.cluster.apply(&gateway).await?;
    let address = |service: &Microservice| status(service).url == Some(format!("http://{host}"));
    rig.apply("web", &web("v1", &plain)).await?;
    rig.ready("web").await?;
    rig.wait("the address", "web", address).await?;
    let before: HttpRoute = rig.get("web").await?;

    let shares = format!(
        "{{hostnames: [{host}], gateway: {{name: public}}, backends: [{{weight: 90}}, {{service: next, port: 80, weight: 10}}]}}"
    );
    rig.apply("web", &web("v2", &format!("{shares}, {other}"))).await?;
    let exposed = rig.condition("web", "Exposed", "False", "BackendNotFound").await?;
    for part in ["\"next\"", "routes[main].backends[1].service", "Create it"] {
        assert!(exposed.message.contains(part), "{part} is not in: {}", exposed.message);
    }
    rig.wait("the other route", "web--other", |_: &HttpRoute| true).await?;
    rig.ready("web").await?;
    rig.idle().await?;
    let held: HttpRoute = rig.get("web").await?;
    assert_eq!((held.uid(), held.resource_version()), (before.uid(), before.resource_version()));
    assert_eq!(weights(&held), [("web", 1)]);
    // It goes on serving, and is told where: before the other one, as in the spec.
    let now: Microservice = rig.get("web").await?;
    assert!(address(&now), "{:?}", status(&now).urls);
    assert_eq!(status(&now).urls, ["", "other."].map(|part| format!("http://{part}{host}")));
    assert!(status(&now).children.iter().any(|child| child.kind == "HTTPRoute" && child.name == "web"));

    // The Service comes from somebody else: the route follows, as the same object.
    rig.cluster.kubectl_ok(&["create", "service", "clusterip", "next", "--tcp=80", "-n", &rig.namespace]).await?;
    let shared = rig.wait("the shares", "web", |r: &HttpRoute| r.spec.rules[0].backend_refs.len() == 2).await?;
    assert_eq!((shared.uid(), weights(&shared)), (before.uid(), vec![("web", 90), ("next", 10)]));

    rig.delete::<Service>("next").await?;
    rig.condition("web", "Exposed", "False", "BackendNotFound").await?;
    rig.idle().await?;
    assert_eq!(weights(&rig.get::<HttpRoute>("web").await?), [("web", 90), ("next", 10)], "nobody said to move them");
    Ok(())
}

#[tokio::test]
async fn what_the_channel_lacks_is_told_and_the_route_stays() -> Result<()> {
    let rig = Rig::start("channel").await?;
    let route = format!("{{hostnames: [{}.example.com], gateway: {{name: public}}", rig.namespace);
    rig.apply("web", &web("v1", &format!("{route}}}"))).await?;
    rig.ready("web").await?;
    rig.apply("web", &web("v1", &format!("{route}, retry: {{attempts: 2}}}}"))).await?;
    let exposed = rig.condition("web", "Exposed", "False", "UnsupportedByGatewayAPI").await?;
    for part in ["retry", "experimental channel", "standard channel"] {
        assert!(exposed.message.contains(part), "{part} is not in: {}", exposed.message);
    }
    rig.idle().await?;
    assert_eq!(names(&rig).await?, ["web"]);
    Ok(())
}

#[tokio::test]
async fn a_class_redirects_to_https_and_each_part_goes_when_it_is_not_wanted() -> Result<()> {
    let rig = Rig::start("redirect").await?;
    let class = format!("{}-public", rig.namespace);
    let routing = "gateways: [{name: public, listeners: {http: web, https: websecure}}], \
                   hostTemplates: ['{name}.{namespace}.example.com']";
    rig.apply_class(&class, &format!("routing: {{{routing}, tlsRedirect: true}}")).await?;
    let spec = |routes: &str| web("v1", routes).replacen('{', &format!("{{class: {class}, "), 1);
    rig.apply("web", &spec("{name: main}, {name: rpc, hostnames: [rpc.example.com], port: grpc}")).await?;
    rig.ready("web").await?;
    assert_eq!(names(&rig).await?, ["web", "web--main--redirect", "web--rpc (gRPC)"]);
    let section = |route: &HttpRoute| route.spec.parent_refs[0].section_name.clone();
    let (serving, redirect): (HttpRoute, HttpRoute) = (rig.get("web").await?, rig.get("web--main--redirect").await?);
    assert_eq!((section(&serving), section(&redirect)), (Some("websecure".into()), Some("web".into())));
    assert_eq!(serving.spec.hostnames, [format!("web.{}.example.com", rig.namespace)]);
    assert!(redirect.meta().owner_references.is_some() && redirect.spec.rules[0].backend_refs.is_empty());

    // The class changes its mind: the redirect goes, and the route stays the object that it is.
    rig.apply_class(&class, &format!("routing: {{{routing}}}")).await?;
    rig.wait_gone::<HttpRoute>("web--main--redirect", &redirect.uid().unwrap()).await?;
    let plain = rig.wait("the plain route", "web", |r: &HttpRoute| section(r).is_none()).await?;
    assert_eq!(plain.uid(), serving.uid());

    // Paths make it an HTTPRoute; the GRPCRoute goes, and nothing else does.
    rig.apply("web", &spec("{name: main}, {name: rpc, hostnames: [rpc.example.com], port: grpc, paths: [/shop.Cart]}"))
        .await?;
    rig.wait("the HTTPRoute", "web--rpc", |_: &HttpRoute| true).await?;
    rig.idle().await?;
    assert_eq!(names(&rig).await?, ["web", "web--rpc"]);
    rig.delete_class(&class).await?;
    Ok(())
}

#[tokio::test]
async fn more_hosts_than_one_object_holds_become_several_and_go_again() -> Result<()> {
    let rig = Rig::start("split").await?;
    let hosts = |count: usize| {
        let hosts: Vec<String> = (0..count).map(|i| format!("h{i}.{}.example.com", rig.namespace)).collect();
        web("v1", &format!("{{hostnames: [{}], gateway: {{name: public}}}}", hosts.join(", ")))
    };
    rig.apply("web", &hosts(17)).await?;
    rig.ready("web").await?;
    let (first, second): (HttpRoute, HttpRoute) = (rig.get("web").await?, rig.get("web--main--2").await?);
    assert_eq!((first.spec.hostnames.len(), second.spec.hostnames.len()), (16, 1));

    rig.apply("web", &hosts(33)).await?;
    rig.wait("the third", "web--main--3", |_: &HttpRoute| true).await?;
    rig.idle().await?;
    let again: HttpRoute = rig.get("web").await?;
    assert_eq!(
        (again.uid(), again.resource_version()),
        (first.uid(), first.resource_version()),
        "appending moves nothing"
    );
    assert_eq!(rig.get::<HttpRoute>("web--main--2").await?.uid(), second.uid());

    rig.apply("web", &hosts(2)).await?;
    rig.wait_gone::<HttpRoute>("web--main--2", &second.uid().unwrap()).await?;
    rig.idle().await?;
    assert_eq!(names(&rig).await?, ["web"]);
    Ok(())
}
