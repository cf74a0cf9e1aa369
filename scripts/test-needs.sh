#!/usr/bin/env bash
# Says, one line each, which parts of the tests cannot run where they stand. A
# part that is missing is never passed over in silence.
set -euo pipefail
cd "$(dirname "$0")/.."

shared="${SWITCHGEAR_SHARED:-../shared}"
if [ ! -d "$shared/corpus" ]; then
	echo "corpus: not run: there is no recorded traffic at $shared (SWITCHGEAR_SHARED names the folder)"
fi
if ! command -v gcc >/dev/null && ! command -v clang >/dev/null; then
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		{ apt-get update && apt-get install -y gcc libc6-dev; } >/dev/null 2>&1 ||
			echo "race: cannot run: no C compiler, and installing one failed"
	else
		echo "race: cannot run: the race detector needs a C compiler"
	fi
fi
