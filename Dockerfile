# One image for the operator, the workers and the headgate command.
#   docker build -t headgate/headgate:dev .
# For a reproducible build pin the base by digest: --build-arg NODE_IMAGE=node:24-bookworm-slim@sha256:…
ARG NODE_IMAGE=node:24-bookworm-slim

# What runs needs few packages, and of those only the code. --ignore-scripts: none of them needs an install script.
FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && rm -rf node_modules/.package-lock.json node_modules/.bin node_modules/@types node_modules/*/test node_modules/bare-*/prebuilds \
 && find node_modules -type f \( -name '*.ts' -o -name '*.cts' -o -name '*.mts' -o -name '*.map' -o -name '*.md' -o -name '*.markdown' \) -delete \
 && find node_modules -type d -empty -delete

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev --ignore-scripts --no-audit --no-fund
COPY . .
RUN node scripts/build.mjs --sourceMap false

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=unknown
ARG SOURCE=
LABEL org.opencontainers.image.title="Headgate" \
      org.opencontainers.image.description="Validated, exactly-once loading into PostgreSQL: operator, worker and command" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}"
# Nothing is installed at run time, so package managers would only be something to attack.
# The user gets a name because some libraries ask for the name of whoever runs them.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn* /opt/yarn* \
 && echo 'headgate:x:65532:65532::/app:/usr/sbin/nologin' >>/etc/passwd \
 && echo 'headgate:x:65532:' >>/etc/group \
 && ln -s /app/bin/headgate.mjs /usr/local/bin/headgate
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
COPY bin bin
USER 65532:65532
CMD ["headgate", "--help"]
