# Sourced by the commands in tools/: installing what is missing, building, saying each step. POSIX shell.

root=$(CDPATH='' cd -- "$(dirname "$0")/.." && pwd)

say() { printf '%s\n' "$*" >&2; }
step() { say "==> $*"; }
die() {
  say "$(basename "$0"): $*"
  exit 1
}

# as_root COMMAND...: runs it directly, or through sudo.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    env "$@"
  elif command -v sudo >/dev/null; then
    sudo env "$@"
  else
    die "these packages are missing and there is neither root nor sudo here; as root, run:
    apt-get install --no-install-recommends${missing}"
  fi
}

# install_missing PACKAGE...: those that are not there, by apt.
install_missing() {
  missing=
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    die "this installs what it needs by apt on Debian 12; elsewhere install the like of tools/lib/packages.txt
    and build with: cmake -B build -G Ninja && ninja -C build parlance"
  for package in "$@"; do
    case $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) in
      *" ok installed") ;;
      *) missing="$missing $package" ;;
    esac
  done
  [ -n "$missing" ] || return 0
  step "Installing by apt, since they are missing:$missing"
  as_root apt-get update -q >&2 || die "apt-get update failed"
  # shellcheck disable=SC2086  # one word a package
  as_root DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >&2 ||
    die "apt-get could not install:$missing"
}

# install_packages GROUP...: the packages of these groups of packages.txt.
install_packages() {
  wanted=
  for group in "$@"; do
    wanted="$wanted $(sed -n "s/^$group  *//p" "$root/tools/lib/packages.txt" | tr '\n' ' ')"
  done
  # shellcheck disable=SC2086
  install_missing $wanted
}

node_is_usable() {
  command -v npm >/dev/null && node -e 'process.exit(process.versions.node.split(".")[0] < 18 ? 1 : 0)' 2>/dev/null
}

# Node builds the page. One of 18 or later that is there already is used as it is.
install_node() {
  node_is_usable && return
  install_missing nodejs npm
  PATH="/usr/bin:$PATH"  # Before an older one.
  node_is_usable || die "node is older than 18: $(command -v node) $(node --version)"
}

# As many compilers as there are processors, and as memory holds: the largest file takes 1.5 GB.
jobs() {
  awk -v cpus="$(nproc)" '/^MemAvailable:/ { n = int($2 / 1572864); print n < 1 ? 1 : n < cpus ? n : cpus }' /proc/meminfo
}

# build PRESET [TARGET...]: configures and builds, with ninja's progress.
build() {
  preset=$1
  shift
  quietly cmake -S "$root" --preset "$preset" || die "configuring $preset failed"
  NINJA_STATUS='[%f/%t %p] ' ninja -C "$root/build/$preset" -j "$(jobs)" "$@" >&2 || die "building $preset failed"
}

# quietly COMMAND...: its output is shown if it fails.
quietly() {
  output=$("$@" 2>&1) || {
    say "$output"
    return 1
  }
}
