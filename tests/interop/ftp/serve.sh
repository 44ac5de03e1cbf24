#!/bin/sh
# Runs an FTP server on a free port of 127.0.0.1 and, when it is there, a command with the
# port, the folder that "anonymous" sees and the server's name behind its arguments.  Needs
# to be root.
# Usage: serve.sh vsftpd|pure-ftpd COMMAND...
usage="usage: serve.sh vsftpd|pure-ftpd COMMAND..."
server=${1:?$usage}
shift
here=$(dirname "$0")

. "$here/../scratch.sh"

root=$scratch/root
mkdir -p "$root/up"
chmod 755 "$scratch" "$root"
chown ftp "$root/up"
echo "what is there" >"$root/there"
port=$(free_ports 1)

case $server in
vsftpd) # whose own empty folder there is only where an init system made it
    mkdir "$scratch/empty"
    echo secret >"$scratch/passwords"
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
delete_failed_uploads=YES
write_enable=YES
connect_from_port_20=NO
secure_chroot_dir=$scratch/empty
seccomp_sandbox=NO
CONF
    vsftpd "$scratch/conf" >"$scratch/server.log" 2>&1 &
    ;;
pure-ftpd) # whose own anonymous users live in a folder that cannot be chosen
    echo "anonymous:$(openssl passwd -6 secret):$(id -u ftp):$(id -g ftp)::$root/./::::::::::::" \
        >"$scratch/users"
    pure-pw mkdb "$scratch/users.pdb" -f "$scratch/users"
    pure-ftpd --ipv4only --bind "127.0.0.1,$port" --dontresolve --noanonymous \
        --login "puredb:$scratch/users.pdb" --chrooteveryone \
        >"$scratch/server.log" 2>&1 &
    ;;
*) echo "$usage" >&2 && exit 2 ;;
esac
processes=$!
soon curl -sS --noproxy '*' -o "$scratch/list" "ftp://anonymous:secret@127.0.0.1:$port/" \
    2>"$scratch/curl.log"
"$@" "$port" "$root" "$server"
