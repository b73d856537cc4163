//! Traffic that really flows: a client, a gateway, and pods behind it.

mod grpc;
mod hosts;
mod rollout;
mod scaling;
mod shares;
mod stage;
