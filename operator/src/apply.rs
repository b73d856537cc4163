//! Brings one child to its desired state, with as few requests as can be: none when it stands, one when it is written.
//!
//! An apply, even without force, plants our labels and ownerReference in whatever object has the name. So the first
//! apply of a child says `resourceVersion: "1"`, which creates where the name is free and answers 409 where it is not;
//! every later one says the uid of the child that is known to be ours.

use std::sync::Arc;

use kube::api::ApiResource;
use microservice_core::{
    children::Desired,
    compare,
    outcome::{ChildOutcome, ChildResult, Health},
};
use microservice_crds::FIELD_MANAGER;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    attempts::Attempts,
    child::{Child, Owner, Standing},
    cluster::{Failure, Target, api_resource},
    context::Context,
    handover,
    key::Key,
    object::LeanObject,
    store::{Kind, Served, Snapshot},
};

/// One child on its way to its desired state.
pub struct Apply<'a> {
    /// Shared parts.
    pub ctx: &'a Context,
    /// The Microservice.
    pub key: &'a Key,
    /// What was known when the reconcile started.
    pub snapshot: &'a Snapshot,
    /// The kind of the child.
    pub kind: Kind,
    /// What the child should be.
    pub desired: &'a Desired,
    /// What an autoscaler of ours is to find.
    pub start: Option<handover::Start>,
}

/// What a child came to, and the content that was there before: for remembering a failure.
pub struct Applied {
    /// For the status.
    pub outcome: ChildOutcome,
    /// Digest of the content before, or nothing.
    pub content: String,
    /// Whether the result is an earlier one that still holds, and no request was sent.
    pub held: bool,
}

impl Apply<'_> {
    /// Brings the child to its desired state.
    pub async fn run(&self) -> Applied {
        let slot = (self.kind, self.desired.name.clone());
        let known = self.snapshot.children.get(&slot).map(|c| c.as_ref().clone());
        let known = known.or_else(|| self.ctx.clashes.holder(self.kind, self.key, &self.desired.name));
        let content = known.as_ref().map(|c| c.content.clone()).unwrap_or_default();
        let mut health = known.as_ref().map(|c| c.health.clone()).unwrap_or_default();
        let mut held = false;
        let settled = self.settled(known.as_ref());
        let below = known.as_ref().filter(|child| settled == Some(ChildResult::Equal) && self.is_below(child));
        let result = match settled {
            Some(_) if let Some(child) = below => match self.earlier(&self.snapshot.attempts, &content) {
                Some(result) => {
                    held = true;
                    result
                }
                None => self.raise(child, &mut health).await,
            },
            Some(result) => {
                // A list that has not come is not worth a retry of its own: when it comes, everybody is woken.
                held = matches!(result, ChildResult::Failed { .. });
                result
            }
            None => match self.earlier(&self.snapshot.attempts, &content) {
                Some(result) => {
                    held = true;
                    result
                }
                None => self.write(known.as_ref(), &mut health).await,
            },
        };
        if !known.as_ref().is_none_or(|c| c.owner.is(&self.snapshot.service.uid)) && result_is_foreign(&result) {
            health = Health::Silent;
        }
        let outcome = ChildOutcome { kind: self.desired.entry.kind, name: self.desired.name.clone(), result, health };
        Applied { outcome, content, held }
    }

    /// Compares without a request, and keeps what it finds.
    pub fn rehearse(&self) {
        let slot = (self.kind, self.desired.name.clone());
        let _ = self.settled(self.snapshot.children.get(&slot).map(Arc::as_ref));
    }

    /// Whether the Deployment has fewer replicas than the autoscaler is to find.
    fn is_below(&self, child: &Child) -> bool {
        match (&child.health, self.start) {
            (Health::Deployment(live), Some(start)) => start.is_above(live.spec_replicas),
            _ => false,
        }
    }

    async fn raise(&self, child: &Child, health: &mut Health) -> ChildResult {
        let least = self.start.map_or(1, |start| start.least);
        match handover::at_least(self.ctx, self.key, self.desired, child, least).await {
            Ok(object) => self.accept(object, Some(child), health),
            Err(failure) => ChildResult::Failed { message: failure.to_string() },
        }
    }

    fn earlier(&self, attempts: &Attempts, content: &str) -> Option<ChildResult> {
        attempts.holds(self.kind, &self.desired.name, &self.desired.digest, content, Instant::now())
    }

    /// The result, where it can be told without a request.
    fn settled(&self, known: Option<&Child>) -> Option<ChildResult> {
        match self.snapshot.served.get(self.kind) {
            Some(Served::Synced) => {}
            Some(Served::Absent) => {
                return Some(ChildResult::KindAbsent { crd: self.desired.entry.crd.unwrap_or_default() });
            }
            Some(Served::Failing(why)) => {
                let message = format!("cannot list {}: {why}", self.desired.entry.plural);
                return Some(ChildResult::Failed { message });
            }
            Some(Served::Forbidden) => {
                let message = format!("the operator has no right to list {}", self.desired.entry.plural);
                return Some(ChildResult::Failed { message });
            }
            Some(Served::Starting) | None => {
                let message = format!("the list of {} has not come yet", self.desired.entry.plural);
                return Some(ChildResult::Failed { message });
            }
        }
        let child = known?;
        if let Some(result) = self.foreign(child) {
            return Some(result);
        }
        if child.deleting {
            return Some(ChildResult::Leftover);
        }
        let resisted = self.snapshot.resisted.get(&(self.kind, self.desired.name.clone()));
        let resisted = resisted.filter(|(digest, _)| *digest == self.desired.digest).map(|(_, difference)| difference);
        match &child.standing {
            Standing::Equal(digest) if *digest == self.desired.digest => Some(ChildResult::Equal),
            Standing::Differs if resisted.is_some() => resisted.map(resisted_result),
            Standing::Unchecked(object) if child.applied.as_deref() == Some(&*self.desired.digest) => {
                match compare::difference(&self.desired.body, &object.to_value()) {
                    None => {
                        self.check(child, Standing::Equal(self.desired.digest.clone()));
                        Some(ChildResult::Equal)
                    }
                    Some(difference) if resisted == Some(&difference) => {
                        self.check(child, Standing::Differs);
                        Some(resisted_result(&difference))
                    }
                    Some(_) => None,
                }
            }
            _ => None,
        }
    }

    fn check(&self, child: &Child, standing: Standing) {
        self.ctx.store.child_checked(self.key, self.kind, &self.desired.name, &child.content, standing);
    }

    /// The result for an object that is not ours, unless it may be adopted.
    fn foreign(&self, child: &Child) -> Option<ChildResult> {
        match &child.owner {
            Owner::Microservice { uid, .. } if *uid == self.snapshot.service.uid => None,
            Owner::Microservice { name, .. } if **name == *self.key.name => Some(ChildResult::Leftover),
            Owner::Nobody if child.adopt_by.as_deref() == Some(&*self.key.name) => None,
            owner => Some(ChildResult::Clash { owner: owner.to_string() }),
        }
    }

    async fn write(&self, known: Option<&Child>, health: &mut Health) -> ChildResult {
        let written = match known {
            None => self.create(true).await,
            Some(child) => self.update(child, true).await,
        };
        match written {
            Ok(Written::Here(object)) => self.accept(*object, known, health),
            Ok(Written::Not(result)) => result,
            Err(Failure::Invalid(message)) => ChildResult::Invalid { message },
            // An optional kind on its way out: as if it were gone already.
            Err(Failure::Forbidden(message)) if message.contains("custom resource definition is terminating") => {
                ChildResult::KindAbsent { crd: self.desired.entry.crd.unwrap_or_default() }
            }
            Err(Failure::Forbidden(message)) => ChildResult::Forbidden { message },
            Err(failure) => ChildResult::Failed { message: failure.to_string() },
        }
    }

    /// Takes the server's answer into the store, and looks whether it is what was asked for.
    fn accept(&self, object: LeanObject, known: Option<&Child>, health: &mut Health) -> ChildResult {
        let difference = compare::difference(&self.desired.body, &object.to_value());
        let mut child = Child::read(self.kind, object, None);
        *health = child.health.clone();
        child.standing = match &difference {
            None => Standing::Equal(self.desired.digest.clone()),
            Some(_) => Standing::Differs,
        };
        let name = &self.desired.name;
        let resisted = difference.clone().map(|difference| (self.desired.digest.clone(), difference));
        self.ctx.store.set_resisted(self.key, self.kind, name, resisted);
        self.ctx.store.child_written(self.key, self.kind, name, child);
        match (difference, self.repaired(known)) {
            (Some(difference), _) => resisted_result(&difference),
            (None, Some(what)) => ChildResult::Repaired { what },
            (None, None) => ChildResult::Applied,
        }
    }

    /// What was wrong, when the write was not for a new desired state.
    fn repaired(&self, known: Option<&Child>) -> Option<String> {
        match known {
            Some(child) if child.applied.as_deref() == Some(&*self.desired.digest) => match &child.standing {
                Standing::Unchecked(object) => {
                    compare::difference(&self.desired.body, &object.to_value()).map(|difference| difference.path)
                }
                _ => None,
            },
            Some(_) => None,
            None => {
                let status = self.snapshot.service.status.as_ref()?;
                let listed = status.observed_generation == self.snapshot.service.generation
                    && status.children.iter().any(|c| c.kind == self.desired.entry.kind && c.name == self.desired.name);
                listed.then(|| "deleted".to_owned())
            }
        }
    }

    async fn send(&self, condition: Value) -> Result<LeanObject, Failure> {
        let mut body = self.desired.body.clone();
        if let (Some(Value::Object(metadata)), Value::Object(condition)) = (body.get_mut("metadata"), condition) {
            metadata.extend(condition);
        }
        let resource = api_resource(self.desired.entry);
        self.ctx.cluster.apply(self.target(&resource), &body, FIELD_MANAGER).await
    }

    fn target<'a>(&'a self, resource: &'a ApiResource) -> Target<'a> {
        Target { resource, namespace: &self.key.namespace, name: &self.desired.name }
    }

    async fn create(&self, again: bool) -> Result<Written, Failure> {
        match self.send(json!({"resourceVersion": "1"})).await {
            // It is made with one replica.
            Ok(object) => match self.start.filter(|s| self.desired.entry.kind == "Deployment" && s.is_above(1)) {
                Some(start) => {
                    // Its controller has touched it by now, but nobody else's autoscaler knows it yet.
                    handover::hold(self.ctx, self.key, self.desired, object.uid(), start.least, None)
                        .await
                        .map(Written::here)
                }
                None => Ok(Written::here(object)),
            },
            Err(Failure::Conflict(_)) => self.decide(again).await,
            Err(failure) => Err(failure),
        }
    }

    async fn update(&self, child: &Child, again: bool) -> Result<Written, Failure> {
        if self.desired.entry.kind == "Deployment" {
            handover::release(self.ctx, self.key, self.desired, child, self.start).await?;
        }
        match self.send(json!({"uid": child.uid})).await {
            Ok(object) => Ok(Written::here(object)),
            // It went away or became another meanwhile: look at what is there.
            Err(Failure::Conflict(_)) if again => self.decide(true).await,
            Err(Failure::Invalid(message)) if again => self.unblock(child, message).await,
            Err(failure) => Err(failure),
        }
    }

    /// The name is taken, or what was there is not: one look decides.
    async fn decide(&self, again: bool) -> Result<Written, Failure> {
        let resource = api_resource(self.desired.entry);
        let object = match self.ctx.cluster.get(self.target(&resource)).await {
            Ok(object) => object,
            Err(Failure::Missing(_)) if again => return Box::pin(self.create(false)).await,
            Err(failure) => return Err(failure),
        };
        let child = Child::read(self.kind, object, None);
        if let Some(result) = self.foreign(&child) {
            if matches!(result, ChildResult::Clash { .. }) || child.deleting {
                self.ctx.clashes.watch(self.ctx, self.kind, self.key, &self.desired.name, child);
            }
            return Ok(Written::Not(result));
        }
        if !again {
            return Err(Failure::Conflict(format!("{} keeps changing", self.desired.name)));
        }
        Box::pin(self.update(&child, false)).await
    }

    /// An apply that is invalid although it was not always: somebody may have put a member of a union beside ours.
    async fn unblock(&self, child: &Child, message: String) -> Result<Written, Failure> {
        let resource = api_resource(self.desired.entry);
        let live = self.ctx.cluster.get(self.target(&resource)).await?;
        if live.uid() != child.uid {
            return Box::pin(self.decide(false)).await;
        }
        let Some(mut patch) = compare::union_siblings(self.desired.entry.kind, &self.desired.body, &live.to_value())
        else {
            return Err(Failure::Invalid(message));
        };
        if let Value::Object(patch) = &mut patch {
            patch.insert(
                "metadata".into(),
                json!({"uid": child.uid, "resourceVersion": live.metadata.resource_version}),
            );
        }
        tracing::info!(service = %self.key, child = %self.desired.name, %patch, "taking out what stands beside ours");
        self.ctx.cluster.patch(self.target(&resource), &patch, FIELD_MANAGER).await?;
        self.send(json!({"uid": child.uid})).await.map(Written::here)
    }
}

enum Written {
    Here(Box<LeanObject>),
    Not(ChildResult),
}

impl Written {
    fn here(object: LeanObject) -> Self {
        Self::Here(Box::new(object))
    }
}

fn resisted_result(difference: &compare::Difference) -> ChildResult {
    ChildResult::Resisted {
        path: difference.path.clone(),
        wanted: difference.wanted.clone(),
        got: difference.got.clone(),
    }
}

fn result_is_foreign(result: &ChildResult) -> bool {
    matches!(result, ChildResult::Clash { .. } | ChildResult::Leftover)
}
