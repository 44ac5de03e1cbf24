#!/bin/sh
# Puts a reverse proxy in front of example devices: documents through it, buffered and
# streaming, and two file services behind one URL.
# Usage: balance.sh BUILD_FOLDER nginx|apache
usage="usage: balance.sh BUILD_FOLDER nginx|apache"
build=${1:?$usage} proxy=${2:?$usage}
. "$(dirname "$0")/scratch.sh"

start_devices() {
    mkdir "$scratch/jobs" "$scratch/files"
    head -c 67108864 /dev/urandom >"$scratch/files/large"
    start printer "$build/examples/wsd-virtual-printer" --port 0 --dir "$scratch/jobs"
    printer=$url
    for number in 1 2; do
        start "files$number" "$build/examples/wsd-file-service" --port 0 \
            --dir "$scratch/files"
    done
    first=$(sed -n 's/^READY http:..\(.*\).$/\1/p' "$scratch/files1.log")
    second=$(sed -n 's/^READY http:..\(.*\).$/\1/p' "$scratch/files2.log")
}

start_nginx() {
    cat >"$scratch/conf" <<END
daemon off;
worker_processes 1;
user $(id -un) $(id -gn);
pid $scratch/nginx.pid;
error_log $scratch/nginx.log;
events { }
http {
    access_log off;
    proxy_http_version 1.1;
    client_max_body_size 0;
    client_body_temp_path $scratch/body;
    proxy_temp_path $scratch/proxy;
    fastcgi_temp_path $scratch/fastcgi;
    uwsgi_temp_path $scratch/uwsgi;
    scgi_temp_path $scratch/scgi;
    upstream files { server $first; server $second; }
    server {
        listen 127.0.0.1:$port;
        location /buffered { proxy_pass $printer; }
        location /streaming { proxy_pass $printer; proxy_request_buffering off; proxy_buffering off; }
        location / { proxy_pass http://files; }
    }
}
END
    nginx -e "$scratch/nginx.log" -c "$scratch/conf" &
    processes="$processes $!"
    soon [ -s "$scratch/nginx.pid" ]
}

start_apache() {
    {
        for module in mpm_event authz_core proxy proxy_http proxy_balancer \
            slotmem_shm lbmethod_byrequests setenvif; do
            echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
        done
        [ "$(id -u)" -ne 0 ] || printf 'User www-data\nGroup www-data\n'
        cat <<END
ServerName 127.0.0.1
ServerRoot $scratch
DefaultRuntimeDir $scratch
PidFile $scratch/apache.pid
ErrorLog $scratch/apache.log
Listen 127.0.0.1:$port
ProxyPass /buffered $printer
ProxyPass /streaming $printer
SetEnvIf Request_URI ^/buffered proxy-sendcl
<Proxy balancer://files>
    BalancerMember http://$first
    BalancerMember http://$second
</Proxy>
ProxyPass / balancer://files/
END
    } >"$scratch/conf"
    apache2 -D FOREGROUND -f "$scratch/conf" >"$scratch/start.log" 2>&1 &
    processes="$processes $!"
    soon [ -s "$scratch/apache.pid" ]
}

start_devices
port=$(free_ports 1)
"start_$proxy"
front=http://127.0.0.1:$port

number=0
for way in buffered streaming; do
    number=$((number + 1))
    timeout 120 "$build/examples/wsd-print" --quiet "$front/$way" "$scratch/files/large"
    cmp "$scratch/files/large" "$scratch/jobs/job-$number.document"
done
for turn in 1 2 3 4; do
    timeout 120 "$build/examples/wsd-get-file" --quiet "$front/" large -o "$scratch/got-$turn"
    cmp "$scratch/files/large" "$scratch/got-$turn"
done
# Both have worked.
grep -q '^SENT large' "$scratch/files1.log" && grep -q '^SENT large' "$scratch/files2.log"
