#!/usr/bin/env bash
# Claude Code, from npm, finishes a small task through the built binary, with
# its upstream down, refusing connections, dying midway, or speaking another
# protocol. It is given no way out but loopback. Where it cannot be had, one
# line says why. `conformance/agents/run.sh -v -only openai` runs one case.
set -euo pipefail
cd "$(dirname "$0")"
binary="${SWITCHGEAR_BINARY:-../../bin/switchgear}"
if [ ! -x "$binary" ]; then
	echo "agents: there is no $binary: run make build" >&2
	exit 1
fi
skip() {
	echo "agents: not run: $1"
	exit 0
}
if ! command -v npm >/dev/null; then
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		{ apt-get update && apt-get install -y --no-install-recommends nodejs npm; } >/dev/null 2>&1 || true
	fi
	command -v npm >/dev/null || skip "there is no npm"
fi

# The pinned version: the package of this platform holds one native binary, so
# nothing of the package needs to run at installation.
version="$(sed -n 's/.*"@anthropic-ai\/claude-code": "\(.*\)".*/\1/p' package.json)"
agent() { find node_modules/@anthropic-ai -maxdepth 2 -type f -path '*/claude-code-*/claude' 2>/dev/null | head -n 1; }
if [ -z "$(agent)" ] || ! grep -q "\"version\": \"$version\"" "$(dirname "$(agent)")/package.json"; then
	if ! why="$(timeout 300 npm ci --ignore-scripts 2>&1)"; then
		# A registry that cannot be reached is no fault of ours; a broken lock file is.
		grep -qE 'ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network|E40[134]|E5[0-9][0-9]' <<<"$why" || [ -z "$why" ] || {
			echo "FAIL agents install: $(grep -v '^npm warn' <<<"$why" | head -n 3 | tr '\n' ' ')"
			exit 1
		}
		skip "npm cannot fetch Claude Code $version: $(grep -m 1 -E 'error|ERR' <<<"$why" || echo 'it took more than 5 minutes')"
	fi
fi
[ -n "$(agent)" ] || skip "Claude Code $version has no binary for this platform"
if ! said="$("$(agent)" --version 2>&1)"; then
	skip "Claude Code $version does not start here: $(head -n 1 <<<"$said")"
fi

agent="$PWD/$(agent)"
binary="$(cd "$(dirname "$binary")" && pwd)/$(basename "$binary")"
cd ../go
exec go run ./agents -binary "$binary" -agent "$agent" -config ../agents/switchgear.yaml "$@"
