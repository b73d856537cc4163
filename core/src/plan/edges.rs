//! Edges: the addresses of what a service uses, and who uses it.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::EnvVar;
use microservice_crds::{AddressForm, Port, Transport, Use};

use super::{
    Address, Dependency, DependencyState, Source, check,
    draft::{Draft, Problems},
    routes,
};
use crate::graph::{self, Id, Node, Provider, Resolution, version};

/// The edges of a service.
pub(super) struct Edges {
    pub dependencies: Vec<Dependency>,
    /// Variables of the main container.
    pub env: Vec<EnvVar>,
    /// Services that use this one and may not.
    pub uninvited: Vec<Id>,
    /// What this service says itself.
    pub node: Node,
}

pub(super) fn resolve(draft: &mut Draft<'_>) -> Edges {
    check_exposes(draft);
    check_uses(draft);
    let id = Id::new(&draft.subject.namespace, &draft.subject.name);
    let node = Node::of(id, &draft.subject.spec, draft.class, None);
    let node = Node { offer: graph::Offer { templates: draft.facts.templates.clone(), ..node.offer.clone() }, ..node };
    let dependencies: Vec<Dependency> = node.uses.iter().map(|used| dependency(draft, &node, used)).collect();
    let env = env(draft, &dependencies);
    let around = &draft.facts.neighbourhood;
    let invited: BTreeSet<&Id> = around.invited(&node).map(|consumer| &consumer.id).collect();
    let uninvited = around.consumers.iter().map(|consumer| &consumer.id).filter(|id| !invited.contains(id)).cloned();
    let uninvited = uninvited.collect();
    Edges { dependencies, env, uninvited, node }
}

/// The path of a use in the spec.
pub(crate) fn field(used: &Use) -> String {
    let of = |text: &str, mark: &str| if text.is_empty() { String::new() } else { format!("{mark}{text}") };
    format!("uses[{}{}{}]", used.service, of(&used.namespace, "."), of(&used.api, "/"))
}

fn dependency(draft: &Draft<'_>, node: &Node, used: &Use) -> Dependency {
    let around = &draft.facts.neighbourhood;
    let provider = node.provider(used);
    let known = around.provider(&provider);
    let mut found = Dependency {
        used: used.clone(),
        field: field(used),
        address: None,
        state: DependencyState::Resolved,
        why: String::new(),
        targets: BTreeSet::new(),
        transport: Transport::Tcp,
        known: matches!(known, Provider::Known(_)),
        absent: matches!(known, Provider::Absent),
        consented: consented(node, known, &provider, around),
        provider,
    };
    let host = || format!("{}.{}.svc", found.provider.name, found.provider.namespace);
    let dialed = |port: &Port| match known {
        Provider::Known(offer) => offer.dialed(port),
        Provider::Absent | Provider::Unseen => port.port,
    };
    let mut opens = None;
    match graph::resolve(used, known) {
        Resolution::Port(port) => {
            let scheme = graph::scheme(port.protocol.unwrap_or_default()).to_owned();
            found.address = Some(Address { host: host(), port: dialed(port), scheme });
            opens = Some(port);
        }
        Resolution::AsWritten(number, port) => {
            let scheme = if number == 443 { "https" } else { "http" }.to_owned();
            found.address = Some(Address { host: host(), port: number, scheme });
            found.state = DependencyState::AsWritten;
            found.targets = [used.target_port.unwrap_or(number)].into();
            opens = port;
        }
        Resolution::NotFound => found.state = DependencyState::NotFound,
        Resolution::Unseen => found.state = DependencyState::Unseen,
        Resolution::NoPort(why) => (found.state, found.why) = (DependencyState::NoPort, why),
        Resolution::NoApi(why) => (found.state, found.why) = (DependencyState::NoApi, why),
    }
    if let (Some(port), Provider::Known(offer)) = (opens, known) {
        found.transport = graph::transport(port);
        found.targets = offer.targets(port);
    }
    if found.address.is_none() {
        found.address = kept(around, used);
    }
    if found.known && !found.consented && matches!(found.state, DependencyState::Resolved | DependencyState::AsWritten)
    {
        found.state = DependencyState::NoConsent;
    }
    found
}

/// Whether the provider lets this service use it. Who is not known is not asked: a policy for what is no Microservice harms
/// nobody.
fn consented(node: &Node, known: Provider<'_>, provider: &Id, around: &graph::Neighbourhood) -> bool {
    let Provider::Known(offer) = known else { return true };
    let labels = &around.namespaces;
    graph::consents(provider, offer.allow_from.as_deref(), &node.id, node.system.as_deref(), labels)
}

/// The address that was found before: a service that goes does not roll those that called it.
fn kept(around: &graph::Neighbourhood, used: &Use) -> Option<Address> {
    let same = |before: &&microservice_crds::DependencyStatus| {
        before.service == used.service && before.namespace == used.namespace && before.api == used.api
    };
    let before = around.before.iter().find(same)?;
    let (host, port) = before.address.as_ref()?.rsplit_once(':')?;
    let scheme = before.scheme.clone().unwrap_or_else(|| "http".to_owned());
    Some(Address { host: host.to_owned(), port: port.parse().ok()?, scheme })
}

/// The variables that the uses ask for, in the order of names. Before those of the spec, which may name them in `$(...)`.
fn env(draft: &mut Draft<'_>, dependencies: &[Dependency]) -> Vec<EnvVar> {
    let mut all: BTreeMap<&str, (String, String)> = BTreeMap::new();
    let mut givers: BTreeMap<&str, String> = BTreeMap::new();
    for dependency in dependencies {
        for (name, form) in &dependency.used.env {
            let field = format!("{}.env.{name}", dependency.field);
            draft.problems.check(&field, check::env_name(name));
            if draft.spec.env.iter().any(|variable| variable.name == *name) {
                draft.refuse(&field, format!("{name} stands in env as well; remove it there, or here"));
            }
            // Whether an address is known makes no spec right.
            if let Some(other) = givers.insert(name, field.clone()) {
                draft.refuse(&field, format!("{other} gives this variable as well; keep one"));
            }
            if let Some(address) = &dependency.address {
                all.insert(name, (field, address.text(*form)));
            }
        }
    }
    all.into_iter()
        .map(|(name, (field, value))| {
            draft.ledger.record(&field, &value, Source::Derived);
            EnvVar { name: name.to_owned(), value: Some(value), value_from: None }
        })
        .collect()
}

impl Address {
    /// As a variable has it.
    pub fn text(&self, form: AddressForm) -> String {
        match form {
            AddressForm::HostPort => self.host_port(),
            AddressForm::Host => self.host.clone(),
            AddressForm::Port => self.port.to_string(),
            AddressForm::Url => format!("{}://{}", self.scheme, self.host_port()),
        }
    }

    /// Host and port.
    pub fn host_port(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

fn check_exposes(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    for api in &spec.exposes {
        let field = format!("exposes[{} {}]", api.name, api.version);
        draft.problems.check(format!("{field}.name"), check::rfc1123_label(&api.name));
        draft.problems.check(format!("{field}.version"), version::version(&api.version).map(|_| ()));
        if let Some(port) = &api.port
            && !spec.ports.iter().any(|other| other.name == *port)
        {
            draft.refuse(format!("{field}.port"), format!("there is no port {port:?}; name one of ports"));
        }
        if let Some(day) = &api.sunset
            && day.parse::<jiff::civil::Date>().is_err()
        {
            draft.refuse(format!("{field}.sunset"), format!("{day:?} is no day; write one as in 2027-06-30"));
        }
    }
    let mut keys = BTreeSet::new();
    for api in spec.exposes.iter().filter(|api| !keys.insert((&api.name, &api.version))) {
        let field = format!("exposes[{} {}]", api.name, api.version);
        draft.problems.refuse(field, "this version of the API stands there twice; keep one");
    }
}

fn check_uses(draft: &mut Draft<'_>) {
    let (spec, subject) = (draft.spec, draft.subject);
    let mut keys = BTreeSet::new();
    for used in &spec.uses {
        let field = field(used);
        draft.problems.check(format!("{field}.service"), check::rfc1123_label(&used.service));
        check_use(&mut draft.problems, &field, used);
        let here = used.namespace.is_empty() || used.namespace == subject.namespace;
        if here && used.service == subject.name {
            draft.refuse(
                &field,
                "a service does not use itself; write allowFrom: [{self: true}] so that its replicas reach each other",
            );
        }
        let namespace = if here { "" } else { used.namespace.as_str() };
        if !keys.insert((&used.service, namespace, &used.api)) {
            draft.refuse(&field, "the same service and API stand there twice; keep one");
        }
    }
}

fn check_use(problems: &mut Problems, field: &str, used: &Use) {
    use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString::Int;
    if let Some(range) = &used.version {
        problems.check(format!("{field}.version"), version::range(range).map(|_| ()));
    }
    if let Some(Int(number)) = &used.port {
        problems.check(format!("{field}.port"), check::port_number(*number));
    }
    if used.port.is_some() && !used.api.is_empty() {
        problems.refuse(format!("{field}.port"), "api says the port already; keep one");
    }
    if let Some(number) = used.target_port {
        problems.check(format!("{field}.targetPort"), check::port_number(number));
        if !matches!(used.port, Some(Int(_))) {
            problems.refuse(format!("{field}.targetPort"), "it belongs to a port number; leave it out");
        }
    }
    if used.timeout.as_deref().is_some_and(|text| routes::duration(text).is_none()) {
        problems.refuse(format!("{field}.timeout"), routes::NOT_A_DURATION);
    }
    if let Some(attempts) = used.attempts.filter(|attempts| *attempts < 1) {
        problems.refuse(format!("{field}.attempts"), format!("{attempts} is too few; write 1 or more"));
    }
}

#[cfg(test)]
mod tests;
