//! The MicroserviceClasses of the cluster.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use microservice_core::{
    plan::{
        Blame, Class, ClassFact, Invalid,
        class::{Marked, default_class},
    },
    status::class_status,
};
use microservice_crds::{MicroserviceClassSpec, MicroserviceClassStatus, annotations};

use crate::{interest::Interest, object::LeanObject};

/// The MicroserviceClasses of the cluster.
#[derive(Default)]
pub struct Classes {
    inner: Mutex<BTreeMap<String, Known>>,
}

struct Known {
    uid: String,
    version: u64,
    generation: i64,
    created: Option<Timestamp>,
    marked: bool,
    class: Result<Arc<Class>, String>,
    status: Option<MicroserviceClassStatus>,
}

/// A status that a class should have and has not.
pub struct Due {
    /// Name of the class.
    pub name: String,
    /// `metadata.uid` of the class.
    pub uid: String,
    /// The status.
    pub status: MicroserviceClassStatus,
}

impl Classes {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A class was listed or changed. Answers what it is that changed for services.
    pub fn changed(&self, object: &LeanObject) -> Vec<Interest> {
        let mut classes = self.lock();
        let before = default_of(&classes);
        let name = object.name().to_owned();
        if classes.get(&name).is_some_and(|k| k.uid == object.uid() && k.version >= object.version_number()) {
            return Vec::new();
        }
        let spec = object.fields.get("spec").map_or("{}", |raw| raw.get());
        let class = serde_json::from_str::<MicroserviceClassSpec>(spec)
            .map(|spec| Arc::new(Class { name: name.clone(), spec }))
            .map_err(|error| error.to_string());
        let next = Known {
            uid: object.uid().to_owned(),
            version: object.version_number(),
            generation: object.metadata.generation.unwrap_or_default(),
            created: object.metadata.creation_timestamp.as_ref().map(|time| time.0),
            marked: object.annotation(annotations::DEFAULT_CLASS) == Some("true"),
            class,
            status: object.field("status"),
        };
        let known = classes.insert(name.clone(), next);
        let same = match (known.as_ref().map(|k| &k.class), classes.get(&name).map(|k| &k.class)) {
            (Some(Ok(a)), Some(Ok(b))) => a == b,
            (Some(Err(a)), Some(Err(b))) => a == b,
            _ => false,
        };
        news(&name, !same, &before, &default_of(&classes))
    }

    /// A class is gone. Answers what it is that changed for services.
    pub fn gone(&self, name: &str) -> Vec<Interest> {
        let mut classes = self.lock();
        let before = default_of(&classes);
        let known = classes.remove(name).is_some();
        news(name, known, &before, &default_of(&classes))
    }

    /// Names of all: the suspects of a new list.
    pub fn names(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    /// The class of a service that names this one, or none; an error when it is there, but cannot be read. And what that
    /// depends on.
    pub fn choose(&self, named: Option<&str>) -> (Result<ClassFact, Invalid>, Vec<Interest>) {
        let classes = self.lock();
        let name = named.map(str::to_owned).or_else(|| default_of(&classes));
        let used = name.clone().map(Interest::Class);
        let default = named.is_none().then_some(Interest::DefaultClass);
        (chosen(&classes, name), used.into_iter().chain(default).collect())
    }

    /// Every status that differs from what it should be.
    pub fn due(&self, now: Timestamp) -> Vec<Due> {
        let classes = self.lock();
        let marked = marked(&classes);
        let status = |(name, known): (&String, &Known)| {
            let spec = known.class.as_ref().map(|class| &class.spec).map_err(String::as_str);
            let status = class_status(known.status.as_ref(), name, known.generation, spec, &marked, now);
            (known.status.as_ref() != Some(&status)).then(|| Due { name: name.clone(), uid: known.uid.clone(), status })
        };
        classes.iter().filter_map(status).collect()
    }

    /// The status that was just written, so that it is not written again before the stream tells it.
    pub fn status_written(&self, answer: &LeanObject, status: MicroserviceClassStatus) {
        if let Some(known) = self.lock().get_mut(answer.name())
            && known.version <= answer.version_number()
        {
            known.version = answer.version_number();
            known.status = Some(status);
        }
    }

    /// A status that was tried as well as it can be: for us it holds until the class changes.
    pub fn status_settled(&self, name: &str, status: MicroserviceClassStatus) {
        if let Some(known) = self.lock().get_mut(name) {
            known.status = Some(status);
        }
    }
}

fn chosen(classes: &BTreeMap<String, Known>, name: Option<String>) -> Result<ClassFact, Invalid> {
    let Some(name) = name else { return Ok(ClassFact::None) };
    match classes.get(&name).map(|known| &known.class) {
        Some(Ok(class)) => Ok(ClassFact::Found(class.clone())),
        Some(Err(error)) => Err(Invalid {
            field: "class".to_owned(),
            message: format!(
                "the stored MicroserviceClass {name:?} does not fit the schema ({error}); apply it again with the current one"
            ),
            blame: Blame::Class,
        }),
        None => Ok(ClassFact::Missing { name, known: classes.keys().cloned().collect() }),
    }
}

fn marked(classes: &BTreeMap<String, Known>) -> Vec<Marked> {
    let marked = classes.iter().filter(|(_, known)| known.marked);
    marked.map(|(name, known)| Marked { created: known.created, name: name.clone() }).collect()
}

fn default_of(classes: &BTreeMap<String, Known>) -> Option<String> {
    default_class(&marked(classes)).map(|class| class.name.clone())
}

fn news(name: &str, changed: bool, before: &Option<String>, after: &Option<String>) -> Vec<Interest> {
    let class = changed.then(|| Interest::Class(name.to_owned()));
    let default = (before != after).then_some(Interest::DefaultClass);
    class.into_iter().chain(default).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn class(name: &str, (created, version): (u32, u32), marked: bool, spec: Value) -> LeanObject {
        let text = json!({"metadata": {"name": name, "generation": 1, "uid": created.to_string(),
            "resourceVersion": version.to_string(),
            "creationTimestamp": format!("2026-01-01T00:00:{created:02}Z"),
            "annotations": {annotations::DEFAULT_CLASS: marked.to_string()}}, "spec": spec});
        serde_json::from_str(&text.to_string()).unwrap()
    }

    #[test]
    fn only_what_matters_to_services_is_news() {
        let classes = Classes::default();
        assert_eq!(classes.changed(&class("web", (1, 1), false, json!({}))), [Interest::Class("web".into())]);
        assert_eq!(classes.changed(&class("web", (1, 2), false, json!({}))), []);
        assert_eq!(classes.changed(&class("web", (1, 3), true, json!({}))), [Interest::DefaultClass]);
        let newer = classes.changed(&class("new", (2, 4), true, json!({})));
        assert_eq!(newer, [Interest::Class("new".into()), Interest::DefaultClass]);
        let chosen = |named| match classes.choose(named).0 {
            Ok(ClassFact::Found(class)) => class.name.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!((chosen(None), chosen(Some("web"))), ("new".into(), "web".into()));
        assert_eq!(classes.gone("new").len(), 2);
        let (missing, depends) = classes.choose(Some("new"));
        assert_eq!(missing.unwrap(), ClassFact::Missing { name: "new".into(), known: vec!["web".into()] });
        assert_eq!(depends, [Interest::Class("new".into())]);
        assert_eq!(classes.choose(None).1, [Interest::Class("web".into()), Interest::DefaultClass]);
    }

    #[test]
    fn a_class_that_cannot_be_read_is_not_taken_for_absent() {
        let classes = Classes::default();
        classes.changed(&class("web", (1, 1), true, json!({"images": 7})));
        let (unreadable, depends) = classes.choose(None);
        assert_eq!(unreadable.unwrap_err().blame, Blame::Class);
        assert_eq!(depends, [Interest::Class("web".into()), Interest::DefaultClass], "so its repair is noticed");
        let due = classes.due(Timestamp::UNIX_EPOCH);
        assert_eq!((due.len(), due[0].status.conditions[0].reason.as_str()), (1, "InvalidClass"));
    }
}
