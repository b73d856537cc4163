# The same image as that of `make image`, for those who build with a container engine:
#   docker buildx build --platform linux/amd64,linux/arm64 --tag registry.example/microservice-operator:0.1.0 .
# Pin the builder to a digest of your own mirror: --build-arg BUILDER=registry.example/rust@sha256:...
ARG BUILDER=rust:1.95.0-slim-bookworm
FROM ${BUILDER} AS build
ARG TARGETARCH
# The image has this toolchain; what `rust-toolchain.toml` adds to it is only for developers.
ENV RUSTUP_TOOLCHAIN=1.95.0
ENV RUSTFLAGS="-Ctarget-feature=+crt-static --remap-path-prefix=/usr/local/cargo=/cargo"
WORKDIR /src
COPY . .
# Each platform builds on itself (or under emulation), so there is no cross compiler. The target is said although it is
# the host, so that the flags are those of the program alone.
RUN --mount=type=cache,id=target-${TARGETARCH},target=/target \
    --mount=type=cache,id=registry-${TARGETARCH},target=/usr/local/cargo/registry \
    cargo build --locked --profile release --package microservice-operator --bin microservice-operator \
        --target "$(rustc --print host-tuple)" --target-dir /target \
    && cp "/target/$(rustc --print host-tuple)/release/microservice-operator" /microservice-operator

# Nothing but the program: no shell, no libraries, no certificates (the cluster's come with the service account). It
# writes nothing, so the root can be read-only.
FROM scratch
COPY --from=build /microservice-operator /microservice-operator
USER 65532:65532
ENTRYPOINT ["/microservice-operator"]
