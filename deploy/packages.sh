# Sourced by the scripts: installs Debian or Ubuntu packages that are missing; with TRUNKLINE_NO_INSTALL it only names them.

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
    echo "installing: ${missing[*]}"
    local sudo=""
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || { echo "error: ${missing[*]} are missing; run as root: apt-get install ${missing[*]}" >&2; return 1; }
        sudo="sudo"
    fi
    export DEBIAN_FRONTEND=noninteractive
    $sudo apt-get update -qq </dev/null || echo "warning: apt-get update failed, going on with the old lists" >&2
    $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null
}

need_swift() {
    command -v swift >/dev/null && return 0
    echo "error: no 'swift' on the PATH; install Swift 6.3 (swift.org, Install) and try again" >&2
    return 1
}
