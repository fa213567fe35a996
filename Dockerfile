# One image for each service: `docker build --build-arg SERVICE=orders .`; `make images` builds all of them.
#   image   (the last stage) compiled here, on distroless
#   host    the binary that the machine has built, on BASE_IMAGE: for where no image can be pulled
#   base    what such an image stands on, assembled from Debian packages
# Digests stand for rust:1.95-bookworm and distroless cc-debian12:nonroot: both glibc 2.36, as the binary expects.
ARG RUST_IMAGE=docker.io/library/rust:1.95-bookworm@sha256:6258907abe69656e41cd992e0b705cdcfabcbbe3db374f92ed2d47121282d4a1
ARG BASE_IMAGE=gcr.io/distroless/cc-debian12:nonroot@sha256:9dac0a79194e45a7da0158a9c6da57b217585af0786db3845d1f0ec1a0dd182f

FROM ${RUST_IMAGE} AS chef
WORKDIR /src
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# The toolchain of the image is the one of rust-toolchain.toml: nothing else is fetched.
ENV RUSTUP_TOOLCHAIN=1.95.0
RUN cargo install --locked cargo-chef@0.1.78

FROM chef AS plan
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

FROM chef AS build
# librdkafka and aws-lc are compiled from source. Kafka is spoken to by TLS, which librdkafka takes from OpenSSL.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends cmake clang libssl-dev zlib1g-dev && rm -rf /var/lib/apt/lists/*
COPY --from=plan /src/recipe.json recipe.json
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    cargo chef cook --release --locked --features event-kit/kafka-tls --recipe-path recipe.json
COPY . .
ARG SERVICE
# Distroless has no zlib, and need not have OpenSSL: what the binary was linked with goes along. The shell is the
# one set above. event-kit is named for its feature, which a service that tells nothing does not know.
# hadolint ignore=DL4006
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    cargo build --release --locked --package event-kit --package "${SERVICE}" --features event-kit/kafka-tls --bin "${SERVICE}" \
    && install -D "target/release/${SERVICE}" /out/usr/bin/service \
    && ldd "target/release/${SERVICE}" | awk '/lib(z|ssl|crypto)\.so/ { print $3 }' | xargs --no-run-if-empty install -D -t /out/usr/lib/

FROM scratch AS base
# A folder that the caller names, as a build context: packages=FOLDER.
# hadolint ignore=DL3022,DL3067
COPY --from=packages / /
USER 65532:65532

FROM ${BASE_IMAGE} AS host
ARG SERVICE
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="cloudeats-${SERVICE}" \
      org.opencontainers.image.description="The ${SERVICE} service of CloudEats Direct" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# The same: binaries=FOLDER.
# hadolint ignore=DL3022
COPY --from=binaries ${SERVICE} /usr/bin/service
USER 65532:65532
EXPOSE 8080 9080
ENTRYPOINT ["/usr/bin/service"]
CMD ["serve"]

FROM ${BASE_IMAGE} AS image
ARG SERVICE
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="cloudeats-${SERVICE}" \
      org.opencontainers.image.description="The ${SERVICE} service of CloudEats Direct" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /out/ /
USER 65532:65532
EXPOSE 8080 9080
ENTRYPOINT ["/usr/bin/service"]
CMD ["serve"]
