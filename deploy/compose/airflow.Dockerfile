# Airflow as on Composer: the locked environment; DAGs, plugins and include/ are mounted at Composer's paths.
#   docker compose build
#
# The tag is not a pin: for anything but trying out, replace it by the digest of `docker buildx imagetools inspect`.
ARG PYTHON=python:3.11-slim

FROM ${PYTHON} AS build
RUN ["python", "-m", "pip", "install", "--no-cache-dir", "uv==0.13.9"]
WORKDIR /opt/pedwatch
ENV UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1
COPY pyproject.toml uv.lock README.md ./
COPY images/replica_collector/pyproject.toml images/replica_collector/README.md images/replica_collector/
# Without this project: on Composer its code is in the bucket, not in site-packages.
RUN ["uv", "sync", "--locked", "--no-default-groups", "--group", "composer", "--group", "compose", "--no-install-project"]

FROM ${PYTHON}
COPY --from=build /opt/pedwatch/.venv /opt/pedwatch/.venv
RUN ["useradd", "--uid", "50000", "--create-home", "--home-dir", "/home/airflow", "airflow"]
ENV PATH=/opt/pedwatch/.venv/bin:$PATH \
    AIRFLOW_HOME=/home/airflow/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/home/airflow/gcs/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/home/airflow/gcs/plugins \
    PYTHONPATH=/home/airflow/gcs/plugins
USER 50000
WORKDIR /home/airflow
ENTRYPOINT ["airflow"]
