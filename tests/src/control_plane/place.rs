//! Where the servers listen.

use std::net::Ipv4Addr;

use anyhow::Result;

use super::{node::Network, ports};

/// Addresses and ports.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) address: Ipv4Addr,
    pub(super) etcd_port: u16,
    pub(super) etcd_peer_port: u16,
    pub(super) api_port: u16,
    /// The range of addresses of Services, of which the first is that of the API server.
    pub(super) services: String,
    pub(super) api_service: Ipv4Addr,
}

impl Place {
    /// On loopback, with free ports.
    pub(super) fn loopback() -> Result<Self> {
        Ok(Self {
            address: Ipv4Addr::LOCALHOST,
            etcd_port: ports::free()?,
            etcd_peer_port: ports::free()?,
            api_port: ports::free()?,
            services: "10.96.0.0/12".into(),
            api_service: Ipv4Addr::new(10, 96, 0, 1),
        })
    }

    /// Beside a real node, where all ports are ours.
    pub(super) fn beside(network: &Network) -> Self {
        Self {
            address: network.address(),
            etcd_port: 2379,
            etcd_peer_port: 2380,
            api_port: 6443,
            services: network.services(),
            api_service: network.api_service(),
        }
    }
}
