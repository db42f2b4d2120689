# Signatures as others read them: the Standard Webhooks libraries of PyPI and npm, and PyJWT.
set -euo pipefail
. .ci/lib.sh
command -v npm >/dev/null || need nodejs npm
python3 -m venv --help >/dev/null 2>&1 && python3 -c 'import ensurepip' 2>/dev/null || need python3-venv
cargo test --quiet --locked --workspace --features demo --no-run
timeout 300 tests/webhooks/run
