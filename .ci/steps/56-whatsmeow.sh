# A second client by other people, which checks what the server signs.
set -euo pipefail
. .ci/lib.sh
case $(uname -m) in x86_64 | aarch64) ;; *) echo "no whatsmeow for $(uname -m) in PyPI: not run"; exit 0 ;; esac
need python3-venv libmagic1
cargo build --locked --workspace --features demo --bin tetherd-sandbox
timeout 400 tests/whatsmeow/run
