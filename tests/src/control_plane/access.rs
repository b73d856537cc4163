//! Ways to talk to a control plane: clients, kubectl, namespaces, the Gateway API.

use std::{
    path::Path,
    process::Stdio,
    sync::{
        PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use http::{HeaderValue, header::USER_AGENT};
use k8s_openapi::{
    api::{
        authentication::v1::{TokenRequest, TokenRequestSpec},
        core::v1::{Namespace, ServiceAccount},
    },
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client, Config,
    api::{ListParams, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::json;
use tokio::{io::AsyncWriteExt as _, process::Command};

use super::ControlPlane;

/// How long a definition may take to be served.
const SERVED: Duration = Duration::from_secs(120);

/// What the harness calls itself where nobody asked for another name.
pub const USER_AGENT_OF_TESTS: &str = "microservice-tests";

/// What kubectl wrote.
#[derive(Debug, Clone)]
pub struct Output {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Whether the exit status was 0.
    pub success: bool,
}

impl ControlPlane {
    /// The configuration of an administrator's client.
    #[must_use]
    pub fn config(&self) -> Config {
        self.config.clone()
    }

    /// A new client of an administrator. It belongs to the current tokio runtime: make one per test.
    ///
    /// # Errors
    /// When the TLS library refuses our certificates.
    pub fn client(&self) -> Result<Client> {
        self.client_named(USER_AGENT_OF_TESTS)
    }

    /// A new client of an administrator with this user agent, by which the audit log tells clients apart.
    ///
    /// # Errors
    /// When the user agent is not a header value.
    pub fn client_named(&self, user_agent: &str) -> Result<Client> {
        Ok(Client::try_from(self.config_named(user_agent)?)?)
    }

    /// The configuration behind [`client_named`](Self::client_named).
    ///
    /// # Errors
    /// When the user agent is not a header value.
    pub fn config_named(&self, user_agent: &str) -> Result<Config> {
        let mut config = self.config.clone();
        config.headers.push((USER_AGENT, HeaderValue::from_str(user_agent)?));
        Ok(config)
    }

    /// Runs kubectl as administrator. A failure of kubectl is not an error here: look at [`Output::success`].
    ///
    /// # Errors
    /// When kubectl cannot be run.
    pub async fn kubectl(&self, args: &[&str]) -> Result<Output> {
        self.kubectl_with_input(args, "").await
    }

    /// Runs kubectl as administrator with text on its standard input, as for `apply -f -`.
    ///
    /// # Errors
    /// When kubectl cannot be run.
    pub async fn kubectl_with_input(&self, args: &[&str], input: &str) -> Result<Output> {
        let mut command = Command::new(self.binaries().program("kubectl"));
        command.args(args).env("KUBECONFIG", self.kubeconfig());
        // Its discovery cache belongs to this control plane.
        command.env("KUBECACHEDIR", self.folder().join("kubectl"));
        if !self.is_existing() {
            // The way into an existing cluster may lead over a program that reads files at home.
            command.env("HOME", self.folder());
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot run kubectl")?;
        let mut stdin = child.stdin.take().context("kubectl has no standard input")?;
        // kubectl may not read its input at all.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let output = child.wait_with_output().await?;
        Ok(Output {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            success: output.status.success(),
        })
    }

    /// Runs kubectl and returns its standard output.
    ///
    /// # Errors
    /// When kubectl fails; the error has its words.
    pub async fn kubectl_ok(&self, args: &[&str]) -> Result<String> {
        let output = self.kubectl(args).await?;
        if !output.success {
            bail!("kubectl {} failed: {}", args.join(" "), output.stderr.trim());
        }
        Ok(output.stdout)
    }

    /// Applies YAML, server-side.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub async fn apply(&self, yaml: &str) -> Result<()> {
        let args = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
        let output = self.kubectl_with_input(&args, yaml).await?;
        if !output.success {
            bail!("kubectl apply failed: {}", output.stderr.trim());
        }
        Ok(())
    }

    /// Creates a namespace whose name starts so and is not used by any other test. Pods can be made in it at once.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub async fn namespace(&self, prefix: &str) -> Result<String> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let mut name = format!("{prefix}-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        if self.is_existing() {
            name = format!("{name}-{}", Self::namespace_suffix());
        }
        self.create_namespace(&name).await?;
        Ok(name)
    }

    /// Creates a namespace of exactly this name. In an existing cluster it is deleted when this is dropped.
    ///
    /// # Errors
    /// When it exists already.
    pub async fn create_namespace(&self, name: &str) -> Result<()> {
        let client = self.client()?;
        let mut namespace = Namespace::default();
        namespace.metadata.name = Some(name.to_owned());
        Api::<Namespace>::all(client.clone()).create(&PostParams::default(), &namespace).await?;
        if self.is_existing() {
            self.namespaces.lock().unwrap_or_else(PoisonError::into_inner).push(name.to_owned());
        }
        // Pods are refused until the controller has made this account.
        let accounts: Api<ServiceAccount> = Api::namespaced(client, name);
        self.wait_until("the default service account", name, Duration::from_secs(30), || async {
            Ok(accounts.get_opt("default").await?)
        })
        .await?;
        Ok(())
    }

    /// Writes a kubeconfig with a token of a service account, and returns its path: for running a program with
    /// exactly the rights that its account has.
    ///
    /// # Errors
    /// When the account does not exist.
    pub async fn kubeconfig_of_account(&self, namespace: &str, account: &str) -> Result<std::path::PathBuf> {
        let token = self.token_of_account(namespace, account).await?;
        let text = with_token(read_kubeconfig(&self.kubeconfig)?, &token)?;
        let path = self.folder().join(format!("{namespace}-{account}.kubeconfig"));
        std::fs::write(&path, text)?;
        Ok(path)
    }

    /// A token of a service account, good for a day.
    ///
    /// # Errors
    /// When the account does not exist.
    pub async fn token_of_account(&self, namespace: &str, account: &str) -> Result<String> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client()?, namespace);
        let request = TokenRequest {
            spec: TokenRequestSpec {
                // None of its own choice: that of the API server.
                audiences: Vec::new(),
                expiration_seconds: Some(24 * 3600),
                ..TokenRequestSpec::default()
            },
            ..TokenRequest::default()
        };
        let answer = accounts.create_token_request(account, &PostParams::default(), &request).await?;
        Ok(answer.status.context("no token was issued")?.token)
    }

    /// Installs the CRDs of the Gateway API (standard channel) and waits until they are served. An existing cluster
    /// that has any of them keeps what it has.
    ///
    /// # Errors
    /// When the API server refuses them.
    pub async fn install_gateway_api(&self) -> Result<()> {
        if self.is_existing() {
            if self.has_gateway_api().await? {
                return Ok(());
            }
            let binaries = self.binaries().clone();
            tokio::task::spawn_blocking(move || binaries.prepare_gateway_api())
                .await?
                .context("the existing cluster has no Gateway API, and we cannot install it; install it there first")?;
        }
        let folder = self.binaries().gateway_api();
        let folder = folder.to_string_lossy();
        // They are too large for a client-side apply.
        self.kubectl_ok(&["apply", "--server-side", "--force-conflicts", "-f", &folder]).await?;
        self.kubectl_ok(&["wait", "--for=condition=Established", "--timeout=120s", "-f", &folder]).await?;
        let api: Api<CustomResourceDefinition> = Api::all(self.client()?);
        for definition in api.list(&ListParams::default()).await? {
            if definition.spec.group.ends_with("gateway.networking.k8s.io") {
                self.wait_served(&definition).await?;
            }
        }
        Ok(())
    }

    /// Replaces the CRDs of the Gateway API by those of the experimental channel. The old schemas may still be served for
    /// a moment.
    ///
    /// # Errors
    /// When the API server refuses them, and for an existing cluster.
    pub async fn install_experimental_gateway_api(&self) -> Result<()> {
        self.own("change the channel of the Gateway API")?;
        let binaries = self.binaries().clone();
        let folder = tokio::task::spawn_blocking(move || binaries.prepare_experimental_gateway_api()).await??;
        let folder = folder.to_string_lossy();
        self.kubectl_ok(&["apply", "--server-side", "--force-conflicts", "-f", &folder]).await?;
        self.kubectl_ok(&["wait", "--for=condition=Established", "--timeout=120s", "-f", &folder]).await?;
        Ok(())
    }

    /// Installs the CRDs of the Prometheus operator, server-side, as its own charts do.
    ///
    /// # Errors
    /// When the API server refuses them, and for an existing cluster.
    pub async fn install_prometheus_operator(&self) -> Result<()> {
        self.own("install the CRDs of the Prometheus operator")?;
        let binaries = self.binaries().clone();
        let folder = tokio::task::spawn_blocking(move || binaries.prepare_prometheus_operator()).await??;
        let folder = folder.to_string_lossy();
        self.kubectl_ok(&["apply", "--server-side", "--force-conflicts", "-f", &folder]).await?;
        self.kubectl_ok(&["wait", "--for=condition=Established", "--timeout=120s", "-f", &folder]).await?;
        let api: Api<CustomResourceDefinition> = Api::all(self.client()?);
        for definition in api.list(&ListParams::default()).await? {
            if definition.spec.group == "monitoring.coreos.com" {
                self.wait_served(&definition).await?;
            }
        }
        Ok(())
    }

    /// Waits until every version of a definition answers. Established comes earlier: its storage may still be made, and
    /// a definition that is deleted meanwhile hangs for a minute.
    async fn wait_served(&self, definition: &CustomResourceDefinition) -> Result<()> {
        let client = self.client()?;
        for version in definition.spec.versions.iter().filter(|version| version.served) {
            let (group, plural) = (&definition.spec.group, &definition.spec.names.plural);
            let path = format!("/apis/{group}/{}/{plural}?limit=1", version.name);
            self.wait_until(&path, "default", SERVED, || async {
                let request = http::Request::get(&path).body(Vec::new())?;
                client.request_text(request).await?;
                Ok(Some(()))
            })
            .await?;
        }
        Ok(())
    }

    /// Removes the CRDs of the Gateway API, and waits until they are gone.
    ///
    /// # Errors
    /// When kubectl fails, and for an existing cluster.
    pub async fn remove_gateway_api(&self) -> Result<()> {
        self.own("remove the Gateway API")?;
        let folder = self.binaries().gateway_api();
        let folder = folder.to_string_lossy();
        self.kubectl_ok(&["delete", "--ignore-not-found", "--timeout=180s", "-f", &folder]).await?;
        Ok(())
    }

    /// Creates a CRD and waits until it is served. To an existing cluster it is applied, server-side, and stays there.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub async fn install_definition(&self, definition: &CustomResourceDefinition) -> Result<()> {
        let api: Api<CustomResourceDefinition> = Api::all(self.client()?);
        if self.is_existing() {
            self.apply_definition(definition).await?;
        } else {
            api.create(&PostParams::default(), definition).await?;
        }
        let name = definition.metadata.name.clone().unwrap_or_default();
        self.wait_until(&name, "default", SERVED, || async {
            let found = api.get(&name).await?;
            let conditions = found.status.and_then(|s| s.conditions).unwrap_or_default();
            let served = conditions.iter().any(|c| c.type_ == "Established" && c.status == "True");
            Ok(served.then_some(()))
        })
        .await?;
        self.wait_served(definition).await
    }
}

/// The address of the API server that a configuration names.
pub(super) fn address(config: &Config) -> String {
    config.cluster_url.to_string().trim_end_matches('/').to_owned()
}

/// A kubeconfig of one file, or of several, as in `KUBECONFIG`.
fn read_kubeconfig(paths: &Path) -> Result<Kubeconfig> {
    let mut whole = Kubeconfig::default();
    for path in std::env::split_paths(paths) {
        whole = whole.merge(Kubeconfig::read_from(path)?)?;
    }
    Ok(whole)
}

/// The text of a kubeconfig for the same cluster that authenticates with a token.
fn with_token(mut kubeconfig: Kubeconfig, token: &str) -> Result<String> {
    let current = kubeconfig.current_context.clone().context("the kubeconfig has no current context")?;
    kubeconfig.contexts.retain(|context| context.name == current);
    let context = kubeconfig.contexts.first_mut().and_then(|named| named.context.as_mut());
    let context = context.context("the current context of the kubeconfig is not in it")?;
    context.user = Some("token".into());
    kubeconfig.clusters.retain(|cluster| cluster.name == context.cluster);
    kubeconfig.auth_infos.clear();
    let mut value = serde_json::to_value(kubeconfig)?;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("users".into(), json!([{"name": "token", "user": {"token": token}}]));
    }
    Ok(serde_json::to_string_pretty(&value)?)
}

/// The client configuration of a kubeconfig.
pub(super) async fn read_config(paths: &Path) -> Result<Config> {
    let kubeconfig = read_kubeconfig(paths)?;
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    // A test wants to see an error, not to wait for minutes behind hidden retries.
    config.default_retry = false;
    Ok(config)
}
