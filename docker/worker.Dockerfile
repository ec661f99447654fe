# syntax=docker/dockerfile:1
# Workers for segmentation and training. PyTorch's wheels bring CUDA; the host brings the driver
# (NVIDIA Container Toolkit). Without a GPU the same image works on the CPU.
FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/ctvos
# PyTorch is large and changes seldom: a layer of its own, before the sources.
COPY constraints.txt ./
RUN /opt/ctvos/bin/pip install -c constraints.txt torch torchvision safetensors
COPY pyproject.toml README.md LICENSE ./
COPY ctvos_cli ctvos_cli
COPY ctvos_client ctvos_client
COPY ctvos_core ctvos_core
COPY ctvos_jobs ctvos_jobs
COPY service service
COPY worker worker
RUN /opt/ctvos/bin/pip install -c constraints.txt '.[torch,service]'

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home ctvos \
    && install -d -o ctvos -g ctvos /data
COPY --from=build /opt/ctvos /opt/ctvos
ENV PATH=/opt/ctvos/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CTVOS_DATA_DIR=/data \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 10001
WORKDIR /data
VOLUME /data
# The model is loaded before a worker tells of itself.
HEALTHCHECK --interval=15s --timeout=15s --start-period=180s --retries=4 \
    CMD ["python", "-m", "worker.health"]
ENTRYPOINT ["ctvos", "worker"]
CMD ["segment"]
