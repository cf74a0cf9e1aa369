# A static binary and nothing else. Mount your file at /etc/switchgear/switchgear.yaml.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=docker
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /switchgear ./cmd/switchgear

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /switchgear /switchgear
USER 65532:65532
EXPOSE 8080 8081
ENTRYPOINT ["/switchgear"]
CMD ["serve", "--config", "/etc/switchgear/switchgear.yaml"]
