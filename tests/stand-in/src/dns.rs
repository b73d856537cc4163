//! From a name to an address, by the nameserver and the search domains of `/etc/resolv.conf`: a static program has no
//! resolver of the C library to ask.

use std::{net::IpAddr, time::Duration};

use anyhow::{Context as _, Result, anyhow, bail};
use hickory_resolver::{
    Resolver, TokioResolver,
    config::LookupIpStrategy,
    net::{DnsError, NetError},
    proto::op::ResponseCode,
};

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
        let found = match resolver.lookup_ip(host).await {
            Err(error) if unknown(&error) => bail!("no such name: {host}"),
            found => found.with_context(|| format!("cannot look up {host}"))?,
        };
        found.iter().next().with_context(|| format!("no address for {host}"))
    }
}

/// The nameserver has answered, and knows no such name. One that asks nobody else refuses names outside of its own.
fn unknown(error: &NetError) -> bool {
    error.is_no_records_found() || matches!(error, NetError::Dns(DnsError::ResponseCode(ResponseCode::Refused)))
}
