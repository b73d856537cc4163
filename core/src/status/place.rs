//! One route object on one of its parents: what is known of the two, and what the controllers say of them.

use crate::{
    gateway::{
        Parent, View,
        attach::{self, Attachment, Candidate, Obstacle},
    },
    outcome::{ChildOutcome, Health, Outcome, RouteHealth, RouteParent, Verdict},
    plan::{ParentPlan, Plan, RoutePlan},
};

/// One route object on one parent.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub plan: &'a Plan,
    pub view: &'a View,
    pub route: &'a RoutePlan,
    pub parent: &'a ParentPlan,
}

impl<'a> Place<'a> {
    /// `HTTPRoute "web"`.
    pub(super) fn who(&self) -> String {
        format!("{} {:?}", self.route.rules.kind(), self.route.name)
    }

    /// A field of the route, and the class where that may decide it.
    pub(super) fn field(&self, field: &str) -> String {
        let class = self.plan.class.as_ref().map(|class| format!(" or in MicroserviceClass {class:?}"));
        format!("spec.routes[{}].{field}{}", self.route.route, class.unwrap_or_default())
    }

    /// The parent, where it is known to be there.
    pub(super) fn known(&self) -> Option<&'a Parent> {
        self.view.parent(&self.parent.id).present()
    }

    /// What the listeners of the parent would make of the route; none where they are not known.
    pub(super) fn attempt(&self) -> Option<Result<Vec<Attachment<'a>>, Obstacle>> {
        let candidate = Candidate {
            kind: self.route.rules.kind(),
            namespace: self.plan.namespace(),
            namespace_labels: self.view.namespace_labels.as_ref(),
            hostnames: &self.route.hostnames,
            section: self.parent.section_name.as_deref(),
        };
        Some(attach::attach(&self.parent.id, self.known()?, candidate))
    }

    /// What is said of the route here: by the controller of the GatewayClass where that is known and has spoken, else
    /// by whoever has.
    pub(super) fn entries<'b>(&self, health: &'b RouteHealth) -> Vec<&'b RouteParent> {
        let id = &self.parent.id;
        let here = |entry: &&RouteParent| {
            let named = match entry.gateway.split_once('/') {
                Some((namespace, name)) => namespace == id.namespace && name == id.name,
                None => entry.gateway == id.name && id.namespace == self.plan.namespace(),
            };
            named && (entry.kind.is_empty() || entry.kind == id.kind.to_string())
        };
        let mut list: Vec<&RouteParent> = health.parents.iter().filter(here).collect();
        // One that names no listener speaks of all.
        let section = &self.parent.section_name;
        let exact = list.iter().any(|entry| entry.section == *section);
        list.retain(|entry| if exact { entry.section == *section } else { entry.section.is_none() });
        let controller = self.known().and_then(|parent| parent.controller.as_deref());
        if let Some(controller) = controller.filter(|controller| list.iter().any(|e| e.controller == *controller)) {
            list.retain(|entry| entry.controller == controller);
        }
        list
    }

    /// Whether a controller has refused the route here.
    pub(super) fn is_refused(&self, child: Option<&ChildOutcome>) -> bool {
        let entries = child.and_then(health).map(|health| self.entries(health)).unwrap_or_default();
        entries.iter().any(|entry| entry.accepted.as_ref().is_some_and(Verdict::is_false))
    }
}

/// The child that a route object became.
pub(super) fn child<'a>(outcome: &'a Outcome, route: &RoutePlan) -> Option<&'a ChildOutcome> {
    outcome.children.iter().find(|child| child.kind == route.rules.kind() && child.name == route.name)
}

/// What its parents say of a route object.
pub(super) fn health(child: &ChildOutcome) -> Option<&RouteHealth> {
    match &child.health {
        Health::Route(health) => Some(health),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        gateway::Seen,
        plan::tests::planned,
        status::fixtures::{route_parent, verdict},
    };

    fn plan() -> Plan {
        planned(
            "{image: 'a:1', ports: [{name: http, port: 80, protocol: http}],
              routes: [{name: api, gateway: {name: public, namespace: gateways, sectionName: web}}]}",
        )
    }

    #[test]
    fn the_class_is_named_where_it_may_decide() {
        let (mut plan, view) = (plan(), View::default());
        let route = plan.routes[0].clone();
        let field =
            |plan: &Plan| Place { plan, view: &view, route: &route, parent: &route.parents[0] }.field("gateway");
        assert_eq!(field(&plan), "spec.routes[api].gateway");
        plan.class = Some("golden".into());
        assert_eq!(field(&plan), "spec.routes[api].gateway or in MicroserviceClass \"golden\"");
    }

    #[test]
    fn what_is_said_of_other_parents_is_not_heard() {
        let (plan, mut view) = (plan(), View::default());
        let route = &plan.routes[0];
        let parent = &route.parents[0];
        let said = |kind: &str, gateway: &str, section: &str, controller: &str| RouteParent {
            kind: kind.into(),
            gateway: gateway.into(),
            section: (!section.is_empty()).then(|| section.into()),
            controller: controller.into(),
            ..route_parent(verdict("True", "Accepted", ""), None)
        };
        let heard = |view: &View, parents: &[RouteParent]| {
            let health = RouteHealth { parents: parents.to_vec(), ..RouteHealth::default() };
            let place = Place { plan: &plan, view, route, parent };
            place.entries(&health).iter().map(|e| e.controller.clone()).collect::<Vec<_>>().join(",")
        };
        let all = [
            said("Gateway", "gateways/public", "web", "a"),
            said("Gateway", "gateways/public", "websecure", "b"),
            said("Gateway", "gateways/public", "", "c"),
            said("ListenerSet", "gateways/public", "web", "d"),
            said("Gateway", "gateways/other", "web", "e"),
            said("Gateway", "public", "web", "f"),
            said("", "gateways/public", "web", "g"),
        ];
        assert_eq!(heard(&view, &all), "a,g");
        assert_eq!(heard(&view, &all[1..4]), "c", "it speaks of the whole Gateway");
        assert_eq!(heard(&view, &all[3..6]), "");
        // The controller of the class counts more than one that is gone.
        let known = Parent { controller: Some("g".into()), ..Parent::default() };
        view.parents.insert(parent.id.clone(), Seen::Present(known));
        assert_eq!((heard(&view, &all), heard(&view, &all[..3])), ("g".into(), "a".into()));
    }
}
