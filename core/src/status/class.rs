//! The status of a MicroserviceClass: whether services can use it, and whether it is the default.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use microservice_crds::{MicroserviceClassSpec, MicroserviceClassStatus, annotations};

use crate::plan::{
    PROFILES,
    class::{Marked, default_class},
};

/// The status that a class should have. Equal input gives an equal status, times included.
pub fn class_status(
    previous: Option<&MicroserviceClassStatus>,
    name: &str,
    generation: i64,
    spec: Result<&MicroserviceClassSpec, &str>,
    marked: &[Marked],
    now: Timestamp,
) -> MicroserviceClassStatus {
    let mut wanted = vec![ready(spec)];
    wanted.extend(default(name, marked));
    let conditions = wanted.into_iter().map(|wanted| wanted.into_condition(previous, generation, now));
    MicroserviceClassStatus { observed_generation: generation, conditions: conditions.collect() }
}

struct Wanted {
    type_: &'static str,
    holds: bool,
    reason: &'static str,
    message: String,
}

impl Wanted {
    fn into_condition(self, previous: Option<&MicroserviceClassStatus>, generation: i64, now: Timestamp) -> Condition {
        let status = if self.holds { "True" } else { "False" };
        let known = previous.and_then(|p| p.conditions.iter().find(|c| c.type_ == self.type_ && c.status == status));
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        Condition {
            type_: self.type_.to_owned(),
            status: status.to_owned(),
            reason: self.reason.to_owned(),
            message: self.message,
            observed_generation: Some(generation),
            last_transition_time: known.map_or(Time(now), |c| c.last_transition_time.clone()),
        }
    }
}

fn ready(spec: Result<&MicroserviceClassSpec, &str>) -> Wanted {
    let wrong = match spec {
        Err(error) => Some(format!(
            "The stored class does not fit the schema ({error}): apply it again with the current one. Until then its services stay as they are."
        )),
        Ok(spec) => spec.profile.as_deref().filter(|name| PROFILES.iter().all(|p| p.name != *name)).map(|name| {
            let known: Vec<_> = PROFILES.iter().map(|p| p.name).collect();
            format!("This operator has no profile {name:?}: write one of {} in spec.profile. Until then its services stay as they are.", known.join(", "))
        }),
    };
    match wrong {
        Some(message) => Wanted { type_: "Ready", holds: false, reason: "InvalidClass", message },
        None => {
            Wanted { type_: "Ready", holds: true, reason: "Valid", message: "Services can use this class.".to_owned() }
        }
    }
}

fn default(name: &str, marked: &[Marked]) -> Option<Wanted> {
    if marked.iter().all(|m| m.name != name) {
        return None;
    }
    let holds = default_class(marked)?;
    let remedy = format!("Remove the annotation {} from all but one.", annotations::DEFAULT_CLASS);
    let mut others: Vec<&str> = marked.iter().filter(|m| m.name != name).map(|m| m.name.as_str()).collect();
    others.sort_unstable();
    Some(if holds.name == name {
        let message = match others.as_slice() {
            [] => "Services that name no class have this one.".to_owned(),
            _ => format!(
                "Services that name no class have this one, the newest of several that are marked as default ({}). {remedy}",
                others.join(", ")
            ),
        };
        let reason = if others.is_empty() { "Default" } else { "SeveralDefaults" };
        Wanted { type_: "Default", holds: true, reason, message }
    } else {
        let message = format!(
            "Class {:?} is newer and marked as default as well: services that name no class have that one. {remedy}",
            holds.name
        );
        Wanted { type_: "Default", holds: false, reason: "SeveralDefaults", message }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn marked(name: &str, created: i64) -> Marked {
        Marked { created: Some(at(created)), name: name.into() }
    }

    fn shown(status: &MicroserviceClassStatus) -> Vec<String> {
        status.conditions.iter().map(|c| format!("{} {} {}", c.type_, c.status, c.reason)).collect()
    }

    #[test]
    fn the_newest_of_several_defaults_holds_and_both_say_so() {
        let both = [marked("old", 1), marked("new", 2)];
        assert_eq!(default_class(&both).unwrap().name, "new");
        assert_eq!(default_class(&[marked("b", 1), marked("a", 1)]).unwrap().name, "a");
        let spec = MicroserviceClassSpec::default();
        let status = |name| class_status(None, name, 1, Ok(&spec), &both, at(9));
        assert_eq!(shown(&status("new")), ["Ready True Valid", "Default True SeveralDefaults"]);
        assert_eq!(shown(&status("old")), ["Ready True Valid", "Default False SeveralDefaults"]);
        assert!(status("new").conditions[1].message.contains("(old)"));
        assert!(status("old").conditions[1].message.contains("\"new\" is newer"));
        assert_eq!(shown(&status("third")), ["Ready True Valid"]);
        let alone = class_status(None, "new", 1, Ok(&spec), &both[1..], at(9));
        assert_eq!(shown(&alone), ["Ready True Valid", "Default True Default"]);
    }

    #[test]
    fn the_same_is_said_in_the_same_words_and_times() {
        let spec = MicroserviceClassSpec { profile: Some("v9".into()), ..MicroserviceClassSpec::default() };
        let first = class_status(None, "web", 1, Ok(&spec), &[], at(9));
        assert_eq!(shown(&first), ["Ready False InvalidClass"]);
        assert_eq!(class_status(Some(&first), "web", 1, Ok(&spec), &[], at(99)), first);
        let fixed = class_status(Some(&first), "web", 2, Ok(&MicroserviceClassSpec::default()), &[], at(99));
        assert_eq!(fixed.conditions[0].last_transition_time.0, at(99));
        assert_eq!(shown(&class_status(None, "web", 1, Err("x"), &[], at(9))), ["Ready False InvalidClass"]);
    }
}
