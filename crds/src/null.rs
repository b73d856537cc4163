//! `null` read as unset, for fields that are not `Option`: lists, maps and booleans.

use serde::{Deserialize, Deserializer};

/// The value, or its default for `null`.
pub(crate) fn as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
