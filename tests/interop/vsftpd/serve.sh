#!/bin/sh
# Runs vsftpd on a free port of 127.0.0.1 and, when it is there, a command with the port
# and the folder of its anonymous users behind its arguments.  Needs to be root.
# Usage: serve.sh COMMAND...
set -eu
scratch=$(mktemp -d)
server=
finish() {
    status=$?
    [ -z "$server" ] || kill "$server" 2>/dev/null || :
    rm -rf "$scratch"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

root=$scratch/root
mkdir -p "$root/up"
chmod 755 "$scratch" "$root"
chown ftp "$root/up"
echo "what is there" >"$root/there"
echo secret >"$scratch/passwords"

# Whether the port was free is known when vsftpd is still there after a while.
port=$((20000 + $$ % 20000))
for attempt in 1 2 3 4 5; do
    port=$((port + attempt))
    cat >"$scratch/conf" <<CONF
listen=YES
background=NO
listen_address=127.0.0.1
listen_port=$port
anonymous_enable=YES
secure_email_list_enable=YES
email_password_file=$scratch/passwords
anon_root=$root
anon_umask=022
anon_upload_enable=YES
anon_other_write_enable=YES
write_enable=YES
connect_from_port_20=NO
seccomp_sandbox=NO
CONF
    vsftpd "$scratch/conf" &
    server=$!
    sleep 0.5
    ! kill -0 "$server" 2>/dev/null || break
    server=
done
[ -n "$server" ] || { echo "vsftpd does not start" && exit 1; }
"$@" "$port" "$root"
