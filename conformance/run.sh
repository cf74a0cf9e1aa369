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

# On a bare machine, as root, get what the suites are written in.
missing=()
command -v npm >/dev/null || missing+=(nodejs npm)
python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || missing+=(python3 python3-venv)
if [ "${#missing[@]}" -gt 0 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	{ apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } >/dev/null 2>&1 ||
		echo "conformance: could not install ${missing[*]}"
fi

exec go run ./driver -binary "$binary" "$@"
