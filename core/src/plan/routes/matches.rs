//! Which requests a route takes.

use microservice_crds::gateway::{
    GrpcMethodMatch, GrpcRouteMatch, HttpPathMatch, HttpRouteMatch, PathMatchType, ValueMatchType,
};

use super::{Site, headers};
use crate::plan::draft::Draft;

/// Matches that one route may have.
const MATCHES_MAX: usize = 128;
const PATH_MAX: usize = 1024;
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/// Each match says its path, as the server would fill it in.
pub(super) fn http(draft: &mut Draft<'_>, site: &Site<'_>) -> Vec<HttpRouteMatch> {
    let route = site.route;
    let prefix = |path: &String| HttpRouteMatch {
        path: Some(HttpPathMatch { type_: PathMatchType::PathPrefix, value: path.clone() }),
        ..HttpRouteMatch::default()
    };
    for path in &route.paths {
        draft.problems.check(site.at("paths"), path_value(path));
    }
    let mut all: Vec<HttpRouteMatch> = route.paths.iter().map(prefix).collect();
    for (index, item) in route.matches.iter().enumerate() {
        let field = site.at(&format!("matches[{index}]"));
        let mut item = item.clone();
        let path = item.path.get_or_insert_default();
        draft.problems.check(format!("{field}.path"), path_match(path));
        if let Some(method) = item.method.as_deref().filter(|method| !METHODS.contains(method)) {
            let message = format!("{method:?} is not a method; write one of {}", METHODS.join(", "));
            draft.refuse(format!("{field}.method"), message);
        }
        headers::check_matches(draft, &format!("{field}.headers"), &item.headers);
        headers::check_params(draft, &format!("{field}.queryParams"), &item.query_params);
        all.push(item);
    }
    few(draft, site, if route.paths.is_empty() { "matches" } else { "paths" }, all.len());
    if all.is_empty() {
        all.push(HttpRouteMatch { path: Some(HttpPathMatch::default()), ..HttpRouteMatch::default() });
    }
    all
}

/// Matches of gRPC requests; none: every request.
pub(super) fn grpc(draft: &mut Draft<'_>, site: &Site<'_>) -> Vec<GrpcRouteMatch> {
    let all = &site.route.grpc_matches;
    for (index, item) in all.iter().enumerate() {
        let field = site.at(&format!("grpcMatches[{index}]"));
        if let Some(method) = &item.method {
            draft.problems.check(format!("{field}.method"), method_match(method));
        }
        headers::check_matches(draft, &format!("{field}.headers"), &item.headers);
    }
    few(draft, site, "grpcMatches", all.len());
    all.clone()
}

fn few(draft: &mut Draft<'_>, site: &Site<'_>, field: &str, count: usize) {
    if count > MATCHES_MAX {
        let message = format!("{count} are too many; write at most {MATCHES_MAX} and put the rest into another route");
        draft.refuse(site.at(field), message);
    }
}

fn path_match(path: &HttpPathMatch) -> Result<(), String> {
    match path.type_ {
        PathMatchType::Exact | PathMatchType::PathPrefix => path_value(&path.value),
        PathMatchType::RegularExpression if path.value.chars().count() > PATH_MAX => {
            Err(format!("the path is longer than {PATH_MAX} characters; write a shorter one"))
        }
        PathMatchType::RegularExpression => headers::printable(&path.value),
    }
}

/// A path that is compared as it stands: already in its normal form, because a request's path is.
fn path_value(path: &str) -> Result<(), String> {
    let mut bytes = path.bytes();
    let mut clean = true;
    while let Some(byte) = bytes.next() {
        clean &= match byte {
            b'%' => (0..2).all(|_| bytes.next().is_some_and(|b| b.is_ascii_hexdigit())),
            _ => byte.is_ascii_alphanumeric() || b"-/._~!$&'()*+,;=:@".contains(&byte),
        };
    }
    let slash = path.contains("%2f") || path.contains("%2F");
    let dots = path.split('/').skip(1).any(|part| matches!(part, "." | ".."));
    if path.starts_with('/') && !path.contains("//") && !dots && !slash && clean && path.len() <= PATH_MAX {
        return Ok(());
    }
    Err(format!(
        "{path:?} is not a path; write one that starts with '/', without '//', '.' and '..' between slashes, '%2F', '?', \
         '#' and spaces, of at most {PATH_MAX} characters"
    ))
}

fn method_match(item: &GrpcMethodMatch) -> Result<(), String> {
    if item.service.is_none() && item.method.is_none() {
        return Err("it says neither service nor method; write one of them, or leave it out".to_owned());
    }
    if item.type_ == ValueMatchType::RegularExpression {
        return [&item.service, &item.method].into_iter().flatten().try_for_each(|text| headers::printable(text));
    }
    let word = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    let service = |text: &String| text.strip_prefix('.').unwrap_or(text).split('.').all(word);
    if !item.service.as_ref().is_none_or(service) {
        return Err("service is the full name of a gRPC service; write one like shop.v1.Cart".to_owned());
    }
    if !item.method.as_deref().is_none_or(word) {
        return Err("method is the name of a gRPC method; write one like AddItem".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_in_their_normal_form() {
        for path in ["/", "/api", "/api/", "/a.b/..c/%20", "/a:b@c;d=e,f", "/.well-known/x"] {
            assert_eq!(path_value(path), Ok(()), "{path}");
        }
        for path in
            ["", "api", "//", "/a//b", "/a/./b", "/a/..", "/.", "/a%2Fb", "/a?b", "/a#b", "/a b", "/%2", "/%zz", "/é"]
        {
            assert!(path_value(path).is_err(), "{path}");
        }
        assert!(path_value(&format!("/{}", "a".repeat(1024))).is_err());
    }

    #[test]
    fn grpc_methods_have_their_names() {
        let check = |type_, service: Option<&str>, method: Option<&str>| {
            method_match(&GrpcMethodMatch { type_, service: service.map(Into::into), method: method.map(Into::into) })
        };
        let exact = ValueMatchType::Exact;
        assert!(check(exact, Some("shop.v1.Cart"), Some("AddItem")).is_ok());
        assert!(check(exact, Some(".shop.Cart"), None).is_ok() && check(exact, None, Some("Get_2")).is_ok());
        for (service, method) in
            [(None, None), (Some(""), None), (Some("a..b"), None), (Some("1a"), None), (None, Some("a.b"))]
        {
            assert!(check(exact, service, method).is_err(), "{service:?} {method:?}");
        }
        assert!(check(ValueMatchType::RegularExpression, Some("shop[.].*"), None).is_ok());
        assert!(check(ValueMatchType::RegularExpression, None, None).is_err());
    }
}
