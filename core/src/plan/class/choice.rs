//! Which class holds for a service.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    plan::{Blame, Class, ClassFact, Facts, Invalid, Subject},
    selector,
};

/// A class among all that there are.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The class.
    pub class: Arc<Class>,
    /// Whether it is marked as default.
    pub default: bool,
    /// When it was created; none for one that no cluster has seen.
    pub created: Option<Timestamp>,
}

/// A class that is marked as default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// When it was created; none for one that no cluster has seen.
    pub created: Option<Timestamp>,
    /// Its name.
    pub name: String,
}

/// The default that holds: of several the newest, and of those that are equally old the first by name.
pub fn default_class(marked: &[Marked]) -> Option<&Marked> {
    marked.iter().min_by(|a, b| b.created.cmp(&a.created).then_with(|| a.name.cmp(&b.name)))
}

/// The default that holds among all classes.
pub fn holding(all: &[Candidate]) -> Option<&Candidate> {
    let marked = all.iter().filter(|candidate| candidate.default);
    let marked: Vec<_> =
        marked.map(|candidate| Marked { created: candidate.created, name: candidate.class.name.clone() }).collect();
    let name = &default_class(&marked)?.name;
    all.iter().find(|candidate| candidate.default && candidate.class.name == *name)
}

/// What holds for a service that names this class, or none.
pub fn fact(wanted: Option<&str>, all: &[Candidate]) -> ClassFact {
    let Some(name) = wanted else {
        return holding(all).map_or(ClassFact::None, |c| ClassFact::Found(Arc::clone(&c.class)));
    };
    match all.iter().find(|candidate| candidate.class.name == name) {
        Some(candidate) => ClassFact::Found(Arc::clone(&candidate.class)),
        None => {
            let mut known: Vec<String> = all.iter().map(|candidate| candidate.class.name.clone()).collect();
            known.sort();
            ClassFact::Missing { name: name.to_owned(), known }
        }
    }
}

/// The class that a plan is made with; none where there is none.
pub(crate) fn choose<'a>(subject: &Subject, facts: &'a Facts) -> Result<Option<&'a Class>, Invalid> {
    let class = match &facts.class {
        ClassFact::None => return Ok(None),
        ClassFact::Found(class) => class.as_ref(),
        ClassFact::Missing { name, known } => {
            let known = match known.is_empty() {
                true => "there is none at all".to_owned(),
                false => format!("there are: {}", known.join(", ")),
            };
            let message = format!(
                "there is no MicroserviceClass {name:?} ({known}); create it, name another one, or leave spec.class out"
            );
            return Err(Invalid { field: "class".to_owned(), message, blame: Blame::NoClass });
        }
    };
    let refused = class.spec.namespaces.as_ref().zip(facts.gateways.namespace_labels.as_ref());
    match refused.filter(|(wanted, labels)| !selector::matches(wanted, labels)) {
        None => Ok(Some(class)),
        Some((wanted, _)) => {
            let why = if subject.spec.class.is_some() { "" } else { ", which is the default," };
            let message = format!(
                "MicroserviceClass {:?}{why} is only for namespaces with the labels {}, and {:?} has them not; label the \
                 namespace, or name another class in spec.class",
                class.name,
                selector::text(wanted),
                subject.namespace
            );
            Err(Invalid { field: "class".to_owned(), message, blame: Blame::NotAllowed })
        }
    }
}

/// What stands against planning while the labels of the service's namespace are not known: the class decides by them.
/// Offline nobody is kept out by it; in a cluster it must not be passed over, or the class would permit to all what it
/// permits to some.
pub fn needs_namespace(subject: &Subject, class: &ClassFact) -> Option<Invalid> {
    let ClassFact::Found(class) = class else { return None };
    let grants = class.spec.routing.iter().flat_map(|routing| routing.hosts.iter().flatten());
    let by_grant = || !subject.spec.routes.is_empty() && grants.into_iter().any(|grant| grant.namespaces.is_some());
    let (field, place, blame) = match class.spec.namespaces {
        Some(_) => ("class", "namespaces", Blame::NotAllowed),
        None if by_grant() => ("routes", "routing.hosts", Blame::Rule),
        None => return None,
    };
    let message = format!(
        "{place} of MicroserviceClass {:?} decides by the labels of namespace {:?}, and the operator may not see them; let its \
         ServiceAccount list and watch namespaces, which takes a ClusterRole",
        class.name, subject.namespace
    );
    Some(Invalid { field: field.to_owned(), message, blame })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        gateway::View,
        plan::{
            class::tests::{class, facts},
            plan,
            tests::subject,
        },
    };

    fn candidate(name: &str, default: bool, created: Option<i64>) -> Candidate {
        let class = Class { name: name.into(), ..Class::default() };
        let created = created.map(|second| Timestamp::from_second(second).unwrap());
        Candidate { class: Arc::new(class), default, created }
    }

    fn name(fact: ClassFact) -> Option<String> {
        match fact {
            ClassFact::Found(class) => Some(class.name.clone()),
            ClassFact::None | ClassFact::Missing { .. } => None,
        }
    }

    #[test]
    fn the_one_that_is_named_else_the_newest_default() {
        let all = [
            candidate("plain", false, Some(9)),
            candidate("old", true, Some(1)),
            candidate("b", true, Some(5)),
            candidate("a", true, Some(5)),
        ];
        assert_eq!(name(fact(Some("plain"), &all)).as_deref(), Some("plain"));
        assert_eq!(name(fact(None, &all)).as_deref(), Some("a"));
        assert_eq!(fact(None, &all[..1]), ClassFact::None);
        let known = ["a", "b", "old", "plain"].map(str::to_owned).to_vec();
        assert_eq!(fact(Some("x"), &all), ClassFact::Missing { name: "x".into(), known });
    }

    #[test]
    fn a_class_that_is_not_there_is_named_with_those_that_are() {
        let missing = |known: &[&str]| {
            let known = known.iter().map(|k| (*k).to_owned()).collect();
            let class = ClassFact::Missing { name: "glod".into(), known };
            plan(&subject("{image: a:1, class: glod}"), &Facts { class, ..Facts::default() }).unwrap_err()
        };
        let found = missing(&["gold", "silver"]);
        assert_eq!((found.len(), found[0].blame, found[0].field.as_str()), (1, Blame::NoClass, "class"));
        assert!(found[0].message.contains("\"glod\" (there are: gold, silver); create it"), "{}", found[0].message);
        assert!(missing(&[])[0].message.contains("there is none at all"));
    }

    #[test]
    fn a_namespace_needs_the_labels_that_the_class_wants() {
        let labelled = |spec: &str, labels: Option<&str>| {
            let namespace_labels = labels.map(|text| serde_saphyr::from_str(text).unwrap());
            let gateways = View { namespace_labels, ..View::default() };
            plan(&subject(spec), &Facts { gateways, ..facts("namespaces: {matchLabels: {tier: public}}") })
        };
        assert!(labelled("image: a:1", Some("{tier: public, x: y}")).is_ok());
        assert!(labelled("image: a:1", None).is_ok(), "what is not known is allowed");
        let found = labelled("{image: a:1, class: gold}", Some("{}")).unwrap_err();
        assert_eq!((found[0].blame, found[0].blame.reason()), (Blame::NotAllowed, "ClassNotAllowed"));
        for part in ["\"gold\"", "tier=public", "\"shop\"", "label the namespace"] {
            assert!(found[0].message.contains(part), "{part}: {}", found[0].message);
        }
        assert!(labelled("image: a:1", Some("{}")).unwrap_err()[0].message.contains("which is the default"));
        assert!(class("namespaces: {}").spec.namespaces.is_some_and(|s| selector::matches(&s, &Default::default())));
    }

    #[test]
    fn what_a_class_decides_by_labels_needs_them() {
        let needs = |class: &str, spec: &str| {
            let facts = facts(class);
            needs_namespace(&subject(&format!("{{image: a:1, {spec}}}")), &facts.class).map(|i| (i.field, i.blame))
        };
        let routed = "routes: [{gateway: {name: g}}]";
        let granted = "routing: {hosts: [{pattern: a.io}, {pattern: b.io, namespaces: {matchLabels: {tier: public}}}]}";
        for (class, spec, wanted) in [
            ("{}", routed, None),
            ("routing: {hosts: [{pattern: a.io}]}", routed, None),
            (granted, "", None),
            (granted, routed, Some(("routes".into(), Blame::Rule))),
            ("namespaces: {matchLabels: {tier: public}}", "", Some(("class".into(), Blame::NotAllowed))),
        ] {
            assert_eq!(needs(class, spec), wanted, "{class} {spec}");
        }
        let found = needs_namespace(&subject("image: a:1"), &facts("namespaces: {}").class).unwrap();
        for part in ["\"gold\"", "\"shop\"", "list and watch namespaces"] {
            assert!(found.message.contains(part), "{part}: {}", found.message);
        }
        assert_eq!(needs_namespace(&subject("image: a:1"), &ClassFact::None), None);
    }
}
