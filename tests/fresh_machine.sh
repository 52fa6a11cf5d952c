#!/bin/sh
# Prove that `./tumbuh` needs nothing but a network, sh and root: run it in a bare Debian root (debootstrap, minbase).
# Usage, as root: tests/fresh_machine.sh [SUITE] [-- arguments for ./tumbuh test]
# SUITE: bookworm (Debian 12, the default) or trixie (13). What is committed is tested, not the working tree.
# The root is made below /var/tmp and removed at the end; its processes live in a namespace that dies with this script.
set -eu

suite=bookworm
case ${1:-} in '' | --) ;; *) suite=$1 && shift ;; esac
[ "${1:-}" != -- ] || shift
checkout=$(cd "$(dirname "$0")/.." && pwd -P)
[ "$(id -u)" = 0 ] || { echo "fresh_machine.sh needs root (debootstrap, chroot)" >&2; exit 2; }
command -v debootstrap >/dev/null || { echo "missing: apt-get install -y debootstrap" >&2; exit 2; }

root=$(mktemp -d /var/tmp/tumbuh-fresh.XXXXXX)
chmod 755 "$root" # it becomes "/", which everybody may enter
trap 'rm -rf --one-file-system "$root"' EXIT
trap 'exit 130' INT TERM HUP

step() { printf '== %s (%s s)\n' "$*" "$(($(date +%s) - began))"; }
began=$(date +%s)

step "bare $suite"
debootstrap --variant=minbase "$suite" "$root" >"$root.log" 2>&1 || { tail "$root.log" >&2; rm -f "$root.log"; exit 1; }
rm -f "$root.log"
# Facts of this network, not of the project: the resolver, and the certificate of a proxy if there is one.
cp /etc/resolv.conf "$root/etc/resolv.conf"
if [ -d /usr/local/share/ca-certificates ]; then
    mkdir -p "$root/usr/local/share/ca-certificates"
    cp -r /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/"
fi
mkdir -p "$root/root/tumbuh" # below /root, where the database's user may not go: the awkward case
git -C "$checkout" archive HEAD | tar -x -C "$root/root/tumbuh"

cat >"$root/inside.sh" <<'INSIDE'
set -eu
began=$(date +%s)
step() { printf '== %s (%s s)\n' "$*" "$(($(date +%s) - began))"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
cd /root/tumbuh

step "where nothing may be installed, the command is told"
code=0
said=$(TUMBUH_NO_INSTALL=1 ./tumbuh up 2>&1) || code=$?
[ "$code" = 2 ] || fail "exit $code instead of 2"
# Between the two: ca-certificates, unless the mirror made debootstrap bring them.
case $said in
    *"apt-get install -y --no-install-recommends python3 python3-venv "*"postgresql default-jre-headless maven") ;;
    *) fail "no remedy, or not all, in: $said" ;;
esac
! command -v python3 >/dev/null || fail "python3 was installed"

step "a command that needs no servers installs none"
cat >/tmp/child.csv <<'CSV'
sex,age,weight,lenhei,measure,headc,armc,triskin,subskin,oedema
f,700,9.4,79.5,l,,,,,
CSV
./tumbuh zscores /tmp/child.csv /tmp/scores.csv || fail "zscores"
[ "$(wc -l </tmp/scores.csv)" = 2 ] || fail "zscores wrote no scores"
for program in java mvn; do ! command -v "$program" >/dev/null || fail "$program was installed"; done
[ ! -e /usr/lib/postgresql ] || fail "PostgreSQL was installed"

step "the same again is quick and silent"
again=$(date +%s)
said=$(./tumbuh zscores /tmp/child.csv /tmp/scores.csv 2>&1 >/dev/null)
[ -z "$said" ] || fail "it said: $said"
[ $(($(date +%s) - again)) -le 15 ] || fail "it took more than 15 s"

step "a token needs the system, and nothing is started or installed for it"
code=0
said=$(./tumbuh token --role kader 2>&1) || code=$?
[ "$code" = 2 ] || fail "exit $code instead of 2"
case $said in *"./tumbuh up"*) ;; *) fail "no remedy in: $said" ;; esac
! command -v java >/dev/null || fail "java was installed"

step "up on the bare machine"
cd / && /root/tumbuh/tumbuh up
/root/tumbuh/tumbuh token --role kader >/tmp/token || fail "token"
[ "$(wc -l </tmp/token)" = 1 ] || fail "token printed more than a token"
[ "$(/root/tumbuh/tumbuh users | wc -l)" -gt 1 ] || fail "nobody may log in"
step "no cluster of Debian's own was made"
[ -z "$(ls /var/lib/postgresql/*/main 2>/dev/null)" ] || fail "Debian's package made a cluster"
[ ! -e /etc/postgresql-common/createcluster.d/tumbuh.conf ] || fail "the rule against it was left behind"
step "up again"
again=$(date +%s)
/root/tumbuh/tumbuh up >/dev/null
[ $(($(date +%s) - again)) -le 30 ] || fail "the second up took more than 30 s"
/root/tumbuh/tumbuh doctor
/root/tumbuh/tumbuh down --purge
[ ! -e /root/tumbuh/.tumbuh ] || fail "down --purge left the data directory"
[ -z "$(ls /var/lib/tumbuh 2>/dev/null)" ] || fail "down --purge left the cluster in /var/lib/tumbuh"

step "test"
cd /root/tumbuh
./tumbuh test "$@" || fail "./tumbuh test"
step "promtool was fetched, Prometheus not installed"
[ -x .venv/share/promtool ] || fail "no promtool"
! command -v prometheus >/dev/null || fail "prometheus was installed"
step "no process is left"
left=$(for stat in /proc/[0-9]*/stat; do cut -d' ' -f2 "$stat" 2>/dev/null; done | grep -cE 'java|postgres|python' || true)
[ "$left" = 0 ] || fail "$left processes are left"
step "done"
INSIDE
# shellcheck disable=SC2016 # the inner shell expands them
unshare --mount --pid --fork --kill-child sh -c '
    root=$1 && shift
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t sysfs -o ro sysfs "$root/sys"
    exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 sh /inside.sh "$@"
' sh "$root" "$@" &
inside=$!
trap 'kill -KILL "$inside" 2>/dev/null || true; exit 130' INT TERM HUP # a shell acts on a signal only while it waits
wait "$inside"
step "finished"
