# The static binary on an empty image. It runs as nobody in particular and writes only into /data.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /pulsa ./cmd/pulsa && mkdir /data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /pulsa /pulsa
COPY --from=build --chown=65532:65532 /data /data
USER 65532:65532
ENV PULSA_DATA=/data PULSA_LISTEN=0.0.0.0:8080
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=6s --start-period=20s CMD ["/pulsa", "health"]
ENTRYPOINT ["/pulsa"]
CMD ["serve"]
