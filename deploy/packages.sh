# Sourced by the scripts: installs Debian or Ubuntu packages that are missing; with TRUNKLINE_NO_INSTALL it only names them.

# What the program is built with, beside Swift.
build_packages="libssl-dev zlib1g-dev libnghttp2-dev libpcre2-dev libyaml-dev pkg-config"

# as_root COMMAND: where we are not root, by sudo.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        command -v sudo >/dev/null || { echo "error: run as root: $*" >&2; return 1; }
        sudo "$@"
    fi
}

need_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    if [ -n "${TRUNKLINE_NO_INSTALL:-}" ]; then
        echo "missing packages: ${missing[*]}" >&2
        return 1
    fi
    echo "installing: ${missing[*]}" >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq </dev/null >&2 \
        || echo "warning: apt-get update failed, going on with the old lists" >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null
}

need_swift() {
    command -v swift >/dev/null && return 0
    echo "error: no 'swift' on the PATH; install Swift 6.3 (swift.org, Install) and try again" >&2
    return 1
}

# Builds the program with Swift's libraries linked in, and prints where it is.
build_program() {
    # Nothing looks symbols up in it, so what isn't called may go.
    local options=(-c release --static-swift-stdlib --product trunkline --scratch-path .build/static -Xlinker --no-export-dynamic)
    # A megabyte of relocations becomes some kilobytes, where the C library can read that.
    if printf '2.36\n%s\n' "$(getconf GNU_LIBC_VERSION | cut -d' ' -f2)" | sort -VC; then
        options+=(-Xswiftc -use-ld=lld -Xlinker -z -Xlinker pack-relative-relocs)
    fi
    need_swift
    need_packages $build_packages
    (cd "$(dirname "${BASH_SOURCE[0]}")/.." && echo "building (some minutes the first time)" >&2 \
        && swift build "${options[@]}" >&2 && echo "$(swift build "${options[@]}" --show-bin-path)/trunkline")
}
