//! What all tests asked of the API server, held against the rights that the charts give: nothing was denied, nothing that
//! is given was never used, and every request stayed in the namespace of its operator, or on a short list.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Result, ensure};
use clap::Parser;
use k8s_openapi::api::rbac::v1::PolicyRule;
use microservice_operator::rights;
use microservice_tests::control_plane::{Request, account, read_audit_log};

/// Holds the rights of the operator against what it asked for.
#[derive(Parser)]
struct Arguments {
    /// The folder with the audit logs of all tests.
    folder: PathBuf,
}

/// Verb, group and resource.
type Right = (String, String, String);

/// The one right that no request uses: clusters that enforce the rights behind ownerReferences ask for it.
const UNUSED: (&str, &str, &str) = ("update", "microservices.dev", "microservices/finalizers");

/// What may be asked for outside of the operator's own namespace.
fn belongs_to_nobody(resource: &str) -> bool {
    let cluster =
        rights::triples(&[rights::of_the_cluster(), rights::of_classes(), rights::of_metrics_auth()].concat());
    cluster.into_keys().any(|(_, _, allowed)| allowed == resource)
}

#[derive(Default)]
struct Findings {
    requests: usize,
    used: BTreeSet<Right>,
    astray: BTreeMap<String, usize>,
}

impl Findings {
    fn note(&mut self, request: &Request) {
        if request.user != account::user() || request.resource.is_empty() {
            return;
        }
        self.requests += 1;
        let resource = match request.subresource.as_str() {
            "" => request.resource.clone(),
            subresource => format!("{}/{subresource}", request.resource),
        };
        let right = |verb: &str| (verb.to_owned(), request.group.clone(), resource.clone());
        // An apply that makes an object asks for both.
        if request.verb == "patch" && request.code == 201 {
            self.used.insert(right("create"));
        }
        self.used.insert(right(&request.verb));
        let what = format!("{} of {:?} by {}", request.kind(), request.namespace, request.user_agent);
        let home = request.user_agent.split_once("-of-").map(|(_, namespace)| namespace);
        let strays = match request.namespace.as_str() {
            "" => !belongs_to_nobody(&resource) && home.is_some(),
            namespace => home.is_some_and(|home| home != namespace),
        };
        if strays {
            *self.astray.entry(what).or_default() += 1;
        }
    }

    /// Whether what was used is what is given.
    fn judge(&self, rules: &[PolicyRule]) -> Result<()> {
        let given: BTreeSet<Right> = rights::triples(rules).into_keys().collect();
        let (verb, group, resource) = UNUSED;
        let unused: Right = (verb.to_owned(), group.to_owned(), resource.to_owned());
        ensure!(given.contains(&unused), "the written exception is not given any more: {unused:?}");
        let missing: Vec<_> = self.used.difference(&given).collect();
        let idle: Vec<_> = given.difference(&self.used).filter(|right| **right != unused).collect();
        ensure!(missing.is_empty(), "asked for, and not given: {missing:?}");
        ensure!(idle.is_empty(), "given, and never used by any test: {idle:?}");
        ensure!(self.astray.is_empty(), "outside of the operator's namespace: {:#?}", self.astray);
        Ok(())
    }
}

fn run(arguments: &Arguments) -> Result<String> {
    let mut findings = Findings::default();
    let mut logs = 0;
    for entry in std::fs::read_dir(&arguments.folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            logs += 1;
            read_audit_log(&path, |request| findings.note(&request))?;
        }
    }
    findings.judge(&rights::of_the_operator())?;
    let Findings { requests, used, .. } = findings;
    Ok(format!(
        "{requests} requests of operators in {logs} audit logs: all {} rights are used, and no other",
        used.len()
    ))
}

#[allow(clippy::print_stdout, clippy::print_stderr)]
fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(line) => {
            println!("rights: {line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("rights: {error:#}");
            ExitCode::FAILURE
        }
    }
}
