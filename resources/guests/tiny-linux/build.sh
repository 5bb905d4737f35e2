#!/usr/bin/env bash
# build.sh: make bzImage and initramfs.cpio.gz from Debian's packages, twice the same bytes.
#
# usage: build.sh [-w DIR] [-o DIR] [-i] [--check]
#   -w DIR   work in DIR and keep it (packages, kernel tree and objects are reused); default: a throw-away one
#   -o DIR   put the results there; default: beside this script, with a fresh SHA256SUMS
#   -i       initramfs only
#   --check  build into the work folder and compare with the SHA256SUMS beside this script
#
# Needs Debian 12 (amd64): gcc make flex bison bc libelf-dev xz-utils gzip dpkg apt. About 1.6 GB of disk, no root.
set -euo pipefail
umask 022
export LC_ALL=C TZ=UTC

linux_package=linux-source-6.1
linux_version=6.1.192-2
linux_sha256=ae95fe63d4c553f8d0e6c86cb1ab566f3894a43743eb19ab585cd97d82f26514
busybox_package=busybox-static
busybox_version=1:1.35.0-4+deb12u1+b1
busybox_sha256=725ef9e6fbac4ab79b353165b05005e8c140d6e42177ebbc202ff1e13ded8b7c

# The date every time stamp in the results shows, in place of the moment of the build.
export SOURCE_DATE_EPOCH=1794824260

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work='' out=$here check='' initramfs_only=''
while [[ $# -gt 0 ]]; do
  case $1 in
    -w) work=$2; shift 2 ;;
    -o) out=$2; shift 2 ;;
    -i) initramfs_only=yes; shift ;;
    --check) check=yes; shift ;;
    *) sed -n '2,10p' "$0"; exit 2 ;;
  esac
done

if [[ -z $work ]]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
fi
mkdir -p "$work"
work=$(cd "$work" && pwd)
[[ -z $check ]] || out=$work/check
mkdir -p "$out"
out=$(cd "$out" && pwd)

# apt with lists of its own: the host need not know the architecture, and its package state stays as it is.
# fetch ARCHITECTURE PACKAGE VERSION SHA256: the package's files under $work/PACKAGE.
fetch() {
  local architecture=$1 package=$2 version=$3 sha256=$4 apt=$work/apt-$1 deb
  [[ ! -d $work/$package ]] || return 0
  deb=$work/$package.deb
  if [[ ! -f $deb ]]; then
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/download"
    : > "$apt/status"
    local options=(-qq -o "Dir::State=$apt" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache"
      -o "APT::Architecture=$architecture" -o "APT::Architectures=$architecture" -o Acquire::Languages=none
      -o APT::Sandbox::User=)
    # A third-party source in the host's list may lack this architecture or be out of reach; the checksum decides.
    apt-get "${options[@]}" update || true
    (cd "$apt/download" && apt-get "${options[@]}" download "$package=$version")
    mv "$apt"/download/*.deb "$deb"
  fi
  echo "$sha256  $deb" | sha256sum --check --quiet
  dpkg-deb -x "$deb" "$work/$package.part"
  mv "$work/$package.part" "$work/$package"
}

unpack_linux() {
  fetch amd64 "$linux_package" "$linux_version" "$linux_sha256"
  [[ -d $work/linux ]] && return 0
  mkdir "$work/linux.part"
  tar -xJf "$work/$linux_package/usr/src/$linux_package.tar.xz" -C "$work/linux.part" --strip-components=1
  mv "$work/linux.part" "$work/linux"
}

build_kernel() {
  local objects=$work/objects option
  local make=(nice make -s -j"${JOBS:-$(nproc)}" -C "$work/linux" "O=$objects" ARCH=i386
    "KBUILD_BUILD_TIMESTAMP=$(date -u -d "@$SOURCE_DATE_EPOCH")"
    KBUILD_BUILD_USER=tiny KBUILD_BUILD_HOST=linux KBUILD_BUILD_VERSION=1)
  mkdir -p "$objects"
  KCONFIG_ALLCONFIG=$here/kernel.config "${make[@]}" allnoconfig
  while read -r option; do
    grep -qxF -- "$option" "$objects/.config" || { echo "build.sh: Kconfig dropped $option" >&2; exit 1; }
  done < <(grep '^CONFIG_' "$here/kernel.config")
  "${make[@]}" bzImage
  cp "$objects/arch/x86/boot/bzImage" "$out/bzImage"
}

build_initramfs() {
  fetch i386 "$busybox_package" "$busybox_version" "$busybox_sha256"
  local stage=$work/stage applet
  rm -rf "$stage"
  mkdir "$stage"
  cp -R "$here/rootfs" "$stage/rootfs"
  cp "$work/$busybox_package/bin/busybox" "$stage/busybox"
  find "$stage" -type f -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
  cc -O1 -o "$work/gen_init_cpio" "$work/linux/usr/gen_init_cpio.c"
  {
    cat "$here/rootfs.list"
    "$stage/busybox" --list | sort | while read -r applet; do
      [[ $applet == busybox ]] || echo "slink /bin/$applet busybox 0777 0 0"
    done
  } > "$work/rootfs.list"
  (cd "$stage" && "$work/gen_init_cpio" -t "$SOURCE_DATE_EPOCH" "$work/rootfs.list") | gzip -n -9 > "$out/initramfs.cpio.gz"
}

unpack_linux
[[ -n $initramfs_only ]] || build_kernel
build_initramfs

cd "$out"
if [[ -n $check ]]; then
  [[ -z $initramfs_only ]] || exec sha256sum --check --ignore-missing "$here/SHA256SUMS"
  exec sha256sum --check "$here/SHA256SUMS"
fi
sha256sum bzImage initramfs.cpio.gz > SHA256SUMS
cat SHA256SUMS
ls -l bzImage initramfs.cpio.gz
