# Two images of the service: `slim` runs the ONNX files, `full` the TorchScript ones too.
# Build:  docker build --target slim --tag tandem:slim .
# Run:    docker run --read-only --cap-drop ALL --publish 8000:8000 tandem:slim
FROM python:3.11-slim-bookworm AS build

WORKDIR /build
RUN python3 -m venv /opt/tandem
ENV PATH=/opt/tandem/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY vision vision
COPY artifact artifact
COPY service service
RUN pip install --quiet --constraint constraints.txt .


FROM build AS build-full

# On amd64 the default index gives the CUDA build; the CPU one is enough here and a tenth of its
# size: --build-arg TORCH='torch==2.14.1 --extra-index-url <PyTorch's CPU index>'.
ARG TORCH=torch==2.14.1
RUN grep -v '^torch' constraints.txt > without-torch.txt \
    && pip install --quiet --constraint without-torch.txt ${TORCH}
RUN pip uninstall --quiet --yes pip setuptools


FROM build AS build-slim

# What the service never loads: installers, the libraries' own tests and training-side tools, and
# ONNX Runtime's copy of itself for C programs (35 MB; Python's binding has its own).
RUN pip uninstall --quiet --yes pip setuptools \
    && cd /opt/tandem/lib/python3*/site-packages \
    && rm -rf onnxruntime/transformers onnxruntime/quantization onnxruntime/tools \
        onnxruntime/capi/libonnxruntime.so.* \
    && find numpy -type d -name tests -prune -exec rm -rf {} +


FROM python:3.11-slim-bookworm AS base

RUN useradd --system --uid 10001 --no-create-home tandem
WORKDIR /srv
ENV PATH=/opt/tandem/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TANDEM_HOST=0.0.0.0 \
    TANDEM_PORT=8000 \
    TANDEM_MODELS_DIR=/srv/models \
    TANDEM_STUDIES_DIR=/srv/studies \
    TANDEM_STRICT=false
COPY models models
COPY studies studies
USER 10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=2)"]
CMD ["python", "-m", "service"]


FROM base AS full

COPY --from=build-full /opt/tandem /opt/tandem


FROM base AS slim

COPY --from=build-slim /opt/tandem /opt/tandem
