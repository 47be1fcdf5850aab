# mer for the CPU: docker build -t mer . ; docker run --rm -v "$PWD/mer_home:/data" mer run
FROM python:3.12-slim

WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY mer mer
COPY conf conf
RUN pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu --constraint constraints.txt .

# Results, cache and the MLflow store; mount a folder here to keep them.
ENV MER_HOME=/data
VOLUME /data
WORKDIR /data
ENTRYPOINT ["mer"]
CMD ["--help"]
