# Somebody else's client, unmodified, against the sandbox.
set -euo pipefail
. .ci/lib.sh
command -v npm >/dev/null || need nodejs npm
cargo build --locked --workspace --features demo --bin tetherd-sandbox
timeout 300 tests/baileys/run
# Many programs still have the releases before 7.
timeout 300 tests/baileys/run target/debug/tetherd-sandbox 6.7.24
