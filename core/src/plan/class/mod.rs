//! The MicroserviceClass of a service: which one holds, what it gives, and what it permits.
//!
//! One rule of precedence: what the spec says, else what the class says, else the profile; value by value. Maps are
//! joined by key and `env` by name; any other list is a value of its own, and so is a probe. An empty list or map says
//! nothing. What the class gives never makes a spec wrong that is right without it: where the two cannot stand
//! together, the class's value gives way ([`fit`]). The plan then reads the *effective* spec like any other.

mod choice;
mod fit;
mod merge;
mod resources;
mod rules;
mod said;
mod scaling;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use microservice_crds::MicroserviceSpec;
use serde_json::Value;

pub(crate) use choice::choose;
pub use choice::{Candidate, Marked, default_class, fact, holding, needs_namespace};
pub(super) use rules::check;
pub(super) use said::said;
pub(super) use scaling::replaced;

use super::{Blame, Class, Invalid, Profile, Source};

/// A value that the class put into the effective spec.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// The value.
    pub value: Value,
    /// The class, or derived: the class's value, changed so that it fits the spec's.
    pub source: Source,
}

/// What a spec means together with its class.
#[derive(Clone, Debug, PartialEq)]
pub struct Effective<'a> {
    /// The spec with the class's values in it.
    pub spec: Cow<'a, MicroserviceSpec>,
    /// Those values, by path.
    pub given: BTreeMap<String, Given>,
}

/// Puts the defaults of the class under a spec.
///
/// # Errors
/// When the two together are not a spec: the class's fault.
pub fn effective<'a>(
    spec: &'a MicroserviceSpec,
    class: Option<&Class>,
    profile: &Profile,
) -> Result<Effective<'a>, Invalid> {
    let as_it_is = || Effective { spec: Cow::Borrowed(spec), given: BTreeMap::new() };
    let Some((class, defaults)) = class.and_then(|class| Some((class, class.spec.defaults.as_ref()?))) else {
        return Ok(as_it_is());
    };
    let fit::Fitted { defaults, bent } = fit::fit(defaults, spec, profile);
    let (spec, taken) = merge::merge(spec, &defaults).map_err(|error| Invalid {
        field: "class".to_owned(),
        message: format!(
            "the defaults of MicroserviceClass {:?} do not fit a Microservice ({error}); correct them there",
            class.name
        ),
        blame: Blame::Class,
    })?;
    let given = |(path, value): (String, Value)| {
        let source = if bent.contains(&path) { Source::Derived } else { Source::Class };
        (path, Given { value, source })
    };
    Ok(Effective { spec: Cow::Owned(spec), given: taken.into_iter().map(given).collect() })
}

/// Paths of values that were changed so that they fit.
type Bent = BTreeSet<String>;

/// Puts the blame where it belongs: on the class, where the value that cannot be built is the class's.
pub(super) fn blame(problems: &mut [Invalid], given: &BTreeMap<String, Given>, class: Option<&Class>) {
    let Some(class) = class else { return };
    for problem in problems.iter_mut().filter(|problem| problem.blame == Blame::Spec) {
        if given.iter().any(|(path, value)| value.source == Source::Class && is_below(&problem.field, path)) {
            problem.blame = Blame::Class;
            problem.message.push_str(&format!(
                " (the value is a default of MicroserviceClass {:?}: change it there, or say another one here)",
                class.name
            ));
        }
    }
}

/// Whether a field is the value at a path, or a part of it.
fn is_below(field: &str, path: &str) -> bool {
    field.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::plan::{ClassFact, Facts, Plan, plan, tests::subject};

    /// A class called `gold` from the YAML of its `spec`.
    pub(crate) fn class(spec: &str) -> Class {
        Class { name: "gold".into(), spec: serde_saphyr::from_str(spec).unwrap() }
    }

    /// Facts with such a class.
    pub(crate) fn facts(class_spec: &str) -> Facts {
        Facts { class: ClassFact::Found(Arc::new(class(class_spec))), ..Facts::default() }
    }

    /// The plan of a `spec` (the image is added) with the `defaults` of a class.
    pub(crate) fn with_defaults(defaults: &str, spec: &str) -> Plan {
        let spec = format!("{{image: 'a:1', {spec}}}");
        plan(&subject(&spec), &facts(&format!("defaults: {{{defaults}}}")))
            .unwrap_or_else(|e| panic!("{defaults}\n{spec}\n{e:?}"))
    }

    /// Blame, field and message.
    pub(crate) type Refusal = (Blame, String, String);

    /// What stands against a `spec` with a class.
    pub(crate) fn refused(class_spec: &str, spec: &str) -> Vec<Refusal> {
        let spec = format!("{{image: 'a:1', {spec}}}");
        let invalid = plan(&subject(&spec), &facts(class_spec)).expect_err(&spec);
        invalid.into_iter().map(|i| (i.blame, i.field, i.message)).collect()
    }

    /// Who decided on the value at a path, and the value.
    pub(crate) fn source(plan: &Plan, path: &str) -> Option<(Source, Value)> {
        plan.provenance.iter().find(|p| p.path == path).map(|p| (p.source, p.value.clone()))
    }

    #[test]
    fn without_defaults_nothing_is_copied() {
        let spec = subject("image: a:1").spec;
        let profile = &crate::plan::PROFILES[0];
        for class in [None, Some(class("{}"))] {
            let effective = effective(&spec, class.as_ref(), profile).unwrap();
            assert!(matches!(effective.spec, Cow::Borrowed(_)) && effective.given.is_empty());
        }
    }

    #[test]
    fn the_class_is_named_in_the_plan_and_may_ask_for_exposure() {
        let class = "{profile: v1, routing: {readyRequiresExposed: true}}";
        let plan = plan(&subject("image: a:1"), &facts(class)).unwrap();
        assert_eq!((plan.class.as_deref(), plan.ready_requires_exposed), (Some("gold"), true));
        assert_eq!(source(&plan, "profile").unwrap().0, Source::Class);
    }

    #[test]
    fn a_wrong_default_is_the_classes_fault_and_a_wrong_value_is_not() {
        let class = "defaults: {labels: {app.kubernetes.io/name: x}, resources: {requests: {cpu: lots}}}";
        let found = refused(class, "podLabels: {a b: c}");
        let blamed: Vec<_> = found.iter().map(|(blame, field, _)| (*blame, field.as_str())).collect();
        assert_eq!(
            blamed,
            [
                (Blame::Class, "labels[app.kubernetes.io/name]"),
                (Blame::Spec, "podLabels[a b]"),
                (Blame::Class, "resources.requests.cpu")
            ]
        );
        assert!(found[0].2.contains("MicroserviceClass \"gold\""), "{}", found[0].2);
        assert!(!found[1].2.contains("gold"));
    }
}
