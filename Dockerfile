# The application: one image for web, relay, worker and the preparation; which of them, the command says.
FROM python:3.11-slim AS build
WORKDIR /app
RUN python -m pip install --no-cache-dir uv && uv venv /app/.venv
COPY requirements/main.txt requirements/console.txt requirements/
RUN uv pip install --python /app/.venv/bin/python --no-cache --require-hashes -r requirements/main.txt && \
    uv pip install --python /app/.venv/bin/python --no-cache --require-hashes --no-deps -r requirements/console.txt
COPY pyproject.toml README.md LICENSE worker.py ./
COPY nurture nurture
COPY workflows workflows
COPY activities activities
COPY adapters adapters
COPY web web
COPY cli cli
RUN uv pip install --python /app/.venv/bin/python --no-cache --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home --home-dir /home/nurture nurture \
    && install --directory --owner nurture /data
COPY --from=build --chown=root:root /app /app
COPY --chown=root:root scenarios /app/scenarios
ENV PATH=/app/.venv/bin:$PATH NURTURE_HOME=/data PYTHONUNBUFFERED=1
WORKDIR /app
USER nurture
CMD ["nurture", "--help"]
