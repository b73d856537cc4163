//! What is done with a request on its way: the checks that the Gateway API makes, and the server's defaults.

use std::collections::BTreeSet;

use microservice_crds::gateway::{ExtensionRef, FilterKind, HeaderModifier, RequestMirror, RouteFilter};

use super::{Kind, Site, cors, headers, rewrites};
use crate::plan::{check, draft::Draft};

/// Filters that one rule may have.
const FILTERS_MAX: usize = 16;
/// The server's defaults.
const STATUS_CODE: i32 = 302;
const MAX_AGE: i32 = 5;

/// The filters with the server's defaults written out.
pub(super) fn resolve(draft: &mut Draft<'_>, site: &Site<'_>, kind: Kind) -> Vec<RouteFilter> {
    let filters = &site.route.filters;
    if filters.len() > FILTERS_MAX {
        let message = format!("{} are too many; write at most {FILTERS_MAX}", filters.len());
        draft.refuse(site.at("filters"), message);
    }
    let mut seen = BTreeSet::new();
    for (index, filter) in filters.iter().enumerate() {
        let field = site.at(&format!("filters[{index}]"));
        let repeats = matches!(filter.type_, FilterKind::RequestMirror | FilterKind::ExtensionRef);
        if !seen.insert(filter.type_) && !repeats {
            draft.refuse(&field, format!("there are two filters {}; join them in one", word(filter.type_)));
        }
        if kind == Kind::Grpc && only_http(filter.type_) {
            let message = format!(
                "a GRPCRoute has no filter {}; write paths: [/] to make it an HTTPRoute, or remove the filter",
                word(filter.type_)
            );
            draft.refuse(&field, message);
        }
        check(draft, &field, filter);
    }
    if seen.contains(&FilterKind::RequestRedirect) && seen.contains(&FilterKind::UrlRewrite) {
        draft.refuse(site.at("filters"), "a request is redirected or rewritten; remove RequestRedirect or URLRewrite");
    }
    filters.iter().cloned().map(filled).collect()
}

fn only_http(kind: FilterKind) -> bool {
    matches!(kind, FilterKind::RequestRedirect | FilterKind::UrlRewrite | FilterKind::Cors)
}

fn word(kind: FilterKind) -> &'static str {
    match kind {
        FilterKind::RequestHeaderModifier => "RequestHeaderModifier",
        FilterKind::ResponseHeaderModifier => "ResponseHeaderModifier",
        FilterKind::RequestRedirect => "RequestRedirect",
        FilterKind::UrlRewrite => "URLRewrite",
        FilterKind::RequestMirror => "RequestMirror",
        FilterKind::Cors => "CORS",
        FilterKind::ExtensionRef => "ExtensionRef",
    }
}

/// Writes out what the server would fill in, because lists in routes are replaced as a whole.
fn filled(mut filter: RouteFilter) -> RouteFilter {
    if let Some(redirect) = &mut filter.request_redirect {
        redirect.status_code.get_or_insert(STATUS_CODE);
    }
    if let Some(cors) = &mut filter.cors {
        cors.max_age.get_or_insert(MAX_AGE);
    }
    filter
}

fn check(draft: &mut Draft<'_>, field: &str, filter: &RouteFilter) {
    let present = [
        (FilterKind::RequestHeaderModifier, "requestHeaderModifier", filter.request_header_modifier.is_some()),
        (FilterKind::ResponseHeaderModifier, "responseHeaderModifier", filter.response_header_modifier.is_some()),
        (FilterKind::RequestRedirect, "requestRedirect", filter.request_redirect.is_some()),
        (FilterKind::UrlRewrite, "urlRewrite", filter.url_rewrite.is_some()),
        (FilterKind::RequestMirror, "requestMirror", filter.request_mirror.is_some()),
        (FilterKind::Cors, "cors", filter.cors.is_some()),
        (FilterKind::ExtensionRef, "extensionRef", filter.extension_ref.is_some()),
    ];
    for (kind, name, present) in present {
        if kind == filter.type_ && !present {
            draft.refuse(field, format!("type is {}, and {name} is not there; write it", word(kind)));
        } else if kind != filter.type_ && present {
            let message = format!("type is {}; remove {name}, or put it into a filter of its own", word(filter.type_));
            draft.refuse(field, message);
        }
    }
    for (name, modifier) in [
        ("requestHeaderModifier", &filter.request_header_modifier),
        ("responseHeaderModifier", &filter.response_header_modifier),
    ] {
        if let Some(modifier) = modifier {
            header_modifier(draft, &format!("{field}.{name}"), modifier);
        }
    }
    if let Some(redirect) = &filter.request_redirect {
        rewrites::request_redirect(draft, &format!("{field}.requestRedirect"), redirect);
    }
    if let Some(rewrite) = &filter.url_rewrite {
        rewrites::url_rewrite(draft, &format!("{field}.urlRewrite"), rewrite);
    }
    if let Some(mirror) = &filter.request_mirror {
        request_mirror(draft, &format!("{field}.requestMirror"), mirror);
    }
    if let Some(cors) = &filter.cors {
        cors::check(draft, &format!("{field}.cors"), cors);
    }
    if let Some(extension) = &filter.extension_ref {
        extension_ref(draft, &format!("{field}.extensionRef"), extension);
    }
}

fn header_modifier(draft: &mut Draft<'_>, field: &str, modifier: &HeaderModifier) {
    if modifier.set.is_empty() && modifier.add.is_empty() && modifier.remove.is_empty() {
        draft.refuse(field, "it changes nothing; write set, add or remove");
    }
    headers::check_changes(draft, &format!("{field}.set"), &modifier.set);
    headers::check_changes(draft, &format!("{field}.add"), &modifier.add);
    headers::check_names(draft, &format!("{field}.remove"), modifier.remove.iter().map(String::as_str), true);
}

fn request_mirror(draft: &mut Draft<'_>, field: &str, mirror: &RequestMirror) {
    let target = &mirror.backend_ref;
    draft.problems.check(format!("{field}.backendRef.name"), check::rfc1123_label(&target.name));
    if let Some(namespace) = &target.namespace {
        draft.problems.check(format!("{field}.backendRef.namespace"), check::rfc1123_label(namespace));
    }
    draft.problems.check(format!("{field}.backendRef.port"), check::port_number(target.port));
    if mirror.percent.is_some() && mirror.fraction.is_some() {
        draft.refuse(field, "percent and fraction say the same; keep one");
    }
    if mirror.percent.is_some_and(|percent| !(0..=100).contains(&percent)) {
        draft.refuse(format!("{field}.percent"), "write 0 to 100");
    }
    if let Some(fraction) = &mirror.fraction
        && !(fraction.numerator >= 0 && fraction.denominator >= 1 && fraction.numerator <= fraction.denominator)
    {
        let message =
            "a share lies between none and all; write a numerator from 0 to the denominator, which is 1 or more";
        draft.refuse(format!("{field}.fraction"), message);
    }
}

fn extension_ref(draft: &mut Draft<'_>, field: &str, extension: &ExtensionRef) {
    let kind = extension.kind.as_bytes();
    let named = kind.first().is_some_and(u8::is_ascii_alphabetic)
        && kind.last().is_some_and(u8::is_ascii_alphanumeric)
        && kind.len() <= 63
        && kind.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
    if !extension.group.is_empty() {
        draft.problems.check(format!("{field}.group"), check::dns_subdomain(&extension.group));
    }
    if !named {
        draft.refuse(format!("{field}.kind"), "it is not a kind; write one like Middleware");
    }
    draft.problems.check(format!("{field}.name"), check::dns_subdomain(&extension.name));
}
