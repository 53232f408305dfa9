# The static binary on an empty image. It runs as nobody in particular and writes only into /data.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# Which build this is, for pulsa version: docker build --build-arg VERSION=v0.1.0 --build-arg COMMIT=$(git rev-parse HEAD) .
ARG VERSION
ARG COMMIT
ARG STAMP="-X pulsa/app/version.release=$VERSION -X pulsa/app/version.commit=$COMMIT"
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w $STAMP" -o /pulsa ./cmd/pulsa && mkdir /data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /pulsa /pulsa
COPY --from=build --chown=65532:65532 /data /data
USER 65532:65532
ENV PULSA_DATA=/data PULSA_LISTEN=0.0.0.0:8080 PULSA_DESK_LISTEN=0.0.0.0:8081
VOLUME /data
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=6s --start-period=20s CMD ["/pulsa", "health"]
ENTRYPOINT ["/pulsa"]
CMD ["serve"]
