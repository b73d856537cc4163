use microservice_crds::annotations;
use serde_json::{Value, json};

use super::*;
use crate::{context::tests::context, object::LeanObject};

fn object(value: Value) -> LeanObject {
    serde_json::from_str(&value.to_string()).unwrap()
}

fn key() -> Key {
    Key::new("shop", "web")
}

/// An operator that knows one service, which has had a class or has not.
fn operator(spec: Value, had: Option<&str>) -> Context {
    let ctx = context();
    let status = MicroserviceStatus { class: had.map(str::to_owned), ..MicroserviceStatus::default() };
    let service = json!({"metadata": {"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "1"},
        "spec": spec, "status": status});
    ctx.store.service_changed(&object(service), true);
    ctx
}

fn class(ctx: &Context, spec: Value) {
    let class = json!({"metadata": {"name": "gold", "uid": "c", "resourceVersion": "1",
        "annotations": {annotations::DEFAULT_CLASS: "true"}}, "spec": spec});
    ctx.around.changed(CLASSES, &object(class));
}

/// What is seen, in a word or two.
fn seen(ctx: &Context) -> String {
    let snapshot = ctx.store.snapshot(&key()).unwrap();
    let spec = serde_json::from_str(&snapshot.service.spec).unwrap();
    let subject = Subject { name: "web".into(), namespace: "shop".into(), spec, ..Subject::default() };
    let node = edges::node(ctx, &key(), &snapshot.service, &subject);
    match observe(ctx, &key(), &snapshot, &subject, &node) {
        Ok(facts) => match facts.class {
            ClassFact::Found(class) => class.name.clone(),
            other => format!("{other:?}"),
        },
        Err(Blind::Invalid(invalid)) => format!("{}: {}", invalid.blame.reason(), invalid.message),
        Err(Blind::Unseen(why)) => format!("unseen: {why}"),
    }
}

#[tokio::test]
async fn a_service_is_planned_without_a_class_only_where_it_is_known_to_have_none() {
    let failing = || Served::Failing("500".into());
    for (classes, definitions, without, with) in [
        (Served::Synced, Served::Synced, "None", "None"),
        (Served::Absent, Served::Synced, "None", "None"),
        (Served::Absent, Served::Forbidden, "None", "None"),
        (Served::Forbidden, Served::Synced, "None", "ClassNotFound: "),
        (Served::Starting, Served::Synced, "unseen: ", "unseen: "),
        (failing(), Served::Synced, "unseen: ", "unseen: "),
        // The definitions are not known: nor is whether there are classes, and no right is missing.
        (Served::Absent, failing(), "unseen: ", "unseen: "),
        (Served::Absent, Served::Starting, "unseen: ", "unseen: "),
    ] {
        for (had, wanted) in [(None, without), (Some("gold"), with)] {
            let ctx = operator(json!({"image": "a:1"}), had);
            ctx.store.set_served(CLASSES, classes.clone());
            ctx.store.set_served(DEFINITIONS, definitions.clone());
            let seen = seen(&ctx);
            assert!(seen.starts_with(wanted), "{classes:?} {definitions:?} {had:?}: {seen}");
        }
    }
}

#[tokio::test]
async fn what_a_class_permits_to_some_namespaces_is_not_permitted_to_one_that_is_not_known() {
    let selector = json!({"matchLabels": {"tier": "public"}});
    let routes = json!([{"hostnames": ["a.example.com"], "gateway": {"name": "public"}}]);
    for (spec, limits) in [
        (json!({"image": "a:1"}), json!({"namespaces": selector})),
        (
            json!({"image": "a:1", "routes": routes}),
            json!({"routing": {"hosts": [{"pattern": "*.example.com", "namespaces": selector}]}}),
        ),
    ] {
        let ctx = operator(spec, None);
        ctx.store.set_served(CLASSES, Served::Synced);
        class(&ctx, limits);
        for (namespaces, wanted) in [
            (Served::Starting, "unseen: Namespace \"shop\" is not known yet"),
            (Served::Synced, "unseen: Namespace \"shop\" is not known yet"),
            (Served::Failing("500".into()), "unseen: Namespaces cannot be listed: 500"),
            (Served::Forbidden, ""),
        ] {
            let forbidden = namespaces == Served::Forbidden;
            ctx.store.set_served(NAMESPACES, namespaces);
            let seen = seen(&ctx);
            assert!(seen.starts_with(wanted), "{seen}");
            assert_eq!(seen.contains("list and watch namespaces"), forbidden, "{seen}");
            assert!(seen != "gold", "planned");
        }
        // Its labels come: they decide.
        ctx.around.changed(NAMESPACES, &object(json!({"metadata": {"name": "shop"}})));
        assert_eq!(seen(&ctx), "gold");
    }
}

#[tokio::test]
async fn who_cannot_be_planned_is_woken_when_the_class_is_repaired() {
    let ctx = operator(json!({"image": "a:1"}), None);
    ctx.store.set_served(CLASSES, Served::Synced);
    class(&ctx, json!({"images": 7}));
    assert!(seen(&ctx).starts_with("InvalidClass: "), "{}", seen(&ctx));
    assert_eq!(ctx.interests.of(&Interest::Class("gold".into())), [key()]);
    assert_eq!(ctx.interests.of(&Interest::DefaultClass), [key()]);
}
