# syntax=docker/dockerfile:1
# The HTTP interface, and the worker that delivers webhooks: everything but PyTorch.
FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/ctvos
COPY pyproject.toml README.md LICENSE constraints.txt ./
COPY ctvos_cli ctvos_cli
COPY ctvos_client ctvos_client
COPY ctvos_core ctvos_core
COPY ctvos_jobs ctvos_jobs
COPY service service
COPY worker worker
RUN /opt/ctvos/bin/pip install -c constraints.txt '.[service]'

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home ctvos \
    && install -d -o ctvos -g ctvos /data
COPY --from=build /opt/ctvos /opt/ctvos
ENV PATH=/opt/ctvos/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CTVOS_DATA_DIR=/data \
    CTVOS_HOST=0.0.0.0 \
    CTVOS_PORT=8000
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["ctvos", "api"]
