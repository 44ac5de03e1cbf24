#!/bin/sh
# Prints files on wsd-virtual-printer with a message that another program makes.
# Usage: print.sh BUILD_FOLDER PROGRAM FILE...
# PROGRAM: "curl"; the name of a Python program beside this one, which gets a URL, a file
# with the envelope and the document; or a command that makes the envelope itself and
# gets a URL, the number of a job and the document.
usage="usage: print.sh BUILD_FOLDER PROGRAM FILE..."
build=${1:?$usage} program=${2:?$usage}
shift 2
here=$(dirname "$0")

. "$here/../scratch.sh"

namespace=http://schemas.microsoft.com/windows/2006/08/wdp/print
envelope() { # OPERATION CONTENT
    cat <<END
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
    xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:p="$namespace"><s:Header>
<a:To>$url</a:To><a:Action>$namespace/$1</a:Action><a:MessageID>urn:uuid:1</a:MessageID>
</s:Header><s:Body><p:$1Request>$2</p:$1Request></s:Body></s:Envelope>
END
}

post() { # [CURL_OPTION]...
    curl -sS --noproxy '*' --max-time 60 --fail-with-body -o "$scratch/answer.log" "$@" "$url"
}

send() { # FILE
    case $program in
    curl)
        post -H "Content-Type: multipart/related; type=\"application/xop+xml\"; start=\"<root@it>\"; start-info=\"application/soap+xml\"" \
            -F "root=<$scratch/envelope;type=application/xop+xml; charset=UTF-8; type=\"application/soap+xml\";headers=\"Content-ID: <root@it>\"" \
            -F "document=@$1;type=application/octet-stream;headers=\"Content-ID: <document@it>\""
        ;;
    email_package | toolbelt)
        /usr/bin/python3 "$here/$program.py" "$url" "$scratch/envelope" "$1"
        ;;
    *) $program "$url" "$number" "$1" ;; # words
    esac
}

mkdir "$scratch/jobs"
start printer "$build/examples/wsd-virtual-printer" --port 0 --dir "$scratch/jobs"

number=0
for file; do
    number=$((number + 1))
    envelope CreatePrintJob "<p:PrintTicket><p:JobDescription><p:JobName>it</p:JobName>
<p:JobOriginatingUserName>me</p:JobOriginatingUserName></p:JobDescription></p:PrintTicket>" \
        >"$scratch/envelope"
    post -H "Content-Type: application/soap+xml" --data-binary "@$scratch/envelope"
    envelope SendDocument "<p:JobId>$number</p:JobId><p:DocumentData><x:Include
xmlns:x=\"http://www.w3.org/2004/08/xop/include\" href=\"cid:document@it\"/></p:DocumentData>" \
        >"$scratch/envelope"
    send "$file"
    cmp "$file" "$scratch/jobs/job-$number.document"
done
