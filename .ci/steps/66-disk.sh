# A disk without room.
set -euo pipefail
tests/disk/run
