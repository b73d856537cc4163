// A lock file, not a Go program: only the CRDs of example/prometheus-operator-crd are taken from this module.
module microservices.dev/controlplane/prometheus-operator

go 1.26.0

require github.com/prometheus-operator/prometheus-operator v0.85.0
