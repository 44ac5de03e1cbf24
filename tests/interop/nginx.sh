#!/bin/sh
# wsd-print and wsd-send through nginx, with wsd-receiver behind it: documents of 256 MiB, nginx's own
# refusals, and certificates of both sides.
# Run as: sh nginx.sh BUILD_FOLDER
build=$1
. "$(dirname "$0")/scratch.sh"

# ---- Certificates: ca and other-ca; NAME.pem and NAME.key of each ---------------------

authority() { # NAME
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
        -subj "/CN=$1" -keyout "$scratch/$1.key" -out "$scratch/$1.pem" 2>/dev/null
}

certificate() { # NAME AUTHORITY ADDRESS BEGIN END
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" \
        -keyout "$scratch/$1.key" -out "$scratch/$1.csr" 2>/dev/null
    printf 'subjectAltName = IP:%s\n' "$3" >"$scratch/extensions"
    rm -rf "$scratch/database" && mkdir "$scratch/database" && : >"$scratch/database/index"
    cat >"$scratch/ca.conf" <<END
[ca]
default_ca = it
[it]
new_certs_dir = $scratch/database
database = $scratch/database/index
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
END
    openssl ca -batch -config "$scratch/ca.conf" -cert "$scratch/$2.pem" \
        -keyfile "$scratch/$2.key" -startdate "$4" -enddate "$5" -notext \
        -extfile "$scratch/extensions" -in "$scratch/$1.csr" -out "$scratch/$1.pem" \
        2>/dev/null
}

make_certificates() {
    past=$(date -u -d '-9 days' +%Y%m%d%H%M%SZ)
    yesterday=$(date -u -d '-1 day' +%Y%m%d%H%M%SZ)
    tomorrow=$(date -u -d '+1 day' +%Y%m%d%H%M%SZ)
    authority ca
    authority other-ca
    certificate good ca 127.0.0.1 "$yesterday" "$tomorrow"
    certificate expired ca 127.0.0.1 "$past" "$yesterday"
    certificate stranger other-ca 127.0.0.1 "$yesterday" "$tomorrow"
    certificate elsewhere ca 127.0.0.2 "$yesterday" "$tomorrow"
}

# ---- Servers -------------------------------------------------------------------------

server() { # PORT CERTIFICATE
    cat <<END
    server {
        listen 127.0.0.1:$1 ssl;
        ssl_certificate $scratch/$2.pem;
        ssl_certificate_key $scratch/$2.key;
        ssl_client_certificate $scratch/ca.pem;
        ssl_verify_client on;
        location / { proxy_pass $device; proxy_request_buffering off; }
    }
END
}

start_receiver() {
    mkdir "$scratch/in"
    start receiver "$build/tests/support/wsd-receiver" --dir "$scratch/in"
    device=$url
}

start_nginx() {
    # shellcheck disable=SC2046 # six words
    set -- $(free_ports 6)
    plain=$1 good=$2 expired=$3 stranger=$4 elsewhere=$5 dead=$6
    {
        cat <<END
daemon off;
worker_processes 1;
user $(id -un) $(id -gn);
pid $scratch/nginx.pid;
error_log $scratch/nginx.log;
events { }
http {
    access_log off;
    proxy_http_version 1.1;
    client_max_body_size 300m;
    client_body_temp_path $scratch/body;
    proxy_temp_path $scratch/proxy;
    fastcgi_temp_path $scratch/fastcgi;
    uwsgi_temp_path $scratch/uwsgi;
    scgi_temp_path $scratch/scgi;
    server {
        listen 127.0.0.1:$plain;
        location /buffered { proxy_pass $device; }
        location /streaming { proxy_pass $device; proxy_request_buffering off; }
        location /small { client_max_body_size 1m; proxy_pass $device; }
        location /dead { proxy_pass http://127.0.0.1:$dead; }
        location /dead-streaming { proxy_pass http://127.0.0.1:$dead; proxy_request_buffering off; }
        location /basic { auth_basic den; auth_basic_user_file $scratch/users; proxy_pass $device; }
    }
END
        server "$good" good
        server "$expired" expired
        server "$stranger" stranger
        server "$elsewhere" elsewhere
        echo '}'
    } >"$scratch/nginx.conf"
    printf 'me:{PLAIN}secret\n' >"$scratch/users"
    nginx -e "$scratch/nginx.log" -c "$scratch/nginx.conf" &
    processes="$processes $!"
    soon [ -s "$scratch/nginx.pid" ]
}

# ---- Tests ---------------------------------------------------------------------------

print() { # URL FILE [OPTIONS]
    to=$1 what=$2
    shift 2
    timeout 120 "$build/examples/wsd-print" "$@" "$to" "$what" >"$scratch/out" \
        2>"$scratch/err"
}

# The document in the first message, where wsd-print would begin with one without.
send() { # URL FILE [OPTIONS]
    to=$1 what=$2
    shift 2
    echo '<u:Upload xmlns:u="urn:example"><u:Data/></u:Upload>' >"$scratch/body.xml"
    timeout 120 "$build/examples/wsd-send" "$@" --action urn:example/Upload \
        --body "$scratch/body.xml" --attach "Upload/Data=$what" "$to" >"$scratch/out" \
        2>"$scratch/err"
}

passes() { # URL FILE [OPTIONS]
    if ! print "$@"; then
        echo "$1 has not taken $2: $(cat "$scratch/err")"
        return 1
    fi
    newest=$(sed -n 's/.*, job //p' "$scratch/out")
    cmp "$2" "$scratch/in/job-$newest.document"
    rm "$scratch/in/job-$newest.document"
    echo "ok: $1 has taken $(wc -c <"$2") bytes"
}

fails() { # print|send WORDS URL FILE [OPTIONS]
    how=$1 words=$2
    shift 2
    status=0
    "$how" "$@" || status=$?
    if [ "$status" -ne 1 ] || ! grep -qF -e "$words" "$scratch/err"; then
        echo "$1 gave status $status, not 1 with $words: $(cat "$scratch/err")"
        return 1
    fi
    echo "ok: $1: $(tail -n 1 "$scratch/err")"
}

make_certificates
start_receiver
start_nginx
head -c 268435456 /dev/urandom >"$scratch/large"
head -c 3000000 /dev/urandom >"$scratch/small"
http=http://127.0.0.1:$plain https=https://127.0.0.1

passes "$http/buffered" "$scratch/large"
passes "$http/buffered" "$scratch/large" --content-length
passes "$http/streaming" "$scratch/large"
passes "$http/streaming" "$scratch/large" --content-length
fails print "0x8019019D" "$http/small" "$scratch/large"
fails print "0x8019019D" "$http/small" "$scratch/small" --content-length
fails send "0x801901F6" "$http/dead" "$scratch/small"
fails send "0x801901F6" "$http/dead" "$scratch/large"
fails send "0x801901F6" "$http/dead-streaming" "$scratch/large"
fails print "0x80190191" "$http/basic" "$scratch/small"
fails print "0x80190191" "$http/basic" "$scratch/small" --user me:secret
passes "$http/basic" "$scratch/small" --user me:secret --basic

set -- --verbose --cacert "$scratch/ca.pem"
mine="--cert $scratch/good.pem --key $scratch/good.key"
# shellcheck disable=SC2086 # two words each
{
    passes "$https:$good/" "$scratch/large" "$@" $mine
    fails print "(ERROR_WINHTTP_SECURE_CERT_DATE_INVALID, 0x80072F05)" "$https:$expired/" \
        "$scratch/small" "$@" $mine
    fails print "(ERROR_WINHTTP_SECURE_INVALID_CA, 0x80072F0D)" "$https:$stranger/" \
        "$scratch/small" "$@" $mine
    fails print "(ERROR_WINHTTP_SECURE_CERT_CN_INVALID, 0x80072F06)" "$https:$elsewhere/" \
        "$scratch/small" "$@" $mine
}
# nginx ends the handshake all the same, and answers 400.
fails print "0x80190190" "$https:$good/" "$scratch/small" "$@"
for name in expired stranger; do
    fails print "0x80190190" "$https:$good/" "$scratch/small" "$@" \
        --cert "$scratch/$name.pem" --key "$scratch/$name.key"
done
