#!/usr/bin/env bash
# Measures the built binary against nginx as a plain reverse proxy, in one run.
set -euo pipefail
cd "$(dirname "$0")/.."
go run ./bench "$@"
