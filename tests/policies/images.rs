//! Images: the rules of one class hold in the namespaces that a binding joins with it. One test, because the class and the
//! binding are of the whole cluster.

use anyhow::Result;
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams},
};
use microservice_crds::MicroserviceClass;
use microservice_tests::control_plane::ControlPlane;
use serde_json::{Value, json};

use crate::{
    people::{Person, assert_refused},
    stage::{IMAGE_RULES, PATIENCE, installed, label},
};

const POLICY: &str = "'image-rules.microservices.dev'";

fn digest() -> String {
    format!("sha256:{}", "0a".repeat(32))
}

/// Sets the rules, and waits until an image is answered as they say.
async fn rules(
    server: &ControlPlane,
    who: &Person,
    namespace: &str,
    images: Value,
    image: &str,
    good: bool,
) -> Result<()> {
    let body = json!({
        "apiVersion": "microservices.dev/v1alpha1", "kind": "MicroserviceClass", "metadata": {"name": "image-rules"},
        "spec": {"images": images},
    });
    let classes: Api<MicroserviceClass> = Api::all(server.client()?);
    classes.patch("image-rules", &PatchParams::apply("test").force(), &Patch::Apply(&body)).await?;
    let spec = format!("image: {image}");
    let spec = &spec;
    let ask = || async move { Ok((who.would_create("probe", spec).await.is_ok() == good).then_some(())) };
    server.wait_until("the rules to be seen", namespace, PATIENCE, ask).await
}

fn pod(part: &str) -> String {
    format!("overrides: {{Deployment: {{spec: {{template: {{spec: {{{part}}}}}}}}}}}")
}

#[tokio::test]
async fn a_namespace_runs_the_images_that_its_class_allows() -> Result<()> {
    let server = installed().await?;
    let _alone = IMAGE_RULES.lock().await;
    let namespace = server.namespace("images").await?;
    let free = server.namespace("images-free").await?;
    let labels = json!({"microservices.dev/image-rules": "image-rules", "microservices.dev/overrides": "allowed"});
    label(server, &namespace, labels).await?;
    let admin = Person::admin(server, &namespace)?;
    let tenant = &Person::with(server, &namespace, "tenant", json!([])).await?;

    // Without the class nothing is known to be good.
    assert_refused(tenant.create("web", "").await, &[POLICY, "no params found"]);
    // A namespace without the label has no rules.
    let stranger = Person::with(server, &free, "tenant", json!([])).await?;
    stranger.create("web", "image: elsewhere.example/app:v1").await.unwrap();

    // A rule that allows anything, to have something that stands when the rules come.
    rules(server, tenant, &namespace, json!({}), "elsewhere.example/app:v1", true).await?;
    let old = "{image: 'elsewhere.example/app:v1', sidecars: [{name: log, image: 'elsewhere.example/log:v1'}]}";
    tenant.apply("old", old).await.unwrap();
    let list = json!({"allowedPrefixes": ["registry.example/shop", "base.example:5000/"]});
    rules(server, tenant, &namespace, list, "elsewhere.example/app:v1", false).await?;

    for image in
        ["registry.example/shop/web:v1", "registry.example/shop:v1", "registry.example/shop", "base.example:5000/a"]
    {
        let spec = format!("{{image: '{image}', initContainers: [{{name: i, image: '{image}'}}]}}");
        tenant.would_create("web", &spec).await.unwrap_or_else(|words| panic!("{image}: {words}"));
    }
    let good = "registry.example/shop/web:v1";
    for (field, spec) in [
        ("spec.image \"elsewhere.example/web:v1\"", "image: 'elsewhere.example/web:v1'".to_owned()),
        // Not in the middle of a word, and not as the path of another registry.
        ("spec.image", "image: 'registry.example/shopping/web:v1'".to_owned()),
        ("spec.image", "image: 'evil.example/registry.example/shop/web:v1'".to_owned()),
        ("spec.sidecars[log].image", format!("{{image: '{good}', sidecars: [{{name: log, image: 'x/log'}}]}}")),
        (
            "spec.initContainers[db].image",
            format!("{{image: '{good}', initContainers: [{{name: db, image: 'x/db'}}]}}"),
        ),
        (
            "template.spec.containers \"x/c\"",
            format!("{{image: '{good}', {}}}", pod("containers: [{name: web, image: x/c}]")),
        ),
        (
            "template.spec.initContainers \"x/i\"",
            format!("{{image: '{good}', {}}}", pod("initContainers: [{name: i, image: x/i}]")),
        ),
        (
            "template.spec.volumes \"x/v\"",
            format!("{{image: '{good}', {}}}", pod("volumes: [{name: v, image: {reference: x/v}}]")),
        ),
    ] {
        let remedy =
            "take an image that starts with registry.example/shop or base.example:5000/, or ask your platform team";
        let class = format!("MicroserviceClass \"image-rules\", which holds for images of namespace \"{namespace}\"");
        assert_refused(tenant.create("web", &spec).await, &[POLICY, field, remedy, &class]);
    }
    // Rules are for all: an administrator makes a mistake as easily.
    assert_refused(admin.create("web", "image: 'elsewhere.example/web:v1'").await, &[POLICY]);
    for shape in
        ["containers: 7", "containers: [7, {name: web}, {name: web, image: 7}]", "volumes: [{name: v, image: 7}]"]
    {
        tenant.would_create("web", &format!("{{image: '{good}', {}}}", pod(shape))).await.unwrap();
    }

    // What stood before the rules passes, also beside other changes; a new image does not.
    tenant.apply("old", old).await.unwrap();
    tenant.merge("old", json!({"metadata": {"labels": {"team": "shop"}}})).await.unwrap();
    tenant.edit("old", json!({"env": [{"name": "A", "value": "b"}], "scaling": {"replicas": 1}})).await.unwrap();
    tenant.scale("old", 2).await.unwrap();
    assert_refused(tenant.edit("old", json!({"image": "elsewhere.example/app:v2"})).await, &[POLICY, "spec.image"]);
    tenant.edit("old", json!({"image": good})).await.unwrap();
    assert_refused(tenant.edit("old", json!({"image": "elsewhere.example/app:v1"})).await, &[POLICY, "spec.image"]);

    let digests = json!({"digestRequired": true});
    rules(server, tenant, &namespace, digests, good, false).await?;
    for image in ["web", "web:v1", "web@sha256:0a", "web:v1@md5:00"] {
        let words = [POLICY, "wants images by digest; write it as in image@sha256:...", "spec.image"];
        assert_refused(tenant.create("web", &format!("image: '{image}'")).await, &words);
    }
    tenant.create("web", &format!("image: 'anywhere.example/web:v1@{}'", digest())).await.unwrap();

    // The most that the definitions allow is within the server's budget, and a list too long to be told is told shortly.
    let long: Vec<String> = (0..64).map(|i| format!("r{i:02}.example/{}/", "x".repeat(200))).collect();
    let image = format!("{}web@{}", long[63], digest());
    rules(server, tenant, &namespace, json!({"allowedPrefixes": long, "digestRequired": true}), &image, true).await?;
    let containers = |prefix: &str| -> Vec<Value> {
        (0..8).map(|i| json!({"name": format!("{prefix}{i}"), "image": image})).collect()
    };
    let many = json!({"image": image, "sidecars": containers("s"), "initContainers": containers("i")});
    tenant.create("many", &many.to_string()).await.unwrap();
    let words = tenant.edit("many", json!({"image": good})).await;
    assert_refused(words, &[POLICY, "take one that starts as images.allowedPrefixes"]);

    Api::<MicroserviceClass>::all(server.client()?).delete("image-rules", &DeleteParams::default()).await?;
    Ok(())
}
