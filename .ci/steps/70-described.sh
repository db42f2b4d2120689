# What /openapi.json says, against a session of the real program, with the libraries of PyPI.
set -euo pipefail
. .ci/lib.sh
python3 -m venv --help >/dev/null 2>&1 && python3 -c 'import ensurepip' 2>/dev/null || need python3-venv
cargo test --quiet --locked --workspace --features demo --no-run
timeout 300 tests/described/run
