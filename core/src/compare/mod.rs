//! Whether a live object stands as desired, and how it can be brought there.
//!
//! - [`difference`]: the first field that we would apply and that does not stand in the live object;
//! - [`union_siblings`]: what must go before an apply can succeed;
//! - [`digest`], [`body_digest`]: short names of contents.

mod difference;
mod digest;
pub mod quantity;
pub(crate) mod schema;
mod unions;

pub use difference::{Difference, difference};
pub use digest::{body_digest, digest};
pub use unions::union_siblings;
