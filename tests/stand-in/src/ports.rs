//! Where it listens.

use std::net::{IpAddr, Ipv4Addr};

use anyhow::{Context as _, Result};

/// What a pod gets that says nothing: a usual port, and those of services whose images know their port by heart, so
/// that no env names it (the carts of Online Boutique, Redis). A pod has all its ports for itself.
const USUAL: [u16; 3] = [8080, 7070, 6379];

/// The ports of `PORT` and `STAND_IN_PORTS`, or the usual ones.
pub(crate) fn ports(env: impl Fn(&str) -> Option<String>) -> Result<Vec<u16>> {
    let mut ports = Vec::new();
    for name in ["PORT", "STAND_IN_PORTS"] {
        for word in env(name).unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let port = word.parse().with_context(|| format!("{name}: {word:?} is not a port"))?;
            // 0 is any free port, and may be asked for twice.
            if port == 0 || !ports.contains(&port) {
                ports.push(port);
            }
        }
    }
    if ports.is_empty() {
        ports.extend(USUAL);
    }
    Ok(ports)
}

/// The address of `STAND_IN_ADDRESS`, or any.
pub(crate) fn address(env: impl Fn(&str) -> Option<String>) -> Result<IpAddr> {
    let Some(address) = env("STAND_IN_ADDRESS") else { return Ok(Ipv4Addr::UNSPECIFIED.into()) };
    address.parse().with_context(|| format!("STAND_IN_ADDRESS: {address:?} is not an IP address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(set: &[(&str, &str)]) -> Result<Vec<u16>> {
        ports(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn ports_are_those_that_are_said_or_the_usual_ones() {
        assert_eq!(of(&[("PORT", "3550")]).unwrap(), [3550]);
        assert_eq!(of(&[("PORT", "1"), ("STAND_IN_PORTS", "1, 2,0,0")]).unwrap(), [1, 2, 0, 0]);
        assert_eq!(of(&[]).unwrap(), USUAL);
        let error = of(&[("STAND_IN_PORTS", "80,http")]).unwrap_err();
        assert_eq!(error.to_string(), "STAND_IN_PORTS: \"http\" is not a port");
    }
}
