# A folder is scanned without network and without rights:
#
#     docker build -t dryload .
#     docker run --rm --network none --read-only -v "$PWD/models:/models:ro" dryload scan /models
FROM rust:1-slim-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 python3-venv gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
RUN python3 -m venv /maturin && /maturin/bin/pip install --no-cache-dir 'maturin>=1.9,<2'
WORKDIR /source
COPY . .
RUN /maturin/bin/maturin build --release --locked --out /wheels

FROM python:3.13-slim-bookworm
COPY --from=build /wheels /wheels
# The product depends on nothing, so nothing is fetched.
RUN pip install --no-cache-dir --no-index /wheels/*.whl && rm -r /wheels
# An empty working folder: no configuration but the one that is named.
WORKDIR /work
USER 65532:65532
ENTRYPOINT ["dryload"]
CMD ["scan", "/models"]
