# The page in a real browser, its QR read by an independent decoder, its accessibility by axe.
set -euo pipefail
. .ci/lib.sh
need chromium zbar-tools nodejs npm
cargo build --locked --features demo
timeout 300 tests/page/run
