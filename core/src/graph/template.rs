//! What the pods of one template listen on, serve and need: the record of it in a status, as text.

use std::collections::BTreeMap;

use microservice_crds::{Api, TemplateStatus, Transport};

/// A template of pods, as others depend on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    /// Digest of the template.
    pub digest: String,
    /// Ports by name.
    pub ports: BTreeMap<String, (i32, Transport)>,
    /// APIs that are served, by name and version.
    pub serves: Vec<(String, String)>,
    /// APIs that are needed: see [`super::Need`].
    pub needs: Vec<String>,
}

impl Template {
    /// From the record in a status. What is not understood was written by another version and is passed over.
    pub fn read(record: &TemplateStatus) -> Self {
        let port = |text: &String| {
            let (name, rest) = text.split_once('=')?;
            let (number, transport) = rest.split_once('/')?;
            let transport = if transport == "UDP" { Transport::Udp } else { Transport::Tcp };
            Some((name.to_owned(), (number.parse().ok()?, transport)))
        };
        let api = |text: &String| text.split_once('@').map(|(name, version)| (name.to_owned(), version.to_owned()));
        Self {
            digest: record.template.clone(),
            ports: record.ports.iter().filter_map(port).collect(),
            serves: record.serves.iter().filter_map(api).collect(),
            needs: record.needs.clone(),
        }
    }

    /// As it stands in a status.
    pub fn write(&self) -> TemplateStatus {
        TemplateStatus {
            template: self.digest.clone(),
            ports: self
                .ports
                .iter()
                .map(|(name, (n, transport))| format!("{name}={n}/{}", transport.as_str()))
                .collect(),
            serves: self.serves.iter().map(|(name, version)| format!("{name}@{version}")).collect(),
            needs: self.needs.clone(),
        }
    }

    /// What is served, from what a spec exposes.
    pub fn serving(exposes: &[Api]) -> Vec<(String, String)> {
        let mut all: Vec<_> = exposes.iter().map(|api| (api.name.clone(), api.version.clone())).collect();
        all.sort();
        all.dedup();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written_and_what_is_foreign_is_passed_over() {
        let template = Template {
            digest: "abc".into(),
            ports: [("dns".to_owned(), (53, Transport::Udp)), ("http".to_owned(), (8080, Transport::Tcp))].into(),
            serves: vec![("catalog".into(), "1.4.0".into())],
            needs: vec!["shop/cart/cart@^1".into()],
        };
        let record = template.write();
        assert_eq!(record.ports, ["dns=53/UDP", "http=8080/TCP"]);
        assert_eq!(Template::read(&record), template);
        let foreign =
            TemplateStatus { ports: vec!["http".into(), "a=b/TCP".into()], serves: vec!["x".into()], ..record };
        assert_eq!((Template::read(&foreign).ports.len(), Template::read(&foreign).serves.len()), (0, 0));
    }
}
