# syntax=docker/dockerfile:1
# The one image of the gateway: collect, load and admin differ in their command. tests/test_image.py takes its steps.
#
#   docker build --build-arg PYTHON_DIGEST=sha256:… -t gateway .      without chDB, for a ClickHouse of your own
#   docker build --build-arg LOCK=embedded -t gateway:embedded .      with chDB, for `gateway serve` on one machine
#   docker build --build-arg LOCK=kafka -t gateway:kafka .            with librdkafka, for `gateway load --kafka`
#   docker build --build-arg COMPILED=0 -t gateway:plain .            with the hot path interpreted, for a debugger
#   docker build --target sbom --output . .                           only its list of parts, CycloneDX
#   docker run --read-only --cap-drop=ALL --security-opt=no-new-privileges -v gateway:/var/lib/gateway gateway …

# Why 3.11: what the tests run on; the locks hold wheels for newer ones too.
ARG PYTHON_VERSION=3.11
# The digests of the slim tag and of the whole one, such as sha256:…; a release is built with both, so that it can be
# built again.
ARG PYTHON_DIGEST=""
ARG BUILD_DIGEST=""

FROM python:${PYTHON_VERSION}-slim${PYTHON_DIGEST:+@${PYTHON_DIGEST}} AS base

# Why not slim: the same Python on the same Debian, with the C compiler that the hot path is compiled by.
FROM python:${PYTHON_VERSION}${BUILD_DIGEST:+@${BUILD_DIGEST}} AS build
# Which lock of helm/image is installed: runtime, embedded for chDB, or kafka.
ARG LOCK=runtime
# 1 compiles what every hit passes through, see setup.py; 0 leaves it plain Python.
ARG COMPILED=1
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY helm/image/build.lock helm/image/runtime.lock helm/image/embedded.lock helm/image/kafka.lock /src/
RUN python -m venv /opt/tools \
 && /opt/tools/bin/pip install --quiet --no-compile --only-binary=:all: --require-hashes -r build.lock
RUN python -m venv --without-pip /opt/gateway \
 && /opt/tools/bin/pip --python /opt/gateway/bin/python install \
      --quiet --no-compile --only-binary=:all: --no-deps --require-hashes -r "${LOCK}.lock"
COPY pyproject.toml setup.py README.md LICENSE /src/
COPY consent /src/consent
COPY gateway /src/gateway
# Why unchecked hashes: nothing in a read-only image changes, and nothing is written beside it at the first start.
RUN GATEWAY_COMPILED="${COMPILED}" CFLAGS="-g0 -w" /opt/tools/bin/pip wheel --quiet --no-build-isolation --no-deps --wheel-dir /opt/wheel . \
 && /opt/tools/bin/pip --python /opt/gateway/bin/python install --quiet --no-compile --no-deps --no-index /opt/wheel/*.whl \
 && /opt/tools/bin/pip --python /opt/gateway/bin/python check \
 && /opt/tools/bin/cyclonedx-py environment --pyproject pyproject.toml --mc-type application \
      --output-reproducible --output-format JSON --output-file /opt/gateway/sbom.cdx.json /opt/gateway/bin/python \
 && /opt/gateway/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/gateway/lib

FROM scratch AS sbom
COPY --from=build /opt/gateway/sbom.cdx.json /sbom.cdx.json

FROM base AS runtime
ARG PYTHON_VERSION
ARG PYTHON_DIGEST
ARG VERSION=0.1.0
ARG REVISION=""
LABEL org.opencontainers.image.title="edge-tracking-gateway" \
      org.opencontainers.image.description="A first-party tracking gateway that asks the law first" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="python:${PYTHON_VERSION}-slim" \
      org.opencontainers.image.base.digest="${PYTHON_DIGEST}"
# The base's own pip goes, and the data folder comes, for the one user that may write there.
RUN python -m pip uninstall --quiet --yes --root-user-action=ignore pip \
 && install -d -m 0700 -o 10001 -g 10001 /var/lib/gateway
COPY --from=build /opt/gateway /opt/gateway
# TMPDIR: chDB makes a folder there when it starts, and nothing else may be written to.
ENV PATH=/opt/gateway/bin:/usr/local/bin:/usr/bin:/bin \
    TMPDIR=/var/lib/gateway \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    GATEWAY_HEALTH_URL=http://127.0.0.1:8080/healthz
WORKDIR /var/lib/gateway
VOLUME ["/var/lib/gateway"]
EXPOSE 8080 8081
USER 10001:10001
# For `admin` set GATEWAY_HEALTH_URL to port 8081; `load` listens nowhere: run it with --no-healthcheck.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["python", "-I", "-c", "import os, urllib.request as r; r.urlopen(os.environ['GATEWAY_HEALTH_URL'], timeout=2)"]
ENTRYPOINT ["gateway"]
CMD ["--help"]
