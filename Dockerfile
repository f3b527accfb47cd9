# One image for everything that runs: the compose files choose the command (api, scheduler, worker,
# migrate). `docker build .` makes what runs in production; the target `development` adds the
# carrier simulator, so that production cannot even contain it.
#
# Packages come from the hash-locked requirements.txt. The two wheels that carry PostgreSQL and
# Valkey for `make run` and the tests (77 MB) are left out: containers have servers of their own.
# They are taken out of the one lock here, by name, rather than kept in a second lock that could
# drift from the first; a name that is no longer in the lock ends the build.
ARG PYTHON=python:3.13-slim
ARG NODE=node:22-slim

# The patients' app and the staff console. Only what the lock names, by its hashes; nothing of Node.js goes further.
FROM ${NODE} AS app
WORKDIR /web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY locales /locales
COPY web ./
RUN npm run --silent build


FROM ${PYTHON} AS packages
WORKDIR /build
COPY requirements.txt deploy/without-embedded.awk ./
RUN awk -f without-embedded.awk requirements.txt > production.txt \
    && python -m venv --without-pip /opt/venv \
    && python -m pip --python /opt/venv/bin/python install --no-cache-dir --no-deps \
        --only-binary :all: --require-hashes --requirement production.txt \
    && python -m pip --python /opt/venv/bin/python check


# The source, as .dockerignore lets it through. The root file system is read-only in production:
# what can be compiled is compiled here.
FROM ${PYTHON} AS source
WORKDIR /source
COPY . .
RUN mv simulator /simulator \
    && rm -r requirements.txt deploy/without-embedded.awk web \
    && python -m compileall -q --invalidation-mode unchecked-hash . /simulator


FROM ${PYTHON} AS base
# ENVIRONMENT: whoever starts this image without saying where it runs gets the strict rules.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ENVIRONMENT=production \
    HOST=0.0.0.0 \
    PORT=8000 \
    CARELOOP_DATA=/var/lib/careloop
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin careloop \
    && install --directory --owner careloop --group careloop --mode 0750 /var/lib/careloop
WORKDIR /srv/careloop
COPY --from=packages /opt/venv /opt/venv
COPY --from=source /source ./
COPY --from=app /web/dist web/dist
COPY --from=app /web/console/dist web/console/dist
USER careloop
VOLUME /var/lib/careloop
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "deploy/alive.py", "api"]
CMD ["python", "cli.py", "serve"]


FROM base AS development
COPY --from=source /simulator simulator


FROM base AS service
