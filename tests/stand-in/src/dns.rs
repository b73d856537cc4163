//! From a name to an address, by the nameserver and the search domains of `/etc/resolv.conf`: a static program has no
//! resolver of the C library to ask.

use std::{net::IpAddr, time::Duration};

use anyhow::{Context as _, Result, anyhow};
use hickory_resolver::{Resolver, TokioResolver, config::LookupIpStrategy};

pub(crate) struct Dns {
    /// Or why there is none.
    resolver: Result<TokioResolver, String>,
}

impl Dns {
    pub(crate) fn new() -> Self {
        let resolver = Resolver::builder_tokio().and_then(|mut builder| {
            let options = builder.options_mut();
            options.ip_strategy = LookupIpStrategy::Ipv4Only;
            options.timeout = Duration::from_secs(2);
            // A Service that was not there a moment ago is there now.
            options.cache_size = 0;
            builder.build()
        });
        Self { resolver: resolver.map_err(|error| error.to_string()) }
    }

    pub(crate) async fn resolve(&self, host: &str) -> Result<IpAddr> {
        if let Ok(address) = host.parse() {
            return Ok(address);
        }
        let resolver = self.resolver.as_ref().map_err(|error| anyhow!("no nameserver: {error}"))?;
        let found = resolver.lookup_ip(host).await.with_context(|| format!("no address for {host}"))?;
        found.iter().next().with_context(|| format!("no address for {host}"))
    }
}
