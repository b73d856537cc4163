//! The parts of a route at random: matches, filters, backends, policies.

use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Map, Value, json};

use crate::values::{self, Json};

/// An object with some of these fields.
fn some(fields: Vec<(&'static str, Json)>) -> Json {
    with(Vec::new(), fields)
}

/// An object with all of the first fields and some of the others.
pub fn with(required: Vec<(&'static str, Json)>, optional: Vec<(&'static str, Json)>) -> Json {
    let required = required.into_iter().map(|(name, value)| value.prop_map(move |v| Some((name, v))).boxed());
    let optional = optional
        .into_iter()
        .map(|(name, value)| option::weighted(0.5, value).prop_map(move |v| v.map(|v| (name, v))).boxed());
    let fields: Vec<BoxedStrategy<Option<(&'static str, Value)>>> = required.chain(optional).collect();
    let object = |fields: Vec<Option<(&'static str, Value)>>| {
        Value::Object(fields.into_iter().flatten().map(|(k, v)| (k.to_owned(), v)).collect::<Map<_, _>>())
    };
    fields.prop_map(object).boxed()
}

fn list(item: Json, count: std::ops::Range<usize>) -> Json {
    vec(item, count).prop_map(|items| Value::Array(values::distinct(items))).boxed()
}

/// A list whose items differ in this field, whatever the case.
fn keyed(item: Json, key: &'static str, count: std::ops::Range<usize>) -> Json {
    let distinct = move |items: Vec<Value>| {
        let mut seen = std::collections::BTreeSet::new();
        items.into_iter().filter(|item| seen.insert(item[key].to_string().to_lowercase())).collect()
    };
    vec(item, count).prop_map(distinct).prop_map(Value::Array).boxed()
}

fn chosen(values: &[&str]) -> Json {
    select(values.iter().map(|value| Value::from(*value)).collect::<Vec<_>>()).boxed()
}

fn headers() -> Json {
    let kind = chosen(&["Exact", "RegularExpression"]);
    let item = with(vec![("name", values::header_name()), ("value", values::header_value())], vec![("type", kind)]);
    let sixteen = (0..16).map(|i| json!({"name": format!("X-{i}"), "value": "v"})).collect::<Vec<_>>();
    prop_oneof![8 => keyed(item, "name", 1..4), 1 => Just(Value::Array(sixteen))].boxed()
}

pub fn http_matches(prefixes: bool) -> Json {
    let value = |kind: &'static str, value: Json| value.prop_map(move |v| json!({"type": kind, "value": v})).boxed();
    let prefix = value("PathPrefix", values::path());
    let others = prop_oneof![value("Exact", values::path()), value("RegularExpression", values::regex())];
    let path = if prefixes { prefix } else { prop_oneof![prefix, others].boxed() };
    let param = with(
        vec![("name", values::header_name()), ("value", values::query_value())],
        vec![("type", chosen(&["Exact", "RegularExpression"]))],
    );
    let conditions =
        vec![("headers", headers()), ("queryParams", keyed(param, "name", 1..4)), ("method", values::method())];
    let item = if prefixes {
        with(vec![("path", path)], conditions)
    } else {
        let mut all = conditions;
        all.push(("path", path));
        some(all)
    };
    prop_oneof![6 => list(item.clone(), 1..4), 1 => list(item, 16..17)].boxed()
}

pub fn paths() -> Json {
    let many = prop_oneof![65..=127_usize, Just(128)]
        .prop_map(|count| (0..count).map(|i| json!(format!("/p{i}"))).collect::<Vec<_>>());
    prop_oneof![8 => list(values::path(), 1..4), 1 => many.prop_map(Value::Array)].boxed()
}

pub fn grpc_matches() -> Json {
    let exact = prop_oneof![
        with(vec![("service", values::grpc_service())], vec![("method", values::grpc_method())]),
        with(vec![("method", values::grpc_method())], vec![("type", chosen(&["Exact"]))]),
    ];
    let regex = with(
        vec![("service", values::regex()), ("type", chosen(&["RegularExpression"]))],
        vec![("method", values::regex())],
    );
    list(some(vec![("method", prop_oneof![3 => exact, 1 => regex].boxed()), ("headers", headers())]), 1..5)
}

fn header_changes() -> Json {
    let header = with(vec![("name", values::header_name()), ("value", values::header_value())], vec![]);
    let lists = vec![("add", keyed(header.clone(), "name", 1..4)), ("remove", list(values::header_name(), 1..4))];
    with(vec![("set", keyed(header, "name", 1..4))], lists)
}

/// One filter, and sometimes a second field that does not belong there.
fn filter(kind: &'static str, field: &'static str, value: Json) -> Json {
    let stray = prop_oneof![99 => Just(false), 1 => Just(true)];
    (value, stray)
        .prop_map(move |(value, stray)| {
            let mut filter = json!({"type": kind, field: value});
            if stray {
                filter["urlRewrite"] = json!({"hostname": "a.io"});
            }
            filter
        })
        .boxed()
}

fn mirror() -> Json {
    let namespace = chosen(&["shop", "other"]);
    let target =
        with(vec![("name", values::service()), ("port", values::number(1..=65_535))], vec![("namespace", namespace)]);
    let fraction = with(vec![("numerator", values::number(0..=50))], vec![("denominator", values::number(50..=1000))]);
    let share = prop_oneof![
        2 => Just(json!({})),
        2 => values::number(0..=100).prop_map(|percent| json!({"percent": percent})),
        2 => fraction.prop_map(|fraction| json!({"fraction": fraction})),
    ];
    let join = |(target, mut mirror): (Value, Value)| {
        mirror["backendRef"] = target;
        mirror
    };
    filter("RequestMirror", "requestMirror", (target, share).prop_map(join).boxed())
}

fn modified_path(prefixes: bool) -> Json {
    let full = values::path().prop_map(|path| json!({"type": "ReplaceFullPath", "replaceFullPath": path}));
    let prefix = prop_oneof![Just(json!("")), values::path()]
        .prop_map(|path| json!({"type": "ReplacePrefixMatch", "replacePrefixMatch": path}));
    if prefixes { prefix.boxed() } else { full.boxed() }
}

fn cors() -> Json {
    let star = |values: Json| prop_oneof![4 => list(values, 1..4), 1 => Just(json!(["*"]))].boxed();
    filter(
        "CORS",
        "cors",
        some(vec![
            ("allowOrigins", star(values::origin())),
            ("allowCredentials", any::<bool>().prop_map(Value::from).boxed()),
            ("allowMethods", star(values::cors_method())),
            ("allowHeaders", star(values::header_name())),
            ("exposeHeaders", star(values::header_name())),
            ("maxAge", values::number(1..=86_400)),
        ]),
    )
}

fn redirect(prefixes: bool) -> Json {
    let code = prop_oneof![9 => select(vec![301, 302, 303, 307, 308]), 1 => Just(300)].prop_map(Value::from);
    let parts = vec![
        ("scheme", chosen(&["http", "https"])),
        ("port", values::number(1..=65_535)),
        ("statusCode", code.boxed()),
        ("path", modified_path(prefixes)),
    ];
    filter("RequestRedirect", "requestRedirect", with(vec![("hostname", values::host())], parts))
}

fn extension() -> Json {
    let parts = vec![("group", values::group()), ("kind", values::kind()), ("name", values::object_name())];
    filter("ExtensionRef", "extensionRef", with(parts, vec![]))
}

/// What filters do with the address of a request.
pub const REWRITES: u8 = 1;
pub const REDIRECTS: u8 = 2;

/// Filters of any kind that go together, in any order.
pub fn filters(http: bool, turn: u8, prefixes: bool) -> Json {
    let mut kinds = vec![
        filter("RequestHeaderModifier", "requestHeaderModifier", header_changes()),
        filter("ResponseHeaderModifier", "responseHeaderModifier", header_changes()),
        mirror(),
        mirror(),
        extension(),
    ];
    if http {
        kinds.push(cors());
    }
    let maybe: Vec<_> = kinds.into_iter().map(|kind| option::weighted(0.3, kind)).collect();
    let rewrite = match prefixes {
        true => with(vec![("path", modified_path(true))], vec![("hostname", values::host())]),
        false => with(vec![("hostname", values::host())], vec![("path", modified_path(false))]),
    };
    let turn = match turn {
        REWRITES if http => filter("URLRewrite", "urlRewrite", rewrite).prop_map(Some).boxed(),
        REDIRECTS if http => redirect(prefixes).prop_map(Some).boxed(),
        _ => Just(None).boxed(),
    };
    (maybe, turn)
        .prop_map(|(maybe, turn)| maybe.into_iter().flatten().chain(turn).collect::<Vec<_>>())
        .prop_shuffle()
        .prop_map(Value::Array)
        .boxed()
}

pub fn backends(port: &'static str) -> Json {
    let weight = || vec![("weight", values::number(0..=1_000_000))];
    let own = with(vec![("port", Just(json!(port)).boxed())], weight());
    let other = with(vec![("service", values::service()), ("port", values::number(1..=65_535))], weight());
    keyed(prop_oneof![1 => own, 3 => other].boxed(), "port", 1..6)
}

pub fn timeouts() -> Json {
    some(vec![("request", values::duration()), ("backendRequest", values::short_duration())])
}

pub fn retry() -> Json {
    some(vec![
        ("codes", list(values::number(400..=599), 1..4)),
        ("attempts", values::number(1..=9)),
        ("backoff", values::duration()),
    ])
}

pub fn session() -> Json {
    let cookie = |permanent: bool| json!({"lifetimeType": if permanent { "Permanent" } else { "Session" }});
    let header = with(vec![("type", chosen(&["Header"]))], vec![("sessionName", chosen(&["s"]))]);
    let lasting = with(
        vec![("absoluteTimeout", values::duration()), ("cookieConfig", Just(cookie(true)).boxed())],
        vec![("sessionName", chosen(&["s", "a b"]))],
    );
    let plain = some(vec![("type", chosen(&["Cookie"])), ("cookieConfig", Just(cookie(false)).boxed())]);
    prop_oneof![header, lasting, plain].boxed()
}
