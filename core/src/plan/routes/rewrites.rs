//! Redirects and rewrites: where a client is sent, and what the service sees.

use microservice_crds::gateway::{
    HttpRouteMatch, PathMatchType, PathModifier, PathModifierKind, RequestRedirect, RouteFilter, UrlRewrite,
};

use super::Site;
use crate::plan::{check, draft::Draft};

const PATH_MAX: usize = 1024;
/// HTTP status codes of redirects.
const REDIRECTS: [i32; 5] = [301, 302, 303, 307, 308];

pub(super) fn request_redirect(draft: &mut Draft<'_>, field: &str, redirect: &RequestRedirect) {
    if let Some(scheme) = redirect.scheme.as_deref().filter(|s| !matches!(*s, "http" | "https")) {
        draft.refuse(format!("{field}.scheme"), format!("{scheme:?} is not a scheme; write http or https"));
    }
    hostname(draft, field, redirect.hostname.as_deref());
    if let Some(path) = &redirect.path {
        path_modifier(draft, &format!("{field}.path"), path);
    }
    if let Some(port) = redirect.port {
        draft.problems.check(format!("{field}.port"), check::port_number(port));
    }
    if let Some(code) = redirect.status_code.filter(|code| !REDIRECTS.contains(code)) {
        let message = format!("{code} is not a redirect; write 301, 302, 303, 307 or 308");
        draft.refuse(format!("{field}.statusCode"), message);
    }
}

pub(super) fn url_rewrite(draft: &mut Draft<'_>, field: &str, rewrite: &UrlRewrite) {
    if rewrite.hostname.is_none() && rewrite.path.is_none() {
        draft.refuse(field, "it changes nothing; write hostname or path");
    }
    hostname(draft, field, rewrite.hostname.as_deref());
    if let Some(path) = &rewrite.path {
        path_modifier(draft, &format!("{field}.path"), path);
    }
}

fn hostname(draft: &mut Draft<'_>, field: &str, host: Option<&str>) {
    let Some(host) = host else { return };
    let field = format!("{field}.hostname");
    if host.starts_with("*.") {
        draft.refuse(field, format!("{host:?} is not one host; write a name without '*'"));
    } else {
        draft.problems.check(field, check::hostname(host));
    }
}

fn path_modifier(draft: &mut Draft<'_>, field: &str, path: &PathModifier) {
    let (value, other, name) = match path.type_ {
        PathModifierKind::ReplaceFullPath => (&path.replace_full_path, &path.replace_prefix_match, "replaceFullPath"),
        PathModifierKind::ReplacePrefixMatch => {
            (&path.replace_prefix_match, &path.replace_full_path, "replacePrefixMatch")
        }
    };
    if other.is_some() {
        draft.refuse(field, format!("it replaces the whole path or a prefix; keep {name} alone, or change type"));
    }
    let empty = path.type_ == PathModifierKind::ReplacePrefixMatch && value.as_deref() == Some("");
    match value {
        None => draft.refuse(field, format!("{name} is not there; write it, or change type")),
        Some(text) if !empty && (!text.starts_with('/') || text.chars().count() > PATH_MAX) => {
            let message =
                format!("{text:?} is not a path; write one that starts with '/', of at most {PATH_MAX} characters");
            draft.refuse(format!("{field}.{name}"), message);
        }
        Some(_) => {}
    }
}

/// Whether a filter replaces the prefix that matched: then the Gateway API wants one rule for each prefix.
pub(super) fn replaces_prefix(draft: &mut Draft<'_>, site: &Site<'_>, matches: &[HttpRouteMatch]) -> bool {
    let path = |filter: &RouteFilter| {
        let redirect = filter.request_redirect.as_ref().and_then(|r| r.path.clone());
        redirect.or_else(|| filter.url_rewrite.as_ref().and_then(|r| r.path.clone()))
    };
    let replaces = |path: &PathModifier| path.type_ == PathModifierKind::ReplacePrefixMatch;
    let found = site.route.filters.iter().position(|filter| path(filter).as_ref().is_some_and(replaces));
    let Some(index) = found else { return false };
    let is_prefix = |m: &HttpRouteMatch| m.path.as_ref().is_some_and(|p| p.type_ == PathMatchType::PathPrefix);
    if !matches.iter().all(is_prefix) {
        let message =
            "ReplacePrefixMatch needs a prefix: give every match a path of type PathPrefix, or write ReplaceFullPath";
        draft.refuse(site.at(&format!("filters[{index}]")), message);
    }
    true
}
