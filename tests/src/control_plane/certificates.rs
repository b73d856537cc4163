//! Certificates, made at every start and never kept.

use std::{
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use anyhow::Result;
use k8s_openapi::ByteString;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use serde_json::json;

/// The certificate authority of one control plane, and the files that its servers need.
pub(super) struct Certificates {
    folder: PathBuf,
    ca_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Certificates {
    /// Makes the authority, the server's certificate, for these addresses too, the API server's own as a client of
    /// kubelets, and the key that signs service account tokens.
    pub(super) fn create(folder: &Path, addresses: &[Ipv4Addr]) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        params.distinguished_name.push(DnType::CommonName, "test-control-plane");
        let key = KeyPair::generate()?;
        let ca_key_pem = key.serialize_pem();
        let ca_pem = params.self_signed(&key)?.pem();
        let certificates = Self { folder: folder.to_path_buf(), ca_pem, issuer: Issuer::new(params, key) };
        certificates.write("ca.crt", &certificates.ca_pem)?;
        certificates.write("ca.key", &ca_key_pem)?;
        let accounts = KeyPair::generate()?;
        certificates.write("service-accounts.key", &accounts.serialize_pem())?;
        certificates.write("service-accounts.pub", &accounts.public_key_pem())?;

        let names = [
            "127.0.0.1",
            "localhost",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
        ];
        let names: Vec<String> =
            names.into_iter().map(String::from).chain(addresses.iter().map(Ipv4Addr::to_string)).collect();
        let server = CertificateParams::new(names)?;
        let (pem, key) = certificates.sign(server, ExtendedKeyUsagePurpose::ServerAuth, "kube-apiserver", None)?;
        certificates.write("apiserver.crt", &pem)?;
        certificates.write("apiserver.key", &key)?;
        let client = CertificateParams::default();
        let admins = Some("system:masters");
        let (pem, key) = certificates.sign(client, ExtendedKeyUsagePurpose::ClientAuth, "kube-apiserver", admins)?;
        certificates.write("kubelet-client.crt", &pem)?;
        certificates.write("kubelet-client.key", &key)?;
        Ok(certificates)
    }

    /// The path of one of the files.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The text of a kubeconfig for a user of this name and group; it names no other file.
    pub(super) fn kubeconfig(&self, server: &str, user: &str, group: Option<&str>) -> Result<String> {
        let (pem, key) = self.sign(CertificateParams::default(), ExtendedKeyUsagePurpose::ClientAuth, user, group)?;
        let base64 = |text: &str| ByteString(text.as_bytes().to_vec());
        Ok(serde_json::to_string_pretty(&json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": user}}],
            "clusters": [{"name": "test", "cluster": {
                "server": server,
                "certificate-authority-data": base64(&self.ca_pem),
            }}],
            "users": [{"name": user, "user": {
                "client-certificate-data": base64(&pem),
                "client-key-data": base64(&key),
            }}],
        }))?)
    }

    fn sign(
        &self,
        mut params: CertificateParams,
        usage: ExtendedKeyUsagePurpose,
        name: &str,
        group: Option<&str>,
    ) -> Result<(String, String)> {
        params.distinguished_name.push(DnType::CommonName, name);
        if let Some(group) = group {
            params.distinguished_name.push(DnType::OrganizationName, group);
        }
        params.extended_key_usages = vec![usage];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok((certificate.pem(), key.serialize_pem()))
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        Ok(fs::write(self.folder.join(name), text)?)
    }
}
