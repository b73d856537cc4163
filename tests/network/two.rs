//! The same questions to both.

use std::{fmt, net::IpAddr};

use anyhow::{Context as _, Result};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use microservice_core::graph::{
    NamespaceLabels,
    reach::{End, Network, Pod, Port},
};
use microservice_tests::cyclonus::{Cyclonus, Party, Traffic, Verdict};

/// What policies are judged over. Namespaces have all of their labels.
#[derive(Clone, Copy)]
pub struct Stage<'a> {
    pub policies: &'a [NetworkPolicy],
    pub namespaces: &'a NamespaceLabels,
    pub pods: &'a [Pod],
    pub outside: &'a [IpAddr],
}

/// One question, and what both say. The ends are places: first those of pods, then those of addresses outside.
#[derive(Debug)]
pub struct Answer {
    pub from: usize,
    pub to: usize,
    pub port: Port,
    pub ours: Verdict,
    pub theirs: Verdict,
    words: String,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: we say {:?}, Cyclonus says {:?}", self.words, self.ours, self.theirs)
    }
}

impl Stage<'_> {
    /// Asks both, from everyone to everyone else, at the ports that the receiver declares and at these.
    pub fn ask(self, cyclonus: &Cyclonus, ports: &[Port]) -> Result<Vec<Answer>> {
        let network = Network::new(self.policies, self.namespaces, self.pods);
        let inside = self.pods.iter().map(|pod| {
            let end = network.pod(&pod.namespace, &pod.name).context("no such pod")?;
            let labels = self.namespaces.get(&pod.namespace).context("no such namespace")?;
            Ok((format!("{}/{}", pod.namespace, pod.name), end, Party::pod(pod, labels), pod.ports.as_slice()))
        });
        let outside = self
            .outside
            .iter()
            .map(|address| Ok((address.to_string(), End::Outside(*address), Party::outside(*address), [].as_slice())));
        let ends: Vec<_> = inside.chain(outside).collect::<Result<_>>()?;
        let (mut questions, mut traffic) = (Vec::new(), Vec::new());
        for (from, (from_name, sender, source, _)) in ends.iter().enumerate() {
            // That a pod reaches itself Cyclonus does not know: it cannot tell it from another with the same labels.
            for (to, (to_name, receiver, destination, declared)) in
                ends.iter().enumerate().filter(|(to, _)| *to != from)
            {
                let mut ports: Vec<Port> = declared.iter().map(|d| d.port).chain(ports.iter().copied()).collect();
                ports.sort();
                ports.dedup();
                for port in ports {
                    let ours = Verdict {
                        ingress: network.allows_ingress(*sender, *receiver, port),
                        egress: network.allows_egress(*sender, *receiver, port),
                    };
                    assert_eq!(ours.allowed(), network.allows(*sender, *receiver, port));
                    questions.push((from, to, port, ours, format!("{from_name} -> {to_name} {port}")));
                    traffic.push(Traffic::new(source.clone(), destination.clone(), port));
                }
            }
        }
        let theirs = cyclonus.judge(self.policies, &traffic)?;
        let answers = questions.into_iter().zip(theirs);
        Ok(answers
            .map(|((from, to, port, ours, words), theirs)| Answer { from, to, port, ours, theirs, words })
            .collect())
    }
}

/// Those answers where the two differ.
pub fn differing(answers: &[Answer]) -> Vec<String> {
    answers.iter().filter(|answer| answer.ours != answer.theirs).map(ToString::to_string).collect()
}
