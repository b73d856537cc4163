//! Who may see the metrics: the API server knows whose token it is, and what they may do.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::HeaderValue;
use k8s_openapi::api::{
    authentication::v1::{TokenReview, TokenReviewSpec},
    authorization::v1::{NonResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec},
};
use kube::{Api, Client, api::PostParams};
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, timeout};

use crate::context::Context;

/// How long a verdict is believed.
const BELIEVED: Duration = Duration::from_secs(60);
/// Verdicts that are kept.
const MOST: usize = 64;
/// Time that the API server may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// What the API server says of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its owner may see the metrics.
    Allowed,
    /// There is no token, or nobody's.
    Unknown,
    /// Its owner may not.
    Denied,
    /// The API server does not say.
    Undecided(String),
}

/// Asks the API server, and remembers its answers for a while.
pub struct Access {
    client: Client,
    known: Mutex<HashMap<[u8; 32], (Instant, Verdict)>>,
}

impl Access {
    /// With the rights of the operator.
    pub fn new(ctx: &Context) -> Self {
        Self { client: ctx.cluster.client().clone(), known: Mutex::default() }
    }

    /// Whether the one who sent this header may see the metrics.
    pub async fn judge(&self, authorization: Option<&HeaderValue>) -> Verdict {
        let Some(token) = authorization.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer ")) else {
            return Verdict::Unknown;
        };
        // The token itself is not kept.
        let digest: [u8; 32] = Sha256::digest(token).into();
        {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.retain(|_, (since, _)| since.elapsed() < BELIEVED);
            if let Some((_, verdict)) = known.get(&digest) {
                return verdict.clone();
            }
        }
        let verdict = match timeout(DEADLINE, self.ask(token)).await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(error)) => return Verdict::Undecided(error.to_string()),
            Err(_) => return Verdict::Undecided("the API server did not answer in time".to_owned()),
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST {
            known.insert(digest, (Instant::now(), verdict.clone()));
        }
        verdict
    }

    async fn ask(&self, token: &str) -> kube::Result<Verdict> {
        let spec = TokenReviewSpec { token: Some(token.to_owned()), ..TokenReviewSpec::default() };
        let review = TokenReview { spec, ..TokenReview::default() };
        let answer = Api::<TokenReview>::all(self.client.clone()).create(&PostParams::default(), &review).await?;
        let status = answer.status.unwrap_or_default();
        let Some(user) = status.user.filter(|_| status.authenticated == Some(true)) else {
            return Ok(Verdict::Unknown);
        };
        let spec = SubjectAccessReviewSpec {
            non_resource_attributes: Some(NonResourceAttributes {
                path: Some("/metrics".to_owned()),
                verb: Some("get".to_owned()),
            }),
            user: user.username,
            uid: user.uid,
            groups: user.groups,
            extra: user.extra,
            ..SubjectAccessReviewSpec::default()
        };
        let review = SubjectAccessReview { spec, ..SubjectAccessReview::default() };
        let reviews: Api<SubjectAccessReview> = Api::all(self.client.clone());
        let answer = reviews.create(&PostParams::default(), &review).await?;
        Ok(if answer.status.is_some_and(|status| status.allowed) { Verdict::Allowed } else { Verdict::Denied })
    }
}
