# The stand-ins, and the collector that the Kubernetes one starts as a process. Never deployed.
#   docker compose build
ARG PYTHON=python:3.11-slim

FROM ${PYTHON}
RUN ["python", "-m", "pip", "install", "--no-cache-dir", "uv==0.13.9"]
WORKDIR /opt/pedwatch
ENV UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1
COPY pyproject.toml uv.lock README.md ./
COPY images/replica_collector images/replica_collector
# With what Composer has, too: sandbox.storage and the command line of pedwatch use the Google clients in it.
RUN ["uv", "sync", "--locked", "--no-default-groups", "--group", "composer", "--group", "sandbox", "--group", "collector", "--no-install-project"]
COPY include include
COPY plugins plugins
COPY sandbox sandbox
COPY deploy/compose deploy/compose
RUN useradd --uid 50000 --create-home sandbox && install -d -o sandbox -g sandbox /var/lib/sandbox
ENV PATH=/opt/pedwatch/.venv/bin:$PATH PYTHONPATH=/opt/pedwatch:/opt/pedwatch/plugins PYTHONUNBUFFERED=1
USER 50000
VOLUME /var/lib/sandbox
