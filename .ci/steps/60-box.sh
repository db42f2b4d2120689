# The package on a real systemd: installed, linked, stopped, killed, cut off, upgraded, removed.
set -euo pipefail
cargo build --locked --workspace --features demo
timeout 900 tests/box/run
