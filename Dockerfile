# One image for web, the workers and the commands; which of them a container is, its command says. See docker-compose.yml.
# No model is in it: they are files beside it, see README.md.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
RUN python -m venv /opt/venv
COPY requirements.lock /build/requirements.lock
RUN /opt/venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r /build/requirements.lock
COPY . /app
WORKDIR /app
# Another build of llama.cpp, for graphics cards: --build-arg XLLAMACPP_INDEX=URL, see README.md.
ARG XLLAMACPP_INDEX=""
RUN /opt/venv/bin/python gemmaweb/local/llama_build.py "${XLLAMACPP_INDEX}"
RUN GEMMAWEB_HOME=/build/home GEMMAWEB_STATIC_ROOT=/app/collected /opt/venv/bin/python manage.py collectstatic --noinput --verbosity 0 \
 && /opt/venv/bin/python -m compileall -q apps gemmaweb

FROM ${PYTHON_IMAGE}
# libgomp1 runs models, tesseract reads scans; more of its languages: --build-arg OCR_LANGUAGES="deu fra".
ARG OCR_LANGUAGES="deu"
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libgomp1 tesseract-ocr $(printf 'tesseract-ocr-%s ' ${OCR_LANGUAGES}) \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 gemmaweb \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin gemmaweb \
 && install --directory --owner gemmaweb --group gemmaweb --mode 0700 /data /scratch
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
# /data is the home: files, secrets, logs. /scratch takes what is uploaded or read at this moment.
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    GEMMAWEB_HOME=/data GEMMAWEB_STATIC_ROOT=/app/collected GEMMAWEB_HOST=0.0.0.0 GEMMAWEB_PORT=8000 TMPDIR=/scratch
VOLUME ["/data", "/scratch"]
WORKDIR /app
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["python", "gemmaweb/local/alive.py", "web"]
CMD ["python", "manage.py", "web"]
