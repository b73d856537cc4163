//! Whom it calls: the addresses in its environment.

/// A service that is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Peer {
    /// `host:port`, as the environment says it.
    pub(crate) address: String,
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// Every variable whose name ends in `_ADDR` and whose value is `host:port`, in the order of their names, each address
/// once.
pub(crate) fn peers(env: impl Iterator<Item = (String, String)>) -> Vec<Peer> {
    let mut named: Vec<(String, String)> = env.filter(|(name, _)| name.ends_with("_ADDR")).collect();
    named.sort();
    let mut peers: Vec<Peer> = Vec::new();
    for peer in named.iter().filter_map(|(_, value)| parse(value)) {
        if !peers.contains(&peer) {
            peers.push(peer);
        }
    }
    peers
}

fn parse(address: &str) -> Option<Peer> {
    let (host, port) = address.rsplit_once(':')?;
    // `:8080` is where somebody listens, not whom one calls.
    (!host.is_empty()).then_some(())?;
    Some(Peer { address: address.to_owned(), host: host.to_owned(), port: port.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_from_variables_by_name_and_shape() {
        let env = [
            ("CART_SERVICE_ADDR", "cartservice:7070"),
            ("AD_SERVICE_ADDR", "adservice.shop:9555"),
            ("REDIS_ADDR", "redis-cart:6379"),
            ("SECOND_CART_ADDR", "cartservice:7070"),
            ("LISTEN_ADDR", ":8080"),
            ("EMPTY_ADDR", ""),
            ("NO_PORT_ADDR", "host"),
            ("ADDRESS", "other:1"),
        ];
        let peers = peers(env.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        let addresses: Vec<&str> = peers.iter().map(|peer| peer.address.as_str()).collect();
        assert_eq!(addresses, ["adservice.shop:9555", "cartservice:7070", "redis-cart:6379"]);
        assert_eq!((peers[0].host.as_str(), peers[0].port), ("adservice.shop", 9555));
    }
}
