//! What the operator is told when it starts. Every flag can also be given by its environment variable.

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;

use crate::logging::LogFormat;

/// Keeps Deployments, Services, autoscalers, routes and more as your Microservice objects say.
#[derive(Parser, Clone, Debug)]
#[command(name = "microservice-operator", version)]
pub struct Args {
    /// Work in this namespace only. Default: in all.
    #[arg(long, env = "WATCH_NAMESPACE")]
    pub namespace: Option<String>,
    /// Reconciles at a time.
    #[arg(long, env = "CONCURRENCY", default_value_t = 8)]
    pub concurrency: usize,
    /// Requests to the API server at a time.
    #[arg(long, env = "IN_FLIGHT", default_value_t = 8)]
    pub in_flight: usize,
    /// Who publishes events and holds the lease: the name of the pod.
    #[arg(long, env = "POD_NAME")]
    pub identity: Option<String>,
    /// Stand for election: of several operators one works, the others stand by.
    #[arg(long, env = "LEADER_ELECT", action = clap::ArgAction::Set, default_value_t = false, num_args = 0..=1, default_missing_value = "true")]
    pub leader_elect: bool,
    /// Name of the Lease.
    #[arg(long, env = "LEASE_NAME", default_value = "microservice-operator")]
    pub lease_name: String,
    /// Namespace of the Lease: the operator's own.
    #[arg(long, env = "POD_NAMESPACE")]
    pub lease_namespace: Option<String>,
    /// Address of /livez and /readyz. Example: `[::]:8081`. Default: none.
    #[arg(long, env = "HEALTH_ADDRESS")]
    pub health_address: Option<SocketAddr>,
    /// Address of /metrics. Example: `[::]:8080`. Default: none.
    #[arg(long, env = "METRICS_ADDRESS")]
    pub metrics_address: Option<SocketAddr>,
    /// Who may see /metrics: everybody, or whose token the API server allows to get the non-resource URL /metrics.
    #[arg(long, env = "METRICS_AUTH", value_enum, default_value_t = MetricsAuth::None)]
    pub metrics_auth: MetricsAuth,
    /// Where traces go, by OTLP over gRPC. Example: `http://collector.monitoring:4317`. Default: nowhere.
    #[arg(long, env = "OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,
    /// Which log lines are written. Example: `info,microservice_operator=debug`.
    #[arg(long, env = "LOG", default_value = "info")]
    pub log: String,
    /// A file whose content replaces --log while it is there. It is read again every few seconds.
    #[arg(long, env = "LOG_FILE")]
    pub log_file: Option<PathBuf>,
    /// How log lines are written.
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// User agent of all requests.
    #[arg(long, env = "USER_AGENT", default_value = concat!("microservice-operator/", env!("CARGO_PKG_VERSION")))]
    pub user_agent: String,
}

/// Who may see the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum MetricsAuth {
    /// Everybody who reaches the address.
    None,
    /// Whose token the API server allows it.
    Token,
}
