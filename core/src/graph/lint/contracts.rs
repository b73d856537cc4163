//! Versions of APIs: those that do not fit, and those that end.

use jiff::civil::Date;
use microservice_crds::{Api, ContractMode, Use};

use super::{Code, Finding, Object, Severity, finding::listed};
use crate::{
    graph::{Id, Node, Offer, Survey, meant, version},
    plan,
};

pub(super) fn find(survey: &Survey<'_>, today: Date, findings: &mut Vec<Finding>) {
    for node in survey.graph.nodes() {
        for used in node.uses.iter().filter(|used| used.port.is_none()) {
            let provider = node.provider(used);
            let Some(of) = survey.graph.get(&provider).filter(|of| of.id != node.id) else { continue };
            findings.extend(mismatch(survey, node, used, of));
            let ends = in_use(used, &of.offer).and_then(|api| ends(api, today));
            findings.extend(ends.map(|ends| ending(&node.id, used, &provider, ends)));
        }
    }
}

/// The version of an API that a use means: of those that fit its range the newest, and without a range the newest of all.
/// None where it names a port, or where no version fits.
pub(crate) fn in_use<'a>(used: &Use, offer: &'a Offer) -> Option<&'a Api> {
    if used.port.is_some() {
        return None;
    }
    let fits = |api: &&Api| used.version.as_ref().is_none_or(|range| version::fits(range, &api.version));
    meant(used, offer).into_iter().rfind(fits)
}

fn mismatch(survey: &Survey<'_>, node: &Node, used: &Use, of: &Node) -> Option<Finding> {
    let range = used.version.as_ref().filter(|range| version::range(range).is_ok())?;
    let found = meant(used, &of.offer);
    let name = &found.first()?.name;
    let severity = match survey.services.get(&node.id).map(|service| service.contracts).unwrap_or_default() {
        ContractMode::Off => return None,
        ContractMode::Warn => Severity::Warning,
        ContractMode::Enforce if used.optional => Severity::Warning,
        ContractMode::Enforce => Severity::Error,
    };
    if found.iter().any(|api| version::fits(range, &api.version)) {
        return None;
    }
    let served = listed(found.iter().map(|api| &api.version));
    let (id, provider) = (&node.id, &of.id);
    Some(Finding {
        objects: vec![Object::service(id), Object::service(provider)],
        severity,
        code: Code::VersionMismatch,
        paths: vec![format!("{}.version", plan::field_of_use(used))],
        message: format!("{id} needs API {name} {range} of {provider}, which exposes {served}."),
        remedy: format!(
            "Let {provider} expose a version in {range} beside the others, or move {id} to one that is there and widen its \
             range."
        ),
    })
}

/// An API that ends, and since or until when.
enum Ends<'a> {
    Deprecated(&'a Api),
    On(&'a Api, &'a str),
    Since(&'a Api, &'a str),
}

fn ends(api: &Api, today: Date) -> Option<Ends<'_>> {
    let day = api.sunset.as_deref().and_then(|text| Some((text, text.parse::<Date>().ok()?)));
    match day {
        Some((text, day)) if day <= today => Some(Ends::Since(api, text)),
        Some((text, _)) => Some(Ends::On(api, text)),
        None => api.deprecated.then_some(Ends::Deprecated(api)),
    }
}

fn ending(id: &Id, used: &Use, provider: &Id, ends: Ends<'_>) -> Finding {
    let (severity, code, api, when) = match ends {
        Ends::Deprecated(api) => (Severity::Warning, Code::DeprecatedApi, api, "is deprecated".to_owned()),
        Ends::On(api, day) => (Severity::Warning, Code::DeprecatedApi, api, format!("ends on {day}")),
        Ends::Since(api, day) if used.optional => (Severity::Warning, Code::SunsetApi, api, format!("ended on {day}")),
        Ends::Since(api, day) => (Severity::Error, Code::SunsetApi, api, format!("ended on {day}")),
    };
    Finding {
        objects: vec![Object::service(id), Object::service(provider)],
        severity,
        code,
        paths: vec![plan::field_of_use(used)],
        message: format!("{id} uses API {} {} of {provider}, which {when}.", api.name, api.version),
        remedy: format!("Move {id} to a version that stays, and say so in version."),
    }
}
