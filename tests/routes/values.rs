//! Single values of routes at random: mostly good ones, at the edges too, and now and then anything.

use proptest::{collection::vec, prelude::*, sample::select, string::string_regex};
use serde_json::{Value, json};

pub type Json = BoxedStrategy<Value>;

/// Mostly a good value; once in a while one that the plan must see through.
fn mostly(good: impl Strategy<Value = String> + 'static, wild: &'static str) -> Json {
    let wild = string_regex(wild).expect("a pattern");
    prop_oneof![120 => good, 1 => wild].prop_map(Value::from).boxed()
}

fn texts(values: &[&str]) -> impl Strategy<Value = String> + use<> {
    select(values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>())
}

/// Host names of the route with this number, so that routes of one service do not meet.
pub fn hostnames(route: usize) -> Json {
    let exact = (0..99_u32).prop_map(move |i| format!("h{i}.r{route}.example.com"));
    let good = prop_oneof![4 => exact, 1 => Just(format!("*.r{route}.example.com")), 1 => Just(format!("r{route}"))];
    let few = vec(mostly(good, "[a-z0-9.*-]{1,16}"), 1..4).prop_map(distinct);
    let many =
        (17..=64_u32).prop_map(move |count| (0..count).map(|i| json!(format!("h{i}.r{route}.example.com"))).collect());
    prop_oneof![6 => few, 1 => many].prop_map(Value::Array).boxed()
}

pub fn path() -> Json {
    let good =
        texts(&["/", "/api", "/api/", "/a-b_c/~x", "/a%20b%2e", "/.well-known/x..y", "/x:y@z;k=v,w", "/'(q)'!$&*+"]);
    let long = Just(format!("/{}", "p".repeat(1023)));
    mostly(prop_oneof![12 => good, 1 => long], "/?[a-z./%2fF#? é]{0,8}")
}

pub fn header_name() -> Json {
    let long = Just("n".repeat(256));
    mostly(prop_oneof![12 => texts(&["X-A", "x-b", "Accept", "!#$%&'*+-.^_`|~09aZ"]), 1 => long], ".{0,6}")
}

pub fn header_value() -> Json {
    let long = Just("v".repeat(4096));
    mostly(prop_oneof![12 => texts(&["v", "a b", "max-age=1, x", "a\tb", "{}<>\"\\"]), 1 => long], ".{0,8}")
}

pub fn query_value() -> Json {
    let long = Just("é".repeat(1024));
    mostly(prop_oneof![12 => texts(&["yes", " ", "ä ö", "a=b&c"]), 1 => long], ".{0,4}")
}

pub fn duration() -> Json {
    mostly(texts(&["10s", "1h30m", "500ms", "99999h", "1h1m1s1ms", "20s"]), "[0-9hms.]{0,6}")
}

pub fn short_duration() -> Json {
    mostly(texts(&["500ms", "1ms", "0s"]), "[0-9hms.]{0,6}")
}

pub fn method() -> Json {
    mostly(texts(&["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]), "[A-Z*]{0,5}")
}

pub fn host() -> Json {
    mostly(texts(&["other.example.net", "x", "1a.example.net"]), "[a-zA-Z0-9.*-]{0,9}")
}

pub fn service() -> Json {
    mostly(texts(&["next", "beta", "old-1"]), "[a-zA-Z0-9.-]{0,9}")
}

pub fn grpc_service() -> Json {
    mostly(texts(&["shop.v1.Cart", ".a.B_2", "_x"]), "[a-zA-Z0-9_.]{0,6}")
}

pub fn grpc_method() -> Json {
    mostly(texts(&["AddItem", "_get2"]), "[a-zA-Z0-9_.]{0,6}")
}

pub fn origin() -> Json {
    let good = texts(&["https://a.io", "http://*.a.io:8080", "https://*", "http://localhost:3000", "https://A-1.io"]);
    mostly(good, "(https?://)?[a-z*.:0-9/-]{0,9}")
}

pub fn cors_method() -> Json {
    mostly(texts(&["GET", "POST", "PATCH", "OPTIONS", "CONNECT"]), "[A-Z]{0,5}")
}

pub fn kind() -> Json {
    mostly(texts(&["Middleware", "a", "Route-Filter1"]), "[a-zA-Z0-9-]{0,5}")
}

pub fn object_name() -> Json {
    mostly(texts(&["x", "strip.prefix", "a-1"]), "[a-zA-Z0-9.-]{0,9}")
}

pub fn group() -> Json {
    mostly(texts(&["", "traefik.io", "x"]), "[a-zA-Z.]{0,5}")
}

pub fn number(good: std::ops::RangeInclusive<i32>) -> Json {
    let edges = select(vec![*good.start(), *good.end()]);
    let wild = select(vec![i32::MIN, -1, 0, 65_536, i32::MAX]);
    prop_oneof![80 => good, 20 => edges, 1 => wild].prop_map(Value::from).boxed()
}

pub fn regex() -> Json {
    string_regex("\\PC{1,9}").expect("a pattern").prop_map(Value::from).boxed()
}

/// Without what is there already.
pub fn distinct(values: Vec<Value>) -> Vec<Value> {
    let mut seen = std::collections::BTreeSet::new();
    values.into_iter().filter(|value| seen.insert(value.to_string().to_lowercase())).collect()
}
