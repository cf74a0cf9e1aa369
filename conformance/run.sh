#!/usr/bin/env bash
# The official OpenAI and Anthropic clients (JavaScript, Go, Python) against the
# built binary. Installs what they need; a suite that cannot run where it stands
# says so in one line. `conformance/run.sh -only js -v` runs one of them.
set -euo pipefail
cd "$(dirname "$0")/go"
binary="${SWITCHGEAR_BINARY:-../../bin/switchgear}"
if [ ! -x "$binary" ]; then
	echo "conformance: there is no $binary: run make build" >&2
	exit 1
fi
exec go run ./driver -binary "$binary" "$@"
