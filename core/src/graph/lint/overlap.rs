//! Targets that meet: host names and wildcards, addresses and ranges of them. Each is asked only for the wider ones around
//! it, of which there are few, so that nobody is compared with everybody.

use std::{collections::BTreeMap, net::IpAddr};

use ipnet::IpNet;

/// Things by host name: an empty name is every host.
#[derive(Debug)]
pub(super) struct ByHost<T> {
    all: BTreeMap<String, T>,
}

impl<T> Default for ByHost<T> {
    fn default() -> Self {
        Self { all: BTreeMap::new() }
    }
}

impl<T: Default> ByHost<T> {
    /// What stands at a host name.
    pub fn at(&mut self, host: &str) -> &mut T {
        self.all.entry(host.to_ascii_lowercase()).or_default()
    }

    /// All host names, with what stands there.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &T)> {
        self.all.iter()
    }

    /// What stands at this host name and at the wildcards around it, the narrowest first.
    pub fn around<'a>(&'a self, host: &str) -> impl Iterator<Item = (&'a String, &'a T)> {
        let host = host.to_ascii_lowercase();
        let mut names = vec![host.clone()];
        let mut rest = host.strip_prefix("*.").unwrap_or(&host);
        // A wildcard is within the wildcards of shorter ends, and a name within those of its own ends.
        while let Some((_, end)) = rest.split_once('.') {
            names.push(format!("*.{end}"));
            rest = end;
        }
        if !host.is_empty() {
            names.push(String::new());
        }
        names.into_iter().filter_map(|name| self.all.get_key_value(&name))
    }
}

/// Things by range of addresses.
#[derive(Debug)]
pub(super) struct ByRange<T> {
    all: BTreeMap<IpNet, T>,
}

impl<T> Default for ByRange<T> {
    fn default() -> Self {
        Self { all: BTreeMap::new() }
    }
}

impl<T: Default> ByRange<T> {
    /// What stands at a range; none where the text is no range and no address.
    pub fn at(&mut self, cidr: &str) -> Option<&mut T> {
        let range = cidr.parse().or_else(|_| cidr.parse::<IpAddr>().map(IpNet::from)).ok()?;
        Some(self.all.entry(IpNet::trunc(&range)).or_default())
    }

    /// All ranges, with what stands there.
    pub fn iter(&self) -> impl Iterator<Item = (&IpNet, &T)> {
        self.all.iter()
    }

    /// What stands at this range and at those that it lies in, the narrowest first.
    pub fn around(&self, range: IpNet) -> impl Iterator<Item = (&IpNet, &T)> {
        let mut next = Some(range);
        let wider = std::iter::from_fn(move || {
            let range = next?;
            next = range.supernet();
            Some(range)
        });
        wider.filter_map(|range| self.all.get_key_value(&range))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::hostname;

    #[test]
    fn hosts_around_are_those_that_the_gateway_api_says() {
        let names = ["", "*.io", "*.a.io", "a.io", "x.a.io", "*.x.a.io", "y.x.a.io", "b.io", "io"];
        let mut hosts: ByHost<()> = ByHost::default();
        names.iter().for_each(|name| *hosts.at(name) = ());
        for name in names {
            let mut found: Vec<&str> = hosts.around(name).map(|(host, ())| host.as_str()).collect();
            found.sort_unstable();
            let mut wanted: Vec<&str> = names.into_iter().filter(|other| hostname::within(name, other)).collect();
            wanted.sort_unstable();
            assert_eq!(found, wanted, "{name}");
        }
    }

    #[test]
    fn ranges_around_hold_the_range() {
        let mut ranges: ByRange<()> = ByRange::default();
        for range in ["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "10.2.0.0/16", "::/0"] {
            *ranges.at(range).unwrap() = ();
        }
        assert!(ranges.at("nonsense").is_none());
        let found: Vec<String> =
            ranges.around("10.1.2.3/32".parse().unwrap()).map(|(range, ())| range.to_string()).collect();
        assert_eq!(found, ["10.1.2.3/32", "10.1.0.0/16", "10.0.0.0/8", "0.0.0.0/0"]);
    }
}
