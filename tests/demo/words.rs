//! Words for a terminal of 80 columns.

use std::time::Duration;

use k8s_openapi::{api::core::v1::Service, apimachinery::pkg::apis::meta::v1::Condition};
use microservice_crds::Microservice;

pub fn ready(service: &Microservice) -> Option<&Condition> {
    let status = service.status.as_ref()?;
    let current = Some(status.observed_generation) == service.metadata.generation;
    status.conditions.iter().find(|c| c.type_ == "Ready").filter(|_| current)
}

/// A condition of a service, whatever it speaks of.
pub fn condition<'a>(service: &'a Microservice, type_: &str) -> Option<&'a Condition> {
    service.status.as_ref()?.conditions.iter().find(|condition| condition.type_ == type_)
}

pub fn is_ready(service: &Microservice) -> bool {
    ready(service).is_some_and(|condition| condition.status == "True")
}

pub fn reason(service: &Microservice) -> &str {
    ready(service).map_or("new", |condition| condition.reason.as_str())
}

/// What was made of a service, in the words that people use.
pub fn parts(service: &Microservice) -> String {
    let children = service.status.iter().flat_map(|status| &status.children);
    let names = children.map(|child| match child.kind.as_str() {
        "ServiceAccount" => "account",
        "HorizontalPodAutoscaler" => "HPA",
        "PodDisruptionBudget" => "PDB",
        "HTTPRoute" => "route",
        "ConfigMap" => "config",
        other => other,
    });
    names.collect::<Vec<_>>().join(" ")
}

pub fn address(service: &Service) -> String {
    let spec = service.spec.clone().unwrap_or_default();
    let port = spec.ports.and_then(|ports| ports.first().map(|port| port.port)).unwrap_or(0);
    format!("{}:{port}", spec.cluster_ip.unwrap_or_default())
}

/// An image without its registry.
pub fn last_part(image: &str) -> &str {
    image.rsplit('/').next().unwrap_or(image)
}

pub fn time(duration: Duration) -> String {
    if duration < Duration::from_secs(2) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

pub fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

/// Lines of at most so many characters, broken at spaces, and within a word only if it is longer than a line.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for character in word.chars() {
            if line.chars().count() == width {
                lines.push(std::mem::take(&mut line));
            }
            line.push(character);
        }
    }
    lines.push(line);
    lines
}
