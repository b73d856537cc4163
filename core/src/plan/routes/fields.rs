//! Fields that not every installed Gateway API has: each channel has them from a version on, or not at all. A server that
//! does not know a field drops it, and the route would do something else than was asked for.

use microservice_crds::{Route, gateway::RouteFilter};

use super::{Kind, Made};
use crate::{
    gateway::{Channel, Definition, Version},
    plan::draft::Draft,
};

/// One such field, as the definitions of the releases have it.
struct Field {
    name: &'static str,
    /// The first version of the standard channel that has it, where one does.
    standard: Option<Version>,
    /// The first version of the experimental channel that has it.
    experimental: Version,
    /// Whether a route has it.
    there: fn(&Route) -> bool,
}

const FIELDS: [Field; 6] = [
    Field {
        name: "timeouts",
        standard: Some((1, 2)),
        experimental: (1, 0),
        there: |route| route.timeouts.as_ref().is_some_and(|t| t.request.is_some() || t.backend_request.is_some()),
    },
    Field { name: "retry", standard: None, experimental: (1, 2), there: |route| route.retry.is_some() },
    Field {
        name: "sessionPersistence",
        standard: None,
        experimental: (1, 1),
        there: |route| route.session_persistence.is_some(),
    },
    Field {
        name: "filters[].cors",
        standard: Some((1, 5)),
        experimental: (1, 3),
        there: |route| any(route, |filter| filter.cors.is_some()),
    },
    Field {
        name: "filters[].requestMirror.percent or fraction",
        standard: Some((1, 3)),
        experimental: (1, 2),
        there: |route| {
            any(route, |filter| {
                filter
                    .request_mirror
                    .as_ref()
                    .is_some_and(|mirror| mirror.percent.is_some() || mirror.fraction.is_some())
            })
        },
    },
    Field {
        name: "filters[].requestRedirect.statusCode 303, 307 or 308",
        standard: Some((1, 5)),
        experimental: (1, 5),
        there: |route| {
            any(route, |filter| {
                let code = filter.request_redirect.as_ref().and_then(|redirect| redirect.status_code);
                code.is_some_and(|code| !matches!(code, 301 | 302))
            })
        },
    },
];

fn any(route: &Route, has: impl Fn(&RouteFilter) -> bool) -> bool {
    route.filters.iter().any(has)
}

/// What a field needs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lack {
    Version(Version),
    Experimental,
}

impl Field {
    /// What the installed definition lacks to have the field. Where it does not say what it is, nothing.
    fn lack(&self, installed: Definition) -> Option<Lack> {
        let since = match installed.channel {
            Channel::Standard => match self.standard {
                Some(since) => since,
                None => return Some(Lack::Experimental),
            },
            Channel::Experimental | Channel::Unknown => self.experimental,
        };
        installed.version.filter(|version| *version < since).map(|_| Lack::Version(since))
    }
}

/// The fields of a route that the installed definition of its kind does not have, in words.
pub(super) fn missing(draft: &Draft<'_>, made: &Made<'_>) -> Option<String> {
    let definitions = &draft.facts.gateways.definitions;
    let (kind, installed) = match made.kind {
        Kind::Http => ("HTTPRoute", definitions.http),
        Kind::Grpc => ("GRPCRoute", definitions.grpc),
    };
    let there = FIELDS.iter().filter(|field| (field.there)(made.site.route));
    let lacking: Vec<(Lack, &str)> = there.filter_map(|f| Some((f.lack(installed)?, f.name))).collect();
    let (needs, step) = match lacking.iter().map(|(lack, _)| *lack).max()? {
        Lack::Experimental => ("the experimental channel".to_owned(), "the experimental channel".to_owned()),
        Lack::Version((major, minor)) => (format!("version {major}.{minor}"), format!("{major}.{minor}")),
    };
    let names: Vec<&str> = lacking.iter().map(|(_, name)| *name).collect();
    let names = names.join(" and ");
    let has = match installed.version {
        Some((major, minor)) => format!("{} of version {major}.{minor}", installed.channel),
        None => installed.channel.to_string(),
    };
    Some(format!(
        "{}: {names} needs {needs} of the Gateway API, and the {kind} definition of the cluster is of {has}. Remove {names}, \
         or have {step} installed.",
        made.site.field
    ))
}
