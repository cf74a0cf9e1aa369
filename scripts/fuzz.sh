#!/usr/bin/env bash
# Runs every fuzz target of the module, each for the time given.
set -euo pipefail
cd "$(dirname "$0")/.."

time="${1:-10s}"
grep -rlE '^func Fuzz[A-Z]' --include='*_test.go' . | grep -v '^./conformance/' | while read -r file; do
	dir=$(dirname "$file")
	sed -nE 's/^func (Fuzz[A-Za-z0-9_]+)\(.*/\1/p' "$file" | while read -r target; do
		echo "fuzz: $dir $target"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$dir"
	done
done
