# Sourced by the steps: what they share.

# need PACKAGE…: Debian packages, installed when missing; as root or through sudo.
need() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    as_root apt-get update -q >/dev/null
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# tool CRATE VERSION COMMAND: a cargo tool in a folder of its own, so that nobody's own tools are touched.
tools=${XDG_CACHE_HOME:-$HOME/.cache}/tetherd-ci
export PATH="$tools/bin:$PATH"
tool() {
    [ -x "$tools/bin/$3" ] && "$tools/bin/$3" --version 2>/dev/null | grep -q "$2" && return
    CARGO_TARGET_DIR=$tools/build cargo install --quiet --locked --debug --root "$tools" --version "$2" "$1"
}
