//! Which requests reach whom.

use anyhow::Result;
use http::StatusCode;

use super::stage::{Stage, service};

#[tokio::test]
async fn two_services_share_a_host_by_path() -> Result<()> {
    let stage = Stage::start("paths").await?;
    let host = stage.host();
    stage.apply("web", &service("web", &format!("routes: [{{hostnames: [{host}], gateway: GATEWAY}}]"))).await?;
    let route = format!("routes: [{{hostnames: [{host}], paths: [/cart], gateway: GATEWAY}}]");
    stage.apply("cart", &service("cart", &route)).await?;
    stage.rig.condition("web", "Exposed", "True", "Accepted").await?;
    stage.rig.condition("cart", "Exposed", "True", "Accepted").await?;

    stage.answers(&host, "/", "web").await?;
    stage.answers(&host, "/cart", "cart").await?;
    for (path, name) in [("/cart/view?item=1", "cart"), ("/cartoons", "web"), ("/", "web"), ("/cart", "cart")] {
        let answer = stage.client.get(&host, path).await?;
        assert_eq!((answer.status, answer.who()?.stand_in_for.as_str()), (StatusCode::OK, name), "{path}");
        let said: serde_json::Value = answer.json()?;
        assert_eq!((&said["host"], &said["path"]), (&host.as_str().into(), &path.into()));
    }
    // A host that nobody has.
    let answer = stage.client.get("nobody.example.com", "/").await?;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    Ok(())
}

#[tokio::test]
async fn a_header_chooses_the_service() -> Result<()> {
    let stage = Stage::start("headers").await?;
    let host = stage.host();
    stage.apply("web", &service("web", &format!("routes: [{{hostnames: [{host}], gateway: GATEWAY}}]"))).await?;
    let matches = "[{headers: [{name: x-beta, value: 'yes'}]}]";
    let route = format!("routes: [{{hostnames: [{host}], matches: {matches}, gateway: GATEWAY}}]");
    stage.apply("beta", &service("beta", &route)).await?;

    stage.answers(&host, "/", "web").await?;
    let beta = || async {
        let answer = stage.client.send(&host, "/", &[("x-beta", "yes")]).await?;
        Ok((answer.status == StatusCode::OK && answer.who()?.stand_in_for == "beta").then_some(()))
    };
    stage.until("the header to choose", beta).await?;
    for (value, name) in [("yes", "beta"), ("no", "web"), ("", "web")] {
        let answer = stage.client.send(&host, "/", &[("x-beta", value)]).await?;
        assert_eq!(answer.who()?.stand_in_for, name, "{value:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_redirect_is_the_gateways_answer() -> Result<()> {
    let stage = Stage::start("redirect").await?;
    let host = stage.host();
    let filter = "{type: RequestRedirect, requestRedirect: {hostname: new.example.com, statusCode: 301}}";
    let routes = format!(
        "routes: [{{name: main, hostnames: [{host}], gateway: GATEWAY}}, \
         {{name: old, hostnames: [{host}], paths: [/old], filters: [{filter}], gateway: GATEWAY}}]"
    );
    stage.apply("web", &service("web", &routes)).await?;
    stage.answers(&host, "/", "web").await?;
    let moved = || async {
        let answer = stage.client.get(&host, "/old/page").await?;
        Ok((answer.status == StatusCode::MOVED_PERMANENTLY).then_some(answer))
    };
    let answer = stage.until("the redirect", moved).await?;
    assert_eq!(answer.headers["location"], "http://new.example.com/old/page");
    Ok(())
}

#[tokio::test]
async fn the_https_listener_serves_the_same_route() -> Result<()> {
    let stage = Stage::start("https").await?;
    let host = stage.host();
    stage.apply("web", &service("web", &format!("routes: [{{hostnames: [{host}], gateway: GATEWAY}}]"))).await?;
    stage.answers(&host, "/", "web").await?;
    let secure = || async {
        let answer = stage.secure.get(&host, "/").await?;
        Ok((answer.status == StatusCode::OK).then_some(answer))
    };
    let answer = stage.until("https", secure).await?;
    assert_eq!(answer.who()?.stand_in_for, "web");
    Ok(())
}

#[tokio::test]
async fn a_redirect_to_https_leads_to_the_service() -> Result<()> {
    let stage = Stage::start("secure").await?;
    let (host, class) = (stage.host(), stage.rig.namespace.clone());
    let gateways = "[{name: public, namespace: gateways, listeners: {http: http, https: https}}]";
    stage.rig.apply_class(&class, &format!("{{routing: {{gateways: {gateways}, tlsRedirect: true}}}}")).await?;
    let spec = format!("class: {class}\nroutes: [{{hostnames: [{host}]}}]");
    stage.apply("web", &service("web", &spec)).await?;
    let moved = || async {
        let answer = stage.client.get(&host, "/cart?item=1").await?;
        Ok((answer.status == StatusCode::MOVED_PERMANENTLY).then_some(answer))
    };
    let answer = stage.until("the redirect", moved).await?;
    let location = answer.headers["location"].to_str()?.to_owned();
    assert_eq!(location, format!("https://{host}/cart?item=1"));
    let secure = || async {
        let answer = stage.secure.get(&host, "/cart?item=1").await?;
        Ok((answer.status == StatusCode::OK).then_some(answer))
    };
    let answer = stage.until("https", secure).await?;
    assert_eq!(answer.who()?.stand_in_for, "web");
    let exposed = stage.rig.condition("web", "Exposed", "True", "Accepted").await?;
    assert!(exposed.message.contains("gateways/public"), "{}", exposed.message);
    let service = stage.rig.ready("web").await?;
    let url = service.status.and_then(|status| status.url);
    assert_eq!(url.as_deref(), Some(format!("https://{host}").as_str()));
    stage.rig.delete_class(&class).await
}
