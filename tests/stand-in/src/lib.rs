//! A stand-in: one small static program that takes the place of any service in a test or a demo.
//!
//! It answers HTTP/1, h2c and gRPC on every port that it listens on, so that whatever probes, Services and routes are
//! written for the real service hold for it, unchanged. Everything that it says begins with whom it stands in for.
//!
//! | request | answer |
//! |---|---|
//! | any path | 200, and who answers |
//! | `/echo`, and below | the same with the headers that arrived |
//! | `/_healthz`, gRPC `grpc.health.v1.Health` | whether it is ready |
//! | `/call?depth=3`, gRPC `standin.v1.StandIn/Call` | calls all addresses that its env names (`*_ADDR=host:port`), and they theirs, and returns the tree |
//! | `GET /control`, `PUT /control` | how it behaves: see [`control`] |
//!
//! Its environment: `PORT` and `STAND_IN_PORTS` (a list) say where it listens, `STAND_IN_ADDRESS` on which address,
//! `STAND_IN_NAME`, `STAND_IN_IMAGE`, `POD_NAME` and `POD_UID` who it is (see [`identity`]), and `STAND_IN_READY`,
//! `STAND_IN_LATENCY_MILLIS`, `STAND_IN_ERROR_PERCENT`, `STAND_IN_MEMORY_MIB` and `STAND_IN_EXIT` how it behaves from
//! the start. Arguments are the real service's, and mean nothing to it.

mod answers;
pub mod calls;
pub mod control;
mod dns;
pub mod grpc;
pub mod identity;
mod listen;
mod peers;
mod ports;
mod shell;

pub use listen::run;
pub use shell::{is_shell, wait_for_url};
