# The package on a real systemd, this machine's and a newer one: installed, linked, stopped, killed, cut off, upgraded, removed.
set -euo pipefail
cargo build --locked --workspace --features demo
timeout 900 tests/box/run
timeout 600 tests/box/run trixie test_backup test_life test_limits test_secrets test_start
