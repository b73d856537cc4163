//! `null` means unset, everywhere a field may be left out.
//!
//! Kubernetes' own kinds take `key: null`, which templates often leave behind. The API server does the same for ours:
//! it removes the null of every field that is *not* marked nullable before it validates, fills defaults in and stores.
//! One that is marked keeps its null, which then fails lists of values and breaks the scale subresource. So no mark may
//! stay; for files that no server has seen, the types of this crate read null as unset as well. The one exception is
//! a server-side apply, from which the server removes nothing: there a null is refused.

use serde_json::Value;

use super::tree;

/// Takes the mark from every field.
pub fn apply(schema: &mut Value) {
    tree::walk(schema, &mut |_, node| drop(node.remove("nullable")));
}
